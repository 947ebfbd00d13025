# SPDX-License-Identifier: GPL-2.0-or-later
"""LISTEN and NOTIFY: short texts between the processes on one PostgreSQL database.

A text is lost where nobody listens, and while a connection is broken: it may only carry haste.
https://www.postgresql.org/docs/15/sql-notify.html.
"""

from __future__ import annotations

from collections import deque

import psycopg
from psycopg import sql

from enforcer.storage.postgres import connect, our_error

MAX_TEXT = 7_999
"""Bytes of the longest text that NOTIFY takes."""


class Listening:
    """A connection of its own that hears one channel; used by one thread.

    Raises StorageError, as `wait` does, when the database is away.
    """

    def __init__(self, url: str, channel: str) -> None:
        self._heard: deque[str] = deque()
        self._connection = connect(url)
        try:
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except psycopg.Error as problem:
            self.close()
            raise our_error(problem) from problem

    def wait(self, seconds: float) -> str | None:
        """The next text, or None after `seconds`."""
        if not self._heard:
            try:
                for notice in self._connection.notifies(timeout=seconds, stop_after=1):
                    self._heard.append(notice.payload)
            except psycopg.Error as problem:
                raise our_error(problem) from problem
        return self._heard.popleft() if self._heard else None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
