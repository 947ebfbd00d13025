# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits that reach the disk together: none goes on before its own is there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from enforcer.errors import StorageError
from enforcer.storage.durable import SharedSync, WriteTurn, sync_file

LOG = Path("db-wal")


class Disk:
    """Written at once, kept when it is synced, which may be held back or fail."""

    def __init__(self) -> None:
        self.written: list[int] = []
        self.kept: list[int] = []
        self.syncs = 0
        self.fails = False
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    def sync(self, path: Path) -> None:
        assert path == LOG
        there = list(self.written)
        self.syncs += 1
        self.begun.set()
        assert self.go_on.wait(60)
        if self.fails:
            raise OSError(5, "Input/output error")
        self.kept = there


def test_nobody_goes_on_before_his_own_is_kept() -> None:
    disk = Disk()
    log = SharedSync(LOG, disk.sync)

    def commit(number: int) -> bool:
        disk.written.append(number)
        log.wait()
        return number in disk.kept

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(commit, range(400)))


def test_who_comes_meanwhile_shares_the_next_one() -> None:
    disk = Disk()
    log = SharedSync(LOG, disk.sync)
    disk.go_on.clear()

    def commit(number: int) -> bool:
        disk.written.append(number)
        log.wait()
        return number in disk.kept

    with ThreadPoolExecutor(11) as pool:
        first = pool.submit(commit, 0)
        assert disk.begun.wait(60)
        others = [pool.submit(commit, number) for number in range(1, 11)]
        while log._asked < 11:
            threading.Event().wait(0.001)
        disk.go_on.set()
        assert first.result()
        assert all(one.result() for one in others)
    assert disk.syncs == 2


def test_a_disk_that_fails_is_told_to_everybody_who_waited() -> None:
    disk = Disk()
    log = SharedSync(LOG, disk.sync)
    disk.go_on.clear()
    disk.fails = True
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(log.wait)]
        assert disk.begun.wait(60)
        waiting += [pool.submit(log.wait) for _ in range(2)]
        while log._asked < 3:
            threading.Event().wait(0.001)
        disk.go_on.set()
        for one in waiting:
            with pytest.raises(StorageError, match="db-wal could not be brought to the disk"):
                one.result()


def test_nothing_is_called_kept_after_the_disk_has_failed_once() -> None:
    """The kernel tells of an error once: the next attempt succeeds, and the commit is not there."""
    disk = Disk()
    log = SharedSync(LOG, disk.sync)
    disk.fails = True
    with pytest.raises(StorageError, match="Input/output error"):
        log.wait()
    disk.fails = False
    for question in (log.wait, log.check):
        with pytest.raises(StorageError, match="start the program again"):
            question()
    assert disk.syncs == 1


def test_an_attempt_that_is_broken_off_hangs_nobody() -> None:
    def broken(path: Path) -> None:
        raise ZeroDivisionError

    log = SharedSync(LOG, broken)
    with pytest.raises(ZeroDivisionError):
        log.wait()
    with pytest.raises(StorageError, match="broken off"):
        log.wait()


def test_everybody_in_a_process_hears_of_the_same_disk(tmp_path: Path) -> None:
    log = SharedSync.of(tmp_path / "db-wal")
    assert SharedSync.of(tmp_path / "db-wal") is log
    assert SharedSync.of(tmp_path / "other-wal") is not log


def test_a_log_that_is_gone_has_nothing_to_bring(tmp_path: Path) -> None:
    sync_file(tmp_path / "db-wal")
    (tmp_path / "db-wal").write_bytes(b"x")
    sync_file(tmp_path / "db-wal")


def test_everybody_who_opened_a_database_takes_the_same_turn() -> None:
    one, same, other = WriteTurn.of("/a"), WriteTurn.of("/a"), WriteTurn.of("/b")
    assert one.take(0.0)
    assert not same.take(0.01)
    assert other.take(0.0)
    one.give()
    assert same.take(0.0)
    same.give()
    other.give()


def waits(turn: WriteTurn, number: int) -> None:
    while len(turn._waiting) < number:
        threading.Event().wait(0.001)


def test_who_came_first_writes_first() -> None:
    turn, wrote = WriteTurn(), []

    def write(number: int) -> None:
        assert turn.take(60)
        wrote.append(number)
        turn.give()

    assert turn.take(0.0)
    with ThreadPoolExecutor(20) as pool:
        writing = []
        for number in range(20):
            writing.append(pool.submit(write, number))
            waits(turn, number + 1)
        turn.give()
        for one in writing:
            one.result()
    assert wrote == list(range(20))
    assert turn.take(0.0)
    turn.give()


def test_nobody_is_passed_over_by_who_comes_later() -> None:
    """Else one of a thousand could wait until he gives up, and his device for as long."""
    turn = WriteTurn()
    assert turn.take(0.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turn.take, 60)
        waits(turn, 1)
        turn.give()
        assert not turn.take(0.0)
        assert waiting.result()
    turn.give()


def test_who_gives_up_is_in_nobodys_way() -> None:
    turn = WriteTurn()
    assert turn.take(0.0)
    assert not turn.take(0.01)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turn.take, 60)
        waits(turn, 1)
        turn.give()
        assert waiting.result()
    turn.give()
    assert turn.take(0.0)
    turn.give()
