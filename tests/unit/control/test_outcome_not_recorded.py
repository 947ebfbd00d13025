# SPDX-License-Identifier: GPL-2.0-or-later
"""A device was written to, and the record of it came too late: it is looked at again, and right.

Its second pass finds nothing to write: who waits for a pass that wrote waits in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.worker import Worker
from enforcer.core.status import Status
from enforcer.storage.errors import DatabaseBusy
from lab.errors import NoVerdict
from tests.bench.fleet_pushes import Run, Town
from tests.fakes.faults import Point
from tests.unit.control.desk import BAD, FULL_EVERY, Desk, edge, eventually, inventory


@pytest.fixture
def town(new_database: Callable[[], Path]) -> Iterator[Town]:
    """Two devices in memory, by the machine's clock."""
    made = Town(new_database(), inventory(edge("edge1"), edge("edge2")), live=True)
    yield made
    made.close()


def busy_once(desk: Desk, step: str) -> None:
    """The next time, the database has not been free for as long as anybody waits."""
    busy: list[str] = []

    def act(name: str) -> None:
        if name == step and not busy:
            busy.append(name)
            raise DatabaseBusy("another thread has been writing for more than 10 s: try again")

    desk.step = act


def test_it_is_found_to_be_right_by_a_pass_that_writes_nothing(desk: Desk) -> None:
    facts: list[PassFacts] = []
    order = desk.place()
    busy_once(desk, "outcome-writing")
    worker = Worker(
        desk.reconciler(),
        desk.evidence,
        desk.clock,
        lambda: desk.pause,
        FULL_EVERY,
        facts.append,
    )
    with pytest.raises(DatabaseBusy):
        worker.once()
    assert desk.drops() and desk.status(order) is Status.ENFORCING
    writes = desk.box().faults.met.count(Point.STAGED)
    desk.clock.advance(1)
    worker.once()
    assert [one.outcome for one in facts] == [Outcome.CLEAN]
    assert desk.status(order) is Status.ENFORCED
    assert desk.results() == ["unknown"] and desk.open_intents() == []
    assert desk.box().faults.met.count(Point.STAGED) == writes


@pytest.mark.parametrize("step", ["intent-writing", "outcome-writing"])
def test_the_benchmark_sees_it_all_the_same(town: Town, step: str) -> None:
    with Run(town).running() as run:
        run.order("198.51.100.1")
        busy_once(town, step)
        run.order(BAD)
    assert town.drops(name="edge1") and town.drops(name="edge2")
    assert step in town.steps


def test_the_benchmark_says_what_it_did_not_see(town: Town) -> None:
    with Run(town).running() as run:
        run.order("198.51.100.1")
        run.patience = 0.2
        release = town.box("edge2").faults.hang(Point.FINGERPRINT)
        try:
            with pytest.raises(NoVerdict, match=r"edge2 \(not written, .*pass of \d+ s\)"):
                run.order(BAD)
        finally:
            release.set()
        assert eventually(lambda: town.drops(name="edge2"))
