# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR between a customer that leaks and an upstream (both BIRD): what really passes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from drivers._ssh.gate import Gate
from drivers.frr.driver import FrrDriver
from drivers.frr.model import Binding, Native
from enforcer.control.writing import compared
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import Demand, DropRoutes, Order, Selection, Sessions, ShutdownSession
from enforcer.core.routes import Route
from enforcer.core.rules import Desired, Key
from enforcer.core.topology import Customer, Device, Mode, Neighbor, Topology
from enforcer.driver_api import Condition, RoutingSession
from enforcer.errors import AuthenticationFailed, DeviceError, DeviceUnreachable, StaleState
from tests.contract.worlds import NOTHING, OURS, converge, drift_of, order, read, write
from tests.integration.frr_router import CLOCK, Bird, Frr, linked, namespace, until
from tests.sshd import Files

pytestmark = pytest.mark.root

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


@pytest.fixture(scope="module")
def world() -> Iterator[Isp]:
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


@pytest.fixture
def isp(world: Isp) -> Iterator[Isp]:
    """With nothing of ours on it but the mark; afterwards it must be so again."""
    converge(world.driver, NOTHING)
    world.established()
    before = world.edge.running()
    yield world
    converge(world.driver, NOTHING)
    assert world.edge.running() == before, "the operator's own configuration, byte for byte"


def test_a_leak_is_gone_and_the_legitimate_route_never_flaps(isp: Isp) -> None:
    heard = isp.upstream.heard_of(LEGIT)
    assert heard, "the log tells of routes"
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD, OWN)))
    isp.passes(LEGIT, FINE)
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD)))
    isp.passes(LEGIT, FINE, OWN)
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD), drop(OWN, GOOGLE)))
    isp.passes(LEGIT, FINE)
    converge(isp.driver, NOTHING)
    isp.passes(*EVERY)
    assert isp.upstream.heard_of(LEGIT) == heard


@pytest.mark.parametrize(
    "demand,left",
    [
        (DropRoutes(AT, choice="unregistered"), {LEGIT}),
        (DropRoutes(AT, choice="every", path_as=64999), {LEGIT, OWN, CLOUD, FINE}),
        (DropRoutes(AT, choice="every", origin_as=13335), {LEGIT, OWN, GOOGLE, FINE}),
        (DropRoutes(AT, choice="every", origin_as=65001), {GOOGLE, CLOUD}),
        (DropRoutes(AT, choice="every", path_as=64999, origin_as=15169), EVERY - {GOOGLE}),
        (DropRoutes(AT, choice="every", longer_than4=24), {LEGIT, GOOGLE, CLOUD}),
        (
            DropRoutes(AT, (ip_network("198.51.0.0/16"),), or_longer=True),
            {LEGIT, GOOGLE, CLOUD, FINE},
        ),
        (DropRoutes(TO, (ip_network(CLOUD),), direction="out"), EVERY - {CLOUD}),
        (
            DropRoutes(AT, choice="every", exceptions=Selection(prefixes=(ip_network(OWN),))),
            {OWN},
        ),
    ],
    ids=["registered", "path", "origin", "own", "both", "long", "inside", "out", "except"],
)
def test_each_kind_rejects_what_it_says(isp: Isp, demand: DropRoutes, left: set[str]) -> None:
    converge(isp.driver, wanted(demand))
    isp.passes(*left)


def test_ipv6_and_what_a_session_tells(isp: Isp) -> None:
    converge(isp.driver, wanted(drop(LEAKED6, at=AT6), drop(GOOGLE)))
    with isp.driver.connect() as session:
        assert isinstance(session, RoutingSession)
        six = session.routes(CUSTOMER6, 6, Key.RECEIVED)
        four = session.routes(CUSTOMER, 4, Key.RECEIVED)
        out = session.routes(UPSTREAM, 4, Key.ANNOUNCED)
        (seen,), standing = session.sightings(ip_network(GOOGLE))
        found, there = session.sightings(ip_network(LEGIT))
    assert [str(r.prefix) for r in six.accepted] == [LEGIT6]
    assert six.rejected is None, "it does not keep them"
    assert four.condition is Condition.UP
    assert {str(r.prefix) for r in four.accepted} == EVERY - {GOOGLE}
    assert four.rejected is not None
    (gone,) = four.rejected
    assert (str(gone.prefix), gone.path) == (GOOGLE, (65001, 64999, 15169))
    assert {str(r.prefix) for r in out.accepted} == EVERY - {GOOGLE}
    assert (seen.neighbor, seen.accepted, standing) == (CUSTOMER, False, False)
    assert there and [s.accepted for s in found] == [True]


def test_his_own_route_map_goes_on_working(isp: Isp) -> None:
    converge(isp.driver, wanted(drop(GOOGLE)))
    shown = isp.edge.show(f"show bgp ipv4 unicast {LEGIT} json")
    assert '"locPrf":200' in shown.replace(" ", ""), shown


def test_a_session_is_shut_with_a_message_and_opened_again(isp: Isp) -> None:
    converge(isp.driver, wanted(ShutdownSession(AT)))
    isp.passes()
    with isp.driver.connect() as session:
        assert isinstance(session, RoutingSession)
        told = session.routes(CUSTOMER, 4, Key.RECEIVED)
    assert (told.condition, told.accepted, told.rejected) == (Condition.SHUT, (), None)
    assert "by order" in isp.customer.log.read_text(), "the other end is told (RFC 9003)"
    isp.edge.by_hand("router bgp 65000", f"no neighbor {CUSTOMER} shutdown")
    assert drift_of(isp.driver, wanted(ShutdownSession(AT)))
    converge(isp.driver, wanted(ShutdownSession(AT)))


def test_what_the_operator_shut_himself_stays_shut(isp: Isp) -> None:
    hand = isp.edge.by_hand
    hand("router bgp 65000", f"neighbor {UPSTREAM} shutdown message maintenance")
    converge(isp.driver, wanted(ShutdownSession(TO)))
    converge(isp.driver, NOTHING)
    assert f"{UPSTREAM} shutdown message maintenance" in isp.edge.running()
    hand("router bgp 65000", f"no neighbor {UPSTREAM} shutdown")


def test_a_clear_in_the_middle_lets_nothing_through(isp: Isp) -> None:
    due = wanted(drop(GOOGLE, CLOUD))
    heard = isp.upstream.heard_of(LEGIT)
    with isp.driver.connect() as session:
        actual = session.read_state()
        plan = isp.driver.plan(due, compared(isp.driver, due, actual), actual)
        for batch in plan.batches:
            staged = session.stage(batch)
            isp.edge.show(f"clear bgp ipv4 unicast {CUSTOMER} soft in")
            staged.confirm()
    isp.passes(LEGIT, OWN, FINE)
    assert isp.upstream.heard_of(LEGIT) == heard
    assert not drift_of(isp.driver, due)


def test_a_change_by_somebody_in_the_middle_is_not_written_over(isp: Isp) -> None:
    due = wanted(drop(GOOGLE))
    with isp.driver.connect() as session:
        actual = session.read_state()
        plan = isp.driver.plan(due, compared(isp.driver, due, actual), actual)
        session.stage(plan.batches[0]).confirm()
        isp.edge.by_hand("ip prefix-list MINE seq 5 permit 198.18.0.0/15")
        with pytest.raises(StaleState):
            session.stage(plan.batches[1])
    isp.passes(*EVERY)
    converge(isp.driver, due)
    isp.passes(*(EVERY - {GOOGLE}))
    isp.edge.by_hand("no ip prefix-list MINE")


def test_a_daemon_that_died_unsaved_gets_its_filters_back(isp: Isp) -> None:
    """And the mark: a saved configuration from before it ever was ours."""
    due = wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)
    (isp.edge.folder / "frr.conf").write_text(CONFIG)
    isp.edge.kill()
    with pytest.raises(DeviceUnreachable, match="bgpd does not answer"):
        read(isp.driver)
    isp.edge.start()
    assert read(isp.driver).owner is None
    converge(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)


def test_a_daemon_that_died_saved_comes_back_with_them(isp: Isp) -> None:
    due = wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, due)
    assert "ENF-OWNER" in isp.edge.saved
    isp.edge.kill()
    isp.edge.start()
    assert not drift_of(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)
    # What zebra has read from the file goes from there too.
    converge(isp.driver, NOTHING)
    assert "ENF-OWNER" in isp.edge.saved and "prefix-list ENF-" not in isp.edge.saved


def test_saving_that_is_refused_is_told(isp: Isp, tmp_path: Path) -> None:
    script = tmp_path / "vtysh"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"write memory"*)\n'
        " echo '% failed to open configuration file: Permission denied';; "
        '*) exec vtysh "$@";; esac\n'
    )
    script.chmod(0o755)
    due = wanted(drop(GOOGLE))
    with pytest.raises(DeviceError, match="did not save it"):
        converge(isp.bound(vtysh=str(script)), due)
    isp.passes(*(EVERY - {GOOGLE}))
    assert not drift_of(isp.driver, due), "it stands all the same"


@pytest.mark.parametrize(
    "said,kind",
    [
        ("exit 127", DeviceUnreachable),
        (
            "echo 'Permission denied; failed to connect to any daemons.'; exit 1",
            AuthenticationFailed,
        ),
        ("echo 'failed to connect to any daemons.'; exit 1", DeviceUnreachable),
    ],
    ids=["no vtysh", "no rights", "no bgpd"],
)
def test_what_keeps_us_out_is_told_apart(
    isp: Isp, tmp_path: Path, said: str, kind: type[DeviceError]
) -> None:
    script = tmp_path / "vtysh"
    script.write_text(f"#!/bin/sh\n{said}\n")
    script.chmod(0o755)
    driver = isp.bound(vtysh=str(script))
    with pytest.raises(kind):
        read(driver)
    (only,) = driver.diagnose()
    assert (only.check, only.ok) == ("reachable", False) and only.advice


def test_a_refused_line_is_no_success(isp: Isp, tmp_path: Path) -> None:
    """bgpd refuses a transaction with exit code 0: what it prints counts."""
    script = tmp_path / "vtysh"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"-f /dev/stdin"*)\n'
        " sed 's/ permit 8.8.8.0.24/ permit 8.8.8.0\\/24 ge 9 le 8/' | vtysh \"$@\";; "
        '*) exec vtysh "$@";; esac\n'
    )
    script.chmod(0o755)
    with pytest.raises(DeviceError, match="refused a part"):
        converge(isp.bound(vtysh=str(script)), wanted(drop(GOOGLE)))
    isp.passes(*EVERY)


def test_routes_that_pass_all_the_same_are_found_and_judged_anew(isp: Isp) -> None:
    """A filter that stands and was not applied: as with a list that is edited under a
    neighbor's own prefix-list. Here the reading is what lies, and the repair is real."""
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    actual = read(isp.driver)
    native = actual.native
    assert isinstance(native, Native)
    passed = {Binding(CUSTOMER, 4, "in"): (Route(ip_network(GOOGLE), (65001,)),)}
    lying = replace(actual, native=replace(native, carried=passed))
    drift = compared(isp.driver, due, lying)
    assert ["1 routes pass" in f.detail for f in drift.findings] == [True]
    plan = isp.driver.plan(due, drift, lying)
    assert f"do clear bgp ipv4 unicast {CUSTOMER} soft in" in list(plan.native())
    with isp.driver.connect() as session:
        session.read_state()
        for batch in plan.batches:
            session.stage(batch).confirm()
    assert not drift_of(isp.driver, due)


def test_what_a_person_detaches_in_favour_of_his_own_is_called(isp: Isp) -> None:
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    hand = isp.edge.by_hand
    hand("route-map OTHER permit 10", " set local-preference 300")
    hand(
        "router bgp 65000", "address-family ipv4 unicast", f"neighbor {CUSTOMER} route-map OTHER in"
    )
    isp.passes(*EVERY)
    converge(isp.driver, due)
    isp.passes(*(EVERY - {GOOGLE}))
    converge(isp.driver, NOTHING)
    assert f"neighbor {CUSTOMER} route-map OTHER in" in isp.edge.running()
    hand("router bgp 65000", "address-family ipv4 unicast", f"neighbor {CUSTOMER} route-map HIS in")
    hand("no route-map OTHER")


def test_a_healthy_router_is_diagnosed(isp: Isp) -> None:
    found = {one.check: one for one in isp.driver.diagnose()}
    assert all(one.ok for one in found.values()), found
    assert "FRRouting" in found["reachable"].detail
    assert "3 established" in found["neighbors"].detail
    assert CUSTOMER in found["route refresh"].detail
    with isp.driver.connect() as session:
        write(isp.driver, session, NOTHING)
