# SPDX-License-Identifier: GPL-2.0-or-later
"""What many threads record in one transaction: each for itself, whatever becomes of the others."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from enforcer.control.joint_writes import JointWrites
from enforcer.errors import StaleState, StorageError
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseBusy
from enforcer.storage.unit_of_work import UnitOfWork
from tests.fakes.clock import START
from tests.unit.control.desk import ANN, PATIENCE, eventually

NewDatabase = Callable[[], Path]
Write = Callable[[UnitOfWork], int]


class Counted(Database):
    """Counts the transactions that were begun to write."""

    begun = 0

    def write(self, **given: Any) -> AbstractContextManager[UnitOfWork]:
        """See `Database.write`."""
        self.begun += 1
        return super().write(**given)


@pytest.fixture
def database(new_database: NewDatabase) -> Iterator[Counted]:
    made = Counted(f"sqlite:///{new_database()}")
    yield made
    made.close()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as made:
        yield made


def entry(name: str) -> Write:
    return lambda work: work.record("test", ANN, at=START, device=name, payload={})


def names(database: Database) -> set[str | None]:
    with database.read() as reader:
        return {one.device for one in reader.audit.entries(kinds=("test",))}


@contextmanager
def blocked(database: Database) -> Iterator[None]:
    """Nobody else may write until the end."""
    with Database.write(database):
        yield


def queue(pool: ThreadPoolExecutor, joint: JointWrites, *calls: tuple[Any, ...]) -> list[Any]:
    """Have each wait, in this sequence; who comes first leads."""
    made: list[Future[int]] = []
    before = len(joint._waiting)
    for given in calls:
        made.append(pool.submit(joint.write, *given))
        assert eventually(lambda: len(joint._waiting) == before + len(made))
    return made


def refuse(work: UnitOfWork) -> None:
    raise StaleState("edge2", "somebody decided about it meanwhile")


def test_who_is_alone_has_a_transaction_of_his_own(database: Counted) -> None:
    joint = JointWrites(database)
    assert [joint.write(entry("a")), joint.write(entry("b"))] == [1, 2]
    assert database.begun == 2 and names(database) == {"a", "b"}


@pytest.mark.parametrize("swift", [False, True])
def test_those_who_wait_are_written_together(
    database: Counted, pool: ThreadPoolExecutor, swift: bool
) -> None:
    joint = JointWrites(database, swift)
    with blocked(database):
        waiting = queue(pool, joint, *((entry(f"edge{number}"),) for number in range(10)))
    assert [one.result(PATIENCE) for one in waiting] == list(range(1, 11))
    assert database.begun == 1 and len(names(database)) == 10
    assert joint.write(entry("later")) == 11


def test_no_transaction_takes_too_many(database: Counted, pool: ThreadPoolExecutor) -> None:
    joint = JointWrites(database, most=3)
    with blocked(database):
        waiting = queue(pool, joint, *((entry(f"edge{number}"),) for number in range(7)))
    assert [one.result(PATIENCE) for one in waiting] == list(range(1, 8))
    assert database.begun == 3


def test_who_is_refused_keeps_nobody_out(database: Counted, pool: ThreadPoolExecutor) -> None:
    joint = JointWrites(database)
    calls = [(entry("edge1"),), (entry("edge2"), refuse), (entry("edge3"),)]
    with blocked(database):
        first, refused, last = queue(pool, joint, *calls)
    assert [first.result(PATIENCE), last.result(PATIENCE)] == [1, 2]
    with pytest.raises(StaleState, match="edge2: somebody decided"):
        refused.result(PATIENCE)
    assert database.begun == 1 and names(database) == {"edge1", "edge3"}


def test_checks_see_nothing_of_what_goes_along(database: Counted, pool: ThreadPoolExecutor) -> None:
    seen: list[int] = []
    joint = JointWrites(database)
    calls = [(entry(name), lambda work: seen.append(work.next_sequence())) for name in "abc"]
    with blocked(database):
        waiting = queue(pool, joint, *calls)
    assert [one.result(PATIENCE) for one in waiting] == [1, 2, 3]
    assert seen == [1, 1, 1]


def failing(work: UnitOfWork) -> int:
    work.record("test", ANN, at=START, device="edge2", payload={})
    return work.close_intent(99, ANN, at=START, device="edge2", payload={})


def undone(work: UnitOfWork) -> None:
    """What SQLite does by itself where the disk fails, in a question too."""
    work.connection.exec_driver_sql("ROLLBACK")
    raise StorageError("disk I/O error")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("call", "said"),
    [((failing,), "no open intent 99"), ((entry("edge2"), undone), "disk I/O error")],
    ids=["while it is written", "while it is checked"],
)
def test_what_fails_is_undone_and_the_others_are_written(
    database: Counted, pool: ThreadPoolExecutor, place: int, call: tuple[Any, ...], said: str
) -> None:
    joint = JointWrites(database)
    calls: list[tuple[Any, ...]] = [(entry("edge1"),), (entry("edge3"),)]
    calls.insert(place, call)
    with blocked(database):
        waiting = queue(pool, joint, *calls)
    with pytest.raises(StorageError, match=said):
        waiting.pop(place).result(PATIENCE)
    assert sorted(one.result(PATIENCE) for one in waiting) == [1, 2]
    assert names(database) == {"edge1", "edge3"}


def test_a_defect_comes_up_where_it_is_and_hangs_nobody(
    database: Counted, pool: ThreadPoolExecutor
) -> None:
    joint = JointWrites(database)
    calls = [(entry("edge1"),), (lambda work: 1 // 0,), (entry("edge3"),)]
    with blocked(database):
        _, broken, last = queue(pool, joint, *calls)
    with pytest.raises(ZeroDivisionError):
        broken.result(PATIENCE)
    assert last.result(PATIENCE) and "edge3" in names(database)
    assert joint.write(entry("later"))


class Busy(Counted):
    """Once it is `due`, the next transaction cannot begin."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.due = threading.Event()
        self.free = threading.Event()

    def write(self, **given: Any) -> AbstractContextManager[UnitOfWork]:
        """See `Database.write`."""
        if not self.free.is_set():
            assert self.due.wait(PATIENCE)
            self.free.set()
            self.begun += 1
            raise DatabaseBusy("another process has been writing for too long: try again")
        return super().write(**given)


def test_what_keeps_one_from_beginning_is_told_to_everybody(
    new_database: NewDatabase, pool: ThreadPoolExecutor
) -> None:
    database = Busy(f"sqlite:///{new_database()}")
    joint = JointWrites(database, most=2)
    try:
        waiting = queue(pool, joint, *((entry(f"edge{number}"),) for number in range(5)))
        database.due.set()
        for one in waiting:
            with pytest.raises(DatabaseBusy, match="try again"):
                one.result(PATIENCE)
        assert database.begun == 1 and names(database) == set()
        assert joint.write(entry("later")) == 1
    finally:
        database.close()


def test_what_may_be_lost_with_the_disk_is_told_to_everybody_in_it(
    new_database: NewDatabase, pool: ThreadPoolExecutor
) -> None:
    def broken(log: Path) -> None:
        raise OSError(5, "Input/output error")

    url = f"sqlite:///{new_database()}"
    database = Database(url, sync=broken)
    joint = JointWrites(database)
    turn = database._turn
    assert turn.take(PATIENCE)
    waiting = queue(pool, joint, *((entry(f"edge{number}"),) for number in range(3)))
    turn.give()
    for one in waiting:
        with pytest.raises(StorageError, match="Input/output error"):
            one.result(PATIENCE)
    database.close()


class Interrupted(BaseException):
    """As Ctrl-C."""


def interrupt(number: int, frame: object) -> None:
    raise Interrupted


def test_who_is_interrupted_while_he_waits_leaves_the_others(
    database: Counted, pool: ThreadPoolExecutor
) -> None:
    joint = JointWrites(database)
    turn = database._turn
    assert turn.take(PATIENCE)
    (first,) = queue(pool, joint, (entry("edge1"),))

    def once_it_waits() -> None:
        assert eventually(lambda: len(joint._waiting) == 2)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        told = pool.submit(once_it_waits)
        with pytest.raises(Interrupted):
            joint.write(entry("edge2"))
    finally:
        signal.signal(signal.SIGUSR1, before)
        turn.give()
    told.result(PATIENCE)
    assert first.result(PATIENCE) == 1
    assert joint.write(entry("edge3")) == 2 and names(database) == {"edge1", "edge3"}
