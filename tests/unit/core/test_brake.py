# SPDX-License-Identifier: GPL-2.0-or-later
"""Against a model that knows, for each single address, until when it is blocked."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.addresses import to_column
from enforcer.core.brake import PauseState, allowed
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.rules import NO_END, InterfaceMember, Key, Members, Rule

RULE = Rule(4, Key.SOURCE)
PORTS = Rule(6, Key.INPUT_INTERFACE)

Row = tuple[int, int, int, int]
"""first, last, end, order"""


def members(rows: Iterable[Row]) -> Members:
    kept = sorted(rows)
    return Members(
        to_column(row[0] for row in kept),
        to_column(row[1] for row in kept),
        np.array([row[2] for row in kept], np.int64),
        np.array([row[3] for row in kept], np.int64),
    )


@st.composite
def disjoint_rows(draw: st.DrawFn) -> list[Row]:
    cuts = sorted(draw(st.sets(st.integers(0, 40), max_size=10)))
    ends = st.sampled_from([10, 20, 30, NO_END])
    found = []
    for first, stop in pairwise(cuts):
        if draw(st.booleans()):
            found.append((first, stop - 1, draw(ends), draw(st.integers(1, 2))))
    return found


def written(actual: set[Row], change: Change) -> set[Row]:
    """The rows on a device after a change; it must fit to what is there."""
    gone = set(change.remove.rows())
    assert gone <= actual
    return (actual - gone) | set(change.add.rows())


def ends(rows: Iterable[Row]) -> dict[int, int]:
    found: dict[int, int] = {}
    for first, last, end, _ in rows:
        for address in range(first, last + 1):
            assert address not in found, "two members cover one address"
            found[address] = end
    return found


@given(disjoint_rows(), disjoint_rows())
def test_a_pause_never_blocks_more_or_longer_and_frees_all_that_is_over(
    actual: list[Row], desired: list[Row]
) -> None:
    same = set(actual) & set(desired)
    change = Change(members(set(desired) - same), members(set(actual) - same))
    may, held = allowed(Delta({RULE: change}), PauseState.PAUSED)
    nothing = Change(Members.none(), Members.none())
    stands = written(set(actual), may.addresses.get(RULE, nothing))
    before, after, wanted = ends(actual), ends(stands), ends(desired)
    expected = {a: min(before[a], wanted[a]) for a in before if a in wanted}
    assert after == expected
    later = written(stands, held.addresses.get(RULE, nothing))
    assert ends(later) == wanted
    assert bool(may) == (ends(stands) != before or stands != set(actual))


@given(disjoint_rows())
def test_additions_alone_are_held_whole(rows: list[Row]) -> None:
    change = Change(members(rows), Members.none())
    delta = Delta({RULE: change} if rows else {})
    may, held = allowed(delta, PauseState.PAUSED)
    assert not may
    assert bool(held) == bool(rows)


def test_a_member_that_only_shortens_is_written() -> None:
    change = Change(members([(1, 9, 10, 1)]), members([(1, 9, 20, 2)]))
    may, held = allowed(Delta({RULE: change}), PauseState.PAUSED)
    assert list(may.addresses[RULE].add.rows()) == [(1, 9, 10, 1)]
    assert list(may.addresses[RULE].remove.rows()) == [(1, 9, 20, 2)]
    assert not held


def test_a_member_that_lasts_longer_is_held() -> None:
    change = Change(members([(1, 9, NO_END, 1)]), members([(1, 9, 20, 2)]))
    may, held = allowed(Delta({RULE: change}), PauseState.PAUSED)
    assert not may
    assert list(held.addresses[RULE].add.rows()) == [(1, 9, NO_END, 1)]


def test_what_another_order_still_wants_stays_under_a_pause() -> None:
    # A wide order ended; a narrow one inside of it goes on.
    change = Change(members([(4, 4, 20, 2)]), members([(0, 9, 30, 1)]))
    may, held = allowed(Delta({RULE: change}), PauseState.PAUSED)
    assert list(may.addresses[RULE].add.rows()) == [(4, 4, 20, 2)]
    assert not held


def test_interfaces() -> None:
    shorter, longer, fresh, gone = (
        InterfaceMember("eth1", 10, 1),
        InterfaceMember("eth2", 30, 1),
        InterfaceMember("eth3", 10, 1),
        InterfaceMember("eth4", 10, 1),
    )
    was = (InterfaceMember("eth1", 20, 2), InterfaceMember("eth2", 20, 2))
    change = InterfaceChange((shorter, longer, fresh), (*was, gone))
    may, held = allowed(Delta(interfaces={PORTS: change}), PauseState.PAUSED)
    assert may.interfaces == {PORTS: InterfaceChange((shorter,), (was[0], gone))}
    assert held.interfaces == {PORTS: InterfaceChange((longer, fresh), (was[1],))}


def test_running_and_frozen() -> None:
    delta = Delta({RULE: Change(members([(1, 2, 10, 1)]), members([(5, 6, 10, 1)]))})
    assert allowed(delta, PauseState.RUNNING)[0] is delta
    assert not allowed(delta, PauseState.RUNNING)[1]
    assert not allowed(delta, PauseState.FROZEN)[0]
    assert allowed(delta, PauseState.FROZEN)[1] is delta
