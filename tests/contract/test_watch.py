# SPDX-License-Identifier: GPL-2.0-or-later
"""What a WATCHABLE device says about changes: whose they were, and of what."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from enforcer.control.writing import compared
from enforcer.core.plan import Trait
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import DeviceEvent, Driver, EventKind
from enforcer.errors import StaleState
from tests.contract.backends import BACKENDS, UNWATCHED
from tests.contract.conftest import PARAMETERS, WATCHED
from tests.contract.subject import Subject
from tests.contract.worlds import EVERYTHING, OURS, converge, due, write

PATIENCE = 20.0


class Listener:
    """Collects events in a thread; `until` waits for one."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._heard: list[DeviceEvent] = []
        self._news = threading.Condition()
        self._ready = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def _listen(self) -> None:
        with self._driver.watch() as watch:
            self.close = watch.close
            self._ready.set()
            for event in watch.events():
                with self._news:
                    self._heard.append(event)
                    self._news.notify_all()
        self.ended.set()

    def until(self, so: Callable[[DeviceEvent], bool]) -> DeviceEvent:
        with self._news:
            found = self._news.wait_for(lambda: any(map(so, self._heard)), PATIENCE)
            assert found, self._heard
            return next(filter(so, self._heard))

    def kinds(self) -> list[EventKind]:
        with self._news:
            return [event.kind for event in self._heard]

    def stop(self) -> None:
        self.close()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


@pytest.fixture(params=WATCHED)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh device that tells of its changes."""
    with BACKENDS[request.param]() as device:
        yield device


@pytest.fixture
def watched(subject: Subject, driver: Driver) -> Iterator[Listener]:
    """A listener on a device that holds everything."""
    assert Trait.WATCHABLE in driver.traits
    converge(driver, due(subject, EVERYTHING))
    listener = Listener(driver)
    yield listener
    listener.stop()


def test_our_own_writing_is_called_our_own(
    subject: Subject, driver: Driver, watched: Listener
) -> None:
    with driver.connect() as session:
        write(driver, session, due(subject, EVERYTHING[:3]))
        token = session.fingerprint().token
    watched.until(lambda e: e.token == token)
    assert set(watched.kinds()) == {EventKind.OWN}


def test_another_process_of_ours_is_somebody_else(
    subject: Subject, driver: Driver, watched: Listener
) -> None:
    converge(subject.driver(OURS), due(subject, EVERYTHING[:3]))
    assert watched.until(lambda e: e.kind is EventKind.CHANGED).what


def test_a_change_of_ours_by_a_stranger_is_told_with_the_writer(
    subject: Subject, driver: Driver, watched: Listener
) -> None:
    with driver.connect() as session:
        before = session.fingerprint().token
        next(iter(subject.mutations().values()))()
        after = session.fingerprint().token
    event = watched.until(lambda e: e.kind is EventKind.CHANGED)
    assert (event.before, event.token) == (before, after)
    assert event.writer and event.what


def test_a_change_of_what_is_not_ours_leaves_the_proof_whole(
    subject: Subject, driver: Driver, watched: Listener
) -> None:
    with driver.connect() as session:
        before = session.fingerprint().token
        subject.touch_foreign()
        after = session.fingerprint().token
    watched.until(lambda e: e.token == after)
    chain = before
    for event in list(watched._heard):
        assert event.kind is EventKind.UNTOUCHED
        assert event.before == chain
        chain = event.token
    assert chain == after


def test_after_a_foreign_change_that_was_told_writing_goes_on(
    subject: Subject, driver: Driver, watched: Listener
) -> None:
    """Guarded by the state that was read: nobody touched what is ours."""
    now = subject.clock.now()
    with driver.connect() as session:
        session.read_state()
        subject.touch_foreign()
        token = session.fingerprint().token
        watched.until(lambda e: e.token == token)
        write(driver, session, due(subject, EVERYTHING[:5], now))


def test_closing_ends_the_events(watched: Listener) -> None:
    watched.close()
    assert watched.ended.wait(PATIENCE)
    assert EventKind.LOST not in watched.kinds()


@pytest.mark.parametrize("there", [True, False], ids=["put there", "taken away"])
def test_the_marker_is_told(subject: Subject, driver: Driver, there: bool) -> None:
    """So that no proof is carried over it as over a foreign change."""
    converge(driver, due(subject, EVERYTHING))
    if not there:
        subject.put_hold(True)
    listener = Listener(driver)
    with driver.connect() as session:
        subject.put_hold(there)
        after = session.fingerprint().token
    event = listener.until(lambda e: e.token == after)
    listener.stop()
    assert event.kind is EventKind.CHANGED
    assert HOLD_MARKER in event.what and event.writer


def test_what_was_planned_before_the_marker_was_told_is_not_written(
    subject: Subject, driver: Driver
) -> None:
    wanted = due(subject, EVERYTHING)
    listener = Listener(driver)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(wanted, compared(driver, wanted, actual), actual)
        subject.put_hold(True)
        listener.until(lambda e: HOLD_MARKER in e.what)
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        assert not session.read_state().addresses
    listener.stop()


@pytest.mark.parametrize("name", PARAMETERS)
def test_nobody_is_left_out_who_could_be_watched(name: str) -> None:
    with BACKENDS[name]() as device:
        watchable = Trait.WATCHABLE in device.driver(OURS).traits
    assert watchable is (name not in UNWATCHED)
