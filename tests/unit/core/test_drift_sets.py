# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that keep bare addresses are compared as sets of addresses, against plain sets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._router.target import members as as_shown
from enforcer.core.compile import compile_device
from enforcer.core.drift import (
    Change,
    Delta,
    InterfaceChange,
    Tally,
    compare,
    compare_region,
    effective,
    tally_of,
)
from enforcer.core.intervals import Ranges, cover
from enforcer.core.orders import in_force
from enforcer.core.rules import (
    NO_END,
    UNATTRIBUTED,
    Actual,
    Desired,
    InterfaceMember,
    Key,
    Members,
    Rule,
)
from tests.strategies import NOW, Case, cases
from tests.unit.core.properties import Row, asks, columns, members

TOP = 24
RULES = (Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION))
DOOR = Rule(0, Key.INTERFACE)
Sets = dict[Rule, set[int]]

some_rows = st.lists(
    st.tuples(st.integers(0, TOP), st.integers(0, 5), st.integers(1, 3), st.integers(1, 3)).map(
        lambda r: (r[0], r[0] + r[1], r[2], r[3])
    ),
    max_size=6,
)


def wanted_members(rows: list[Row]) -> Members:
    return cover(*columns(rows)) if rows else Members.none()


def bare(values: Iterable[int]) -> Members:
    """The addresses as a box shows them: runs, no end, no order."""
    runs: list[list[int]] = []
    for value in sorted(set(values)):
        if runs and runs[-1][1] == value - 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    return members([(first, last, NO_END, UNATTRIBUTED) for first, last in runs])


def spread(some: Members) -> set[int]:
    return {n for first, last, _, _ in some.rows() for n in range(first, last + 1)}


@st.composite
def states(draw: st.DrawFn) -> tuple[Desired, Actual]:
    """What is wanted and what stands, of two rules, and their interfaces."""
    wanted = {rule: wanted_members(draw(some_rows)) for rule in RULES}
    found = {rule: bare(draw(st.sets(st.integers(0, TOP + 5)))) for rule in RULES}
    doors = [draw(st.sets(st.sampled_from(["eth0", "eth1", "eth2"]))) for _ in range(2)]
    desired = Desired(
        "edge1",
        {rule: some for rule, some in wanted.items() if len(some)},
        {DOOR: tuple(InterfaceMember(n, 7, 3) for n in sorted(doors[0]))} if doors[0] else {},
    )
    return desired, actual(found, doors[1])


def actual(found: dict[Rule, Members], doors: Iterable[str] = ()) -> Actual:
    names = tuple(InterfaceMember(n, NO_END, UNATTRIBUTED) for n in sorted(doors))
    kept = {rule: some for rule, some in found.items() if len(some)}
    return Actual("edge1", NOW, None, kept, {DOOR: names} if names else {})


def sets_of(state: Desired | Actual) -> Sets:
    return {rule: spread(some) for rule, some in state.addresses.items()}


def names_of(state: Desired | Actual) -> set[str]:
    return {m.name for some in state.interfaces.values() for m in some}


def written(state: Actual, delta: Delta) -> Actual:
    """What stands after `delta`, by sets alone: what goes, then what comes."""
    sets = sets_of(state)
    for rule, change in delta.addresses.items():
        sets[rule] = sets.get(rule, set()) - spread(change.remove) | spread(change.add)
    names = names_of(state)
    for moved in delta.interfaces.values():
        names = names - {m.name for m in moved.remove} | {m.name for m in moved.add}
    return actual({rule: bare(some) for rule, some in sets.items()}, names)


def same(one: Desired | Actual, other: Desired | Actual) -> bool:
    first, second = (
        {rule: some for rule, some in sets_of(state).items() if some} for state in (one, other)
    )
    return first == second and names_of(one) == names_of(other)


@given(states())
def test_the_difference_is_exactly_that_of_the_sets(pair: tuple[Desired, Actual]) -> None:
    desired, found = pair
    drift = compare(desired, found, attributed=False)
    want, have = sets_of(desired), sets_of(found)
    for rule in RULES:
        change = drift.delta.addresses.get(rule, Change(Members.none(), Members.none()))
        assert spread(change.add) == want.get(rule, set()) - have.get(rule, set())
        assert spread(change.remove) == have.get(rule, set()) - want.get(rule, set())
    assert bool(drift) is not same(desired, found)
    assert drift.tally.altered == 0
    after = written(found, drift.delta)
    assert same(after, desired)
    assert not compare(desired, after, attributed=False)


@given(states())
def test_a_row_is_verified_when_all_of_it_stands(pair: tuple[Desired, Actual]) -> None:
    desired, found = pair
    have = sets_of(found)
    whole = sum(
        set(range(first, last + 1)) <= have.get(rule, set())
        for rule, some in desired.addresses.items()
        for first, last, _, _ in some.rows()
    )
    doors = len(names_of(desired) & names_of(found))
    assert compare(desired, found, attributed=False).tally.verified == whole + doors


@given(states())
def test_what_is_missing_carries_the_order_and_the_end_that_want_it(
    pair: tuple[Desired, Actual],
) -> None:
    desired, found = pair
    for rule, change in compare(desired, found, attributed=False).delta.addresses.items():
        want = list(desired.addresses.get(rule, Members.none()).rows())
        for first, last, end, order in change.add.rows():
            assert any(a <= first and last <= b and (end, order) == (e, o) for a, b, e, o in want)


@given(states(), states())
def test_a_region_proves_what_was_written_and_shows_what_was_not(
    pair: tuple[Desired, Actual], other: tuple[Desired, Actual]
) -> None:
    """Whatever stands afterwards: judged by the addresses of the delta alone."""
    desired, found = pair
    delta = compare(desired, found, attributed=False).delta
    assert not compare_region(delta, written(found, delta), attributed=False)
    somewhere = other[1]
    left = compare_region(delta, somewhere, attributed=False)
    have = sets_of(somewhere)
    for rule, change in delta.addresses.items():
        missing = spread(change.add) - have.get(rule, set())
        extra = spread(change.remove) & have.get(rule, set())
        undone = left.delta.addresses.get(rule, Change(Members.none(), Members.none()))
        assert (spread(undone.add), spread(undone.remove)) == (missing, extra)


@given(some_rows, some_rows)
def test_a_change_that_moves_no_address_is_none(old: list[Row], new: list[Row]) -> None:
    """Another order, another end, another cut of the same addresses: nothing to write."""
    before, after = wanted_members(old), wanted_members(new)
    delta = Delta({RULES[0]: Change(after, before)} if len(before) or len(after) else {})
    left = effective(delta)
    change = left.addresses.get(RULES[0], Change(Members.none(), Members.none()))
    assert spread(change.add) == spread(after) - spread(before)
    assert spread(change.remove) == spread(before) - spread(after)
    assert bool(left) is (spread(after) != spread(before))


def test_an_interface_that_changes_its_order_alone_is_no_change() -> None:
    def member(name: str, order: int) -> InterfaceMember:
        return InterfaceMember(name, NO_END, order)

    moved = InterfaceChange(
        (member("eth0", 2), member("eth1", 2)), (member("eth0", 1), member("eth2", 1))
    )
    left = effective(Delta({}, {DOOR: moved}))
    assert left.interfaces == {DOOR: InterfaceChange((member("eth1", 2),), (member("eth2", 1),))}
    same_doors = InterfaceChange((member("eth0", 2),), (member("eth0", 1),))
    assert not effective(Delta({}, {DOOR: same_doors}))


def test_the_tally_of_ranges_counts_pieces() -> None:
    """One row of which the middle stands is missing twice, and nothing of it is verified."""
    desired = Desired("edge1", {RULES[0]: members([(10, 20, NO_END, 1), (30, 30, NO_END, 1)])})
    found = actual({RULES[0]: bare([12, 13, 30, 40])})
    drift = compare(desired, found, attributed=False)
    assert drift.tally == Tally(missing=2, extra=1, verified=1)
    assert tally_of(drift.delta) == Tally(missing=2, extra=1)
    assert drift.examples[0].startswith("0.0.0.10/31 (source, ")
    assert drift.examples[-1] == "0.0.0.40 (source) extra", "nobody knows whose it was"


def test_the_same_states_differ_where_orders_are_told() -> None:
    desired = Desired("edge1", {RULES[0]: members([(10, 10, NO_END, 1), (11, 11, NO_END, 2)])})
    found = actual({RULES[0]: bare([10, 11])})
    assert compare(desired, found)
    assert not compare(desired, found, attributed=False)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(cases(shut=True), st.data())
def test_compiled_orders_are_compared_alike(case: Case, data: st.DataObject) -> None:
    """Real compiled states against what a box would show of them: no drift; one less: drift."""
    found = asks(case, [order for order in case.orders if in_force(order, NOW)])
    desired = compile_device("edge1", found).desired
    shown = {rule: merged(some) for rule, some in desired.addresses.items()}
    there = Actual("edge1", NOW, None, shown, desired.interfaces)
    assert not compare(desired, there, attributed=False)
    if not shown:
        return
    rule = data.draw(st.sampled_from(sorted(shown, key=lambda r: r.digest)))
    rows = shown[rule]
    gone = data.draw(st.integers(0, len(rows) - 1))
    less = rows.take(np.arange(len(rows)) != gone)
    drift = compare(
        desired,
        Actual("edge1", NOW, None, {**shown, rule: less}, desired.interfaces),
        attributed=False,
    )
    missing = drift.delta.addresses[rule].add
    whole = merged(missing)
    assert (whole.first.tolist(), whole.last.tolist()) == (
        rows.first[gone : gone + 1].tolist(),
        rows.last[gone : gone + 1].tolist(),
    )


def merged(some: Members) -> Members:
    """Runs as a box shows them."""
    return as_shown(Ranges(some.first, some.last))
