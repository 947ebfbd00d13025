# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a box is to hold to the facts that must be true on it. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from drivers._router.names import group_name
from drivers._router.target import Target, prefixes
from drivers.cisco_ios.ground import Ground, Layout
from drivers.cisco_ios.model import (
    OWN_ACL,
    Ace,
    Bind,
    Closed,
    Down,
    Entry,
    Fact,
    Filter,
    Frame,
    Member,
    Note,
    Period,
    Route,
)
from drivers.cisco_ios.route_lists import list_last, texts
from drivers.cisco_ios.said import (
    LAST,
    ND_SAFE,
    NEIGHBOR_DISCOVERY,
    SENTINEL,
    Part,
    ace4,
    aces6,
    group_lines,
    shape,
)
from drivers.cisco_ios.words import interface_name
from enforcer.core.clauses import Spans
from enforcer.core.intervals import Ranges, intersect, merge, outside, rows_of, union
from enforcer.core.orders import Network
from enforcer.core.rules import Key, Rule

Buckets = Mapping[Rule, Mapping[int, Ranges]]
"""Per rule the addresses that end by themselves, by their bucket (minutes since the epoch)."""


@dataclass(frozen=True)
class Wanted:
    """What a box is to hold: `target`, with the `buckets` of what ends by itself, and the
    interfaces that were `down` before we came."""

    target: Target
    buckets: Buckets = field(default_factory=dict)
    down: frozenset[str] = frozenset()


def facts(wanted: Wanted, layout: Layout, ground: Ground) -> frozenset[Fact]:
    """All facts that must be true."""
    routed, rest = split(wanted.target.addresses, layout, ground)
    found: set[Fact] = set(_routes(routed, layout))
    packets = {r: rows for r, rows in rest.items() if not r.by_route}
    for family in (4, 6):
        some = {r: rows for r, rows in packets.items() if r.family == family}
        found.update(_packets(family, some, wanted.buckets, ground))
    found.update(_neighbors({r: rows for r, rows in rest.items() if r.by_route}))
    for rule, names in wanted.target.interfaces.items():
        if rule.key in (Key.INTERFACE, Key.SESSION):
            found.update(_shut(rule, names, wanted.down))
    return frozenset(found)


def split(
    addresses: Mapping[Rule, Ranges], layout: Layout, ground: Ground
) -> tuple[dict[int, Ranges], dict[Rule, Ranges]]:
    """(what is dropped by discard routes, by family; what is left of each rule).

    Where reverse path checks make a discard route drop the source too, only what is blocked
    both ways may be one: nothing is ever blocked that nobody ordered. Where the operator has a
    static route of his own to the very prefix, it stays alone; and one inside of ours would win.
    """
    rest = dict(addresses)
    routed: dict[int, Ranges] = {}
    if not layout.routes:
        return routed, rest
    for family in (4, 6):
        to, by = Rule(family, Key.DESTINATION), Rule(family, Key.SOURCE)
        rows = addresses.get(to, Ranges.none())
        if layout.sources:
            rows = intersect(rows, addresses.get(by, Ranges.none()))
        theirs = _statics(family, ground)
        kept = [n for n in prefixes(family, rows) if not _holds(n, theirs)]
        rows = merge(rows_of(kept))
        if not len(rows):
            continue
        routed[family] = rows
        for rule in (to, by) if layout.loose else (to,):
            left = outside(rest[rule], rows).ranges
            rest.pop(rule)
            if len(left):
                rest[rule] = left
    return routed, rest


def _statics(family: int, ground: Ground) -> list[tuple[int, int]]:
    """(first address, length) of the operator's own, sorted."""
    return sorted(
        (int(network.network_address), network.prefixlen)
        for network in (ip_network(prefix) for kind, prefix in ground.taken if kind == family)
    )


def _holds(network: Network, theirs: list[tuple[int, int]]) -> bool:
    """Whether one of `theirs` is to the very prefix or to a part of it."""
    first, last = int(network.network_address), int(network.broadcast_address)
    low, high = bisect_left(theirs, (first, 0)), bisect_left(theirs, (last + 1, 0))
    return any(length >= network.prefixlen for _, length in theirs[low:high])


def route_name(family: int) -> str:
    """The name that our discard routes bear."""
    return group_name(Rule(family, Key.DESTINATION), "R")


def _routes(routed: Mapping[int, Ranges], layout: Layout) -> Iterator[Route]:
    for family, rows in routed.items():
        for network in prefixes(family, rows):
            yield Route(family, str(network), layout.tag, route_name(family))


Place = tuple[int, str, str]
"""Family, neighbor and direction: IOS takes one prefix-list there."""


def place_of(rule: Rule) -> Place:
    """Where the routes that a rule is about pass."""
    return rule.family, rule.neighbor, "in" if rule.key is Key.RECEIVED else "out"


def joint_list(rule: Rule) -> str:
    """The list that is bound where several rules are about the same routes."""
    return group_name(Rule(rule.family, rule.key, neighbor=rule.neighbor), "C")


def lists_of(rules: Iterable[Rule]) -> dict[tuple[int, str], Place]:
    """By (family, name) where a list of rules about routes counts."""
    found: dict[tuple[int, str], Place] = {}
    for rule in rules:
        if rule.by_route:
            names = (*(group_name(rule, part) for part in "FH"), joint_list(rule))
            found |= {(rule.family, name): place_of(rule) for name in names}
    return found


def _neighbors(rules: Mapping[Rule, Ranges]) -> Iterator[Fact]:
    """Each rule's own list tells its members, and is bound where it is the only one."""
    said: dict[Place, list[tuple[Rule, frozenset[str]]]] = {}
    for rule, rows in sorted(rules.items(), key=lambda item: item[0].digest):
        denies, untold = texts(rule, rows)
        yield from (Entry(rule.family, group_name(rule, "F"), text) for text in denies)
        yield Entry(rule.family, group_name(rule, "F"), list_last(rule.family))
        record = group_name(rule, "H")
        yield from (Entry(rule.family, record, f"permit {network}") for network in untold)
        said.setdefault(place_of(rule), []).append((rule, denies))
    for place, some in said.items():
        name = group_name(some[0][0], "F")
        if len(some) > 1:
            name = joint_list(some[0][0])
            every = frozenset[str]().union(*(denies for _, denies in some))
            yield from (Entry(place[0], name, text) for text in every)
            yield Entry(place[0], name, list_last(place[0]))
        yield Filter(*place, name)


def note_group(rule: Rule, name: str) -> str:
    """The group that records that we shut an interface or a neighbor's session."""
    kind = "S" if rule.key is Key.SESSION else "I"
    return group_name(rule, kind + "".join(c if c.isalnum() else "X" for c in name.upper()))


def _shut(rule: Rule, names: Iterable[str], down: frozenset[str]) -> Iterator[Fact]:
    session = rule.key is Key.SESSION
    for name in names if session else map(interface_name, names):
        group = note_group(rule, name)
        yield Note(group, name, name in down)
        yield Member(group, SENTINEL)
        yield Closed(name) if session else Down(name)


# -- packets ---------------------------------------------------------------------------------


def _packets(
    family: int, rules: Mapping[Rule, Ranges], buckets: Buckets, ground: Ground
) -> Iterator[Fact]:
    own = [OWN_ACL[family]] if ground.free.get(family) else []
    lists = [(name, True) for name in own]
    lists += [(name, False) for name in ground.theirs.get(family, ())]
    denied = False
    for rule, rows in rules.items():
        make = _rule4 if family == 4 else _rule6
        for fact in make(rule, rows, buckets.get(rule, {}), lists):
            denied = denied or isinstance(fact, Ace)
            yield fact
    if own and denied:
        name = own[0]
        if family == 6:
            yield from (Frame(6, name, text) for text in NEIGHBOR_DISCOVERY)
        yield Frame(family, name, LAST[family])
        yield from (Bind(family, port, way, name) for port, way in ground.free[family])


def bucket_name(end: int) -> str:
    """The time-range of a bucket."""
    return f"ENF-T{end}"


def _by_bucket(rows: Ranges, buckets: Mapping[int, Ranges]) -> Iterator[tuple[int, Ranges]]:
    """`rows` by their bucket; -1: without one."""
    timed = union(buckets.values())
    endless = outside(rows, timed).ranges if len(timed) else rows
    if len(endless):
        yield -1, endless
    for end, some in sorted(buckets.items()):
        kept = intersect(rows, some)
        if len(kept):
            yield end, kept


def _within(rows: Ranges, spans: Spans | None) -> Ranges:
    return rows if spans is None else intersect(rows, Ranges.of(spans))


def _uncovered(rows: Ranges, covered: Iterable[Ranges]) -> Ranges:
    seen = union(covered)
    return outside(rows, seen).ranges if len(seen) and len(rows) else rows


Lists = list[tuple[str, bool]]


def _rule4(rule: Rule, rows: Ranges, buckets: Mapping[int, Ranges], lists: Lists) -> Iterator[Fact]:
    made = shape(rule)
    covered: list[Ranges] = []
    peers: set[int] = set()
    for index, spans in enumerate(made.withins):
        for end, some in _by_bucket(_within(rows, spans), buckets):
            covered.append(some)
            suffix = "" if end < 0 else f"T{end}"
            yield from _period(end)
            name = group_name(rule, f"M{index}{suffix}")
            yield from (Member(name, text) for text in group_lines(some))
            for part in (p for p in made.parts if p.place == index):
                peers.add(part.peer)
                text = ace4(rule, part, suffix, "" if end < 0 else bucket_name(end))
                yield from (Ace(4, acl, text, rule.digest) for acl, _ in lists)
    for number in sorted(peers - {-1}):
        name = group_name(rule, f"P{number}")
        yield from (Member(name, t) for t in group_lines(Ranges.of(made.peers[number])))
    hidden = _uncovered(rows, covered)
    if len(hidden):
        yield from (Member(group_name(rule, "H"), text) for text in group_lines(hidden))


def _period(end: int) -> Iterator[Fact]:
    if end >= 0:
        yield Period(bucket_name(end), end)


def _rule6(rule: Rule, rows: Ranges, buckets: Mapping[int, Ranges], lists: Lists) -> Iterator[Fact]:
    made = shape(rule)
    covered: list[Ranges] = []
    for index, spans in enumerate(made.withins):
        for end, some in _by_bucket(_within(rows, spans), buckets):
            parts = [p for p in made.parts if p.place == index]
            for acl, own in lists:
                for part in parts:
                    yield from _aces6(rule, part, some, (acl, own), end)
                covered.append(some if own else _safe(some))
            if lists:
                yield from _period(end)
    hidden = _uncovered(rows, covered)
    if len(hidden):
        name = group_name(rule, "H")
        yield from (Entry(6, name, f"permit {n}") for n in prefixes(6, hidden))


def _aces6(
    rule: Rule, part: Part, rows: Ranges, where: tuple[str, bool], end: int
) -> Iterator[Ace]:
    acl, own = where
    period = "" if end < 0 else bucket_name(end)
    for text in aces6(rule, part, rows, not own, period):
        yield Ace(6, acl, text, rule.digest)


def _safe(rows: Ranges) -> Ranges:
    return intersect(rows, Ranges.of(ND_SAFE))
