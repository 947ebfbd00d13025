# SPDX-License-Identifier: GPL-2.0-or-later
"""A rule cut into denies drops exactly what the rule drops, and never by two of them."""

from __future__ import annotations

from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.clauses import Clause, Span, Spans, clauses, common, hidden, joined, without
from enforcer.core.rules import Desired, Exempt, Key, Members, Rule, Service
from tests.oracle import Packet, rules_drop

TOP = 2**32 - 1
POINTS = (0, 1, 9, 10, 11, 15, 16, 20, 21, TOP)
PORTS = (0, 1, 24, 25, 26, 53, 54, 65535)
PROTOCOLS = (1, 6, 17, 47)


def span(draw: st.DrawFn, points: tuple[int, ...]) -> tuple[int, int]:
    a, b = draw(st.sampled_from(points)), draw(st.sampled_from(points))
    return min(a, b), max(a, b)


@st.composite
def exceptions(draw: st.DrawFn) -> Exempt:
    first, last = span(draw, POINTS[1:9])
    protocol = draw(st.sampled_from((None, 1, 6, 17)))
    ports = span(draw, PORTS) if protocol in (6, 17) and draw(st.booleans()) else None
    return Exempt(first, last, protocol, ports)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    service = None
    if draw(st.booleans()):
        protocol = draw(st.sampled_from(PROTOCOLS))
        ports = protocol in (6, 17)
        service = Service(
            protocol,
            span(draw, PORTS) if ports and draw(st.booleans()) else None,
            span(draw, PORTS) if ports and draw(st.booleans()) else None,
        )
    peers = joined([span(draw, POINTS)]) if draw(st.booleans()) else None
    key = draw(st.sampled_from((Key.SOURCE, Key.DESTINATION)))
    exempt = tuple(draw(st.lists(exceptions(), max_size=3)))
    return Rule(4, key, service, peers, exempt)


def inside(value: int | None, spans: Spans | None) -> bool:
    if spans is None:
        return True
    return value is not None and any(first <= value <= last for first, last in spans)


def at(value: int | None, span: Span | None) -> bool:
    return inside(value, None if span is None else (span,))


def denies(rule: Rule, clause: Clause, packet: Packet) -> bool:
    member, peer = packet.src, packet.dst
    own, other = packet.sport, packet.dport
    if rule.key is Key.DESTINATION:
        member, peer, own, other = peer, member, other, own
    if clause.fragments and packet.sport is not None:
        return False
    return (
        inside(member, clause.within)
        and inside(peer, clause.peers)
        and (clause.protocol is None or clause.protocol == packet.protocol)
        and packet.protocol not in clause.but
        and at(own, clause.member_ports)
        and at(other, clause.peer_ports)
    )


def drops(rule: Rule, packet: Packet) -> bool:
    """By the neutral rule itself, all addresses being members."""

    everything = Members(
        np.array([[0, 0]], np.uint64),
        np.array([[0, TOP]], np.uint64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
    )
    return bool(rules_drop(packet, Desired("edge1", {rule: everything})))


@given(rules(), st.data())
def test_the_denies_are_exactly_the_rule(rule: Rule, data: st.DataObject) -> None:
    found = clauses(rule)
    for _ in range(12):
        protocol = data.draw(st.sampled_from(PROTOCOLS))
        whole = protocol in (6, 17) and data.draw(st.booleans())
        port = st.sampled_from(PORTS) if whole else st.none()
        source, target = (data.draw(st.sampled_from(POINTS)) for _ in range(2))
        packet = Packet(4, source, target, protocol, data.draw(port), data.draw(port))
        hits = [c for c in found if denies(rule, c, packet)]
        assert len(hits) == int(drops(rule, packet)), (hits, packet)


@given(rules(), st.sampled_from(POINTS))
def test_hidden_members_are_in_no_deny(rule: Rule, address: int) -> None:
    covered = any(inside(address, clause.within) for clause in clauses(rule))
    assert inside(address, hidden(rule)) is not covered if hidden(rule) else covered


def test_without_exceptions_a_rule_is_one_deny() -> None:
    rule = Rule(4, Key.SOURCE, Service(6, None, (25, 25)))
    assert clauses(rule) == (Clause(protocol=6, peer_ports=(25, 25)),)
    assert clauses(Rule(6, Key.DESTINATION)) == (Clause(),)


def test_all_ports_are_any_port_and_packets_without_ports() -> None:
    rule = Rule(4, Key.SOURCE, Service(6, (0, 65535), (25, 25)))
    assert rule == Rule(4, Key.SOURCE, Service(6, None, (25, 25)))
    (clause,) = clauses(Rule(4, Key.SOURCE, Service(6, (0, 65535), (0, 65535))))
    assert clause == Clause(protocol=6)
    fragment = Packet(4, 1, 2, 6, None, None)
    assert drops(Rule(4, Key.SOURCE, Service(6, (0, 65535))), fragment)
    assert not drops(Rule(4, Key.SOURCE, Service(6, (1, 65535))), fragment)


def test_an_excepted_address_costs_no_permit_and_one_deny() -> None:
    relay = int(ip_address("203.0.113.25"))
    rule = Rule(4, Key.SOURCE, Service(6, None, (25, 25)), None, (Exempt(relay, relay),))
    rest = ((0, relay - 1), (relay + 1, TOP))
    assert clauses(rule) == (Clause(rest, rest, 6, peer_ports=(25, 25)),)
    assert hidden(rule) == ((relay, relay),)


def test_an_excepted_service_leaves_the_other_protocols_to_a_deny_but_these() -> None:
    rule = Rule(4, Key.SOURCE, exempt=(Exempt(5, 5, 17, (53, 53)),))
    found = clauses(rule)
    assert any(c.protocol is None and c.but == (17,) for c in found)
    assert any(c.protocol == 17 and c.fragments for c in found)


def test_a_rule_by_interface_has_no_denies() -> None:
    with pytest.raises(ValueError, match="not a key by address"):
        clauses(Rule(4, Key.INPUT_INTERFACE))


def test_spans() -> None:
    assert joined([(5, 6), (1, 2), (3, 3)]) == ((1, 3), (5, 6))
    assert common(((1, 5), (8, 9)), ((4, 8),)) == ((4, 5), (8, 8))
    assert without(((1, 9),), ((1, 1), (4, 5), (9, 9))) == ((2, 3), (6, 8))
