# SPDX-License-Identifier: GPL-2.0-or-later
"""What a box holds of ours: the facts that are true on it, and the members that they mean. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from drivers._router.known import KnownRules
from drivers._router.names import OWNER, PREFIX, named_rule
from drivers._router.target import members
from drivers.cisco_ios.ground import PERMITS, Layout
from drivers.cisco_ios.marks import digests, remarked
from drivers.cisco_ios.model import (
    OWN_ACL,
    Ace,
    Acl,
    Bind,
    Box,
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
    Stray,
)
from drivers.cisco_ios.route_lists import list_last, member_of, normal
from drivers.cisco_ios.said import (
    LAST,
    NEIGHBOR_DISCOVERY,
    member6,
    member_ranges,
)
from enforcer.core.intervals import Ranges, rows_of, union
from enforcer.core.orders import Network
from enforcer.core.rules import NO_END, UNATTRIBUTED, InterfaceMember, Key, Members, Rule
from enforcer.core.sessions import CLOSED

BEFORE = " down before"
"""Ends the note of an interface that was shut down before we came."""
FIRST = "first "
"""Begins the text of a last entry that is not last."""


@dataclass(frozen=True)
class Seen:
    """What is there of ours. `down`: interfaces of ours that were down before we came."""

    facts: frozenset[Fact]
    addresses: Mapping[Rule, Members]
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]]
    down: frozenset[str]


def seen(box: Box, layout: Layout, known: KnownRules) -> Seen:
    """All that is ours on `box`; members of the rules in `known` alone."""
    facts = frozenset(_facts(box))
    return Seen(
        facts,
        _addresses(box, facts, layout, known),
        _interfaces(facts, layout, known),
        frozenset(f.interface for f in facts if isinstance(f, Note) and f.before),
    )


def always_known() -> tuple[Rule, ...]:
    """Rules whose objects need nobody to explain them."""
    plain = [Rule(f, key) for f in (4, 6) for key in (Key.SOURCE, Key.DESTINATION)]
    return (*plain, Rule(0, Key.INTERFACE), CLOSED)


# -- facts -----------------------------------------------------------------------------------


def _facts(box: Box) -> Iterator[Fact]:
    yield from _groups(box)
    for acl in box.acls.values():
        yield from _own(acl) if acl.name == OWN_ACL[acl.family] else _operators(acl)
    for port in box.ports.values():
        for (family, direction), name in port.bound.items():
            if name.startswith(PREFIX):
                yield Bind(family, port.name, direction, name)
    for (family, name), rows in box.lists.items():
        if name.startswith(PREFIX):
            yield from _entries(family, name, rows)
    yield from box.routes
    for (family, neighbor), peer in box.peers.items():
        for direction, name in peer.bound.items():
            if name.startswith(PREFIX):
                yield Filter(family, neighbor, direction, name)
    yield from (Period(name, end) for name, end in box.periods.items())


def _groups(box: Box) -> Iterator[Fact]:
    for name, group in box.groups.items():
        if name == OWNER:
            continue
        yield from (Member(name, text) for text in group.members or ("",))
        part = named_rule(name)
        if part is None or part[1][0] not in "IS" or not group.description:
            continue
        noted = group.description.removesuffix(BEFORE)
        yield Note(name, noted, group.description.endswith(BEFORE))
        if part[1][0] == "S":
            if box.sessions.get(noted):
                yield Closed(noted)
        elif noted in box.ports and box.ports[noted].shutdown:
            yield Down(noted)


def _own(acl: Acl) -> Iterator[Fact]:
    family, name = acl.family, acl.name
    texts = [line.text for line in acl.lines]
    last = texts.index(LAST[family]) if LAST[family] in texts else len(texts)
    early = NEIGHBOR_DISCOVERY if family == 6 else ()
    first = next((at for at, line in enumerate(acl.lines) if digests(line)), len(texts))
    for at, line in enumerate(acl.lines):
        mine = digests(line)
        if mine and at < last:
            yield from (Ace(family, name, line.text, digest) for digest in mine)
        elif line.text == LAST[family] or (line.text in early and at < first):
            yield Frame(family, name, line.text)
        else:
            yield Stray(family, name, line.shown, mine)
    yield from _loose(acl)
    if not acl.lines:
        yield Stray(family, name, "", ())


def _operators(acl: Acl) -> Iterator[Fact]:
    passed = False
    for line in acl.lines:
        mine = digests(line)
        if not mine:
            passed = passed or line.shown.split()[0] in PERMITS
        elif passed:
            yield Stray(acl.family, acl.name, line.shown, mine)
        else:
            yield from (Ace(acl.family, acl.name, line.text, digest) for digest in mine)
    yield from _loose(acl)


def _loose(acl: Acl) -> Iterator[Stray]:
    for number, text in acl.loose:
        if remarked(text):
            yield Stray(acl.family, acl.name, f"{number} remark {text}".removeprefix("0 "), ())


def _entries(family: int, name: str, rows: Mapping[int, str]) -> Iterator[Entry]:
    for number, shown in rows.items():
        text = normal(shown)
        early = text == list_last(family) and number != max(rows)
        yield Entry(family, name, FIRST + text if early else text)


# -- members ---------------------------------------------------------------------------------


def _addresses(
    box: Box, facts: frozenset[Fact], layout: Layout, known: KnownRules
) -> dict[Rule, Members]:
    ranges: dict[Rule, list[Ranges]] = defaultdict(list)
    for name, group in box.groups.items():
        rule, part = _named(name, known)
        if rule is not None and rule.family == 4 and part[0] in "MH":
            ranges[rule].append(member_ranges(group.members))
    networks: dict[Rule, list[Network]] = defaultdict(list)
    for fact in facts:
        for rule, network in _networks(fact, layout, known):
            networks[rule].append(network)
    for rule, some in networks.items():
        ranges[rule].append(rows_of(some))
    found = {rule: members(union(some)) for rule, some in ranges.items()}
    return {rule: rows for rule, rows in found.items() if len(rows)}


def _named(name: str, known: KnownRules) -> tuple[Rule | None, str]:
    found = named_rule(name)
    return (known.named(found[0]), found[1]) if found is not None else (None, "")


def _networks(fact: Fact, layout: Layout, known: KnownRules) -> Iterator[tuple[Rule, Network]]:
    """What a fact that is not about a group's member says of members."""
    if isinstance(fact, Ace) and fact.family == 6:
        yield from _denied(fact.digest, fact.text, known)
    elif isinstance(fact, Stray) and fact.family == 6:
        for digest in fact.ours:
            yield from _denied(digest, fact.text, known)
    elif isinstance(fact, Entry):
        rule, part = _named(fact.name, known)
        if rule is None:
            return
        network = _listed(rule, part, fact.text)
        if network is not None and rule.family == network.version:
            yield rule, network
    elif isinstance(fact, Route):
        network = _network(fact.prefix)
        yield Rule(fact.family, Key.DESTINATION), network
        if layout.loose:
            yield Rule(fact.family, Key.SOURCE), network


def _listed(rule: Rule, part: str, text: str) -> Network | None:
    """The member that an entry of a rule's own list tells of, or of its record."""
    if part == "H":
        return _recorded(text)
    return member_of(rule, text) if part == "F" else None


def _denied(digest: str, text: str, known: KnownRules) -> Iterator[tuple[Rule, Network]]:
    rule = known.named(digest)
    network = None if rule is None else member6(rule, text)
    if rule is not None and network is not None:
        yield rule, network


def _recorded(text: str) -> Network | None:
    """The member that an entry of a list without a use records."""
    words = text.split()
    return _network(words[1]) if len(words) == 2 and words[0] == "permit" else None


def _network(text: str) -> Network:
    """A network that a box printed; its host bits are cut, as the box does."""
    return ip_network(text, strict=False)


def _interfaces(
    facts: frozenset[Fact], layout: Layout, known: KnownRules
) -> dict[Rule, tuple[InterfaceMember, ...]]:
    found: dict[Rule, list[InterfaceMember]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Note):
            rule, _ = _named(fact.group, known)
            if rule is not None and rule.key in (Key.INTERFACE, Key.SESSION):
                name = layout.spelt.get(fact.interface, fact.interface)
                found[rule].append(InterfaceMember(name, NO_END, UNATTRIBUTED))
    return {rule: tuple(sorted(some)) for rule, some in found.items()}
