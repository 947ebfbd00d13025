# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR, in a namespace of its own, as a subject of the contract.

Its neighbors are configured and not there: what is judged here is its configuration. One pair of
daemons serves all tests; each test begins with the operator's configuration.
"""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path

from drivers._ssh.gate import Gate
from drivers.frr.driver import FrrDriver
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Neighbor
from enforcer.driver_api import Driver
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.integration.frr_router import Frr, frr
from tests.oracle import Packet
from tests.sshd import Files

BASE = """\
frr defaults traditional
hostname edge
!
ip prefix-list OPERATOR seq 5 deny 10.0.0.0/8 le 32
ip prefix-list OPERATOR seq 10 permit 0.0.0.0/0 le 32
!
route-map HIS permit 10
 match ip address prefix-list OPERATOR
 set local-preference 200
exit
!
router bgp 65000
 bgp router-id 192.0.2.1
 no bgp ebgp-requires-policy
 neighbor CUSTOMERS peer-group
 neighbor 192.0.2.130 remote-as 65001
 neighbor 192.0.2.134 remote-as 65002
 neighbor 192.0.2.134 peer-group CUSTOMERS
 neighbor 192.0.2.138 remote-as 65003
 neighbor 192.0.2.138 shutdown message not paid
 !
 address-family ipv4 unicast
  neighbor CUSTOMERS route-map HIS in
  neighbor 192.0.2.130 route-map HIS out
  neighbor 192.0.2.130 soft-reconfiguration inbound
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor 192.0.2.130 activate
  neighbor CUSTOMERS activate
 exit-address-family
exit
!
"""
_LIST = re.compile(r"^(?:no )?(ip|ipv6) prefix-list (\S+) seq \d+ (.*)$")
_NAME = re.compile(r"ENF-[IO0-9a-f]+-[0-9a-f]+[a-z]\b")
_FIRST, _SECOND = "192.0.2.130", "192.0.2.134"


class FrrSubject:
    """One FRR with an operator's configuration."""

    many = 200
    routes = True
    pieces = False

    def __init__(self, router: Frr, pristine: str) -> None:
        self.clock = SystemClock()
        self.frr = router
        self._pristine = pristine
        self.script = router.folder / "vtysh"
        self.spoil()
        families = (4, 6)
        self.device = Device(
            NAME,
            "frr",
            roles=frozenset({ROLE_BORDER}),
            mode=Mode.ENFORCE,
            transport={"local": "yes", "pathspace": router.space, "vtysh": str(self.script)},
            neighbors=(
                Neighbor(ip_address(_FIRST), 65001, "hosting", families=families),
                Neighbor(ip_address(_SECOND), 65002, "hosting", families=families),
            ),
            options={"save": "never"},
        )

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return FrrDriver(self.device, Files(Path("/")), owner, gate=Gate(per_device=16))

    # -- ours and theirs -----------------------------------------------------------------

    def sections(self) -> list[tuple[str, tuple[str, ...]]]:
        """Heads with their lines."""
        found: list[tuple[str, list[str]]] = []
        for line in self.frr.show("show running-config").splitlines():
            if line.startswith(" "):
                found[-1][1].append(line)
            elif line and not line.startswith("!") and line not in ("exit", "end"):
                found.append((line, []))
        return [(head, tuple(lines)) for head, lines in found]

    def content(self) -> object:
        """Names and numbers say nothing: what each neighbor's filter rejects, and who is shut."""
        entries: dict[str, set[str]] = {}
        maps: dict[str, list[tuple[str, ...]]] = {}
        attached: dict[str, str] = {}
        shut = []
        for head, lines in self.sections():
            listed = re.match(r"^(?:ip|ipv6|bgp) \S+ (?:access-list )?(ENF-\S+) seq \d+ (.*)", head)
            named = re.match(r"^route-map (ENF-\S+)", head)
            if listed:
                entries.setdefault(listed[1], set()).add(listed[2])
            elif named and named[1] != "ENF-OWNER":
                maps.setdefault(named[1], []).append(lines)
            elif head.startswith("router bgp"):
                family = ""
                for line in map(str.strip, lines):
                    family = line if line.startswith("address-family") else family
                    words = line.split()
                    if "route-map" in words and words[3].startswith("ENF-"):
                        attached[f"{family} {words[1]} {words[4]}"] = words[3]
                    if " shutdown message ENF" in line:
                        shut.append(words[1])
        used = set(attached.values())
        spare = sorted(name for name in maps if name not in used)
        return (
            {where: self._meant(maps.get(name, []), entries) for where, name in attached.items()},
            spare,
            sorted(shut),
        )

    def _meant(self, sequences: list[tuple[str, ...]], entries: dict[str, set[str]]) -> object:
        found: set[object] = set()
        for lines in sequences:
            names = [name for line in lines for name in _NAME.findall(line)]
            rest = tuple(_NAME.sub("", line) for line in lines)
            some = entries.get(names[-1], {"missing"}) if names else {""}
            path = tuple(sorted(entries.get(names[0], ()))) if len(names) > 1 else ()
            found.update((rest, path, text) for text in some)
        return found

    def foreign(self) -> object:
        """All lines without ours, and what is attached but for us."""
        found = []
        for head, lines in self.sections():
            if " ENF-" in head or HOLD_MARKER in head:
                continue
            kept = [
                line
                for line in lines
                if " ENF-" not in line
                and " shutdown message ENF" not in line
                and line.split()[:4:2] != ["neighbor", "route-map"]
            ]
            found.append((head, kept))
        return found

    def touch_foreign(self) -> None:
        """See `Subject`."""
        self.frr.by_hand(f"ip prefix-list {FOREIGN} seq 5 permit 198.18.0.0/15")
        number = self.clock.now().microsecond
        self.frr.by_hand(f"ip prefix-list {FOREIGN} description {number}")

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        self.frr.by_hand(f"{'' if there else 'no '}route-map {HOLD_MARKER}{' permit 1' * there}")

    def garble(self) -> None:
        """Every answer loses its end."""
        self.spoil("| head -c -20")

    def spoil(self, after: str = "") -> None:
        """What runs from now on as vtysh."""
        self.script.write_text(f'#!/bin/sh\nvtysh "$@" {after}\n')
        self.script.chmod(0o755)

    def answer(self, packet: Packet) -> bool | None:
        """It is no router of packets here."""
        return None

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f" {address}/32" in line

    def wipe(self) -> None:
        """See `Subject`: the operator's configuration, line by line where it differs."""
        if self.frr.show("show running-config") == self._pristine:
            return
        lines = ["router bgp 65000"]
        lines += [f" no neighbor {n} shutdown" for n in (_FIRST, _SECOND)]
        lines.append(" neighbor 192.0.2.138 shutdown message not paid")
        for head, inside in self.sections():
            if not head.startswith("router bgp"):
                continue
            for line in inside:
                words = line.split()
                if words[0] == "address-family":
                    lines.append(line)
                elif words[2:3] == ["route-map"]:
                    lines.append(f"  no {line.strip()}")
        lines += [" exit-address-family", " address-family ipv4 unicast"]
        lines += ["  neighbor CUSTOMERS route-map HIS in", f"  neighbor {_FIRST} route-map HIS out"]
        lines += [" exit-address-family", "exit"]
        self.frr.vtysh("-d", "bgpd", "-f", "/dev/stdin", stdin="".join(f"{x}\n" for x in lines))
        self._remove_all()
        assert self.frr.show("show running-config") == self._pristine

    def _remove_all(self) -> None:
        gone: dict[str, None] = {}
        for head, _ in self.sections():
            words = head.split()
            if head.startswith("route-map ") and words[1] != "HIS":
                gone[f"no route-map {words[1]}"] = None
            elif head.startswith(("ip prefix-list", "ipv6 prefix-list")) and words[2] != "OPERATOR":
                gone[f"no {words[0]} prefix-list {words[2]}"] = None
            elif head.startswith("bgp as-path"):
                gone[f"no bgp as-path access-list {words[3]}"] = None
        text = "".join(f"{line}\n" for line in gone)
        self.frr.vtysh("-d", "bgpd", "-f", "/dev/stdin", stdin=text)

    # -- what a stranger does ------------------------------------------------------------

    def _map(self, neighbor: str = _FIRST, way: str = "in", family: str = "ipv4") -> str:
        at = ""
        for head, lines in self.sections():
            for line in lines if head.startswith("router bgp") else ():
                at = line.split()[1] if line.startswith(" address-family ") else at
                words = line.split()
                if words[1:3] == [neighbor, "route-map"] and words[4] == way and at == family:
                    return words[3]
        raise AssertionError(f"no filter of {neighbor} {way}")

    def _inside(self, neighbor: str, line: str, family: str = "ipv4") -> None:
        self.frr.by_hand(
            "router bgp 65000",
            f" address-family {family} unicast",
            f"  {line}",
            " exit-address-family",
            "exit",
        )

    def _entry(self, word: str = "ip") -> str:
        return next(
            head
            for head, _ in self.sections()
            if head.startswith(f"{word} prefix-list ENF-") and " seq 1 permit " in head
        )

    def mutations(self) -> Mutations:
        """See `Subject`."""
        hand, inside = self.frr.by_hand, self._inside
        bgp = "router bgp 65000"

        def detach() -> None:
            inside(_FIRST, f"no neighbor {_FIRST} route-map {self._map()} in")

        def empty() -> None:
            head = self._entry()
            name = head.split()[2]
            hand(f"ip prefix-list {name} description emptied")
            for other, _ in self.sections():
                if other.startswith(f"ip prefix-list {name} seq"):
                    hand(f"no {other}")

        def changed() -> None:
            head = self._entry()
            hand(f"no {head}", head.split(" permit ")[0] + " permit 198.18.0.0/15")

        return {
            "list extra": lambda: hand(
                "ip prefix-list ENF-0123456789ab-01234567a seq 5 permit 198.18.0.0/15"
            ),
            "list extra for IPv6": lambda: hand(
                "ipv6 prefix-list ENF-0123456789ab-01234567b seq 5 permit 3fff::/20"
            ),
            "route-map extra": lambda: hand("route-map ENF-I4-0123456789aba permit 10"),
            "detached": detach,
            "detached for IPv6": lambda: inside(
                _FIRST, f"no neighbor {_FIRST} route-map {self._map(family='ipv6')} in", "ipv6"
            ),
            "sequence removed": lambda: hand(f"no route-map {self._map()} deny 1"),
            "permit on top, extra": lambda: hand(
                f"no route-map {self._map()} deny 1", f"route-map {self._map()} permit 1"
            ),
            "route-map deleted": lambda: hand(f"no route-map {self._map()}"),
            "entry extra": lambda: hand(
                self._entry().replace(" seq 1 ", " seq 777 ").split(" permit ")[0]
                + " permit 198.18.0.0/15"
            ),
            "entry altered": changed,
            "list emptied": empty,
            "list deleted": lambda: hand("no " + self._entry().partition(" seq ")[0]),
            "session un-shut": lambda: hand(bgp, f" no neighbor {_SECOND} shutdown"),
            "mark removed": lambda: hand("no route-map ENF-OWNER"),
            "restored empty": self.wipe,
        }


_running: list[FrrSubject] = []


def _shared() -> FrrSubject:
    """The one of this process; it ends with it."""
    if not _running:
        stack = ExitStack()
        atexit.register(stack.close)
        router = stack.enter_context(frr(BASE))
        _running.append(FrrSubject(router, router.show("show running-config")))
    old = _running[0]
    return FrrSubject(old.frr, old._pristine)


@contextmanager
def frr_router() -> Iterator[Subject]:
    """One that begins with the operator's configuration."""
    subject = _shared()
    subject.wipe()
    yield subject
