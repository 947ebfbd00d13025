# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that stay open: nothing of one transaction is left to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, event, insert, select

from enforcer.errors import StorageError
from enforcer.storage.errors import DatabaseBusy
from enforcer.storage.kept import Kept
from enforcer.storage.often import often
from enforcer.storage.sqlite import open_engine

_things = Table("things", MetaData(), Column("number", Integer, primary_key=True))
_words = Table("words", _things.metadata, Column("number", Integer), Column("word", Text))
_all_words = often(select(_words.c.word).order_by(_words.c.number))
_numbers = often(select(_things.c.number).order_by(_things.c.number))
_add = often(insert(_things))
_usual_add = insert(_things)
_usual_numbers = select(_things.c.number).order_by(_things.c.number)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "things.db"
    sqlite3.connect(made).close()
    return made


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    opened = open_engine(file)
    with opened.begin() as connection:
        _things.metadata.create_all(connection)
    yield opened
    opened.dispose()


@pytest.fixture
def opened(engine: Engine) -> list[object]:
    """The connections that were opened since."""
    engine.dispose()
    seen: list[object] = []
    event.listen(engine, "connect", lambda connection, _entry: seen.append(connection))
    return seen


@pytest.fixture
def reads(engine: Engine, opened: list[object]) -> Iterator[Kept]:
    kept = Kept(engine, False, 1.0)
    yield kept
    kept.close()


@pytest.fixture
def writes(engine: Engine, opened: list[object]) -> Iterator[Kept]:
    kept = Kept(engine, True, 0.05)
    yield kept
    kept.close()


def numbers(reads: Kept) -> list[int]:
    with reads.transaction() as connection:
        return list(connection.execute(_numbers).scalars())


def break_off(kept: Kept, usual: bool) -> None:
    with kept.transaction() as connection:
        connection.execute(_usual_add if usual else _add, {"number": 7})
        raise KeyError("on purpose")


def test_one_connection_serves_one_after_the_other(reads: Kept, opened: list[object]) -> None:
    for _ in range(5):
        assert numbers(reads) == []
    assert len(opened) == 1


def test_two_at_the_same_time_have_their_own(
    reads: Kept, writes: Kept, opened: list[object]
) -> None:
    with reads.transaction() as one, reads.transaction() as other:
        assert list(one.execute(_numbers).scalars()) == []
        with writes.transaction() as writing:
            writing.execute(_add, {"number": 1})
        assert list(one.execute(_numbers).scalars()) == []
        assert list(other.execute(_numbers).scalars()) == [1]
    assert len(opened) == 3


def test_each_transaction_is_a_new_snapshot(reads: Kept, writes: Kept) -> None:
    for number in range(3):
        with writes.transaction() as connection:
            connection.execute(_add, {"number": number})
        assert numbers(reads) == list(range(number + 1))


@pytest.mark.parametrize("usual", [False, True])
def test_what_is_broken_off_is_undone(reads: Kept, writes: Kept, usual: bool) -> None:
    with pytest.raises(KeyError):
        break_off(writes, usual)
    assert numbers(reads) == []
    with writes.transaction() as connection:
        connection.execute(_add, {"number": 1})
    assert numbers(reads) == [1]


def test_both_kinds_of_statements_are_one_transaction(reads: Kept, writes: Kept) -> None:
    with writes.transaction() as connection:
        connection.execute(_usual_add, {"number": 1})
        connection.execute(_add, {"number": 2})
        assert numbers(reads) == []
    with reads.transaction() as connection:
        assert list(connection.execute(_usual_numbers).scalars()) == [1, 2]
        with writes.transaction() as writing:
            writing.execute(_add, {"number": 3})
        assert list(connection.execute(_numbers).scalars()) == [1, 2]
    assert numbers(reads) == [1, 2, 3]


def look_half_way(reads: Kept) -> None:
    with reads.transaction() as connection:
        found = connection.execute(_usual_numbers)
        raise KeyError(found.fetchone())


def test_an_answer_that_was_left_half_way_holds_no_old_snapshot(reads: Kept, writes: Kept) -> None:
    """The error's traceback keeps the cursor: its connection must not serve the next."""
    with writes.transaction() as connection:
        connection.execute(_add, [{"number": number} for number in range(500)])
    with pytest.raises(KeyError) as kept_alive:
        look_half_way(reads)
    with writes.transaction() as connection:
        connection.execute(_add, {"number": 1000})
    assert numbers(reads)[-1] == 1000
    assert kept_alive.value.args


def test_whoever_writes_waits_for_other_processes_only_so_long(file: Path, writes: Kept) -> None:
    with writes.transaction():
        pass
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy), writes.transaction():
        pytest.fail("two at a time")
    other.close()
    with writes.transaction() as connection:
        connection.execute(_add, {"number": 1})


def undo_below(writes: Kept) -> None:
    with writes.transaction() as connection:
        connection.execute(_add, {"number": 1})
        connection.exec_driver_sql("ROLLBACK")


def test_what_sqlite_undid_by_itself_does_not_count_as_committed(reads: Kept, writes: Kept) -> None:
    with pytest.raises(StorageError, match="undone"):
        undo_below(writes)
    assert numbers(reads) == []


@pytest.mark.parametrize("usual", [False, True])
def test_nothing_is_stored_after_sqlite_undid_the_rest(
    reads: Kept, writes: Kept, usual: bool
) -> None:
    def go_on() -> None:
        with writes.transaction() as connection:
            connection.execute(_add, {"number": 1})
            connection.exec_driver_sql("ROLLBACK")
            with pytest.raises(StorageError, match="undone"):
                connection.execute(_usual_add if usual else _add, {"number": 2})

    with pytest.raises(StorageError, match="undone"):
        go_on()
    assert numbers(reads) == []


def test_a_statement_that_failed_half_way_holds_no_old_snapshot(reads: Kept, writes: Kept) -> None:
    """SQLite tells one row, and of the next that it is no text; the error keeps the cursor."""
    with writes.transaction() as connection:
        connection.exec_driver_sql("INSERT INTO words VALUES (1, 'one'), (2, CAST(x'ff' AS TEXT))")
    with pytest.raises(StorageError) as kept_alive, reads.transaction() as connection:
        connection.execute(_all_words)
    with writes.transaction() as connection:
        connection.execute(_add, {"number": 3})
    assert numbers(reads) == [3]
    assert kept_alive.value.args


def test_what_was_closed_is_closed_when_its_transaction_ends(
    reads: Kept, opened: list[sqlite3.Connection]
) -> None:
    with reads.transaction() as connection:
        reads.close()
        assert list(connection.execute(_numbers).scalars()) == []
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
