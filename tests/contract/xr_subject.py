# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED Cisco IOS-XR router behind a real SSH server, as a subject of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

from drivers._ssh.gate import Gate
from drivers.cisco_xr.driver import CiscoXrDriver
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, Device, Interface, Mode, Neighbor
from enforcer.driver_api import Driver
from lab.emulators import packets
from lab.emulators.cisco_xr import Router
from lab.emulators.server import Serving, serving
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.oracle import Packet

HOSTING, SECOND, UPSTREAM = (f"GigabitEthernet0/0/0/{n}" for n in (1, 2, 3))
EDGES = (HOSTING, SECOND, UPSTREAM)
BASE = f"""\
hostname {NAME}
ipv6 access-list CUSTOMER6
 1000 deny ipv6 host 2001:db8:ffff::1 any
 1010 permit ipv6 any any
!
ipv4 access-list CUSTOMER
 100 remark what the customer may not do
 110 deny ipv4 host 240.0.0.1 any
 120 permit ipv4 any any
!
interface MgmtEth0/RP0/CPU0/0
 ipv4 address 10.0.0.1 255.255.255.0
!
interface {HOSTING}
 description hosting
 ipv4 address 192.0.2.129 255.255.255.252
!
interface {SECOND}
 ipv4 address 192.0.2.133 255.255.255.252
 ipv4 access-group CUSTOMER ingress
 ipv6 access-group CUSTOMER6 ingress
!
interface {UPSTREAM}
 ipv4 address 10.1.0.1 255.255.255.252
!
router bgp 64500
 bgp router-id 10.0.0.1
 address-family ipv4 unicast
 !
 neighbor 10.1.0.2
  remote-as 64501
  address-family ipv4 unicast
   route-policy PASS in
   route-policy PASS out
  !
 !
!
route-policy PASS
  pass
end-policy
!
"""
_PROTOCOLS_WITH_PORTS = (packets.TCP, packets.UDP)


class Password:
    """Every reference is the emulator's password."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return "enforcer"


def device_at(server: Serving, **options: str) -> Device:
    """The inventory's entry of the router behind `server`."""
    return Device(
        NAME,
        "cisco_xr",
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
            Interface(
                "MgmtEth0/RP0/CPU0/0", "infrastructure", (ip_interface("10.0.0.1/24"),), True
            ),
        ),
        neighbors=(Neighbor(ip_address("10.1.0.2"), 64501, "upstream"),),
        options={"confirm": "60", "hold_time": "0"} | options,
    )


def driver_at(device: Device, owner: Owner) -> CiscoXrDriver:
    """A driver for it, with places of its own at the gate."""
    return CiscoXrDriver.from_device(device, Password(), owner, gate=Gate(per_device=16))


def blocks_of(running: str) -> list[list[str]]:
    """The blocks at the top of a running configuration, with their lines."""
    found: list[list[str]] = []
    for line in running.splitlines():
        if line.startswith("!") or not line.strip():
            continue
        if line.startswith((" ", "end-")):
            found[-1].append(line)
        else:
            found.append([line])
    return found


class XrSubject:
    """An emulated router with an operator's configuration."""

    many = 2_500

    def __init__(self, router: Router, server: Serving) -> None:
        self.clock = SystemClock()
        self.router = router
        self.device = device_at(server)
        router.load(BASE)

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return driver_at(self.device, owner)

    def by_hand(self, *lines: str) -> None:
        """As somebody at a shell."""
        self.router.by_hand(lines)

    def _split(self) -> tuple[list[list[str]], list[list[str]]]:
        ours, theirs = [], []
        for block in blocks_of(self.router.running()):
            head = block[0]
            if head.endswith("ENF-OWNER") or HOLD_MARKER in head:
                continue
            if " ENF-" in head:
                ours.append(block)
                continue
            # The operator shut nothing down.
            mine = [line for line in block if "ENF-" in line or line == " shutdown"]
            if mine:
                ours.append([head, *mine])
            theirs.append([line for line in block if line not in mine])
        return ours, theirs

    def content(self) -> object:
        """See `Subject`."""
        return self._split()[0]

    def foreign(self) -> object:
        """See `Subject`."""
        return self._split()[1]

    def touch_foreign(self) -> None:
        """See `Subject`."""
        self.by_hand(f"interface {UPSTREAM}", f"description {FOREIGN} {self.clock.now():%f}")

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        no = "" if there else "no "
        line = f"{no}object-group network ipv4 {HOLD_MARKER}"
        self.by_hand(line, *(["host 192.0.2.1"] if there else []))

    def garble(self) -> None:
        """The end of every list is lost."""
        self.router.faults.truncate_output(r"show running-config", 5)

    def answer(self, packet: Packet) -> bool | None:
        """Asked in the emulated configuration, on the way in and on the way out."""
        address = IPv4Address if packet.family == 4 else IPv6Address
        ported = packet.protocol in _PROTOCOLS_WITH_PORTS
        asked = packets.Packet(
            address(packet.src),
            address(packet.dst),
            packet.protocol,
            packet.sport if ported else None,
            packet.dport if ported else None,
            fragment=ported and packet.sport is None and packet.dport is None,
        )
        came = packet.iif if packet.iif in EDGES else HOSTING
        left = packet.oif if packet.oif in EDGES else UPSTREAM
        passes = self.router.would_pass(asked, came, "in")
        return not (passes and self.router.would_pass(asked, left, "out"))

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return line.split()[-2:] == ["host", address]

    def wipe(self) -> None:
        """See `Subject`."""
        self.router.load(BASE)

    # -- what a stranger does ------------------------------------------------------------

    def _groups(self) -> list[list[str]]:
        """Groups of members that a line names, IPv4 first."""
        found = [b for b in blocks_of(self.router.running()) if re.search(r"ENF-\w+-M\d+$", b[0])]
        return sorted(found, key=lambda block: block[0])

    def _group(self, least: int = 2, wanted: str = "host") -> tuple[str, Sequence[str]]:
        for head, *lines in self._groups():
            members = [line.strip() for line in lines if "127.255" not in line]
            members = [m for m in members if "100::" not in m and m.startswith(wanted)]
            if members and len(lines) >= least:
                return head, members
        raise AssertionError(f"no group with {wanted!r}")

    def _in_group(self, line: str, wanted: str = "host") -> None:
        head, members = self._group(wanted=wanted)
        self.by_hand(head, line.format(members[0]))

    def _lines(self, acl: str) -> list[str]:
        (block,) = (b for b in blocks_of(self.router.running()) if b[0] == acl)
        return [line.strip() for line in block[1:]]

    def _ours(self, acl: str) -> tuple[str, str]:
        """(number, text) of the first line of ours in a list."""
        number, _, text = next(x for x in self._lines(acl) if "net-group ENF-" in x).partition(" ")
        return number, text

    def _in_list(self, acl: str, line: str) -> None:
        number, text = self._ours(acl)
        altered = text.replace("deny", "permit")
        self.by_hand(acl, line.format(number=number, text=text, altered=altered))

    def _moved(self) -> None:
        """Our line stands below the operator's permit."""
        number, text = self._ours("ipv4 access-list CUSTOMER")
        self.by_hand("ipv4 access-list CUSTOMER", f"no {number}", f"5000 {text}")

    def mutations(self) -> Mutations:
        """See `Subject`."""
        own, theirs = "ipv4 access-list ENF-V4", "ipv4 access-list CUSTOMER"
        return {
            "host missing": lambda: self._in_group("no {}"),
            "host extra": lambda: self._in_group("host 198.18.0.1"),
            "range extra": lambda: self._in_group("198.18.8.0/24"),
            "member altered": lambda: self._in_group("range 198.18.9.1 198.18.9.3"),
            "prefix missing": lambda: self._in_group("no {}", wanted="1"),
            "sentinel missing": lambda: self._in_group("no host 127.255.255.254"),
            "line missing": lambda: self._in_list(own, "no {number}"),
            "line altered": lambda: self._in_list(own, "{number} {altered}"),
            "line extra, first": lambda: self.by_hand(own, "1 permit ipv4 any any"),
            "line twice, extra": lambda: self._in_list(own, "999 {text}"),
            "end of our list missing": lambda: self.by_hand(
                own, "no 1000000000", "5 deny udp any any"
            ),
            "operator's list: line missing": lambda: self._in_list(theirs, "no {number}"),
            "operator's list: line altered": lambda: self._in_list(theirs, "{number} {altered}"),
            "operator's list: line moved": self._moved,
            "unbound": lambda: self.by_hand(
                f"interface {HOSTING}", "no ipv4 access-group ENF-V4 ingress"
            ),
            "another list bound": lambda: self.by_hand(
                f"interface {HOSTING}", "ipv6 access-group ENF-V4 ingress"
            ),
            "group extra": lambda: self.by_hand(
                "object-group network ipv4 ENF-0123456789ab-M0", "host 198.18.0.1"
            ),
            "list extra": lambda: self.by_hand(
                "ipv4 access-list ENF-MINE", "10 permit ipv4 any any"
            ),
            "mark removed": lambda: self.by_hand("no object-group network ipv4 ENF-OWNER"),
            "mark altered": lambda: self.by_hand(
                "object-group network ipv4 ENF-OWNER", "description nobody"
            ),
            "restored empty": self.wipe,
        }


@contextmanager
def cisco_xr() -> Iterator[Subject]:
    """A fresh one."""
    router = Router(NAME)
    with serving(router) as server:
        yield XrSubject(router, server)
