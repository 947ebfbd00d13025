# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements that are handed to SQLite as they are: the same answers, and the same errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    event,
    exc,
    func,
    insert,
    select,
    update,
)

from enforcer.errors import StorageError
from enforcer.storage.kept import Kept
from enforcer.storage.often import often
from enforcer.storage.sqlite import open_engine

_things = Table(
    "things",
    MetaData(),
    Column("number", BigInteger, primary_key=True),
    Column("name", Text, nullable=False),
    Column("body", LargeBinary),
)
_all = often(select(_things).order_by(_things.c.number))
_one = often(select(_things).where(_things.c.number == bindparam("of")))
_first = often(select(_things.c.name).order_by(_things.c.number).limit(1))
_most = often(select(func.max(_things.c.number)))
_add = often(insert(_things))
_rename = often(
    update(_things).where(_things.c.number == bindparam("of")).values(name=bindparam("as_name"))
)
_ROWS = [{"number": 1, "name": "one", "body": b"\0\xff"}, {"number": 2, "name": "two"}]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    file = tmp_path / "things.db"
    sqlite3.connect(file).close()
    opened = open_engine(file)
    with opened.begin() as connection:
        _things.metadata.create_all(connection)
    yield opened
    opened.dispose()


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """What is undone."""
    return Kept(engine, False, 1.0).transaction()


def writing(engine: Engine) -> AbstractContextManager[Connection]:
    """What is committed."""
    return Kept(engine, True, 1.0).transaction()


@pytest.fixture
def usual(engine: Engine) -> list[str]:
    """The statements that went the usual way."""
    seen: list[str] = []

    def note(
        _connection: object, _cursor: object, text: str, _values: object, _in: object, _many: bool
    ) -> None:
        if text != "BEGIN":
            seen.append(text)

    event.listen(engine, "before_cursor_execute", note)
    return seen


@pytest.fixture
def quick(engine: Engine) -> Iterator[Connection]:
    with reading(engine) as connection:
        yield connection


def fill(quick: Connection) -> None:
    for row in _ROWS:
        quick.execute(_add, row)


def test_answers_are_those_of_the_usual_way(engine: Engine, usual: list[str]) -> None:
    with writing(engine) as quick:
        fill(quick)
        answers = [
            [tuple(row) for row in quick.execute(_all)],
            tuple(quick.execute(_one, {"of": 1}).one()),
            quick.execute(_one, {"of": 3}).one_or_none(),
            quick.execute(_one, {"of": 3}).first(),
            quick.execute(_first).scalar(),
            quick.execute(_first).scalar_one(),
            list(quick.execute(_all).scalars()),
            quick.execute(_most).scalar_one(),
            quick.execute(_rename, {"of": 2, "as_name": "deux"}).rowcount,
            quick.execute(_rename, {"of": 3, "as_name": "trois"}).rowcount,
        ]
    assert usual == []
    with engine.begin() as connection:
        connection.execute(_rename, {"of": 2, "as_name": "two"})
        assert answers == [
            [tuple(row) for row in connection.execute(_all)],
            tuple(connection.execute(_one, {"of": 1}).one()),
            connection.execute(_one, {"of": 3}).one_or_none(),
            connection.execute(_one, {"of": 3}).first(),
            connection.execute(_first).scalar(),
            connection.execute(_first).scalar_one(),
            list(connection.execute(_all).scalars()),
            connection.execute(_most).scalar_one(),
            connection.execute(_rename, {"of": 2, "as_name": "deux"}).rowcount,
            connection.execute(_rename, {"of": 3, "as_name": "trois"}).rowcount,
        ]


def test_columns_have_their_names(quick: Connection) -> None:
    fill(quick)
    row = quick.execute(_one, {"of": 1}).one()
    assert (row.number, row.name, row.body) == (1, "one", b"\0\xff")


def test_several_rows_are_added_by_one_statement(quick: Connection, usual: list[str]) -> None:
    rows = [{"number": n, "name": str(n), "body": None} for n in range(5)]
    assert quick.execute(_add, rows).rowcount == 5
    assert [row.name for row in quick.execute(_all)] == ["0", "1", "2", "3", "4"]
    assert usual == []


def test_what_was_not_named_goes_the_usual_way(quick: Connection, usual: list[str]) -> None:
    fill(quick)
    assert quick.execute(select(_things.c.name).limit(1)).scalar_one() == "one"
    assert len(usual) == 1


def test_nothing_is_kept_without_a_commit(engine: Engine) -> None:
    with reading(engine) as quick:
        fill(quick)
    with reading(engine) as quick:
        assert quick.execute(_all).all() == []


def test_a_snapshot_does_not_move(engine: Engine) -> None:
    with reading(engine) as quick:
        assert quick.execute(_most).scalar() is None
        with writing(engine) as others:
            fill(others)
        assert quick.execute(_most).scalar() is None


@pytest.mark.parametrize(
    "row",
    [
        {"number": 1, "name": "again"},
        {"number": 3, "name": None},
        {"number": 2**70, "name": "too big"},
        {"number": 4, "name": "\ud800"},
    ],
)
def test_errors_are_those_of_the_usual_way(quick: Connection, row: dict[str, object]) -> None:
    fill(quick)
    with pytest.raises(Exception) as direct_error:
        quick.execute(_add, row)
    with pytest.raises(Exception) as usual_error:
        quick.execute(insert(_things), row)
    assert type(direct_error.value) is type(usual_error.value)
    assert str(direct_error.value) == str(usual_error.value)
    assert len(quick.execute(_all).all()) == 2


def test_what_the_second_of_several_rows_breaks_is_said_of_it(quick: Connection) -> None:
    fill(quick)
    rows = [{"number": 7, "name": "new"}, {"number": 1, "name": "again"}]
    with pytest.raises(StorageError, match=r"things\.number"):
        quick.execute(_add, rows)


def fill_up(engine: Engine) -> None:
    big = [{"number": n, "name": "x" * 10_000, "body": None} for n in range(100, 1000)]
    with writing(engine) as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 20")
        connection.exec_driver_sql("PRAGMA cache_size = 5")
        fill(connection)
        connection.execute(_add, big)


def test_where_the_database_gave_up_the_transaction_nothing_more_is_written(
    engine: Engine,
) -> None:
    """SQLite undoes a transaction by itself where the disk is full: what follows must not count."""
    with pytest.raises(StorageError, match="full"):
        fill_up(engine)
    with reading(engine) as connection:
        assert connection.execute(_all).all() == []


def test_a_transaction_that_is_over_takes_nothing_more(engine: Engine) -> None:
    with reading(engine) as quick:
        quick.execute(_all)
    with pytest.raises(exc.ResourceClosedError):
        quick.execute(_all)


def test_no_row_where_one_must_be(quick: Connection) -> None:
    with pytest.raises(exc.NoResultFound):
        quick.execute(_one, {"of": 1}).one()
    with pytest.raises(exc.NoResultFound):
        quick.execute(_one, {"of": 1}).scalar_one()
    assert quick.execute(_one, {"of": 1}).scalar() is None


def test_two_rows_where_one_must_be(quick: Connection) -> None:
    fill(quick)
    with pytest.raises(exc.MultipleResultsFound):
        quick.execute(_all).one_or_none()


def test_a_value_that_is_missing_is_not_taken_for_nothing(quick: Connection) -> None:
    with pytest.raises(ValueError, match="of"):
        quick.execute(_one)


def test_what_needs_types_is_refused(quick: Connection) -> None:
    timed = Table("timed", MetaData(), Column("at", DateTime))
    statement = often(select(timed))
    with pytest.raises(ValueError, match="timed"):
        quick.execute(statement)


def test_a_list_of_values_is_refused(quick: Connection) -> None:
    some = often(select(_things).where(_things.c.number.in_([1, 2])))
    with pytest.raises(ValueError, match="things"):
        quick.execute(some)
