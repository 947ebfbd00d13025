# SPDX-License-Identifier: GPL-2.0-or-later
"""No search for cyclic garbage walks everything that there is, and none of it is lost."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from weakref import ref

import pytest

from enforcer.clock import SystemClock
from enforcer.garbage import Garbage, set_aside

MOST = 1_000
ENOUGH = 400_000
YOUNG = 200_000
"""What came after the last search of long-lived objects, and waits for the next: more than
Python's thresholds and a quarter of what was walked then."""


class Knot:
    """Refers to itself: only a search finds it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def garbage() -> Iterator[Garbage]:
    made = Garbage(MOST, ENOUGH)
    made.begin()
    yield made
    made.end()


def live_long(count: int) -> list[list[int]]:
    """So many objects that searches walk, made one after the other."""
    return [[number] for number in range(count)]


def test_what_lives_long_is_walked_by_no_later_search(garbage: Garbage) -> None:
    walked = list[int]()

    def told(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            walked.append(len(gc.get_objects()))

    gc.callbacks.append(told)
    try:
        kept = live_long(5 * YOUNG)
    finally:
        gc.callbacks.remove(told)
    assert len(kept) == 5 * YOUNG
    # The first waits for a quarter of what was walked before, however much that was.
    _, *later = walked
    assert len(later) > 1
    assert max(later) < YOUNG
    assert garbage.aside > len(kept) - YOUNG


def test_nobody_else_runs_while_all_objects_are_held(garbage: Garbage) -> None:
    something, counts = Plain(), list[int]()
    alone = sys.getrefcount(something)

    def where_threads_change(frame: object, event: str, argument: object) -> None:
        counts.append(sys.getrefcount(something))

    sys.setprofile(where_threads_change)
    try:
        gc.collect()
    finally:
        sys.setprofile(None)
    assert len(counts) > 1
    assert set(counts) == {alone}


def test_what_is_set_aside_is_freed_as_soon_as_nobody_refers_to_it(garbage: Garbage) -> None:
    kept = [Plain() for _ in range(YOUNG)]
    garbage.search()
    seen, frozen = ref(kept[0]), gc.get_freeze_count()
    kept.clear()
    assert seen() is None
    assert gc.get_freeze_count() <= frozen - YOUNG


class Plain:
    """Nothing refers to it but who made it."""


def test_a_knot_that_was_set_aside_is_found_by_a_search_of_everything(garbage: Garbage) -> None:
    knot = Knot()
    seen = ref(knot)
    garbage.search()
    del knot
    gc.collect()
    assert seen() is not None
    garbage.search()
    assert seen() is None


def test_a_young_knot_needs_no_search_of_everything(garbage: Garbage) -> None:
    garbage.search()
    seen = ref(Knot())
    live_long(YOUNG)
    assert seen() is None


def test_everything_is_searched_when_much_was_set_aside_and_nothing_more_comes(
    garbage: Garbage,
) -> None:
    garbage.aside = 2 * gc.get_freeze_count() + ENOUGH
    assert not garbage.look(), "it grew since the last look"
    assert garbage.look()
    assert garbage.aside == 0
    assert not garbage.look()


def test_everything_is_searched_in_the_end_though_there_is_never_a_quiet_moment(
    garbage: Garbage,
) -> None:
    due = 2 * gc.get_freeze_count() + ENOUGH
    looks = 0
    while True:
        garbage.aside += due
        looks += 1
        if garbage.look():
            break
        assert looks < 10
    assert looks > 1


def test_little_is_not_worth_a_search(garbage: Garbage) -> None:
    garbage.aside = ENOUGH - 1
    assert [garbage.look() for _ in range(3)] == [False] * 3


def test_the_collector_is_left_as_it_was() -> None:
    before, frozen = list(gc.callbacks), gc.get_freeze_count()
    with set_aside(SystemClock()) as garbage:
        assert gc.get_freeze_count() > frozen
        assert garbage.aside == 0
    assert gc.callbacks == before
    assert gc.get_freeze_count() == 0
