# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens, for many listeners: one poller per process asks the database for all of them.

Events are the entries of the audit chain, which all processes share. Whoever listens has a
position in it and takes what follows: from the newest events, which are kept in memory, or where
they do not reach back that far, from the database. A slow listener holds nobody up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from anyio.to_thread import run_sync

from enforcer.api.turns import Busy
from enforcer.application.views import EventView
from enforcer.errors import StorageError

log = structlog.get_logger()

PORTION = 500
"""Events that are read at once."""
_KEPT = 2000
MOST = 500
"""Listeners of one process."""

ReadAfter = Callable[[int, int], Sequence[EventView]]
"""(position, limit) -> what follows, oldest first."""


class EventFeed:
    """See the module. `head`: the newest position; `seconds`: how often it is asked."""

    def __init__(
        self, read_after: ReadAfter, head: Callable[[], int], seconds: float = 0.5
    ) -> None:
        self._read_after = read_after
        self._read_head = head
        self._seconds = seconds
        self._newest: deque[EventView] = deque()
        self._since = 0
        """Everything after this position, up to the newest, is in memory."""
        self._listeners = 0
        self._poller: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def close(self) -> None:
        """End every listener. From any thread."""
        self.closed = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The time that somebody listens. Raises Busy, StorageError."""
        if self._listeners >= MOST:
            raise Busy("too many listen to events already: try again later")
        self._listeners += 1
        try:
            await self._begin()
            yield
        finally:
            self._listeners -= 1
            if not self._listeners and self._poller is not None:
                self._poller.cancel()
                self._poller = None

    async def head(self) -> int:
        """The newest position now. Raises StorageError."""
        return await run_sync(self._read_head)

    async def after(self, position: int, patience: float) -> Sequence[EventView]:
        """What follows `position`; nothing after `patience` seconds. Raises StorageError."""
        changed = self._changed
        if position < self._since:
            return await run_sync(self._read_after, position, PORTION)
        found = [event for event in self._newest if event.sequence > position]
        if found or self.closed:
            return found
        try:
            await asyncio.wait_for(changed.wait(), patience)
        except TimeoutError:
            return ()
        return [event for event in self._newest if event.sequence > position]

    async def _begin(self) -> None:
        """Start to ask, where nobody does."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._poller = loop, None
        if self._poller is not None and not self._poller.done():
            return
        self._changed = asyncio.Event()
        self._newest.clear()
        self._since = await self.head()
        if self._poller is None or self._poller.done():
            self._poller = loop.create_task(self._poll(self._since))

    async def _poll(self, position: int) -> None:
        said = ""
        while not self.closed:
            try:
                found = await run_sync(self._read_after, position, PORTION)
                said = ""
            except StorageError as error:
                if said != str(error):
                    said = str(error)
                    log.warning("events cannot be read", error=said)
                found = ()
            if not found:
                await asyncio.sleep(self._seconds)
                continue
            position = found[-1].sequence
            self._keep(found)

    def _keep(self, found: Sequence[EventView]) -> None:
        self._newest.extend(found)
        while len(self._newest) > _KEPT:
            self._since = self._newest.popleft().sequence
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
