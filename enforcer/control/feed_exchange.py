# SPDX-License-Identifier: GPL-2.0-or-later
"""Bounds around one HTTP exchange: its time as a whole, and the size of what it makes of bytes.

A server that sends a byte now and then is never silent for long; only an end to the whole
exchange, its headers included, lets go of it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import zlib
from collections.abc import Iterator
from typing import Any

from enforcer.clock import Clock

_CONNECTED = ".connect_tcp.complete"
_GZIP = zlib.MAX_WBITS + 16


class Deadline:
    """Cuts the connections of an exchange when its time is over, whatever waits on them.

    `trace` is httpx's request extension of that name: it tells of each connection.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.monotonic() + seconds
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._cut = False
        self._sockets: list[socket.socket] = []

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._cut or self._clock.monotonic() >= self._until

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Cut connections that are made within this block when the time is over."""
        thread = threading.Thread(target=self._watch, name="feed deadline", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()
            for one in self._sockets:
                one.close()

    def trace(self, event: str, about: dict[str, Any]) -> None:
        """Remember a connection from its first moment, before it speaks TLS."""
        if not event.endswith(_CONNECTED):
            return
        # Of our own: what TLS wraps is a new object, and the connection is the same.
        copy = about["return_value"].get_extra_info("socket").dup()
        with self._lock:
            self._sockets.append(copy)
            if self._cut:
                _shut(copy)

    def _watch(self) -> None:
        if self._clock.wait(self._done, max(0.0, self._until - self._clock.monotonic())):
            return
        with self._lock:
            self._cut = True
            for one in self._sockets:
                _shut(one)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class Unpacked:
    """The content that the bytes of an answer make, never much more than `most` bytes of it.

    `gzip`: they come compressed (RFC 1952), as one member.
    """

    def __init__(self, most: int, gzip: bool) -> None:
        self._most = most
        self._packed = zlib.decompressobj(_GZIP) if gzip else None
        self._parts: list[bytes] = []
        self._taken = 0
        self._made = 0

    @property
    def full(self) -> bool:
        """Whether there is more than allowed, of what came or of what it made."""
        return max(self._taken, self._made) > self._most

    @property
    def content(self) -> bytes:
        """What was made so far."""
        return b"".join(self._parts)

    @property
    def whole(self) -> bool:
        """Whether what is compressed came to its end."""
        return self._packed is None or self._packed.eof

    def take(self, raw: bytes) -> None:
        """The next bytes. Raises zlib.error for what is not compressed as it should be."""
        self._taken += len(raw)
        part = raw
        if self._packed is not None:
            part = self._packed.decompress(raw, self._most + 1 - self._made)
            if self._packed.unused_data:
                raise zlib.error("there is something after its end")
        self._parts.append(part)
        self._made += len(part)
