# SPDX-License-Identifier: GPL-2.0-or-later
"""What this process placed itself is followed without asking the database, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.control.controller import Controller
from enforcer.control.doorbell import ring
from enforcer.control.fleet import Means
from enforcer.core.brake import PauseState
from enforcer.core.orders import BlockList
from enforcer.storage.database import Database
from enforcer.storage.placed import JustPlaced
from enforcer.storage.records import INTENT
from enforcer.storage.unit_of_work import Reader
from tests.unit.control.desk import ANN, Desk, block


class Asked(Database):
    """Counts how often it is read."""

    asked = 0
    before: Callable[[], object] = bool

    @contextmanager
    def read(self) -> Iterator[Reader]:
        self.asked += 1
        self.before()
        with super().read() as reader:
            yield reader


class Loop:
    """A controller that follows a database; `other` stands for another process that writes."""

    def __init__(self, file: Path) -> None:
        self.desk = Desk(file)
        self.desk.database.close()
        self.database = self.desk.database = Asked(self.desk.url)
        self.desk.restart()

        def means(pause: Callable[[], PauseState]) -> Means:
            return replace(self.desk.means(), pause=pause)

        self.controller = Controller(self.database, self.desk.topology, means, 1.0)
        self.controller.load()
        self.other = Database(self.desk.url)
        self.other._just_placed = JustPlaced()

    def by_another(self) -> int:
        """An order that another process places; its number."""
        return self._placed_in(self.other)

    def here(self, lasts: float | None = None) -> int:
        """An order that this process places; its number."""
        return self._placed_in(self.database, lasts)

    def _placed_in(self, database: Database, lasts: float | None = None) -> int:
        self.desk.database = database
        try:
            return self.desk.place(lasts=lasts).number
        finally:
            self.desk.database = self.database

    def follow(self) -> int:
        """Follow; how often the database was asked."""
        before = self.database.asked
        self.controller.follow("test")
        return self.database.asked - before

    def alarm_is_due(self) -> bool:
        """Whether the alarm for the next start or end must be armed anew."""
        return self.controller._heard

    @property
    def known(self) -> set[int]:
        """The orders in the book."""
        return {entry.order.number for entry in self.controller.book.entries()}


@pytest.fixture
def loop(new_database: Callable[[], Path]) -> Iterator[Loop]:
    made = Loop(new_database())
    yield made
    made.other.close()
    made.database.close()


def test_own_orders_are_known_before_the_database_is_asked(loop: Loop) -> None:
    loop.follow()
    numbers = {loop.here(), loop.here()}
    known = list[set[int]]()
    loop.database.before = lambda: known.append(loop.known)
    loop.follow()
    assert known[0] == loop.known == numbers
    assert loop.controller.book.head == max(numbers)


def test_what_another_process_placed_before_is_read(loop: Loop) -> None:
    loop.follow()
    numbers = {loop.by_another(), loop.here()}
    assert loop.follow() > 0
    assert loop.known == numbers


@pytest.mark.parametrize("own", [INTENT, "order.placed"])
def test_what_another_process_placed_after_is_read_when_it_rings(loop: Loop, own: str) -> None:
    """One ring is all that there is: what was done here since must not be taken for its cause."""
    loop.follow()
    numbers = {loop.here()} if own == "order.placed" else set[int]()
    with loop.database.write() as work:
        work.open_intent(ANN, at=loop.desk.time.now(), device="edge1", payload={})
    numbers.add(loop.by_another())
    loop.follow()
    assert loop.known == numbers


def test_what_another_process_did_between_own_changes_is_read_with_them(loop: Loop) -> None:
    loop.follow()
    at = loop.desk.time.now()
    with loop.database.write() as work:
        work.open_intent(ANN, at=at, device="edge1", payload={})
    numbers = {loop.by_another(), loop.here()}
    assert loop.follow() > 0
    assert loop.known == numbers


def test_an_order_about_a_list_is_read_with_the_list(loop: Loop) -> None:
    loop.follow()
    number = loop.desk.place(BlockList("bad")).number
    assert loop.follow() > 0
    assert loop.known == {number}


@pytest.mark.parametrize("pause_first", [True, False])
def test_a_freeze_beside_an_order_is_heard(loop: Loop, pause_first: bool) -> None:
    loop.follow()

    def freeze() -> None:
        at = loop.desk.time.now()
        with loop.other.write() as work:
            work.control.set_state(PauseState.FROZEN, at=at, by="ann", reason="test")
            work.record("control.changed", ANN, at=at, payload={})

    def place() -> None:
        loop.desk.place(block())

    steps = [freeze, place]
    for step in steps if pause_first else reversed(steps):
        step()
        loop.follow()
    assert loop.controller.pause is PauseState.FROZEN


def test_what_is_decided_here_meanwhile_is_not_taken_from_an_older_look(loop: Loop) -> None:
    loop.follow()
    following = loop.desk.evidence.following
    loop.here()
    following.decided(loop.database.head())
    loop.follow()
    assert following.seen is None


class Woken:
    """Stands in for a fleet."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def wake(self, devices: Iterable[str], reason: str, full: bool = False) -> None:
        """Note which."""
        self.names += devices


@pytest.fixture
def woken(loop: Loop) -> Woken:
    made = Woken()
    loop.controller._fleet = made  # type: ignore[assignment]  # it stands in for it
    loop.database.listen_here(loop.controller.hear)
    loop.follow()
    return made


def test_ringing_takes_an_own_order_in_at_once(loop: Loop, woken: Woken) -> None:
    number = loop.here()
    ring(loop.database)
    assert (woken.names, loop.known) == (["edge1"], {number})
    assert loop.alarm_is_due()
    loop.follow()
    assert not loop.alarm_is_due()
    assert woken.names == ["edge1"]


@pytest.mark.parametrize(("lasts", "handed_over"), [(None, True), (60.0, True), (0.9, False)])
def test_the_loop_is_woken_for_an_end_that_is_near(
    loop: Loop, woken: Woken, lasts: float | None, handed_over: bool
) -> None:
    loop.here(lasts)
    assert loop.controller.hear() is handed_over
    assert loop.alarm_is_due()
    assert not loop.controller.hear()


def test_ringing_leaves_to_the_loop_what_another_process_did(loop: Loop, woken: Woken) -> None:
    loop.by_another()
    ring(loop.database)
    assert (woken.names, loop.known) == ([], set())


def test_ringing_waits_for_nobody_who_is_taking_something_in(loop: Loop, woken: Woken) -> None:
    number = loop.here()
    with loop.controller._following:
        ring(loop.database)
    assert (woken.names, loop.known) == ([], set())
    loop.follow()
    assert (woken.names, loop.known) == (["edge1"], {number})


def test_nobody_listens_any_more_once_the_loop_has_ended(loop: Loop, woken: Woken) -> None:
    loop.database.listen_here()
    loop.here()
    ring(loop.database)
    assert woken.names == []


def test_the_next_look_knows_the_head(loop: Loop) -> None:
    loop.by_another()
    loop.follow()
    loop.here()
    loop.follow()
    seen = loop.controller._means.evidence.following.seen
    assert seen is not None
    with loop.database.read() as reader:
        assert (seen.position, seen.digest) == reader.audit.head()
