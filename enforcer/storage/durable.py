# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits of a SQLite file that reach the disk together, and whose turn it is to write to it.

Whoever commits alone waits for the disk while nobody else may write: a dozen orders a second on
a slow one. Here a commit is written to the write-ahead log without waiting, the turn goes on, and
then one thread has the log brought to the disk for all whose commits are in it by then. Nobody
goes on before his own is there, so that what was answered survives a power cut as before.

The log is one file in one sequence, and SQLite itself does the same with it after each commit
where ``synchronous`` is FULL (https://www.sqlite.org/pragma.html#pragma_synchronous); before a
checkpoint it does so always.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from weakref import WeakValueDictionary

from enforcer.errors import StorageError


def sync_file(path: Path) -> None:
    """Bring what was written to `path` to the disk; one that is not there has nothing to bring.

    SQLite takes the log away only once all of it is in the database, on the disk.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


class SharedSync:
    """One file that many threads write to; they wait for the disk together.

    Once the disk has failed, nobody is told again that something is on it: the kernel reports an
    error once, takes the pages for written, and each commit in the log needs those before it.
    """

    _known: ClassVar[WeakValueDictionary[Path, SharedSync]] = WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path, sync: Callable[[Path], None] = sync_file) -> None:
        self._path = path
        self._sync = sync
        self._changed = threading.Condition()
        self._asked = 0
        self._done = 0
        self._running = False
        self._failed: OSError | None = None

    @classmethod
    def of(cls, path: Path) -> SharedSync:
        """That of everybody in this process who writes to `path`."""
        with cls._lock:
            found = cls._known.get(path)
            if found is None:
                found = cls._known[path] = cls(path)
            return found

    def wait(self) -> None:
        """Until all that this thread wrote is on the disk. Raises StorageError: it may not be."""
        with self._changed:
            self._asked += 1
            mine = self._asked
            while self._running and self._done < mine:
                self._changed.wait()
            if self._done >= mine:
                self.check()
                return
            self._running, upto = True, self._asked
        self._lead(upto)

    def check(self) -> None:
        """Raise StorageError where the disk has failed since this program began."""
        if self._failed is not None:
            raise StorageError(
                f"{self._path.name} could not be brought to the disk ({self._failed.strerror}):"
                " what was changed last may be lost and nothing more is stored; look after the"
                " disk, start the program again, then look what is there"
            ) from self._failed

    def _lead(self, upto: int) -> None:
        """Bring it to the disk for all who asked before; they hear what became of it."""
        failure: OSError | None = OSError(0, "the attempt was broken off")
        try:
            self.check()
            self._sync(self._path)
            failure = None
        except OSError as problem:
            failure = problem
        finally:
            with self._changed:
                self._running, self._done = False, upto
                self._failed = self._failed or failure
                self._changed.notify_all()
        self.check()


class WriteTurn:
    """One writer at a time, in the sequence in which they came.

    A database's own waiting is not fair, and sleeps in between; neither is a plain lock: among
    hundreds of writers it passed one over for as long as others came, until he gave up.
    """

    _known: ClassVar[WeakValueDictionary[str, WriteTurn]] = WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @classmethod
    def of(cls, database: str) -> WriteTurn:
        """The turn of everybody in this process who opened `database`."""
        with cls._lock:
            found = cls._known.get(database)
            if found is None:
                found = cls._known[database] = cls()
            return found

    def take(self, seconds: float) -> bool:
        """Whether it came within that time."""
        with self._state:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if mine.acquire(timeout=seconds):
                return True
        except BaseException:
            if not self._left(mine):
                self.give()
            raise
        # It may have come in the very moment in which the time was over.
        return not self._left(mine)

    def give(self) -> None:
        """Let the next one write: whoever has waited longest."""
        with self._state:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False

    def _left(self, mine: threading.Lock) -> bool:
        """Wait no more; False: it is our turn already."""
        with self._state:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True
