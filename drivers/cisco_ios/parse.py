# SPDX-License-Identifier: GPL-2.0-or-later
"""A running configuration read for what concerns us. Pure.

Objects of ours are understood to the letter or not at all (ParseFailed); of everybody else's
only what decides where our lines stand.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from drivers._router.names import PREFIX
from drivers.cisco_ios.entries import AclLines
from drivers.cisco_ios.model import NULL, Acl, Box, Group, Peer, Port, Route
from drivers.cisco_ios.parse_bgp import read_bgp, sessions_of
from drivers.cisco_ios.tree import Section, sections
from drivers.cisco_ios.words import interface_name, plain
from enforcer.core.rules import HOLD_MARKER
from enforcer.errors import ParseFailed

_UNNUMBERED = re.compile(r"(?m)^(?: (?:permit|deny|dynamic|evaluate) |access-list \d+ (?!remark))")
_GROUP = re.compile(r"object-group (\S+) (\S+)")
_ACL = re.compile(r"(ip|ipv6) access-list (?:(standard|extended) )?(\S+)")
_NUMBERED = re.compile(r"access-list (\d+) (.+)")
_LIST = re.compile(r"(ip|ipv6) prefix-list (\S+) (?:seq (\d+) )?(permit|deny|description) ?(.*)")
_ROUTE4 = re.compile(r"ip route (\d\S+) (\d\S+) (\S.*)")
_ROUTE6 = re.compile(r"ipv6 route (\S+/\d+) (\S.*)")
_ACCESS_GROUP = re.compile(r" ip access-group (?:common )?(\S+)(?: \S+)?? (in|out)")
_TRAFFIC_FILTER = re.compile(r" ipv6 traffic-filter (\S+) (in|out)")
_URPF = re.compile(r" ip verify unicast source reachable-via (any|rx)")
_END = re.compile(r" absolute end (\d\d:\d\d) (\d{1,2}) (\w+) (\d{4})")
_ZONE = re.compile(r"clock timezone \S+ (-?\d+)(?: (\d+))?")
_USED = re.compile(
    r"(?:ip nat (?:inside|outside) source list|match (?:ip|ipv6) address(?! prefix-list)"
    r"|match address|match access-group(?: name)?|access-class|distribute-list"
    r"|snmp-server community \S+|snmp-server \S+ \S+ .*access|ip pim \S+ .*list"
    r"|ntp access-group|ip multicast boundary) (.+)"
)
"""What is said behind is taken for names of lists, all of it."""
_INACTIVE = re.compile(
    r"(?m)^\s*(?:\d+ )?((?:deny|permit) .*\bENF-.*?)(?: \(\d+ match(?:es)?\))? \(inactive\)"
)
_LEAK = re.compile(r" +redistribute static(?!.* route-map )(?: .*)?")
_ADDRESS = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_MEMBER = re.compile(
    rf"(?:any|host {_ADDRESS}|range {_ADDRESS} {_ADDRESS}|{_ADDRESS} {_ADDRESS}"
    rf"|{_ADDRESS} /\d{{1,2}}|group-object \S+)"
)


@dataclass
class _Found:
    """A box in the making."""

    device: str
    groups: dict[str, Group] = field(default_factory=dict)
    acls: dict[tuple[int, str], AclLines] = field(default_factory=dict)
    ports: dict[str, Port] = field(default_factory=dict)
    lists: dict[tuple[int, str], dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    routes: set[Route] = field(default_factory=set)
    periods: dict[str, int] = field(default_factory=dict)
    peers: dict[tuple[int, str], Peer] = field(default_factory=dict)
    vrfs: dict[str, str] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    elsewhere: dict[str, str] = field(default_factory=dict)
    statics: set[tuple[int, str]] = field(default_factory=set)
    utc: int | None = 0
    summer: bool = False
    hold: bool = False
    sessions: dict[str, bool] = field(default_factory=dict)
    speaker: str = ""

    def fail(self, line: str) -> ParseFailed:
        """What is said of a line of ours that is not understood."""
        return ParseFailed(
            self.device,
            f"{line.strip()!r} of an object of ours is not understood: look at it on the device,"
            " and remove it by hand if it is not of this program",
        )


def parse(device: str, text: str, numbers: str = "", numbers6: str = "") -> Box:
    """The box that ``show running-config`` describes.

    `numbers`, `numbers6`: ``show ip access-lists`` and ``show ipv6 access-list``, for releases
    whose configuration shows no sequence numbers. Raises ParseFailed: the text was cut, or
    something that concerns us is not understood, or an entry's number is known from neither.
    """
    found = _Found(device)
    try:
        for section in sections(device, text):
            _read(found, section)
        acls = _numbered(found, numbers, numbers6)
    except (ValueError, IndexError, KeyError) as error:
        raise ParseFailed(device, f"the running configuration is not understood: {error}") from None
    return Box(
        found.groups,
        acls,
        found.ports,
        dict(found.lists),
        frozenset(found.routes),
        _in_utc(found),
        found.peers,
        found.elsewhere,
        frozenset(found.statics),
        None if found.summer else found.utc,
        found.hold,
        found.vrfs,
        tuple(found.leaks),
        frozenset(_inactive(text, numbers, numbers6)),
        found.sessions,
        found.speaker,
    )


def _in_utc(found: _Found) -> dict[str, int]:
    """Ends are printed in the box's own time; its zone may stand behind them."""
    zone = 0 if found.summer else found.utc or 0
    return {name: end - zone if end else 0 for name, end in found.periods.items()}


def _inactive(*texts: str) -> Iterator[str]:
    """Entries of ours that the box has, but does not apply; ends that passed are no such."""
    for text in texts:
        for said in _INACTIVE.findall(text):
            if " time-range " not in said:
                yield plain(said)


def needs_numbers(text: str) -> bool:
    """Whether the configuration's access lists come without sequence numbers."""
    return _UNNUMBERED.search(text) is not None


def _read(found: _Found, section: Section) -> None:
    header = section.header
    first = header.split(" ", 1)[0]
    for line in (header, *section.lines):
        used = _USED.search(line)
        for word in used[1].split() if used else ():
            found.elsewhere.setdefault(word, line.strip())
    if first == "object-group":
        _read_group(found, section)
    elif first == "interface":
        _read_port(found, section)
    elif first == "router" or header.startswith("ipv6 router "):
        leaks = (line.strip() for line in section.lines if _LEAK.fullmatch(line))
        found.leaks += [f"{header}: {line}" for line in leaks]
        read_bgp(section, found.peers, found.vrfs)
        if header.startswith("router bgp "):
            found.speaker = header
            found.sessions.update(sessions_of(section))
    elif first == "time-range":
        _read_period(found, section)
    elif first == "clock":
        _read_zone(found, header)
    elif first in ("ip", "ipv6", "access-list"):
        _read_acl(found, section)
        _read_line(found, header)


def _read_group(found: _Found, section: Section) -> None:
    named = _GROUP.fullmatch(section.header)
    if named is None:
        return
    kind, name = named[1], named[2]
    found.hold |= name == HOLD_MARKER
    if not name.startswith(PREFIX) or kind != "network":
        return
    members, description = [], ""
    for line in section.lines:
        text = " ".join(line.split())
        if text.startswith("description "):
            description = text.removeprefix("description ")
        elif _MEMBER.fullmatch(text):
            members.append(_member(text))
        else:
            raise found.fail(line)
    found.groups[name] = Group(name, tuple(members), description)


def _member(text: str) -> str:
    words = text.split()
    if words[0][0].isdigit():
        network = IPv4Network(f"{words[0]}/{words[1].removeprefix('/')}")
        if network.prefixlen == 32:
            return f"host {network.network_address}"
        return f"{network.network_address} {network.netmask}"
    if words[0] in ("host", "range"):
        addresses = " ".join(str(IPv4Address(word)) for word in words[1:])
        return f"{words[0]} {addresses}"
    return text


def _read_acl(found: _Found, section: Section) -> None:
    named = _ACL.fullmatch(section.header)
    if named is not None and named[3] not in ("resequence", "log-update", "logging"):
        family = 4 if named[1] == "ip" else 6
        kind = named[2] or ("ipv6" if family == 6 else "extended")
        found.hold |= named[3] == HOLD_MARKER
        acl = found.acls.setdefault((family, named[3]), AclLines(found.device, family, kind))
        for line in section.lines:
            acl.add(line)
        return
    old = _NUMBERED.fullmatch(section.header)
    if old is not None:
        number = int(old[1])
        kind = "standard" if number < 100 or 1300 <= number < 2000 else "extended"
        acl = found.acls.setdefault((4, old[1]), AclLines(found.device, 4, kind))
        acl.add(f" {old[2]}")


def _read_line(found: _Found, header: str) -> None:
    entry = _LIST.fullmatch(header)
    if entry is not None:
        family, name = (4 if entry[1] == "ip" else 6), entry[2]
        found.hold |= name == HOLD_MARKER
        rows = found.lists[family, name]
        if entry[4] != "description":
            number = int(entry[3]) if entry[3] else max(rows, default=0) + 5
            rows[number] = f"{entry[4]} {entry[5].lower()}"
        return
    if entry is None:
        _read_route(found, header)


def _read_route(found: _Found, header: str) -> None:
    route4, route6 = _ROUTE4.fullmatch(header), _ROUTE6.fullmatch(header)
    if route4 is not None:
        family, prefix, target = 4, str(IPv4Network(f"{route4[1]}/{route4[2]}")), route4[3]
    elif route6 is not None:
        family, prefix, target = 6, str(IPv6Network(route6[1])), route6[2]
    else:
        return
    words = target.split()
    told = {word: words[at + 1] for at, word in enumerate(words[:-1])}
    name = told.get("name", "")
    if words[0] == NULL and name.startswith(PREFIX):
        found.routes.add(Route(family, prefix, int(told.get("tag", "0")), name))
    else:
        found.statics.add((family, prefix))


def _read_port(found: _Found, section: Section) -> None:
    name = interface_name(section.header.removeprefix("interface ").split(" ")[0])
    bound: dict[tuple[int, str], str] = {}
    shutdown, urpf = False, ""
    for line in section.lines:
        shutdown |= line == " shutdown"
        here4, here6 = _ACCESS_GROUP.fullmatch(line), _TRAFFIC_FILTER.fullmatch(line)
        if here4:
            bound[4, here4[2]] = here4[1]
        elif here6:
            bound[6, here6[2]] = here6[1]
        elif line.startswith((" ip access-group ", " ipv6 traffic-filter ")):
            raise found.fail(f"{section.header}: {line}")
        checked = _URPF.match(line)
        urpf = (checked[1] if checked else "") or urpf
    found.ports[name] = Port(name, shutdown, bound, urpf, section.lines)


def _read_period(found: _Found, section: Section) -> None:
    name = section.header.removeprefix("time-range ").strip()
    if not name.startswith(PREFIX):
        return
    for line in section.lines:
        told = _END.fullmatch(line)
        if told is None:
            raise found.fail(line)
        text = f"{told[1]} {int(told[2]):02} {told[3]} {told[4]}"
        end = datetime.strptime(text, "%H:%M %d %B %Y").replace(tzinfo=UTC)
        found.periods[name] = int(end.timestamp()) // 60
    found.periods.setdefault(name, 0)


def _read_zone(found: _Found, header: str) -> None:
    zone = _ZONE.fullmatch(header)
    if zone is not None:
        hours, minutes = int(zone[1]), int(zone[2] or 0)
        found.utc = hours * 60 + (minutes if hours >= 0 else -minutes)
    found.summer |= header.startswith("clock summer-time")


def _numbered(found: _Found, numbers: str, numbers6: str) -> dict[tuple[int, str], Acl]:
    shown: dict[tuple[int, str], list[tuple[int, str]]] = {}
    for family, text in ((4, numbers), (6, numbers6)):
        shown.update(shown_numbers(text, family))
    return {
        (family, name): acl.finished(name, shown.get((family, name)))
        for (family, name), acl in found.acls.items()
    }


_SHOWN = re.compile(r"(?:Standard|Extended) IP access list (\S+)|IPv6 access list (\S+)(?: .*)?")
_SHOWN4 = re.compile(r"\s+(\d+) ((?:permit|deny|dynamic|evaluate|reflexive)\b.*)")
_SHOWN6 = re.compile(r"\s+((?:permit|deny|evaluate)\b.*?) sequence (\d+)\s*")


def shown_numbers(text: str, family: int) -> dict[tuple[int, str], list[tuple[int, str]]]:
    """Numbers and entries (as printed, counters kept) by list, of ``show ... access-list(s)``."""
    found: dict[tuple[int, str], list[tuple[int, str]]] = {}
    rows: list[tuple[int, str]] | None = None
    for line in text.replace("\r", "").split("\n"):
        header = _SHOWN.fullmatch(line.rstrip())
        if header is not None:
            rows = found.setdefault((family, header[1] or header[2]), [])
            continue
        entry4, entry6 = _SHOWN4.fullmatch(line.rstrip()), _SHOWN6.fullmatch(line.rstrip())
        if rows is not None and entry6 is not None:
            rows.append((int(entry6[2]), entry6[1]))
        elif rows is not None and entry4 is not None:
            rows.append((int(entry4[1]), entry4[2]))
    return found
