# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be on a box for given members: every item of ours. Pure.

Exceptions never become permits: a rule is cut into denies (`enforcer.core.clauses`). Our own list
alone has permits: of neighbor discovery first (RFC 4890 section 4.4.1: never drop it on a link),
and of everything at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from drivers._router.names import group_name
from drivers._router.target import Target, prefixes
from drivers.cisco_xr.bound import unusable
from drivers.cisco_xr.discards import split
from drivers.cisco_xr.model import (
    WAYS,
    BindKey,
    Box,
    ClosedKey,
    DownKey,
    Group,
    GroupKey,
    Items,
    Key,
    Line,
    LineKey,
    ListKey,
    Peer,
    PeerKey,
    PolicyKey,
    RouteKey,
    RouteWay,
    SetKey,
    Setup,
    Value,
)
from drivers.cisco_xr.names import (
    DIRECT,
    INHERITED,
    NONE,
    OWNER_KEY,
    digest_of,
    down_key,
    down_note,
    is_ours,
    mark_text,
    member_text,
    noted,
    own_list,
    part_of,
    sentinel,
)
from drivers.cisco_xr.parse_ace import NAMED
from drivers.cisco_xr.places import carries_management, places
from drivers.cisco_xr.route_sets import condition, place_of, sets
from enforcer.core.clauses import Clause, Span, Spans, clauses, hidden
from enforcer.core.intervals import Ranges, intersect, subtract
from enforcer.core.rules import Key as RuleKey
from enforcer.core.rules import Owner, Rule

_ICMPV6 = 58
ND_SAFE: Spans = ((0, (1 << 127) - 1), (0xFC << 120, (0xFE << 120) - 1))
"""``::/1`` and ``fc00::/7``: all that is in use (IANA IPv6 address space) but link-local and
multicast, so that no deny of ours on an operator's list meets neighbor discovery."""
FINAL = 1_000_000_000
"""The number of the last line of our own list."""
_STEP = 10
_DISCOVERY = ("router-solicitation", "router-advertisement", "nd-ns", "nd-na")
BASE: Mapping[int, Mapping[str, int]] = {
    4: {"permit ipv4 any any": FINAL},
    6: {f"permit icmpv6 any any {name}": n for n, name in enumerate(_DISCOVERY, 1)}
    | {"permit ipv6 any any": FINAL},
}
"""Lines of our own list that no rule is behind, and their numbers."""


def wanted(
    setup: Setup, target: Target, box: Box, mark: Owner, prefer: Items | None = None
) -> Items:
    """The items that `target` needs on `box`, which says what else is there.

    `prefer`: numbers that lines keep; a line without a free number has 0.
    """
    parted = split(setup, target, box)
    filtered = parted.filtered
    found: dict[Key, Value] = {OWNER_KEY: Group(frozenset({sentinel(4)}), mark_text(mark))}
    for family, ranges in parted.routes.items():
        for network in prefixes(family, ranges):
            found[RouteKey(family, str(network))] = str(setup.route_tag)
    careful = {rule.family for rule in filtered if beside_theirs(setup, rule.family, box)}
    for rule in sorted(filtered, key=lambda r: r.digest):
        found.update(_groups(rule, filtered[rule], careful=6 in careful))
    for family in (4, 6):
        rules = [r for r in filtered if r.family == family]
        if rules:
            found.update(_lists(setup, family, rules, box, prefer or {}))
    found.update(_filters(target.addresses, box))
    for rule, names in target.interfaces.items():
        if rule.key is RuleKey.INTERFACE:
            found.update(_down(setup, rule, names, box))
        elif rule.key is RuleKey.SESSION:
            found.update(_closed(rule, names, box))
    return found


# -- groups ----------------------------------------------------------------------------------


def _groups(rule: Rule, rows: Ranges, *, careful: bool) -> Iterator[tuple[GroupKey, Group]]:
    parts = parts_of(rule)
    if careful and rule.family == 6:
        rows, unsafe = subtract(rows, outside_of_safe())
        if len(unsafe):
            yield GroupKey(6, group_name(rule, "U")), _group(6, unsafe)
        for name, safe in parts.beside.items():
            yield GroupKey(6, group_name(rule, name)), _group(6, Ranges.of(safe))
    for name, spans in parts.within.items():
        some = rows if spans is None else intersect(rows, Ranges.of(spans))
        yield GroupKey(rule.family, group_name(rule, name)), _group(rule.family, some)
    for name, spans in parts.peers.items():
        yield GroupKey(rule.family, group_name(rule, name)), _group(rule.family, Ranges.of(spans))


def _group(family: int, rows: Ranges) -> Group:
    texts = {member_text(network) for network in prefixes(family, rows)}
    return Group(frozenset(texts | {sentinel(family)}))


@dataclass(frozen=True)
class Parts:
    """A rule's groups by the part of their name, and its lines. `within` None: every member.

    `beside`, `safe_lines`: the other side, and the lines, in an operator's IPv6 list, where no
    permit of ours passes neighbor discovery before them.
    """

    within: Mapping[str, Spans | None]
    peers: Mapping[str, Spans]
    lines: tuple[str, ...]
    beside: Mapping[str, Spans]
    safe_lines: tuple[str, ...]


@lru_cache(maxsize=4096)
def parts_of(rule: Rule) -> Parts:
    """How a rule by address is said here; `but` is not (see `Capability.refuses`)."""
    found = clauses(rule)
    withins = list(dict.fromkeys(c.within for c in found))
    others = list(dict.fromkeys(c.peers for c in found if c.peers is not None))
    names: dict[Spans | None, str] = {some: f"P{n}" for n, some in enumerate(others)}
    safe = {c.peers: _safe(c.peers) for c in found if _discovers(rule, c)}
    beside = {some: f"Q{n}" for n, some in enumerate(dict.fromkeys(safe.values()))}
    lines, safe_lines = [], []
    for clause in found:
        member = f"M{withins.index(clause.within)}"
        lines.append(_line(rule, clause, member, names.get(clause.peers, "")))
        if not _discovers(rule, clause):
            safe_lines.append(lines[-1])
        elif safe[clause.peers]:
            safe_lines.append(_line(rule, clause, member, beside[safe[clause.peers]]))
    within = {f"M{n}": spans for n, spans in enumerate(withins)}
    rest = hidden(rule)
    # No line names it: what is wholly excepted is kept on record alone.
    within |= {"H": rest} if rest else {}
    return Parts(
        within,
        {name: some for some, name in names.items() if some is not None},
        tuple(lines),
        {name: some for some, name in beside.items() if some},
        tuple(safe_lines),
    )


def _discovers(rule: Rule, clause: Clause) -> bool:
    """Whether a deny may meet neighbor discovery."""
    return rule.family == 6 and clause.protocol in (None, _ICMPV6)


def outside_of_safe() -> Ranges:
    """What is link-local, multicast, or not in use."""
    return subtract(Ranges.of([(0, (1 << 128) - 1)]), Ranges.of(ND_SAFE))[0]


def _safe(peers: Spans | None) -> Spans:
    if peers is None:
        return ND_SAFE
    return intersect(Ranges.of(peers), Ranges.of(ND_SAFE)).pairs()


def _line(rule: Rule, clause: Clause, within: str, peers: str) -> str:
    member = f"net-group {group_name(rule, within)}{_ports(clause.member_ports)}"
    other = f"net-group {group_name(rule, peers)}" if peers else "any"
    other += _ports(clause.peer_ports)
    pair = (member, other) if rule.key is RuleKey.SOURCE else (other, member)
    end = " fragments" if clause.fragments else ""
    return f"deny {_protocol(rule.family, clause.protocol)} {pair[0]} {pair[1]}{end}"


def _protocol(family: int, protocol: int | None) -> str:
    if protocol is None:
        return f"ipv{family}"
    return NAMED.get(protocol, str(protocol))


def _ports(span: Span | None) -> str:
    if span is None:
        return ""
    return f" eq {span[0]}" if span[0] == span[1] else f" range {span[0]} {span[1]}"


# -- lists and where they are bound ----------------------------------------------------------


def _lists(
    setup: Setup, family: int, rules: Iterable[Rule], box: Box, prefer: Items
) -> Iterator[tuple[Key, Value]]:
    ordered = sorted(rules, key=lambda r: r.digest)
    texts = [t for r in ordered for t in parts_of(r).lines]
    safe = [t for r in ordered for t in parts_of(r).safe_lines]
    bound: list[str] = []
    for interface in places(setup, box):
        port = box.ports[interface]
        for way in WAYS:
            name = port.acls.get((family, way), "")
            if name and not is_ours(name):
                if not unusable(box, family, name, setup.managed):
                    bound.append(name)
            elif name or (family, way) not in port.common:
                yield BindKey(interface, family, way), own_list(family)
                bound.append(own_list(family))
    for name in dict.fromkeys(bound):
        own = name == own_list(family)
        if own:
            yield ListKey(family, name), ""
            yield from ((LineKey(family, name, t), n) for t, n in BASE[family].items())
        there = box.acls.get((family, name), ())
        yield from number_in(family, name, texts if own else safe, there, prefer)


def beside_theirs(setup: Setup, family: int, box: Box) -> bool:
    """Whether lines of ours stand in a list of the operator's."""
    names = {
        box.ports[interface].acls.get((family, way), "")
        for interface in places(setup, box)
        for way in WAYS
    }
    theirs = (name for name in names if name and not is_ours(name))
    return any(not unusable(box, family, name, setup.managed) for name in theirs)


def lines_of(setup: Setup, target: Target, box: Box) -> Items:
    """The lists and bindings alone of what `target` needs; a line without a number has 0."""
    found: dict[Key, Value] = {}
    filtered = split(setup, target, box).filtered
    for family in (4, 6):
        rules = [r for r in filtered if r.family == family]
        if rules:
            found.update(_lists(setup, family, rules, box, {}))
    return found


def number_in(
    family: int, acl: str, texts: list[str], lines: tuple[Line, ...], prefer: Items
) -> Iterator[tuple[LineKey, int]]:
    """A number for each text: before the operator's first permit, or anywhere in our own list."""
    own = acl == own_list(family)
    limit = first_permit(lines) if not own else FINAL
    there: dict[str, int] = {}
    for line in lines:
        if line.ours and line.number < limit:
            there.setdefault(line.text, line.number)
    wanted_texts = set(texts) | set(BASE[family] if own else ())
    taken = {line.number for line in lines if not line.ours or line.text in wanted_texts}
    kept: dict[str, int] = {}
    for text in texts:
        before = prefer.get(LineKey(family, acl, text))
        number = there.get(text) or (before if isinstance(before, int) else 0)
        if number:
            kept[text] = number
    taken |= set(kept.values())
    step = _STEP if own else 1
    free = (n for n in range(step, limit, step) if n not in taken)
    for text in texts:
        yield LineKey(family, acl, text), kept.get(text) or next(free, 0)


def first_permit(lines: tuple[Line, ...]) -> int:
    """The number of the first line of the operator's that permits; the largest, if none does."""
    return next((x.number for x in lines if x.permits and not x.ours), FINAL)


# -- routes of neighbors ---------------------------------------------------------------------

_ROUTE_WAYS: Mapping[RuleKey, RouteWay] = {RuleKey.RECEIVED: "in", RuleKey.ANNOUNCED: "out"}


def _filters(addresses: Mapping[Rule, Ranges], box: Box) -> Iterator[tuple[Key, Value]]:
    """A set for each rule, and one policy for all rules about the same routes."""
    places: dict[Rule, list[Rule]] = {}
    for rule in sorted((r for r in addresses if r.by_route), key=lambda r: r.digest):
        yield from ((SetKey(name), some) for name, some in sets(rule, addresses[rule]))
        places.setdefault(place_of(rule), []).append(rule)
    for place, rules in places.items():
        peer = box.peers.get(place.neighbor)
        if peer is None or place.family not in peer.families:
            continue
        way = _ROUTE_WAYS[place.key]
        part, goes_on = goes_on_to(place, peer, way, box)
        policy = group_name(place, part)
        lines: list[str] = []
        for rule in rules:
            lines += [f"{'elseif' if lines else 'if'} {condition(rule)} then", "drop"]
        lines += ["else", goes_on] if goes_on else []
        yield PolicyKey(policy), (*lines, "endif")
        yield PeerKey(place.neighbor, place.family, way), policy


def goes_on_to(rule: Rule, peer: Peer, way: RouteWay, box: Box) -> tuple[str, str]:
    """(what our policy stands before, the statement for every other route).

    An eBGP neighbor without a policy exchanges nothing, an iBGP neighbor everything: our
    policy changes neither (Cisco IOS-XR routing configuration guide, "default route policy").
    """
    bound = peer.policies.get((rule.family, way), "")
    if is_ours(bound) and digest_of(bound) == rule.digest:
        return part_of(bound), _after_ours(bound, rule, peer, way, box)
    if bound and not is_ours(bound):
        return DIRECT, f"apply {bound}"
    theirs = peer.inherited.get((rule.family, way), "")
    if theirs:
        return INHERITED, f"apply {theirs}"
    return NONE, _default(peer, box)


def _after_ours(bound: str, rule: Rule, peer: Peer, way: RouteWay, box: Box) -> str:
    part = part_of(bound)
    if part == NONE:
        return _default(peer, box)
    if part == INHERITED:
        theirs = peer.inherited.get((rule.family, way), "")
        return f"apply {theirs}" if theirs else _default(peer, box)
    return next((x for x in box.policies.get(bound, ()) if x.startswith("apply ")), "")


def _default(peer: Peer, box: Box) -> str:
    return "pass" if peer.asn and peer.asn == box.asn else ""


# -- interfaces and sessions that are down ---------------------------------------------------


def _down(setup: Setup, rule: Rule, names: Iterable[str], box: Box) -> Iterator[tuple[Key, Value]]:
    for name in sorted(names):
        port = box.ports.get(name)
        if port is None or port.bundle or carries_management(setup, name):
            continue
        key = down_key(rule, name)
        note = box.groups.get((key.family, key.name))
        before = noted(key, note) if note is not None else None
        already = before[1] if before is not None else port.shut
        yield key, down_note(name, already)
        yield DownKey(name), ""


def _closed(rule: Rule, names: Iterable[str], box: Box) -> Iterator[tuple[Key, Value]]:
    for name in sorted(names):
        peer = box.peers.get(name)
        if peer is None:
            continue
        key = down_key(rule, name)
        note = box.groups.get((key.family, key.name))
        before = noted(key, note) if note is not None else None
        already = before[1] if before is not None else peer.shut
        yield key, down_note(name, already)
        yield ClosedKey(name), ""
