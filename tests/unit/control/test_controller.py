# SPDX-License-Identifier: GPL-2.0-or-later
"""The running controller: orders of other processes, the clock, pauses, questions at the door."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from enforcer.clock import SystemClock
from enforcer.control.controller import Controller
from enforcer.control.doorbell import ask, ring
from enforcer.control.evidence import CONTROLLER
from enforcer.control.fleet import Means
from enforcer.control.unread import PORTION
from enforcer.core.brake import PauseState
from enforcer.core.intervals import rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.core.plan import Trait
from enforcer.core.status import Status
from enforcer.errors import StorageError
from enforcer.storage.database import Database
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import Reader
from tests.fakes.device import FakeDevice
from tests.unit.control.desk import ANN, PATIENCE, Desk, block, eventually

RARELY = 30.0


@pytest.fixture
def live(new_database: Callable[[], Path]) -> Iterator[Desk]:
    """A desk whose clock is the machine's: the alarm clock plans by it."""
    desk = Desk(new_database(), live=True)
    yield desk
    desk.close()


@contextmanager
def running(desk: Desk, tick: float = RARELY) -> Iterator[Controller]:
    """A controller in a thread, stopped at the end."""

    def means(pause: Callable[[], PauseState]) -> Means:
        return replace(desk.means(), pause=pause)

    controller = Controller(desk.database, desk.topology, means, tick)
    controller.load()
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=controller.run, args=(stop, ready.set))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield controller
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def rung(desk: Desk) -> None:
    assert desk.database is not None
    assert ring(desk.database)


def test_an_order_of_another_process_takes_effect_when_it_rings(live: Desk) -> None:
    with running(live):
        assert eventually(lambda: live.facts().verified_at is not None)
        order = live.place()
        rung(live)
        assert eventually(lambda: live.status(order) is Status.ENFORCED)


def test_a_lost_ring_costs_one_tick(live: Desk) -> None:
    with running(live, tick=0.05):
        order = live.place()
        assert eventually(lambda: live.status(order) is Status.ENFORCED)


def test_a_lost_ring_costs_one_tick_where_ticks_ask_nothing(
    new_database: Callable[[], Path],
) -> None:
    """A router over SSH is not asked each second; what changed is not for the next full pass."""
    box = FakeDevice("edge1", SystemClock(), Trait.ATOMIC | Trait.REMOTE)
    desk = Desk(new_database(), boxes=[box], live=True)
    try:
        with running(desk, tick=0.05):
            assert eventually(lambda: desk.facts().verified_at is not None)
            # It took so long to be stored that its beginning is over at each tick that sees it.
            order = desk.place(after=-60.0)
            assert eventually(lambda: desk.status(order) is Status.ENFORCED)
    finally:
        desk.close()


def test_orders_begin_and_end_on_time_between_ticks(live: Desk) -> None:
    with running(live):
        order = live.place(after=0.3, lasts=0.5)
        rung(live)
        assert eventually(live.drops)
        assert eventually(lambda: not live.drops())
        assert eventually(lambda: live.status(order) is Status.EXPIRED)


def many(desk: Desk, count: int, part: int) -> range:
    """So many orders of another process, in one transaction, each for its own address."""
    now = desk.time.now()
    with desk.database.write() as work:
        numbers = work.record_many([Note("order.placed", {})] * count, ANN, at=now)
        work.orders.add_many(
            [
                Order(
                    n,
                    n,
                    block(f"16.{part}.{at >> 7}.{at % 128 * 2}/32"),
                    "",
                    "",
                    "",
                    now,
                    now,
                    None,
                )
                for at, n in enumerate(numbers)
            ]
        )
    return numbers


def test_very_many_orders_come_in_portions_and_all_of_them_arrive(live: Desk) -> None:
    with running(live):
        assert eventually(lambda: live.facts().verified_at is not None)
        numbers = [n for part in range(2) for n in many(live, PORTION * 3 // 5, part)]
        rung(live)
        # Orders that come while others are being written are proved before those.
        assert eventually(
            lambda: live.facts().verified_seq >= numbers[-1] and not live.facts().held_orders
        )
        # Each both ways.
        assert len(live.box().rows()) == 2 * len(numbers)


def test_orders_are_there_after_a_restart(live: Desk) -> None:
    with running(live):
        live.place()
        rung(live)
        assert eventually(live.drops)
    live.box().flush()
    live.restart()
    with running(live):
        assert eventually(live.drops)


def test_a_lifted_order_goes_at_once(live: Desk) -> None:
    order = live.place()
    with running(live):
        assert eventually(live.drops)
        live.change(order, lift=True)
        rung(live)
        assert eventually(lambda: not live.drops())


@pytest.mark.parametrize("state", ["paused", "frozen"])
def test_a_pause_holds_additions_until_it_ends_and_survives_a_restart(
    live: Desk, state: str
) -> None:
    set_state(live, state)
    with running(live):
        order = live.place()
        rung(live)
        assert eventually(lambda: live.facts().held_orders == {order.number})
    live.restart()
    with running(live):
        assert eventually(lambda: live.facts().held_orders == {order.number})
        assert not live.drops() and live.facts().paused
        set_state(live, "running")
        rung(live)
        assert eventually(lambda: live.status(order) is Status.ENFORCED)


def test_a_pause_is_heard_before_what_came_with_it_is_taken_in(
    live: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking in very many orders takes seconds, in which workers go on."""
    asked: list[Callable[[], PauseState]] = []

    def means(pause: Callable[[], PauseState]) -> Means:
        asked.append(pause)
        return replace(live.means(), pause=pause)

    controller = Controller(live.database, live.topology, means, RARELY)
    controller.load()
    heard: list[PauseState] = []
    advance = controller.book.advance

    def spy(*given: Any) -> frozenset[str]:
        heard.append(asked[0]())
        return advance(*given)

    monkeypatch.setattr(controller.book, "advance", spy)
    live.place()
    set_state(live, "frozen")
    controller.follow("rung")
    assert heard == [PauseState.FROZEN]


def set_state(desk: Desk, state: str) -> None:
    now = desk.time.now()
    with desk.database.write() as work:
        work.record(f"control.{state}", ANN, at=now, payload={})
        work.control.set_state(state, at=now, by="ann", reason="test")


def test_a_question_at_the_door_is_answered_with_the_pass(live: Desk) -> None:
    live.place()
    with running(live):
        assert live.database is not None
        assert eventually(live.drops)
        answer = ask(live.database, {"reconcile": "edge1"}, PATIENCE)
        assert answer is not None and answer["outcome"] == "clean" and answer["verified"] == 2
        refused = ask(live.database, {"reconcile": "edge9"}, PATIENCE)
        assert refused is not None and "edge9" in refused["error"]


def test_a_new_version_of_a_list_is_followed(live: Desk) -> None:
    import_list(live, "198.51.100.0/30")
    live.place(BlockList("botnets"))
    with running(live):
        assert eventually(lambda: live.drops("198.51.100.1"))
        import_list(live, "198.51.100.64/30")
        rung(live)
        assert eventually(lambda: live.drops("198.51.100.65"))
        assert not live.drops("198.51.100.1")


def import_list(desk: Desk, prefix: str) -> None:
    rows = rows_of([ip_network(prefix)])
    nothing = np.zeros((0, 2), np.uint64)
    content = ListContent(1, rows.first, rows.last, nothing, nothing)
    now = desk.time.now()
    with desk.database.write() as work:
        work.lists.add_version(
            "botnets", content, source="test", at=now, rejected=0, sha256="0" * 64
        )
        work.record("list.imported", ANN, at=now, subject="botnets", payload={})


def test_it_closes_what_a_dead_process_left_open(live: Desk) -> None:
    with live.database.write() as work:
        work.open_intent(CONTROLLER, at=live.time.now(), device="edge1", payload={})
    with running(live):
        assert eventually(lambda: live.open_intents() == [])
        assert live.results()[0] == "unknown"


class Away(Database):
    """A database that refuses every question while `away`."""

    away = False
    refused = 0

    def read(self) -> AbstractContextManager[Reader]:
        if self.away:
            self.refused += 1
            raise StorageError("the database is away: look for it")
        return super().read()


def test_a_database_that_is_away_for_a_while_is_survived(live: Desk) -> None:
    database = Away(live.url)
    live.database.close()
    live.database = database
    live.restart()
    with running(live, tick=0.05) as controller:
        database.away = True
        controller.follow("what this process did itself is known without a question")
        controller.follow("test")
        assert database.refused
        database.away = False
        order = live.place(block("198.51.100.9/32"))
        assert eventually(lambda: live.status(order) is Status.ENFORCED)


class Corrected(SystemClock):
    """The machine's clock, with a date that somebody sets."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


def test_an_order_that_was_forgotten_as_over_is_back_when_the_date_is_corrected(
    live: Desk,
) -> None:
    clock = live.time = Corrected()
    order = live.place(lasts=3600.0)
    with running(live) as controller:
        assert eventually(live.drops)
        clock.ahead = timedelta(hours=3)
        assert eventually(lambda: not live.drops())
        assert eventually(lambda: not controller.book.entries())
        clock.ahead = timedelta()
        assert eventually(live.drops)
        assert eventually(lambda: live.status(order) is Status.ENFORCED)
