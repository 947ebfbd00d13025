# SPDX-License-Identifier: GPL-2.0-or-later
"""Members on the box: which prefix-list or route holds which, and back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_network

from drivers._router.known import KnownRules
from drivers._router.names import named_rule
from drivers._router.target import members, prefixes
from drivers.juniper_junos.model import Box, Prefixes
from drivers.juniper_junos.names import (
    DOWN,
    FAMILIES,
    SENTINEL,
    WAS_DOWN,
    WAS_SHUT,
    record_name,
)
from drivers.juniper_junos.names import SHUT as SHUT_SESSION
from drivers.juniper_junos.render import groups
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.shape import known_interfaces
from enforcer.core.intervals import Ranges, intersect, outside, union
from enforcer.core.rules import (
    NO_END,
    UNATTRIBUTED,
    InterfaceMember,
    Key,
    Members,
    Rule,
)
from enforcer.core.sessions import CLOSED

SHUT = Rule(0, Key.INTERFACE)
_PLAIN = {
    (family, key): Rule(family, key) for family in FAMILIES for key in (Key.SOURCE, Key.DESTINATION)
}


def ranges_of(texts: Iterable[str], family: int) -> Ranges:
    """The addresses of those prefixes that are of `family`, canonical."""
    bits = 32 if family == 4 else 128
    pairs = []
    for text in texts:
        if (":" in text) is not (family == 6):
            continue
        if text.endswith(f"/{bits}"):
            address = text[: -len(str(bits)) - 1]
            first = int(IPv4Address(address) if family == 4 else IPv6Address(address))
            pairs.append((first, first))
        else:
            network = ip_network(text)
            pairs.append((int(network[0]), int(network[-1])))
    return union([Ranges.of(pairs)])


def texts_of(ranges: Ranges, family: int) -> Prefixes:
    """The fewest prefixes, as the box shows them."""
    bits = 32 if family == 4 else 128
    kind = IPv4Address if family == 4 else IPv6Address
    found: set[str] = set()
    for first, last in ranges.pairs():
        if first == last:
            found.add(f"{kind(first)}/{bits}")
        else:
            found.update(map(str, prefixes(family, Ranges.of([(first, last)]))))
    return frozenset(found)


def whole(rule: Rule, name: str) -> Ranges | None:
    """The part of the address space that a prefix-list of `rule` is for; None: all of it."""
    within = next((g.within for g in groups(rule) if g.name == name), None)
    return None if within is None else Ranges.of(within)


def grouped(rule: Rule, ranges: Ranges) -> dict[str, Ranges]:
    """`ranges` by the prefix-list that holds them; every list of the rule is there."""
    found = {}
    for group in groups(rule):
        within = group.within
        found[group.name] = ranges if within is None else intersect(ranges, Ranges.of(within))
    return found


def in_list(box: Box, rule: Rule, name: str) -> Ranges:
    """The members of `rule` that a prefix-list holds: the sentinel, strangers' slips aside."""
    texts = box.lists.get(name, frozenset()) - {SENTINEL[rule.family]}
    found, within = ranges_of(texts, rule.family), whole(rule, name)
    return found if within is None else intersect(found, within)


def digests(box: Box) -> set[str]:
    """The digests of the rules that have a prefix-list there."""
    named = (named_rule(name) for name in box.lists)
    return {found[0] for found in named if found is not None}


def routed(setup: Setup, box: Box, wanted: Mapping[Rule, Ranges]) -> dict[int, Prefixes]:
    """Which prefixes are to be discard routes: no more than what is to be dropped both ways.

    Where uRPF looks at the source, a discard route drops what comes from there too: so only what
    both rules want. A prefix that has another's static route is left to the filter, and everything
    where others would be told of the routes.
    """
    found: dict[int, Prefixes] = dict.fromkeys(FAMILIES, frozenset())
    if not setup.rtbh or box.exported:
        return found
    for family in FAMILIES:
        to = wanted.get(_PLAIN[family, Key.DESTINATION], Ranges.none())
        if setup.urpf:
            to = intersect(to, wanted.get(_PLAIN[family, Key.SOURCE], Ranges.none()))
        found[family] = texts_of(outside(to, _holes(box, family, to)).ranges, family)
    return found


def _holes(box: Box, family: int, to: Ranges) -> Ranges:
    """What others route by themselves within `to`: a longer prefix, or the same one, wins."""
    taken = ranges_of(box.taken.get(family, ()), family)
    rows = [Ranges.of([pair]) for pair in taken.pairs()]
    inner = [row for row in rows if not len(outside(row, to).ranges)]
    return union(inner)


def filtered(
    setup: Setup, routes: Mapping[int, Prefixes], wanted: Mapping[Rule, Ranges]
) -> dict[Rule, Ranges]:
    """What of each rule the filters must hold: what no route does."""
    found = dict(wanted)
    for family, texts in routes.items():
        covered = ranges_of(texts, family)
        for key in _by_route(setup):
            rule = _PLAIN[family, key]
            if len(covered) and rule in found:
                found[rule] = outside(found[rule], covered).ranges
    return {rule: ranges for rule, ranges in found.items() if len(ranges)}


def _by_route(setup: Setup) -> tuple[Key, ...]:
    loose = setup.rtbh and setup.urpf == "loose"
    return (Key.DESTINATION, Key.SOURCE) if loose else (Key.DESTINATION,)


class ReadMembers(Mapping[Rule, Members]):
    """The members on a box, by rule: of those rules that are known by the time it is asked."""

    def __init__(self, setup: Setup, box: Box, known: KnownRules) -> None:
        self._setup = setup
        self._box = box
        self._known = known
        self._digests = dict.fromkeys(sorted(digests(box)))
        self._read: dict[Rule, Members] = {}
        self._routes: dict[Rule, Ranges] = {}
        for family, texts in box.routes.items():
            if texts:
                covered = ranges_of(texts, family)
                self._routes |= {_PLAIN[family, key]: covered for key in _by_route(setup)}

    def _rules(self) -> Iterator[Rule]:
        named = (self._known.named(digest) for digest in self._digests)
        rules = (r for r in named if r is not None and not r.by_interface)
        yield from dict.fromkeys((*rules, *self._routes))

    def _members(self, rule: Rule) -> Members:
        if rule not in self._read:
            parts = [in_list(self._box, rule, group.name) for group in groups(rule)]
            parts.append(self._routes.get(rule, Ranges.none()))
            self._read[rule] = members(union(parts))
        return self._read[rule]

    def __getitem__(self, rule: Rule) -> Members:
        there = rule in self._routes or rule.digest in self._digests
        if rule.by_interface or not there or not len(self._members(rule)):
            raise KeyError(rule)
        return self._members(rule)

    def __iter__(self) -> Iterator[Rule]:
        return (rule for rule in self._rules() if len(self._members(rule)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def interfaces_down(setup: Setup, box: Box) -> dict[Rule, tuple[InterfaceMember, ...]]:
    """The interfaces and the sessions that are down because we want it."""
    names = {*setup.named, *box.down, *known_interfaces(box)}
    found = tuple(
        InterfaceMember(name, NO_END, UNATTRIBUTED)
        for name in sorted(names & box.down)
        if {record_name(DOWN, name), record_name(WAS_DOWN, name)} & box.lists.keys()
    )
    return ({SHUT: found} if found else {}) | _sessions_down(box)


def _sessions_down(box: Box) -> dict[Rule, tuple[InterfaceMember, ...]]:
    found = tuple(
        InterfaceMember(address, NO_END, UNATTRIBUTED)
        for address, paths in sorted(box.sessions.items())
        if paths and all(_noted(box, path) for path in paths)
    )
    return {CLOSED: found} if found else {}


def _noted(box: Box, path: str) -> bool:
    """Whether a neighbor is down, and we have it on record."""
    if path not in box.closed and path not in box.dormant:
        return False
    return not {record_name(SHUT_SESSION, path), record_name(WAS_SHUT, path)}.isdisjoint(box.lists)
