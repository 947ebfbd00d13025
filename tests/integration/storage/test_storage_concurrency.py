# SPDX-License-Identifier: GPL-2.0-or-later
"""Real processes and threads on one database: nothing lost, nothing twice, nothing half."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from enforcer.errors import StorageError
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseBusy, DuplicateKey
from tests.integration.storage.placing import ANN, NOON, place, place_in

PROGRAM = Path(__file__).with_name("placing.py")


def start(url: str, name: str, count: int, how: str = "each") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), url, name, str(count), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(running: subprocess.Popen[str]) -> list[str]:
    printed, _ = running.communicate()
    assert running.returncode == 0
    return printed.split()


def test_two_processes_place_orders_at_once(database: Database, url: str) -> None:
    count = 200
    both = [start(url, name, count) for name in ("left", "right")]
    printed = [finish(one) for one in both]
    numbers = sorted(int(line) for lines in printed for line in lines)
    assert numbers == list(range(1, 2 * count + 1))
    with database.read() as reader:
        placed = reader.orders.search(limit=1_000)
        assert reader.audit.verify().entries == 2 * count
        assert reader.audit.verify().ok
    assert sorted(order.number for order in placed) == numbers
    assert {order.idempotency_key for order in placed} == {
        f"{name}-{turn}" for name in ("left", "right") for turn in range(count)
    }
    for name, lines in zip(("left", "right"), printed, strict=True):
        assert [str(o.number) for o in placed[::-1] if o.reason == name] == lines


def test_the_same_keys_from_two_processes_win_once(database: Database, url: str) -> None:
    count = 60
    both = [start(url, name, count, "shared") for name in ("left", "right")]
    printed = [line for one in both for line in finish(one)]
    assert printed.count("duplicate") == count
    with database.read() as reader:
        placed = reader.orders.search(limit=1_000)
        assert reader.audit.verify().entries == count
    assert sorted(order.number for order in placed) == list(range(1, count + 1))
    assert len({order.idempotency_key for order in placed}) == count


def test_a_writer_killed_inside_its_transaction_leaves_nothing(
    database: Database, url: str
) -> None:
    before = place(database)
    killed = start(url, "killed", 1, "hold")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "held\n"
    assert database.head() == before.number
    killed.kill()
    killed.communicate()
    with database.read() as reader:
        assert reader.orders.search() == [before]
        assert reader.audit.verify().ok
    assert place(database).number == before.number + 1


@pytest.mark.parametrize("lines", [1, 7, 23])
def test_what_a_killed_writer_reported_is_there(database: Database, url: str, lines: int) -> None:
    killed = start(url, "killed", 10_000)
    assert killed.stdout is not None
    reported = [int(killed.stdout.readline()) for _ in range(lines)]
    killed.kill()
    # Not by `communicate`, which passes over what was read ahead of the lines above.
    rest = killed.stdout.read()
    killed.communicate()
    reported += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    with database.read() as reader:
        placed = [order.number for order in reader.orders.changed_since(0)]
        result = reader.audit.verify()
    # The last commit may not have been reported any more.
    assert placed in (reported, [*reported, len(reported) + 1])
    assert (result.ok, result.entries) == (True, len(placed))


def test_threads_take_turns(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        orders = list(pool.map(lambda _: place(database), range(80)))
    assert sorted(order.number for order in orders) == list(range(1, 81))
    with database.read() as reader:
        assert reader.audit.verify().entries == 80


def test_a_snapshot_does_not_move(database: Database) -> None:
    place(database)
    with database.read() as reader:
        assert reader.audit.head()[0] == 1
        place(database)
        assert database.head() == 2
        assert reader.audit.head()[0] == 1
        assert len(reader.orders.search()) == 1
    with database.read() as reader:
        assert len(reader.orders.search()) == 2


def test_readers_are_not_kept_waiting_by_a_writer(database: Database, url: str) -> None:
    before = place(database)
    holding = start(url, "holding", 1, "hold")
    assert holding.stdout is not None
    assert holding.stdout.readline() == "held\n"
    assert database.head() == before.number
    with database.read() as reader:
        assert reader.orders.search() == [before]
    assert finish(holding) == [str(before.number + 1)]
    assert database.head() == before.number + 1


def test_a_writer_that_hangs_is_reported(url: str) -> None:
    database = Database(url, patience=0.1)
    other = Database(url)
    with other.write() as unit:
        unit.next_sequence()
        with pytest.raises(DatabaseBusy, match="try again"):
            place(database)
    other.close()
    assert place(database).number == 1
    database.close()


def test_a_thread_that_hangs_is_reported(url: str) -> None:
    database = Database(url, patience=0.1)
    with ThreadPoolExecutor(1) as pool, database.write() as unit:
        place_in(unit)
        with pytest.raises(DatabaseBusy, match="another thread"):
            pool.submit(place, database).result()
    assert database.head() == 1
    database.close()


def test_a_transaction_inside_another_is_refused_at_once(database: Database) -> None:
    with database.write() as unit:
        order = place_in(unit)
        with pytest.raises(StorageError, match="this thread"), database.write():
            pass
    assert database.head() == order.number


def test_another_thread_waits_for_its_turn(database: Database) -> None:
    inside, placed = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        place(database)
        placed.set()

    thread = threading.Thread(target=other)
    thread.start()
    with database.write() as unit:
        inside.set()
        assert not placed.wait(0.2)
        place_in(unit)
    thread.join()
    assert database.head() == 2


def place_both(database: Database, *keys: str) -> None:
    with database.write() as unit:
        for key in keys:
            place_in(unit, key=key)


def test_a_duplicate_inside_a_transaction_undoes_all_of_it(database: Database) -> None:
    place(database, key="a")
    with pytest.raises(DuplicateKey):
        place_both(database, "b", "a")
    with database.read() as reader:
        assert reader.orders.by_key("b") is None
    assert database.head() == 1


def test_a_closed_database_opens_again_by_itself(database: Database) -> None:
    place(database)
    database.close()
    assert database.head() == 1
    with database.write() as unit:
        unit.record("a", ANN, at=NOON, payload={})
    assert database.head() == 2
