# SPDX-License-Identifier: GPL-2.0-or-later
"""The doorbell on PostgreSQL: one channel to ring, and one of its own for each who asks.

A notice is lost while the controller's connection is broken; the tick finds what it meant.
"""

from __future__ import annotations

import json
import secrets
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

from enforcer.clock import Clock
from enforcer.control.visit import Visit
from enforcer.errors import StorageError
from enforcer.storage.database import Database

if TYPE_CHECKING:
    from enforcer.storage.bells import Listening

CHANNEL = "enforcer_bell"
MAX_NOTICE = 7_900
"""Bytes; PostgreSQL takes a little more."""
_ANSWERS = "enforcer_answer_"
_RING = "{}"


class NoticeBell:
    """See `doorbell.Bell`; `wait` is called by one thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._closed = threading.Event()
        self._listening: Listening | None = None
        with suppress(StorageError):
            self._listening = database.listen(CHANNEL)

    def wait(self, seconds: float) -> Visit | None:
        """The next ring, or None after `seconds`."""
        try:
            if self._listening is None:
                self._listening = self._database.listen(CHANNEL)
                # What rang while nobody listened is not known: look.
                return Visit({}, "")
            text = self._listening.wait(seconds)
        except StorageError:
            self._hang_up()
            self._clock.wait(self._closed, seconds)
            return None
        return None if text is None else _visit(text)

    def answer(self, visit: Visit, reply: dict[str, Any]) -> None:
        """Send `reply` to whoever asked."""
        if not visit.reply_to.startswith(_ANSWERS):
            return
        text = json.dumps(reply)
        if len(text.encode()) > MAX_NOTICE:
            text = json.dumps({"error": "the answer is too long to send: see the log"})
        with suppress(StorageError):
            self._database.notify(visit.reply_to, text)

    def close(self) -> None:
        """Hear nothing any more."""
        self._closed.set()
        self._hang_up()

    def _hang_up(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()


def ring(database: Database) -> bool:
    """Wake whoever listens; False when the database is away."""
    try:
        database.notify(CHANNEL, _RING)
    except StorageError:
        return False
    return True


def ask(database: Database, question: dict[str, Any], seconds: float) -> dict[str, Any] | None:
    """Ask the controller and wait for its answer; None: no answer in time."""
    channel = _ANSWERS + secrets.token_hex(8)
    try:
        with closing(database.listen(channel)) as listening:
            database.notify(CHANNEL, json.dumps({"question": question, "reply_to": channel}))
            text = listening.wait(seconds)
    except StorageError:
        return None
    return None if text is None else _object(text)


def _visit(text: str) -> Visit:
    said = _object(text)
    question, reply_to = said.get("question"), said.get("reply_to")
    return Visit(
        question if isinstance(question, dict) else {},
        reply_to if isinstance(reply_to, str) else "",
    )


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
