# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts that differ, as findings in the box's own words. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.cisco_ios.model import (
    NULL,
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
    Stray,
)
from enforcer.core.drift import Finding, FindingKind


def acl_header(family: int, name: str) -> str:
    """The line that opens an access list."""
    return f"ip access-list extended {name}" if family == 4 else f"ipv6 access-list {name}"


def bind_line(fact: Bind) -> str:
    """The line of an interface that binds a list."""
    words = "ip access-group" if fact.family == 4 else "ipv6 traffic-filter"
    return f"{words} {fact.acl} {fact.direction}"


def route_line(fact: Route) -> str:
    """A discard route."""
    if fact.family == 6:
        return f"ipv6 route {fact.prefix} {NULL} tag {fact.tag} name {fact.name}"
    from ipaddress import IPv4Network

    network = IPv4Network(fact.prefix)
    where = f"{network.network_address} {network.netmask}"
    return f"ip route {where} {NULL} tag {fact.tag} name {fact.name}"


def list_header(family: int, name: str) -> str:
    """How every line of a prefix-list begins."""
    return f"{'ip' if family == 4 else 'ipv6'} prefix-list {name}"


def object_of(fact: Fact) -> str:
    """What a finding about `fact` names: the object, or the object and its line."""
    match fact:
        case Member() | Note():
            return f"object-group network {fact.group}"
        case Ace() | Frame() | Stray():
            return f"{acl_header(fact.family, fact.acl)}: {fact.text or 'no line'}"
        case Bind():
            return f"interface {fact.interface}: {bind_line(fact)}"
        case Entry():
            return list_header(fact.family, fact.name)
        case Route():
            return route_line(fact)
        case Down():
            return f"interface {fact.interface}: shutdown"
        case Closed():
            return f"neighbor {fact.neighbor}: shutdown"
        case Filter():
            return f"neighbor {fact.neighbor}: prefix-list {fact.name} {fact.direction}"
        case Period():
            return f"time-range {fact.name}"


def findings(right: Iterable[Fact], there: Iterable[Fact]) -> dict[Fact, Finding]:
    """For every fact that differs the finding that tells it; several may share one."""
    right, there = frozenset(right), frozenset(there)
    wanted = {object_of(fact) for fact in right}
    present = {object_of(fact) for fact in there}
    found: dict[Fact, Finding] = {}
    for fact in _ordered(right - there):
        what = object_of(fact)
        kind = FindingKind.ALTERED if what in present else FindingKind.MISSING
        found[fact] = Finding(kind, what)
    for fact in _ordered(there - right):
        what = object_of(fact)
        if isinstance(fact, Stray) and fact.ours:
            found[fact] = Finding(FindingKind.ALTERED, what, "stands below a permit")
        else:
            kind = FindingKind.ALTERED if what in wanted else FindingKind.EXTRA
            found[fact] = Finding(kind, what)
    return found


def _ordered(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=sort_key)


def sort_key(fact: Fact) -> tuple[str, str]:
    """Any order, as long as it is always the same."""
    return type(fact).__name__, repr(fact)
