# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule and its exceptions as denies alone, for platforms whose filters end at the first match.

There an exception must not become a permit: it would end the evaluation, and free the packet from
other orders and from the operator's own lines. So the rule is cut into the packets that it drops
after its exceptions; every `Clause` is one deny, and their union is exactly that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

from enforcer.core.rules import Exempt, Key, Rule

Value = TypeVar("Value")
Span = tuple[int, int]
Spans = tuple[Span, ...]
"""Inclusive integer ranges: sorted, disjoint, not adjacent."""

MAX_PORT = 65535
_ANY_PORT: Spans = ((0, MAX_PORT),)
PORT_PROTOCOLS = (6, 17, 33, 132, 136)
"""TCP, UDP, DCCP, SCTP, UDP-Lite: what an exception with ports but without a protocol is about."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One deny: packets whose member side is a member `within`, whose other side is in `peers`.

    `within`, `peers` None: any address. `protocol` None: any, `but` those. Ports None: any,
    and packets without ports too. `fragments`: later fragments alone, which carry no ports. The
    member side is the source for key SOURCE, the destination for key DESTINATION.
    """

    within: Spans | None = None
    peers: Spans | None = None
    protocol: int | None = None
    but: tuple[int, ...] = ()
    member_ports: Span | None = None
    peer_ports: Span | None = None
    fragments: bool = False


@dataclass(frozen=True, slots=True)
class _Ports:
    """What is dropped of one protocol between two classes of addresses."""

    member: Spans
    peer: Spans
    fragments: bool


_Verdict = tuple[tuple[int | None, _Ports | None], ...]
"""By protocol (None: all others) what is dropped; None: nothing."""


def clauses(rule: Rule) -> tuple[Clause, ...]:
    """The denies of a rule by address, in a fixed order; they do not overlap.

    Members that no clause covers are wholly excepted. Raises ValueError for a rule that is not
    by address.
    """
    if rule.key not in (Key.SOURCE, Key.DESTINATION):
        raise ValueError(f"{rule.key} is not a key by address")
    top = (1 << (32 if rule.family == 4 else 128)) - 1
    whole: Spans = ((0, top),)
    protocols = _protocols(rule)
    cut = _classes(whole, rule.exempt)
    among = _classes(rule.peers if rule.peers is not None else whole, rule.exempt)
    rows = [
        (member, tuple((peer, _verdict(rule, protocols, member, peer)) for peer in among))
        for member in cut
    ]
    found: list[Clause] = []
    for columns, members in _alike(rows):
        for verdict, peers in _alike(columns):
            within = None if members == whole else members
            others = None if peers == whole else peers
            found.extend(_denies(verdict, within, others))
    return tuple(found)


def hidden(rule: Rule) -> Spans:
    """The addresses that no clause covers as a member: excepted whatever they do."""
    top = (1 << (32 if rule.family == 4 else 128)) - 1
    found = clauses(rule)
    if any(clause.within is None for clause in found):
        return ()
    return without(((0, top),), joined(s for c in found for s in c.within or ()))


def _protocols(rule: Rule) -> tuple[int | None, ...]:
    if rule.service is not None:
        return (rule.service.protocol,)
    named = {e.protocol for e in rule.exempt if e.protocol is not None}
    if any(e.protocol is None and e.ports is not None for e in rule.exempt):
        named |= set(PORT_PROTOCOLS)
    return (None, *sorted(named))


def _classes(space: Spans, exempt: tuple[Exempt, ...]) -> list[Spans]:
    """`space` cut at the exceptions: in each class every address has the same ones."""
    parts = [space]
    for span in dict.fromkeys((e.first, e.last) for e in exempt):
        cut = [(common(part, (span,)), without(part, (span,))) for part in parts]
        parts = [piece for pair in cut for piece in pair if piece]
    return parts


def _verdict(rule: Rule, protocols: tuple[int | None, ...], member: Spans, peer: Spans) -> _Verdict:
    at_member = [e for e in rule.exempt if e.first <= member[0][0] <= e.last]
    at_peer = [e for e in rule.exempt if e.first <= peer[0][0] <= e.last]
    others = _dropped(rule, None, at_member, at_peer) if None in protocols else None
    named = [(p, _dropped(rule, p, at_member, at_peer)) for p in protocols if p is not None]
    if None not in protocols:
        return tuple(named)
    return ((None, others), *(item for item in named if item[1] != others))


def _dropped(
    rule: Rule, protocol: int | None, at_member: list[Exempt], at_peer: list[Exempt]
) -> _Ports | None:
    member, peer = _own_ports(rule)
    fragments = (member, peer) == (_ANY_PORT, _ANY_PORT)
    for exempt in (*at_member, *at_peer):
        if exempt.ports is None and exempt.protocol in (None, protocol):
            return None
    member = without(member, joined(_excepted(at_member, protocol)))
    peer = without(peer, joined(_excepted(at_peer, protocol)))
    if (not member or not peer) and not fragments:
        return None
    return _Ports(member, peer, fragments)


def _own_ports(rule: Rule) -> tuple[Spans, Spans]:
    service = rule.service
    if service is None:
        return _ANY_PORT, _ANY_PORT
    ports = [
        _ANY_PORT if span is None else (span,)
        for span in (service.source_ports, service.destination_ports)
    ]
    return (ports[0], ports[1]) if rule.key is Key.SOURCE else (ports[1], ports[0])


def _excepted(exempt: list[Exempt], protocol: int | None) -> Iterator[Span]:
    for entry in exempt:
        if entry.ports is None or protocol is None:
            continue
        if entry.protocol == protocol or (entry.protocol is None and protocol in PORT_PROTOCOLS):
            yield entry.ports


def _denies(verdict: _Verdict, within: Spans | None, peers: Spans | None) -> Iterator[Clause]:
    named = tuple(p for p, _ in verdict if p is not None) if verdict[0][0] is None else ()
    for protocol, ports in verdict:
        if ports is None:
            continue
        but = named if protocol is None else ()
        if ports.member == _ANY_PORT and ports.peer == _ANY_PORT:
            yield Clause(within, peers, protocol, but)
            continue
        for member, peer in product(ports.member, ports.peer):
            yield Clause(within, peers, protocol, but, _told(member), _told(peer))
        if ports.fragments:
            yield Clause(within, peers, protocol, but, fragments=True)


def _told(span: Span) -> Span | None:
    return None if span == _ANY_PORT[0] else span


def _alike(rows: Iterable[tuple[Spans, Value]]) -> list[tuple[Value, Spans]]:
    """Rows with equal values joined, in the order of their first addresses."""
    found: dict[Value, list[Span]] = {}
    for spans, value in rows:
        found.setdefault(value, []).extend(spans)
    merged = [(value, joined(spans)) for value, spans in found.items()]
    return sorted(merged, key=lambda item: item[1])


def joined(spans: Iterable[Span]) -> Spans:
    """Any spans as canonical ones."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def common(a: Spans, b: Spans) -> Spans:
    """What is in both; both canonical."""
    pairs = ((max(x[0], y[0]), min(x[1], y[1])) for x in a for y in b)
    return joined((first, last) for first, last in pairs if first <= last)


def without(a: Spans, b: Spans) -> Spans:
    """What is in `a` alone; both canonical."""
    found = []
    for first, last in a:
        start = first
        for low, high in b:
            if high < start or low > last:
                continue
            if low > start:
                found.append((start, low - 1))
            start = high + 1
        if start <= last:
            found.append((start, last))
    return tuple(found)
