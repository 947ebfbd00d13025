# SPDX-License-Identifier: GPL-2.0-or-later
"""What a box holds: its objects read back as rules with members, and as items. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network

from drivers._router.known import KnownRules
from drivers._router.target import members
from drivers.cisco_xr.discards import loose_everywhere
from drivers.cisco_xr.model import (
    BindKey,
    Box,
    ClosedKey,
    DownKey,
    GroupKey,
    Items,
    Key,
    Line,
    LineKey,
    ListKey,
    PeerKey,
    PolicyKey,
    RouteKey,
    SetKey,
    Setup,
    Value,
)
from drivers.cisco_xr.names import (
    closes,
    digest_of,
    is_ours,
    noted,
    own_list,
    part_of,
    plain_rules,
    sentinel,
    sentinel_entry,
)
from drivers.cisco_xr.render import BASE
from drivers.cisco_xr.route_sets import member_of, place_of
from enforcer.core.intervals import Ranges, ends_of
from enforcer.core.rules import NO_END, UNATTRIBUTED, InterfaceMember, Members, Rule
from enforcer.core.rules import Key as RuleKey

Span = tuple[int, int]


def held_addresses(box: Box, known: KnownRules, setup: Setup) -> dict[Rule, Members]:
    """Per rule by address or route, its members as bare addresses."""
    spans: defaultdict[Rule, list[Span]] = defaultdict(list)
    for key, group in box.groups.items():
        rule = known.named(digest_of(key[1]))
        if rule is None or rule.by_interface or part_of(key[1])[0] not in "MHU":
            continue
        if rule.family == key[0] and not rule.by_route:
            some = group.members - {sentinel(rule.family)}
            spans[rule].extend(s for text in some for s in span_of(text))
    for name, entries in box.sets.items():
        rule = known.named(digest_of(name))
        if rule is not None and rule.by_route:
            some = entries - {sentinel_entry(rule.family)}
            spans[rule].extend(s for text in some for s in _told(rule, part_of(name), text))
    for family, prefix in box.routes:
        destination, source = plain_rules(family)
        both = loose_everywhere(setup, box, family)
        for rule in (destination, source) if both else (destination,):
            spans[rule].append(ends_of(ip_network(prefix)))
    # A prefix that covers the sentinel makes it a member; its own line never does.
    return {rule: members(Ranges.of(some)) for rule, some in spans.items() if some}


def held_interfaces(box: Box, known: KnownRules) -> dict[Rule, tuple[InterfaceMember, ...]]:
    """Interfaces and neighbors' sessions that are down and that we have noted."""
    found: defaultdict[Rule, list[InterfaceMember]] = defaultdict(list)
    for (family, name), group in box.groups.items():
        note = noted(GroupKey(family, name), group)
        rule = known.named(digest_of(name))
        if note is None or rule is None or rule.key not in (RuleKey.INTERFACE, RuleKey.SESSION):
            continue
        if _is_down(box, GroupKey(family, name), note[0]):
            found[rule].append(InterfaceMember(note[0], NO_END, UNATTRIBUTED))
    return {rule: tuple(sorted(some)) for rule, some in found.items()}


def _is_down(box: Box, note: GroupKey, name: str) -> bool:
    if closes(note):
        return name in box.peers and box.peers[name].shut
    return name in box.ports and box.ports[name].shut


def span_of(text: str) -> Iterable[Span]:
    """The addresses that a member of a group is; none: it names another group."""
    words = text.split()
    match words:
        case ["host", address]:
            return [(int(ip_address(address)), int(ip_address(address)))]
        case ["range", first, last]:
            low, high = int(ip_address(first)), int(ip_address(last))
            return [(low, high)] if low <= high else []
        case [network]:
            return [ends_of(ip_network(network))]
    return []


def _told(rule: Rule, part: str, text: str) -> Iterable[Span]:
    """The member that an entry of a set tells of; one of any other shape is no member of ours."""
    teller = {"S": rule, "H": place_of(rule)}.get(part)
    network = None if teller is None else member_of(teller, text)
    return [] if network is None else [ends_of(network)]


# -- items -----------------------------------------------------------------------------------


def standing(box: Box) -> Items:
    """All of ours that the box has."""
    found: dict[Key, Value] = {}
    for (family, name), group in box.groups.items():
        key = GroupKey(family, name)
        found[key] = group
        note = noted(key, group)
        if note is not None and _is_down(box, key, note[0]):
            found[ClosedKey(note[0]) if closes(key) else DownKey(note[0])] = ""
    for (family, name), lines in box.acls.items():
        if is_ours(name):
            found[ListKey(family, name)] = ""
        found.update(_line_items(family, name, lines))
    found |= {RouteKey(family, prefix): tag for (family, prefix), tag in box.routes.items()}
    found |= {SetKey(name): entries for name, entries in box.sets.items()}
    found |= {PolicyKey(name): lines for name, lines in box.policies.items()}
    found |= _applied(box)
    return found


def _applied(box: Box) -> dict[Key, Value]:
    """What of ours is bound to interfaces and neighbors."""
    found: dict[Key, Value] = {}
    for interface, port in box.ports.items():
        for (family, way), name in port.acls.items():
            if is_ours(name):
                found[BindKey(interface, family, way)] = name
    for neighbor, peer in box.peers.items():
        for (family, direction), policy in peer.policies.items():
            if is_ours(policy):
                found[PeerKey(neighbor, family, direction)] = policy
    return found


def _line_items(family: int, acl: str, lines: tuple[Line, ...]) -> Iterator[tuple[LineKey, int]]:
    copies: defaultdict[str, list[int]] = defaultdict(list)
    for line in lines:
        if line.ours:
            copies[line.text].append(line.number)
    fixed = BASE[family] if acl == own_list(family) else {}
    for text, numbers in copies.items():
        place = fixed.get(text)
        ordered = sorted(numbers, key=lambda n: (n != place, n))
        for again, number in enumerate(ordered):
            yield LineKey(family, acl, text, again), number
