# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in the log of a SQLite file goes into the database itself, while others write.

SQLite does that within the commit that makes the log long: it waits for the disk twice, while
whoever committed has told nobody yet and nobody else of this process may write. On a disk that
others use too this was half a second, for whichever order came at the wrong moment. Here it is
done by who waits for the disk anyway, after he told.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from urllib.parse import quote

from enforcer.errors import StorageError
from enforcer.storage.sqlite import LOG_BYTES, log_of

FAR_TOO_LONG = 4 * LOG_BYTES
"""From here on writers wait until all of it is in the database, so that it begins anew."""


class LogLength:
    """Of one file; safe to share between threads. `alone`: while it lasts nobody else of this
    process writes."""

    def __init__(self, path: Path, alone: Callable[[], AbstractContextManager[None]]) -> None:
        self._path = path
        self._log = log_of(path)
        self._alone = alone
        self._working = threading.Lock()

    def look(self, most: int = LOG_BYTES) -> None:
        """Shorten the log where it has more than `most` bytes and nobody is at it.

        What was committed is in the log: that it cannot be shortened now is no error.
        """
        if self._bytes() <= most or not self._working.acquire(blocking=False):
            return
        try:
            with suppress(sqlite3.Error, StorageError), closing(self._connection()) as own:
                if not _all_taken(own) and self._bytes() > FAR_TOO_LONG:
                    with self._alone():
                        _all_taken(own)
        finally:
            self._working.release()

    def _bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0

    def _connection(self) -> sqlite3.Connection:
        # One that was taken away is not made anew.
        name = f"file:{quote(str(self._path))}?mode=rw"
        return sqlite3.connect(name, isolation_level=None, timeout=0, uri=True)


def _all_taken(own: sqlite3.Connection) -> bool:
    """Whether all of the log is in the database now: whoever writes next begins it anew."""
    # PASSIVE waits for nobody (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
    ((busy, frames, taken),) = own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    return not busy and bool(frames == taken)
