# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules as prefix-lists, filter terms and policy statements. Pure.

Every term of a filter discards; none accepts. So the order of our terms means nothing, and what
no term matches goes on to the operator's filter behind ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from drivers._router.names import group_name
from drivers._router.target import prefixes
from drivers.juniper_junos.model import Lines
from drivers.juniper_junos.names import (
    DIRECTIONS,
    filter_name,
    filter_path,
    pass_name,
)
from drivers.juniper_junos.route_filters import policy
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.values import same
from enforcer.core.clauses import Clause, Spans, clauses, hidden, without
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Key, Rule

_ICMP6 = 58
_DISCOVERY = (133, 134, 135, 136)
"""Neighbor discovery (RFC 4861 section 4): without it a link is dead, so it is never discarded."""
HIDDEN = "H"


@dataclass(frozen=True, slots=True)
class Group:
    """One prefix-list of a rule: its members `within`; None: all of them."""

    name: str
    within: Spans | None


@dataclass(frozen=True, slots=True)
class Term:
    """One term, and the prefix-list that it names; lines as `values.same` has them, sorted."""

    name: str
    group: str
    lines: Lines


@lru_cache(maxsize=4096)
def groups(rule: Rule) -> tuple[Group, ...]:
    """The prefix-lists of a rule; they do not overlap and hold every member between them.

    The last one may be of members that are wholly excepted: no term names it, it is there so
    that the box is a true record.
    """
    if rule.by_route:
        return (Group(group_name(rule, "M0"), None),)
    parts = dict.fromkeys(clause.within for clause in clauses(rule))
    found = [Group(group_name(rule, f"M{n}"), within) for n, within in enumerate(parts)]
    excepted = hidden(rule)
    if excepted:
        found.append(Group(group_name(rule, HIDDEN), excepted))
    return tuple(found)


@lru_cache(maxsize=4096)
def terms(rule: Rule, v6: str, counters: bool) -> tuple[Term, ...]:
    """The terms of a rule by address."""
    named = {group.within: group.name for group in groups(rule)}
    found: list[Term] = []
    for clause in clauses(rule):
        for part in _spared(clause, rule.family, v6):
            name = group_name(rule, f"T{len(found)}")
            group = named[part.within]
            lines = [f"from {line}" for line in _conditions(rule, part, group, v6)]
            lines += [f"then count {name}"] if counters else []
            found.append(Term(name, group, tuple(sorted(map(same, (*lines, "then discard"))))))
    return tuple(found)


def _spared(clause: Clause, family: int, v6: str) -> Iterator[Clause]:
    """The same packets without neighbor discovery: what has no port range is cut out of ICMPv6.

    Later fragments of ICMPv6 go too: neighbor discovery is never fragmented (RFC 6980).
    """
    among = clause.protocol in (None, _ICMP6) and _ICMP6 not in clause.but
    if family == 4 or not among or clause.fragments:
        if not (clause.fragments and family == 6 and v6 == "next-header"):
            yield clause
        return
    if clause.protocol is None:
        yield replace(clause, but=tuple(sorted((*clause.but, _ICMP6))))
    yield replace(clause, protocol=_ICMP6, but=())
    if v6 != "next-header":
        yield replace(clause, protocol=_ICMP6, but=(), fragments=True)


def _conditions(rule: Rule, clause: Clause, group: str, v6: str) -> Iterator[str]:
    mine, other = ("source", "destination")
    if rule.key is Key.DESTINATION:
        mine, other = other, mine
    protocol = "protocol" if rule.family == 4 else v6
    yield f"{mine}-prefix-list {group}"
    if clause.peers is not None:
        yield from (f"{other}-address {line}" for line in _addresses(rule.family, clause.peers))
    if clause.protocol is not None:
        yield f"{protocol} {clause.protocol}"
    yield from (f"{protocol}-except {number}" for number in clause.but)
    ports = [(mine, clause.member_ports), (other, clause.peer_ports)]
    for side, span in ports:
        if span is not None:
            yield f"{side}-port {span[0]}" + (f"-{span[1]}" if span[1] != span[0] else "")
    if clause.fragments:
        yield "is-fragment"
    elif rule.family == 4 and any(span is not None for _, span in ports):
        # A later fragment has no ports: what stands in their place must not be taken for them.
        yield "fragment-offset 0"
    elif rule.family == 6 and clause.protocol == _ICMP6:
        yield from (f"icmp-type-except {number}" for number in _DISCOVERY)


def _addresses(family: int, spans: Spans) -> list[str]:
    """`spans` as prefixes, or as everything but some, whichever is shorter."""
    said = [str(p) for p in prefixes(family, Ranges.of(spans))]
    top = (1 << (32 if family == 4 else 128)) - 1
    rest = prefixes(family, Ranges.of(without(((0, top),), spans)))
    if len(said) <= len(rest) + 1:
        return said
    return ["0.0.0.0/0" if family == 4 else "::/0", *(f"{p} except" for p in rest)]


def _needed(setup: Setup, rule: Rule, lists: Mapping[str, Rule]) -> list[Term]:
    return [t for t in terms(rule, setup.v6, setup.counters) if t.group in lists]


def families(setup: Setup, lists: Mapping[str, Rule]) -> frozenset[int]:
    """Those that need a filter. One without a term would discard everything: it is never made."""
    rules = dict.fromkeys(rule for rule in lists.values() if not rule.by_route)
    return frozenset(rule.family for rule in rules if _needed(setup, rule, lists))


def structure(
    setup: Setup, lists: Mapping[str, Rule], members: Mapping[str, Ranges], passes: Iterable[int]
) -> dict[str, Lines]:
    """The items for the prefix-lists `lists` with their `members`; `passes`: families that need
    the filter which accepts the rest."""
    items: dict[str, Lines] = {}
    for rule in dict.fromkeys(lists.values()):
        if rule.by_route:
            (group,) = groups(rule)
            items |= policy(rule, members[group.name], group.name)
            continue
        needed = _needed(setup, rule, lists)
        for direction in DIRECTIONS if needed else ():
            path = filter_path(rule.family, filter_name(rule.family, direction))
            items[path] = ()
            items |= {f"{path} term {term.name}": term.lines for term in needed}
            if setup.chain:
                items[f"{path} term {pass_name(rule.family)}"] = ("then accept",)
    for family in passes:
        path = filter_path(family, pass_name(family))
        items[path] = ()
        items[f"{path} term {pass_name(family)}"] = ("then accept",)
    return items
