# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits that wait for no disk: who hears of them when, and when it reaches the disk after all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.clock import SystemClock
from enforcer.storage.database import Database

ANN = Actor("ann", "cli")


class Disk:
    """Notes what happened in which order."""

    def __init__(self) -> None:
        self.met: list[str] = []

    def sync(self, path: Path) -> None:
        """Instead of the disk."""
        self.met.append(f"sync {path.name}")

    def told(self) -> None:
        """Somebody hears of a commit."""
        self.met.append("told")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def place(initialised: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(initialised, tmp_path / "enforcer.db"))


@pytest.fixture
def database(place: Path, disk: Disk) -> Iterator[Database]:
    opened = Database(f"sqlite:///{place}", sync=disk.sync)
    yield opened
    opened.close()


def commit(database: Database, *, swift: bool, disk: Disk | None = None) -> int:
    written = disk.told if disk is not None else bool
    with database.write(swift=swift, written=written) as work:
        return work.record("test", ANN, at=SystemClock().now(), payload={})


def fail(database: Database, disk: Disk) -> None:
    with database.write(written=disk.told) as work:
        work.record("test", ANN, at=SystemClock().now(), payload={})
        raise ZeroDivisionError


def heads(database: Database, path: Path) -> tuple[int, int]:
    """What this process and another connection see."""
    other = Database(f"sqlite:///{path}")
    try:
        return database.head(), other.head()
    finally:
        other.close()


def test_others_hear_of_a_commit_before_the_disk_has_it(database: Database, disk: Disk) -> None:
    commit(database, swift=False, disk=disk)
    assert [what.split()[0] for what in disk.met] == ["told", "sync"]


def test_a_commit_reaches_the_disk_though_who_hears_of_it_fails(
    database: Database, disk: Disk
) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        with_a_listener(database, fails)
    assert [what.split()[0] for what in disk.met] == ["sync"]
    assert database.head() == 1


def with_a_listener(database: Database, listener: Callable[[], None]) -> None:
    with database.write(written=listener) as work:
        work.record("test", ANN, at=SystemClock().now(), payload={})


def test_what_is_undone_is_told_to_nobody(database: Database, disk: Disk) -> None:
    with pytest.raises(ZeroDivisionError):
        fail(database, disk)
    assert disk.met == []


def test_a_swift_commit_is_seen_by_all_and_waits_for_no_disk(
    database: Database, place: Path, disk: Disk
) -> None:
    seq = commit(database, swift=True)
    assert heads(database, place) == (seq, seq)
    assert disk.met == []


def test_it_reaches_the_disk_when_somebody_settles_once(database: Database, disk: Disk) -> None:
    commit(database, swift=True)
    database.settle()
    database.settle()
    assert len(disk.met) == 1


def test_nothing_is_settled_where_nothing_is_owed(database: Database, disk: Disk) -> None:
    commit(database, swift=False)
    disk.met.clear()
    database.settle()
    assert disk.met == []
