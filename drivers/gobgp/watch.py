# SPDX-License-Identifier: GPL-2.0-or-later
"""The speaker's own events, and its end, as device events.

Sets (the mark, the marker that forbids to write) tell of nothing: they are looked at.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from functools import partial

from drivers.gobgp.model import token_of
from drivers.gobgp.shared import Shared
from drivers.gobgp.speaker import Speaker
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import DeviceError

LOOK_SECONDS = 0.5
WRITER = "somebody by gobgpd's API"
_END = object()


class GobgpWatch:
    """A subscription on a connection of its own; `events` in one thread, `close` from any."""

    def __init__(self, speaker: Speaker, shared: Shared) -> None:
        self._speaker = speaker
        self._shared = shared
        self._closed = threading.Event()
        self._news: queue.SimpleQueue[object] = queue.SimpleQueue()
        told, self._cancel = speaker.events()
        with shared.writing:
            self._state = self._look()
            shared.own = ""
        self._thread = threading.Thread(
            target=self._listen, args=(told,), name="gobgp events", daemon=True
        )
        self._thread.start()

    def _listen(self, told: Iterator[str]) -> None:
        try:
            for word in told:
                self._news.put(word)
        except DeviceError as error:
            self._news.put(error)
        finally:
            self._news.put(_END)

    def _look(self) -> tuple[str, bool, tuple[str, ...]]:
        marks, hold = self._speaker.marks()
        ours = [*self._speaker.ours(4).values(), *self._speaker.ours(6).values()]
        return token_of(ours, marks, hold), hold, marks

    def close(self) -> None:
        """Make `events` end."""
        if not self._closed.is_set():
            self._closed.set()
            self._cancel()
            self._news.put(_END)

    def release(self) -> None:
        """Wait for the thread, after `events` has ended."""
        self._thread.join()

    def events(self) -> Iterator[DeviceEvent]:
        """One event for what changed together; ends after `close`, or LOST when it is gone."""
        while not self._closed.is_set():
            try:
                words = self._words()
                if words or self._sets_moved():
                    yield from self._told(words)
            except DeviceError as broken:
                if not self._closed.is_set():
                    yield DeviceEvent(EventKind.LOST, broken.message)
                return

    def _words(self) -> list[str]:
        """All that is there, after waiting for a while. Raises DeviceError at the end."""
        found: list[str] = []
        wait: Callable[[], object] = partial(self._news.get, timeout=LOOK_SECONDS)
        while True:
            try:
                news = wait()
            except queue.Empty:
                return found
            if isinstance(news, DeviceError):
                raise news
            if isinstance(news, str):
                found.append(news)
            elif self._closed.is_set():
                return []
            wait = self._news.get_nowait

    def _sets_moved(self) -> bool:
        marks, hold = self._speaker.marks()
        return (hold, marks) != self._state[1:]

    def _told(self, words: list[str]) -> Iterator[DeviceEvent]:
        with self._shared.writing:
            state = self._look()
            own = state[0] == self._shared.own and state[1] == self._state[1]
            # What was told once is not told again: whoever makes it so anew is somebody else.
            self._shared.own = ""
        before, self._state = self._state, state
        said = ", ".join(dict.fromkeys(filter(None, words)))
        if state[1] != before[1]:
            said = f"{HOLD_MARKER} {'put there' if state[1] else 'taken away'}"
        if state[0] != before[0]:
            kind = EventKind.OWN if own else EventKind.CHANGED
            yield DeviceEvent(
                kind,
                said or "the mark changed",
                "" if own else WRITER,
                before[0],
                state[0],
            )
        elif any(word.startswith("session") for word in words):
            # What is announced is as it was; whether the routers have it must be looked at.
            yield DeviceEvent(EventKind.CHANGED, said, "", state[0], state[0])
        elif words and "" in words:
            yield DeviceEvent(EventKind.UNTOUCHED, "", WRITER, state[0], state[0])
