# SPDX-License-Identifier: GPL-2.0-or-later
"""Under a pause a rule stays until the one that takes its place may be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import to_column
from enforcer.core.brake import PauseState, allowed
from enforcer.core.drift import Delta, InterfaceChange, compare
from enforcer.core.replacement import spares
from enforcer.core.rules import (
    NO_END,
    UNATTRIBUTED,
    Actual,
    Desired,
    Exempt,
    InterfaceMember,
    Key,
    Members,
    RouteMatch,
    Rule,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVERYTHING = (0, 2**32 - 1)
REGISTERED, ANOTHER = Exempt(100, 199), Exempt(400, 499)
FILTER = Rule(4, Key.RECEIVED, exempt=(REGISTERED,), neighbor="192.0.2.130")
WIDER = replace(FILTER, exempt=(REGISTERED, ANOTHER))
Row = tuple[int, int, int, int]
"""first, last, end, order"""
Rows = Mapping[Rule, Iterable[Row]]


def members(rows: Iterable[Row]) -> Members:
    kept = sorted(rows)
    columns = [np.array([row[i] for row in kept], np.int64) for i in (2, 3)]
    first, last = to_column(r[0] for r in kept), to_column(r[1] for r in kept)
    return Members(first, last, columns[0], columns[1])


def delta(actual: Rows, desired: Rows, *, attributed: bool = True) -> Delta:
    was = {rule: members(rows) for rule, rows in actual.items() if rows}
    wanted = {rule: members(rows) for rule, rows in desired.items() if rows}
    there = Actual("edge1", NOW, None, was)
    return compare(Desired("edge1", wanted), there, attributed=attributed).delta


def after(actual: Rows, change: Delta) -> dict[Rule, set[Row]]:
    """What stands when `change` was written; it must fit to what is there."""
    found = {rule: set(rows) for rule, rows in actual.items()}
    for rule, rows in change.addresses.items():
        there, gone = found.setdefault(rule, set()), set(rows.remove.rows())
        assert gone <= there
        found[rule] = (there - gone) | set(rows.add.rows())
    return {rule: rows for rule, rows in found.items() if rows}


WHOLE: set[Row] = {(*EVERYTHING, NO_END, 7)}


def test_one_more_registered_prefix_is_let_through_and_the_rest_stays_rejected() -> None:
    may, held = allowed(delta({FILTER: WHOLE}, {WIDER: WHOLE}), PauseState.PAUSED)
    assert after({FILTER: WHOLE}, may) == {WIDER: WHOLE}
    assert not held


def test_one_registered_prefix_less_waits_and_the_old_filter_stays() -> None:
    may, held = allowed(delta({WIDER: WHOLE}, {FILTER: WHOLE}), PauseState.PAUSED)
    assert not may
    assert after({WIDER: WHOLE}, held) == {FILTER: WHOLE}


def test_another_prefix_instead_waits_and_the_old_filter_stays() -> None:
    other = replace(FILTER, exempt=(ANOTHER,))
    may, held = allowed(delta({FILTER: WHOLE}, {other: WHOLE}), PauseState.PAUSED)
    assert not may
    assert after({FILTER: WHOLE}, held) == {other: WHOLE}


@pytest.mark.parametrize("wanted", [FILTER, replace(FILTER, exempt=(ANOTHER,))])
def test_so_it_is_on_a_device_that_keeps_no_orders(wanted: Rule) -> None:
    stands: set[Row] = {(*EVERYTHING, NO_END, UNATTRIBUTED)}
    change = delta({WIDER: stands}, {wanted: WHOLE}, attributed=False)
    may, held = allowed(change, PauseState.PAUSED)
    assert not may
    assert after({WIDER: stands}, held) == {wanted: WHOLE}


def test_a_filter_whose_order_is_lifted_goes() -> None:
    may, held = allowed(delta({FILTER: WHOLE}, {}), PauseState.PAUSED)
    assert after({FILTER: WHOLE}, may) == {}
    assert not held


def test_a_lifted_one_goes_though_another_order_with_other_exceptions_waits() -> None:
    other: Rows = {replace(FILTER, exempt=(ANOTHER,)): {(*EVERYTHING, NO_END, 8)}}
    may, held = allowed(delta({FILTER: WHOLE}, other), PauseState.PAUSED)
    assert after({FILTER: WHOLE}, may) == {}
    assert after({}, held) == other


def test_a_filter_of_another_neighbor_or_of_other_lengths_takes_no_place() -> None:
    short = replace(FILTER, routes=RouteMatch(0, 8))
    for other in (
        replace(WIDER, neighbor="192.0.2.131"),
        replace(WIDER, key=Key.ANNOUNCED),
        replace(short, routes=RouteMatch(9, 32)),
    ):
        may, held = allowed(delta({short: WHOLE}, {other: WHOLE}), PauseState.PAUSED)
        assert after({short: WHOLE}, may) == {}
        assert after({}, held) == {other: WHOLE}


@pytest.mark.parametrize(
    ("was", "wanted", "at_once"),
    [
        (None, RouteMatch(25, 32), True),
        (RouteMatch(25, 32), None, False),
        (RouteMatch(24, 32), RouteMatch(25, 30), True),
        (RouteMatch(25, 30), RouteMatch(24, 32), False),
        (RouteMatch(0, 32), RouteMatch(0, 32, origin=64500), True),
        (RouteMatch(0, 32, passes=64500), RouteMatch(0, 32), False),
    ],
)
def test_fewer_routes_are_written_at_once_and_more_wait(
    was: RouteMatch | None, wanted: RouteMatch | None, at_once: bool
) -> None:
    old, new = replace(FILTER, routes=was), replace(FILTER, routes=wanted)
    may, _ = allowed(delta({old: WHOLE}, {new: WHOLE}), PauseState.PAUSED)
    assert after({old: WHOLE}, may) == {(new if at_once else old): WHOLE}


def test_exceptions_of_one_service() -> None:
    dns, all_udp = Exempt(1, 9, 17, (53, 53)), Exempt(0, 9, 17)
    assert spares((all_udp,), (dns,)) and spares((Exempt(0, 20),), (dns, all_udp))
    assert not spares((dns,), (all_udp,)) and not spares((Exempt(0, 9, 6),), (dns,))
    assert spares((Exempt(0, 4), Exempt(5, 9)), (Exempt(3, 7),))
    assert not spares((), (dns,)) and spares((dns,), ())


def test_suspended_interfaces_stay_cut_off_while_other_exceptions_wait() -> None:
    cut = Rule(4, Key.INPUT_INTERFACE, exempt=(REGISTERED, ANOTHER))
    less = replace(cut, exempt=(REGISTERED,))
    port, gone = InterfaceMember("eth1", NO_END, 7), InterfaceMember("eth2", NO_END, 7)
    none, both = InterfaceChange((), ()), (port, gone)
    change = {cut: InterfaceChange((), both), less: InterfaceChange((port,), ())}
    may, held = allowed(Delta(interfaces=change), PauseState.PAUSED)
    assert may.interfaces == {cut: InterfaceChange((), (gone,))}
    assert held.interfaces == {cut: InterfaceChange((), (port,)), less: change[less]}
    back = {less: InterfaceChange((), both), cut: InterfaceChange((port,), ())}
    may, held = allowed(Delta(interfaces=back), PauseState.PAUSED)
    assert may.interfaces == back and held.interfaces.get(cut, none) == none


@st.composite
def rows(draw: st.DrawFn) -> set[Row]:
    cuts = sorted(draw(st.sets(st.integers(0, 30), max_size=8)))
    ends = st.sampled_from([100_000, 200_000, NO_END])
    return {(a, b - 1, draw(ends), 1) for a, b in pairwise(cuts) if draw(st.booleans())}


_EXEMPT = [(), (Exempt(3, 9),), (Exempt(3, 9), Exempt(15, 20)), (Exempt(5, 25),)]
states = st.dictionaries(
    st.sampled_from([Rule(4, Key.SOURCE, exempt=exempt) for exempt in _EXEMPT]), rows()
)


def drops(stands: Rows) -> dict[tuple[int, int], int]:
    """By (address, the other one), until when a packet is dropped."""
    found: dict[tuple[int, int], int] = {}
    for rule, some in stands.items():
        free = {a for one in rule.exempt for a in range(one.first, one.last + 1)}
        for first, last, end, _ in some:
            for address in range(first, last + 1):
                for other in (0, 4, 7, 12, 17, 23):
                    if address not in free and other not in free:
                        found[address, other] = max(end, found.get((address, other), 0))
    return found


@given(states, states)
def test_nothing_more_is_dropped_and_what_one_rule_goes_on_dropping_stays(
    actual: dict[Rule, set[Row]], desired: dict[Rule, set[Row]]
) -> None:
    may, held = allowed(delta(actual, desired), PauseState.PAUSED)
    stands = after(actual, may)
    before, between, wanted = drops(actual), drops(stands), drops(desired)
    assert all(before.get(packet, 0) >= end for packet, end in between.items())
    # One order is one rule; of several, one that goes may be what dropped the other's packet.
    if max(sum(map(bool, state.values())) for state in (actual, desired)) <= 1:
        for packet in before.keys() & wanted.keys():
            assert between.get(packet, 0) >= min(before[packet], wanted[packet])
    wished = {rule: some for rule, some in desired.items() if some}
    assert drops(after(stands, held)) == drops(wished)
