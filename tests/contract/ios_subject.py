# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED Cisco IOS-XE router behind a real SSH server, as a subject of the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface

from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, Device, Interface, Mode, Neighbor
from enforcer.driver_api import Driver
from lab.emulators import packets
from lab.emulators.cisco_ios import Router
from lab.emulators.server import Serving, serving
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.oracle import Packet

HOSTING, SECOND, UPSTREAM, OFFICE = (f"GigabitEthernet0/0/{n}" for n in range(4))
EDGES = (HOSTING, SECOND, UPSTREAM)
BASE = f"""\
hostname {NAME}
archive
 path bootflash:archive
 maximum 10
!
object-group network PARTNERS
 host 203.0.113.77
!
interface {HOSTING}
 description hosting
 ip address 192.0.2.129 255.255.255.252
!
interface {SECOND}
 ip address 192.0.2.133 255.255.255.252
 ip access-group CUSTOMER in
 ipv6 traffic-filter CUSTOMER6 in
!
interface {UPSTREAM}
 ip address 10.1.0.1 255.255.255.252
!
interface {OFFICE}
 ip address 10.0.0.1 255.255.255.0
!
router bgp 64500
 bgp router-id 10.0.0.1
 neighbor 10.1.0.2 remote-as 64501
!
ip access-list extended CUSTOMER
 1000 remark what the customer may not do
 1000 deny ip host 240.0.0.1 any
 1010 permit ip any any
!
ipv6 access-list CUSTOMER6
 sequence 1000000 deny ipv6 host 2001:db8:ffff::1 any
 sequence 1000010 permit ipv6 any any
!
end
"""
_PORTED = (packets.TCP, packets.UDP)
_OURS = re.compile(r"\bENF-")


class Password:
    """Every reference is the emulator's password."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return "enforcer"


def device_at(server: Serving, **options: str) -> Device:
    """The inventory's entry of the router behind `server`."""
    return Device(
        NAME,
        "cisco_ios",
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
            Interface("gi0/0/1", "hosting", (ip_interface("192.0.2.133/30"),)),
            Interface(UPSTREAM, "upstream", (ip_interface("10.1.0.1/30"),)),
            Interface(OFFICE, "infrastructure", (ip_interface("10.0.0.1/24"),), True),
        ),
        neighbors=(Neighbor(ip_address("10.1.0.2"), 64501, "upstream"),),
        # Tests that draw anything would spend their time on exceptions of single IPv6 addresses.
        options={"confirm": "60", "hold_time": "0", "ipv6_lines": "100"} | options,
    )


def driver_at(device: Device, owner: Owner) -> IosDriver:
    """A driver for it, with places of its own at the gate."""
    way = Way(SshOptions.of(device), Password(), Gate(per_device=16))
    return IosDriver(device, owner, way)


def sections_of(running: str) -> list[list[str]]:
    """The sections of a running configuration, with their lines."""
    found: list[list[str]] = []
    for line in running.splitlines():
        if line.startswith("!") or not line.strip() or line == "end":
            continue
        if line.startswith(" "):
            found[-1].append(line)
        else:
            found.append([line])
    return found


class IosSubject:
    """An emulated router with an operator's configuration."""

    many = 2_500

    def __init__(self, router: Router, server: Serving) -> None:
        self.clock = SystemClock()
        self.router = router
        self.device = device_at(server)
        router.max_vty = 16
        router.load(BASE)

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return driver_at(self.device, owner)

    def by_hand(self, *lines: str) -> None:
        """As somebody at a shell."""
        self.router.by_hand(lines)

    # -- ours and theirs -----------------------------------------------------------------

    def _split(self) -> tuple[list[list[str]], list[list[str]]]:
        """Ours without numbers: they say nothing of whose a line is, nor in which order it came."""
        ours: list[list[str]] = []
        theirs: list[list[str]] = []
        for head, *lines in sections_of(self.router.running()):
            if head.endswith("ENF-OWNER") or HOLD_MARKER in head:
                continue
            if _OURS.search(head):
                plain = [_plain(line) for line in lines if " remark " not in line]
                last = [line for line in plain if line.startswith("permit")]
                ours.append([head, *sorted(set(plain) - set(last)), *last])
                continue
            # The operator shut nothing down.
            mine = [line for line in lines if _OURS.search(line) or line == " shutdown"]
            rest = [line for line in lines if line not in mine]
            if head.startswith("ipv6 access-list"):
                # The entries behind our remarks are ours too; both have the same number.
                numbers = {line.split()[1] for line in mine}
                mine = [line for line in lines if line.split()[1] in numbers]
                rest = [line for line in lines if line not in mine]
            if mine:
                denies = [_plain(line) for line in mine if " remark " not in line]
                ours.append([head, *sorted(denies)])
            theirs.append([head, *rest])
        return sorted(ours), theirs

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
        line = f"{no}object-group network {HOLD_MARKER}"
        self.by_hand(line, *(["host 192.0.2.1"] if there else []))

    def garble(self) -> None:
        """The end of the configuration is lost."""
        self.router.faults.truncate_output("show running-config", 40)

    def answer(self, packet: Packet) -> bool | None:
        """Asked in the emulated configuration, on the way in and on the way out."""
        address = IPv4Address if packet.family == 4 else IPv6Address
        ported = packet.protocol in _PORTED
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

    def _group(self, wanted: str, least: int = 2) -> tuple[str, str]:
        """(header, member) of a group of ours that has more than that member."""
        for head, *lines in sections_of(self.router.running()):
            members = [line.strip() for line in lines]
            found = [m for m in members if m.startswith(wanted) and "127.255" not in m]
            if re.search(r"ENF-\w{12}-M", head) and found and len(members) > least:
                return head, found[0]
        raise AssertionError(f"no group with {wanted!r}")

    def _in_group(self, line: str, wanted: str = "host") -> None:
        head, member = self._group(wanted)
        self.by_hand(head, line.format(member))

    def _line(self, acl: str) -> tuple[str, str]:
        """(number, text) of the first deny of ours in a list."""
        (section,) = (s for s in sections_of(self.router.running()) if s[0] == acl)
        lines = [line.strip().removeprefix("sequence ") for line in section[1:]]
        marked = {line.split()[0] for line in lines if " remark ENF-" in line}
        found = [line for line in lines if line.split()[0] in marked and " deny " in line]
        number, _, text = found[0].partition(" ")
        return number, text

    def _in_list(self, acl: str, *lines: str) -> None:
        number, text = self._line(acl)
        self.by_hand(acl, *(line.format(number=number, text=text) for line in lines))

    def mutations(self) -> Mutations:
        """See `Subject`."""
        hand = self.by_hand
        own, own6 = "ip access-list extended ENF-V4", "ipv6 access-list ENF-V6"
        theirs, theirs6 = "ip access-list extended CUSTOMER", "ipv6 access-list CUSTOMER6"
        group = "object-group network ENF-0123456789ab-M0"
        return {
            "host missing": lambda: self._in_group("no {}"),
            "host extra": lambda: self._in_group("host 198.18.0.1"),
            "range extra": lambda: self._in_group("198.18.8.0 255.255.255.0"),
            "member altered": lambda: self._in_group("range 198.18.9.1 198.18.9.3"),
            "network missing": lambda: self._in_group("no {}", wanted="1"),
            "sentinel missing": lambda: self._in_group("no host 127.255.255.254"),
            "line missing": lambda: self._in_list(own, "no {text}"),
            "IPv6 line missing": lambda: self._in_list(own6, "no {text}"),
            "line altered": lambda: self._in_list(own, "no {text}", "{number} {text} log"),
            "line extra, first": lambda: hand(own, "1 permit tcp any any"),
            "end of our list missing": lambda: hand(own, "no permit ip any any"),
            "neighbor discovery missing": lambda: hand(own6, "no permit icmp any any nd-ns"),
            "line missing in the operator's": lambda: self._in_list(theirs, "no {text}"),
            "IPv6 line missing in the operator's": lambda: self._in_list(theirs6, "no {text}"),
            "permit above ours": lambda: self._moved(theirs, ""),
            "IPv6 permit above ours": lambda: self._moved(theirs6, "sequence "),
            "unbound": lambda: hand(f"interface {HOSTING}", "no ip access-group ENF-V4 in"),
            "unbound for IPv6": lambda: hand(
                f"interface {UPSTREAM}", "no ipv6 traffic-filter ENF-V6 out"
            ),
            "bound elsewhere, extra": lambda: hand(
                f"interface {OFFICE}", "ip access-group ENF-V4 in"
            ),
            "list deleted": lambda: hand(f"no {own}"),
            "group extra": lambda: hand(group, "host 198.18.0.1"),
            "group extra and used": lambda: hand(
                group, "host 198.18.0.1", theirs, f"900 deny ip {group[:12]} {group[21:]} any"
            ),
            "prefix-list extra": lambda: hand("ip prefix-list ENF-MINE seq 5 permit 10.0.0.0/8"),
            "route extra": lambda: hand(
                "ip route 198.18.0.1 255.255.255.255 Null0 tag 666 name ENF-0123456789ab-R"
            ),
            "mark removed": lambda: hand("no object-group network ENF-OWNER"),
            "restored empty": self.wipe,
        }

    def _moved(self, acl: str, sequence: str) -> None:
        """Our first line stands below the operator's permit."""
        number, text = self._line(acl)
        remark = next(
            line.split(" remark ")[1]
            for section in sections_of(self.router.running())
            if section[0] == acl
            for line in section[1:]
            if line.strip().startswith((f"{number} remark", f"sequence {number} remark"))
        )
        self.by_hand(
            acl,
            f"no {sequence}{number}",
            f"{sequence}2000000 remark {remark}",
            f"{sequence}2000000 {text}",
        )


def _plain(line: str) -> str:
    """A line of a list without its number, in one spelling."""
    return re.sub(r"^(?:sequence )?\d+ (?=permit|deny|remark)", "", " ".join(line.split()))


@contextmanager
def cisco_ios() -> Iterator[Subject]:
    """A fresh one."""
    router = Router(NAME)
    with serving(router) as server:
        yield IosSubject(router, server)
