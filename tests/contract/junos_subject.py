# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED Juniper Junos router behind a real SSH server, as a subject of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

from drivers._ssh.gate import Gate
from drivers.juniper_junos.driver import JunosDriver
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, Device, Interface, Mode, Neighbor
from enforcer.driver_api import Driver
from lab.emulators import packets
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.oracle import Packet

HOSTING, SECOND, UPSTREAM = "ge-0/0/1.0", "ge-0/0/2.100", "ge-0/0/3.0"
EDGES = (HOSTING, SECOND, UPSTREAM)
ORIGINAL = f"""\
set system host-name {NAME}
set interfaces ge-0/0/1 unit 0 description hosting
set interfaces ge-0/0/1 unit 0 family inet address 192.0.2.129/30
set interfaces ge-0/0/1 unit 0 family inet6 address 2001:db8:2::1/64
set interfaces ge-0/0/2 vlan-tagging
set interfaces ge-0/0/2 unit 100 vlan-id 100
set interfaces ge-0/0/2 unit 100 family inet filter input CUSTOMER
set interfaces ge-0/0/2 unit 100 family inet address 192.0.2.133/30
set interfaces ge-0/0/2 unit 100 family inet6 filter input-list CUSTOMER6
set interfaces ge-0/0/2 unit 100 family inet6 address 2001:db8:3::1/64
set interfaces ge-0/0/3 unit 0 family inet filter input-list SPOOFED
set interfaces ge-0/0/3 unit 0 family inet filter input-list REST
set interfaces ge-0/0/3 unit 0 family inet address 10.1.0.1/30
set interfaces ge-0/0/3 unit 0 family inet6 address 2001:db8:4::1/64
set interfaces fxp0 unit 0 family inet address 10.0.0.1/24
set policy-options prefix-list {FOREIGN} 203.0.113.1/32
set policy-options policy-statement PASS then accept
set firewall family inet filter CUSTOMER term BOGON from source-address 240.0.0.1/32
set firewall family inet filter CUSTOMER term BOGON then discard
set firewall family inet filter CUSTOMER term REST then accept
set firewall family inet filter SPOOFED term OWN from source-address 240.0.0.2/32
set firewall family inet filter SPOOFED term OWN then discard
set firewall family inet filter REST term REST then accept
set firewall family inet6 filter CUSTOMER6 term REST then accept
set routing-options autonomous-system 64500
set protocols bgp group upstream type external
set protocols bgp group upstream import PASS
set protocols bgp group upstream neighbor 10.1.0.2 peer-as 64501
"""
_PROTOCOLS_WITH_PORTS = (packets.TCP, packets.UDP)
_ECHO = 128
_OWNER = "set policy-options prefix-list ENF-OWNER-"


class Password:
    """Every reference is the emulator's password."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return "enforcer"


def device_at(server: Serving, **options: str) -> Device:
    """The inventory's entry of the router behind `server`."""
    return Device(
        NAME,
        "juniper_junos",
        roles=frozenset({ROLE_BORDER}),
        mode=Mode.ENFORCE,
        transport={
            "host": server.host,
            "port": str(server.port),
            "username": "enforcer",
            "host_key": server.public_key,
        },
        credentials="env:ROUTER",
        interfaces=(
            Interface(HOSTING, "hosting", (ip_interface("192.0.2.129/30"),)),
            Interface(SECOND, "hosting", (ip_interface("192.0.2.133/30"),)),
            Interface(UPSTREAM, "upstream", (ip_interface("10.1.0.1/30"),)),
            Interface("fxp0.0", "infrastructure", (ip_interface("10.0.0.1/24"),), True),
        ),
        neighbors=(Neighbor(ip_address("10.1.0.2"), 64501, "upstream"),),
        options={"hold_time": "0"} | options,
    )


def driver_at(device: Device, owner: Owner) -> JunosDriver:
    """A driver for it, with places of its own at the gate."""
    return JunosDriver(device, Password(), owner, gate=Gate(per_device=16))


def as_emulated(packet: Packet) -> packets.Packet:
    """The oracle's packet as the emulator knows it."""
    address = IPv4Address if packet.family == 4 else IPv6Address
    ported = packet.protocol in _PROTOCOLS_WITH_PORTS
    return packets.Packet(
        address(packet.src),
        address(packet.dst),
        packet.protocol,
        packet.sport if ported else None,
        packet.dport if ported else None,
        fragment=ported and packet.sport is None and packet.dport is None,
        icmp_type=_ECHO if packet.protocol in (packets.ICMP, packets.ICMPV6) else None,
    )


def drops(router: Router, packet: Packet) -> bool:
    """Asked in the emulated configuration, on the way in and on the way out."""
    asked = as_emulated(packet)
    came = packet.iif if packet.iif in EDGES else HOSTING
    left = packet.oif if packet.oif in EDGES else UPSTREAM
    passes = router.would_pass(asked, came, "in")
    return not (passes and router.would_pass(asked, left, "out"))


class JunosSubject:
    """An emulated router with an operator's configuration."""

    many = 2_500

    def __init__(self, router: Router, server: Serving) -> None:
        self.clock = SystemClock()
        self.router = router
        self.device = device_at(server)
        router.load(ORIGINAL)

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return driver_at(self.device, owner)

    def _lines(self) -> list[str]:
        return [line for line in self.router.running().splitlines() if HOLD_MARKER not in line]

    def content(self) -> object:
        """The order of our terms means nothing; that of the filters in a list does."""
        lines = [line for line in self._lines() if "ENF-" in line or line.endswith(" disable")]
        mine = [line for line in lines if _OWNER not in line]
        bound = [line for line in mine if line.startswith("set interfaces ")]
        return sorted(mine), bound

    def foreign(self) -> object:
        """What the operator wrote; our filters before his in a list aside."""
        lines = [x for x in self._lines() if "ENF-" not in x and not x.endswith(" disable")]
        return [line.replace("-list CUSTOMER", " CUSTOMER") for line in lines]

    def touch_foreign(self) -> None:
        """See `Subject`."""
        said = f"{FOREIGN}-{self.clock.now():%f}"
        self.router.by_hand([f"set interfaces ge-0/0/3 description {said}"])

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        verb = "set" if there else "delete"
        self.router.by_hand([f"{verb} policy-options prefix-list {HOLD_MARKER}"])

    def garble(self) -> None:
        """The end of every answer is lost."""
        self.router.faults.truncate_output(r"show configuration policy-options", 3)

    def answer(self, packet: Packet) -> bool | None:
        """See `Subject`; no router ever sees a packet that has one port and not the other."""
        if (packet.sport is None) is not (packet.dport is None):
            return None
        return drops(self.router, packet)

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return line.endswith(f" {address}/32")

    def wipe(self) -> None:
        """See `Subject`."""
        self.router.load(ORIGINAL)

    # -- what a stranger does ------------------------------------------------------------

    def _first(self, *words: str) -> str:
        """The first line with all of them, without its verb."""
        found = (ln for ln in self._lines() if all(w in ln for w in words) and _OWNER not in ln)
        return next(found).partition(" ")[2]

    def _member(self, ending: str) -> str:
        found = (
            line
            for line in self._lines()
            if line.startswith("set policy-options prefix-list ENF-")
            and line.endswith(ending)
            and not line.endswith(("127.255.255.254/32", "100::ffff/128"))
            and _OWNER not in line
        )
        return next(found).partition(" ")[2]

    def _do(self, *lines: str) -> None:
        self.router.by_hand(lines)

    def _list(self) -> str:
        return self._member("/32").rpartition(" ")[0]

    def _term(self) -> str:
        return self._first("filter ENF-IN4 term", "then discard").removesuffix(" then discard")

    def _unbind(self) -> None:
        stanza = "interfaces ge-0/0/2 unit 100 family inet filter"
        self._do(f"delete {stanza} input-list", f"set {stanza} input CUSTOMER")

    def _behind(self) -> None:
        stanza = "interfaces ge-0/0/3 unit 0 family inet filter input-list"
        self._do(
            f"delete {stanza}",
            *(f"set {stanza} {name}" for name in ("SPOOFED", "REST", "ENF-IN4")),
        )

    def mutations(self) -> Mutations:
        """See `Subject`."""
        return {
            "host missing": lambda: self._do(f"delete {self._member('/32')}"),
            "prefix missing": lambda: self._do(f"delete {self._member('/26')}"),
            "host extra": lambda: self._do(f"set {self._list()} 198.18.0.1/32"),
            "range extra": lambda: self._do(f"set {self._list()} 198.18.8.0/24"),
            "other family extra": lambda: self._do(f"set {self._list()} 2001:db8::/32"),
            "sentinel missing": lambda: self._do(f"delete {self._list()} 127.255.255.254/32"),
            "host deactivated": lambda: self._do(f"deactivate {self._member('/32')}"),
            "term missing": lambda: self._do(f"delete {self._term()}"),
            "term altered": lambda: self._do(f"set {self._term()} from protocol gre"),
            "term altered, action": lambda: self._do(f"set {self._term()} then accept"),
            "term deactivated": lambda: self._do(f"deactivate {self._term()}"),
            "term extra": lambda: self._do(
                "set firewall family inet filter ENF-IN4 term MINE then accept"
            ),
            "filter deactivated in a list": lambda: self._do(
                "deactivate interfaces ge-0/0/1 unit 0 family inet filter input-list"
            ),
            "filter extra": lambda: self._do(
                "set firewall family inet filter ENF-MINE term ALL then accept"
            ),
            "passing filter altered": lambda: self._do(
                "set firewall family inet filter ENF-PASS4 term ENF-PASS4 then discard"
            ),
            "unbound": lambda: self._do(
                "delete interfaces ge-0/0/1 unit 0 family inet filter input-list"
            ),
            "unbound, the operator's bound alone": self._unbind,
            "bound behind the operator's": self._behind,
            "list extra": lambda: self._do(
                "set policy-options prefix-list ENF-0123456789ab-M0 198.18.0.1/32"
            ),
            "mark removed": lambda: self._do(
                "delete "
                + next(x for x in self._lines() if _OWNER in x).split(" ", 1)[1].rpartition(" ")[0]
            ),
            "mark twice, one extra": lambda: self._do(
                "set policy-options prefix-list ENF-OWNER-hello 127.255.255.254/32"
            ),
            "restored empty": self.wipe,
        }


@contextmanager
def juniper_junos() -> Iterator[Subject]:
    """A fresh one."""
    router = Router(NAME)
    with serving(router) as server:
        yield JunosSubject(router, server)
