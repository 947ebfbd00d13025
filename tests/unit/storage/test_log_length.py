# SPDX-License-Identifier: GPL-2.0-or-later
"""The log of a SQLite file stays short though nobody who writes waits for that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from enforcer.errors import NotFound
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseBusy
from enforcer.storage.log_length import FAR_TOO_LONG, LogLength
from enforcer.storage.sqlite import LOG_BYTES, log_of


@pytest.fixture
def file(initialised: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(initialised, tmp_path / "enforcer.db"))


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


def write(database: Database, size: int, swift: bool = False) -> str:
    """One transaction with so many bytes that do not shrink; their digest."""
    with database.write(swift=swift) as work:
        return work.blob(os.urandom(size))


def test_others_are_told_before_a_long_log_is_taken_into_the_database(
    database: Database, file: Path
) -> None:
    told = list[int]()
    before = file.stat().st_size
    with database.write(written=lambda: told.append(file.stat().st_size)) as work:
        digest = work.blob(os.urandom(FAR_TOO_LONG))
    assert told == [before]
    assert file.stat().st_size > before + FAR_TOO_LONG
    write(database, 1)
    assert log_of(file).stat().st_size <= LOG_BYTES, "it began anew"
    with database.read() as reader:
        assert len(reader.audit.blob(digest)) == FAR_TOO_LONG


def test_whoever_settles_takes_a_log_into_the_database_that_is_not_far_too_long(
    database: Database, file: Path
) -> None:
    before = file.stat().st_size
    write(database, LOG_BYTES)
    assert file.stat().st_size == before
    database.settle()
    assert file.stat().st_size > before + LOG_BYTES


def test_a_short_log_is_left_alone(database: Database, file: Path) -> None:
    before = file.stat().st_size
    write(database, LOG_BYTES // 2, swift=True)
    database.settle()
    assert file.stat().st_size == before


def test_writers_wait_only_where_the_log_stays_far_too_long(database: Database, file: Path) -> None:
    waits = list[str]()

    @contextmanager
    def alone() -> Iterator[None]:
        waits.append("the first")
        yield

    length = LogLength(file, alone)
    with database.read() as reader:
        assert reader.control.standing().moved is None
        first = write(database, FAR_TOO_LONG)
        length.look()
        assert waits == ["the first"], "somebody still reads what was before"
        with pytest.raises(NotFound):
            reader.audit.blob(first)
    length.look()
    assert waits == ["the first"], "nobody reads any more"
    write(database, 1)
    assert log_of(file).stat().st_size <= LOG_BYTES


def test_what_is_stored_is_no_error_though_the_log_cannot_be_shortened(
    database: Database, file: Path
) -> None:
    def alone() -> AbstractContextManager[None]:
        raise DatabaseBusy("another thread writes")

    with database.read() as reader:
        assert reader.control.standing().moved is None
        write(database, FAR_TOO_LONG)
        LogLength(file, alone).look()
    hidden = file.rename(file.with_name("elsewhere.db"))
    LogLength(file, alone).look()
    assert not file.exists(), "it was not made anew"
    hidden.rename(file)
