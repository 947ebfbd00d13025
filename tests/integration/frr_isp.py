# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR between a customer that leaks and an upstream (both BIRD), in two namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path

from drivers._ssh.gate import Gate
from drivers.frr.driver import FrrDriver
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import Demand, DropRoutes, Order, Sessions
from enforcer.core.rules import Desired
from enforcer.core.topology import Customer, Device, Mode, Neighbor, Topology
from tests.contract.worlds import NOTHING, OURS, converge, order
from tests.integration.frr_router import CLOCK, Bird, Frr, linked, namespace, until
from tests.sshd import Files

LEGIT, LEGIT6 = "192.0.2.0/24", "2001:db8:a::/48"
OWN, GOOGLE, CLOUD, FINE = "198.51.100.0/25", "8.8.8.0/24", "1.1.1.0/24", "203.0.113.128/26"
LEAKED6 = "2001:db8:bad::/48"
EVERY = {LEGIT, OWN, GOOGLE, CLOUD, FINE}
CUSTOMER, UPSTREAM, CUSTOMER6 = "10.0.1.2", "10.0.1.3", "2001:db8:1::2"
CONFIG = f"""\
frr defaults traditional
hostname edge
!
ip prefix-list OPERATOR seq 5 deny 203.0.113.0/24 ge 27
ip prefix-list OPERATOR seq 10 permit 0.0.0.0/0 le 32
!
route-map HIS permit 10
 match ip address prefix-list OPERATOR
 set local-preference 200
exit
!
router bgp 65000
 bgp router-id 10.0.1.1
 no bgp ebgp-requires-policy
 bgp route-map delay-timer 1
 neighbor {CUSTOMER} remote-as 65001
 neighbor {CUSTOMER} timers connect 1
 neighbor {UPSTREAM} remote-as 65002
 neighbor {UPSTREAM} timers connect 1
 neighbor {CUSTOMER6} remote-as 65001
 neighbor {CUSTOMER6} timers connect 1
 !
 address-family ipv4 unicast
  neighbor {CUSTOMER} soft-reconfiguration inbound
  neighbor {CUSTOMER} route-map HIS in
  neighbor {UPSTREAM} next-hop-self
  no neighbor {CUSTOMER6} activate
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor {CUSTOMER6} activate
 exit-address-family
exit
!
"""
_PATH = "bgp_path.prepend({}); "
_BGP = "connect delay time 1; connect retry time 1; error wait time 1, 2; strict bind on;"


def _static(routes: Iterable[tuple[str, tuple[int, ...]]]) -> str:
    return "".join(
        f"route {p} blackhole {{ {''.join(_PATH.format(a) for a in reversed(path))} }};\n"
        for p, path in routes
    )


LEAKY = f"""
router id 10.0.1.2;
protocol device {{ }}
protocol static {{ ipv4; {
    _static([(LEGIT, ()), (OWN, ()), (GOOGLE, (64999, 15169)), (CLOUD, (13335,)), (FINE, ())])
} }}
protocol static {{ ipv6; {_static([(LEGIT6, ()), (LEAKED6, (64999,))])} }}
protocol bgp edge {{ local 10.0.1.2 as 65001; neighbor 10.0.1.1 as 65000; {_BGP}
  ipv4 {{ import none; export all; }}; }}
protocol bgp edge6 {{ local 2001:db8:1::2 as 65001; neighbor 2001:db8:1::1 as 65000; {_BGP}
  ipv6 {{ import none; export all; }}; }}
"""
LISTENING = f"""
router id 10.0.1.3;
protocol device {{ }}
protocol bgp edge {{ local 10.0.1.3 as 65002; neighbor 10.0.1.1 as 65000; {_BGP}
  debug {{ routes }}; ipv4 {{ import all; export none; }}; }}
"""


@dataclass
class Isp:
    """The edge, its neighbors, and a driver for it."""

    edge: Frr
    customer: Bird
    upstream: Bird
    device: Device
    driver: FrrDriver

    def bound(self, **changed: str) -> FrrDriver:
        """Another driver for it."""
        transport = {**self.device.transport, **changed}
        device = replace(self.device, transport=transport)
        return FrrDriver(device, Files(Path("/")), OURS, gate=Gate(16))

    def passes(self, *wanted: str) -> None:
        """Wait until the upstream has these alone."""
        until(lambda: self.upstream.prefixes() == set(wanted), f"upstream has {sorted(wanted)}")

    def established(self) -> None:
        """Wait until everything is up and through."""
        self.passes(*EVERY)
        until(lambda: LEGIT6 in self.edge.show("show bgp ipv6 unicast"), "IPv6 is up")


def wanted(*demands: Demand) -> Desired:
    """What these want of the edge."""
    now = CLOCK.now()
    orders: list[Order] = [order(n, d, now, None) for n, d in enumerate(demands, 7)]
    device = Device("edge1", "frr", mode=Mode.ENFORCE, neighbors=NEIGHBORS)
    hosting = Customer("hosting", (ip_network(LEGIT), ip_network(LEGIT6)))
    topology = Topology({"edge1": device}, {"hosting": hosting}, documentation_space=True)
    return compile_device("edge1", [contributions(o, topology, {}) for o in orders]).desired


NEIGHBORS = (
    Neighbor(ip_address(CUSTOMER), 65001, "hosting"),
    Neighbor(ip_address(CUSTOMER6), 65001, "hosting"),
    Neighbor(ip_address(UPSTREAM), 65002, "upstream"),
)
AT = Sessions(neighbors=(ip_address(CUSTOMER),))
AT6 = Sessions(neighbors=(ip_address(CUSTOMER6),))
TO = Sessions(neighbors=(ip_address(UPSTREAM),))


def drop(*prefixes: str, at: Sessions = AT) -> DropRoutes:
    """Exactly these."""
    return DropRoutes(at, tuple(map(ip_network, prefixes)))


@contextmanager
def an_isp() -> Iterator[Isp]:
    with namespace("frr") as one, namespace("peer") as other, linked(one, other):
        edge = Frr(one, CONFIG)
        birds: list[Bird] = []
        try:
            edge.start()
            birds = [Bird(other, "leaky", LEAKY), Bird(other, "up", LISTENING)]
            transport = {"netns": one, "pathspace": one}
            device = Device("edge1", "frr", transport=transport, neighbors=NEIGHBORS)
            driver = FrrDriver(device, Files(Path("/")), OURS)
            yield Isp(edge, birds[0], birds[1], device, driver)
        finally:
            for bird in birds:
                bird.stop()
            edge.stop()


@contextmanager
def untouched(world: Isp) -> Iterator[Isp]:
    """With nothing of ours on it but the mark; afterwards it must be so again."""
    converge(world.driver, NOTHING)
    world.established()
    before = world.edge.running()
    yield world
    converge(world.driver, NOTHING)
    assert world.edge.running() == before, "the operator's own configuration, byte for byte"
