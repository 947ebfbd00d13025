# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way in which a device can differ is found, named, and put right by the delta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.compile import advance, compile_device
from enforcer.core.drift import (
    Delta,
    Drift,
    Finding,
    FindingKind,
    Tally,
    compare,
    compare_region,
)
from enforcer.core.instants import to_ms
from enforcer.core.orders import in_force, order_id
from enforcer.core.rules import NO_END, Actual, Desired, InterfaceMember, Key, Members, Rule
from tests.strategies import NOW, Case, cases
from tests.unit.core.properties import Row, applied, asks, members

# A failing situation is long, and must be shown all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

SOURCE, OTHER = Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION)
DOOR = Rule(6, Key.INPUT_INTERFACE)
BASE = int(ip_address("198.51.100.0"))
END = to_ms(NOW + timedelta(hours=10))

ROWS: list[Row] = [
    (BASE + 7, BASE + 7, END, 1),
    (BASE + 16, BASE + 31, NO_END, 2),
    (BASE + 40, BASE + 42, END, 3),
]
DESIRED = Desired("edge1", {SOURCE: members(ROWS)}, {DOOR: (InterfaceMember("eth1", END, 4),)})


def actual(rows: list[Row], names: tuple[InterfaceMember, ...] = ()) -> Actual:
    return Actual("edge1", NOW, None, {SOURCE: members(rows)} if rows else {}, {DOOR: names})


def as_read(desired: Desired) -> Actual:
    return Actual(desired.device, NOW, None, desired.addresses, desired.interfaces)


def replaced(at: int, **changes: int) -> list[Row]:
    names = ("first", "last", "end", "order")
    row = [changes.get(name, value) for name, value in zip(names, ROWS[at], strict=True)]
    return sorted([*ROWS[:at], *ROWS[at + 1 :], (row[0], row[1], row[2], row[3])])


DOORS = DESIRED.interfaces[DOOR]


@dataclass(frozen=True)
class Mutation:
    name: str
    found: Actual
    tally: Tally
    example: str


MUTATIONS = [
    Mutation(
        "a member is gone",
        actual(ROWS[1:], DOORS),
        Tally(missing=1, verified=3),
        f"198.51.100.7 (source, {order_id(1)}) missing",
    ),
    Mutation(
        "a foreign member inside our rule",
        actual([*ROWS, (BASE + 64, BASE + 127, NO_END, -1)], DOORS),
        Tally(extra=1, verified=4),
        "198.51.100.64/26 (source, no order of ours) extra",
    ),
    Mutation(
        "an end moved by two minutes",
        actual(replaced(2, end=END + 120_000), DOORS),
        Tally(altered=1, verified=3),
        f"198.51.100.40-198.51.100.42 (source, {order_id(3)}) altered",
    ),
    Mutation(
        "an end where there is none",
        actual(replaced(1, end=END), DOORS),
        Tally(altered=1, verified=3),
        f"198.51.100.16/28 (source, {order_id(2)}) altered",
    ),
    Mutation(
        "no end where there is one",
        actual(replaced(0, end=NO_END), DOORS),
        Tally(altered=1, verified=3),
        f"198.51.100.7 (source, {order_id(1)}) altered",
    ),
    Mutation(
        "another order's mark",
        actual(replaced(0, order=9), DOORS),
        Tally(altered=1, verified=3),
        f"198.51.100.7 (source, {order_id(1)}) altered",
    ),
    Mutation(
        "a range that grew by one address",
        actual(replaced(1, last=BASE + 32), DOORS),
        Tally(missing=1, extra=1, verified=3),
        f"198.51.100.16/28 (source, {order_id(2)}) missing",
    ),
    Mutation("flushed", actual([], DOORS), Tally(missing=3, verified=1), "missing"),
    Mutation(
        "an interface is gone",
        actual(ROWS),
        Tally(missing=1, verified=3),
        f"eth1 (input-interface, IPv6, {order_id(4)}) missing",
    ),
    Mutation(
        "an interface's end moved",
        actual(ROWS, (replace(DOORS[0], end=END - 120_000),)),
        Tally(altered=1, verified=3),
        "eth1 (input-interface, IPv6",
    ),
    Mutation(
        "an interface too many",
        actual(ROWS, (*DOORS, InterfaceMember("eth9", NO_END, -1))),
        Tally(extra=1, verified=4),
        "eth9 (input-interface, IPv6, no order of ours) extra",
    ),
    Mutation(
        "a rule that nobody wants",
        Actual(
            "edge1",
            NOW,
            None,
            {**DESIRED.addresses, OTHER: members(ROWS[:1])},
            DESIRED.interfaces,
        ),
        Tally(extra=1, verified=4),
        f"198.51.100.7 (destination, {order_id(1)}) extra",
    ),
]


def repaired(found: Actual, drift: Drift) -> Desired:
    return applied(Desired("edge1", found.addresses, found.interfaces), drift.delta)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.name)
def test_every_mutation_is_found_named_and_repaired(mutation: Mutation) -> None:
    drift = compare(DESIRED, mutation.found)
    assert drift
    assert drift.tally == mutation.tally
    assert mutation.example in drift.examples[0]
    assert repaired(mutation.found, drift).same_as(DESIRED)


def test_equal_states_have_no_drift() -> None:
    drift = compare(DESIRED, as_read(DESIRED))
    assert not drift
    assert drift.tally == Tally(verified=4)
    assert drift.examples == ()


def test_a_structural_finding_alone_is_drift() -> None:
    finding = Finding(FindingKind.MISSING, "chain forward")
    drift = compare(DESIRED, as_read(DESIRED), [finding])
    assert drift
    assert drift.findings == (finding,)
    assert not drift.delta


@pytest.mark.parametrize(
    "off_ms, altered",
    # 10 hours remain: 1 s and 0.1 % are 37 s.
    [(0, 0), (36_999, 0), (-36_999, 0), (37_001, 1), (-37_001, 1)],
)
def test_ends_are_compared_within_a_tolerance(off_ms: int, altered: int) -> None:
    found = actual(replaced(0, end=END + off_ms), DOORS)
    assert compare(DESIRED, found).tally.altered == altered
    assert compare(DESIRED, found, self_expiring=False).tally.altered == 0


def test_ends_in_the_past_get_no_share_of_remaining_time() -> None:
    past = to_ms(NOW) - 3_600_000
    desired = Desired("edge1", {SOURCE: members([(1, 1, past, 1)])})
    late = Actual("edge1", NOW, None, {SOURCE: members([(1, 1, past + 1001, 1)])})
    assert compare(desired, late).tally.altered == 1


def test_a_platform_without_ends_still_shows_a_wrong_order() -> None:
    found = actual([(first, last, NO_END, 9) for first, last, _, _ in ROWS], DOORS)
    assert compare(DESIRED, found, self_expiring=False).tally == Tally(altered=3, verified=1)


def test_examples_are_few_however_much_differs() -> None:
    many = members([(2 * at, 2 * at, NO_END, 1) for at in range(1000)])
    drift = compare(Desired("edge1", {SOURCE: many}), actual([]))
    assert drift.tally.missing == 1000
    assert len(drift.examples) == 10


@st.composite
def changes(draw: st.DrawFn) -> tuple[Desired, Desired, Delta]:
    """A desired state before and after some orders began and ended."""
    case: Case = draw(cases(shut=True))
    found = asks(case, [order for order in case.orders if in_force(order, NOW)])
    at = draw(st.integers(0, len(found)))
    before = compile_device("edge1", found[:at])
    after, delta = advance(before, found[at:], [item.order for item in found[: at // 2]])
    return before.desired, after.desired, delta


@given(changes())
def test_compare_leads_from_any_state_to_any_other(change: tuple[Desired, Desired, Delta]) -> None:
    before, after, delta = change
    drift = compare(after, as_read(before))
    assert applied(before, drift.delta).same_as(after)
    assert bool(drift) == bool(delta)
    assert drift.tally.verified + drift.tally.missing + drift.tally.altered == len(after)


@given(changes())
def test_the_region_proves_a_written_delta_and_no_other(
    change: tuple[Desired, Desired, Delta],
) -> None:
    before, after, delta = change
    assert not compare_region(delta, as_read(after))
    if delta:
        undone = compare_region(delta, as_read(before))
        assert applied(before, undone.delta).same_as(after)


Break = Callable[[Members], Members]


@pytest.mark.parametrize(
    "break_, missing, extra, altered",
    [
        (lambda m: m.take(np.arange(1, len(m))), 1, 0, 0),
        (lambda m: replace(m, order=m.order + 1), 0, 0, 2),
        (lambda m: replace(m, end=m.end - 3_600_000), 0, 0, 2),
    ],
)
def test_a_region_read_back_wrong_is_no_proof(
    break_: Break, missing: int, extra: int, altered: int
) -> None:
    after = Desired("edge1", {SOURCE: members([(1, 1, END, 1), (3, 3, END, 1)])})
    delta = compare(after, actual([])).delta
    found = replace(as_read(after), addresses={SOURCE: break_(after.addresses[SOURCE])})
    assert compare_region(delta, found).tally == Tally(
        missing, extra, altered, 2 - missing - altered
    )


def test_a_removed_member_that_is_left_is_extra() -> None:
    before = Desired("edge1", {SOURCE: members(ROWS)}, DESIRED.interfaces)
    delta = compare(Desired("edge1"), as_read(before)).delta
    left = compare_region(delta, actual(ROWS[:1], DOORS))
    assert left.tally == Tally(extra=2)
    assert left.delta.addresses[SOURCE].remove.same_as(members(ROWS[:1]))
    assert left.delta.interfaces[DOOR].remove == DOORS


def test_members_outside_the_region_do_not_matter() -> None:
    delta = compare(Desired("edge1", {SOURCE: members(ROWS[:1])}), actual([])).delta
    assert not compare_region(delta, actual(ROWS, DOORS))
