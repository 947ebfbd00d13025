# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP connections on which nothing comes are closed: nobody takes all of them by sending slowly.

uvicorn waits for the first request, for the rest of a header and for a body as long as it takes;
it closes by itself only what is idle after an answer. A connection whose deadline is over is
closed; one with half a header gets 408 before (RFC 9110 section 15.5.9).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_TOO_SLOW = b"the request came too slowly: send it again\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """`header`: seconds from the connection, or the first byte of a later request, to the end of
    its header. `body`: seconds that a body may take, and one more per `rate` bytes of it.
    """

    header: float = 15.0
    body: float = 30.0
    rate: float = 8192.0


def patient(patience: Patience) -> type[H11Protocol]:
    """uvicorn's protocol with deadlines."""
    return type("Bounded", (_Bounded,), {"patience": patience})


class _Bounded(H11Protocol):
    patience = Patience()
    _deadline: asyncio.TimerHandle | None = None
    _receiving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in what it overrides
        super().connection_made(transport)
        self._due(self.patience.header)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        state = self.conn.their_state
        if state is h11.SEND_BODY:
            left = self._left() if self._receiving else self.patience.body
            self._receiving = True
            self._due(left + len(data) / self.patience.rate)
            return
        self._receiving = False
        if state is not h11.IDLE:
            self._disarm()
        elif self._deadline is None:
            self._due(self.patience.header)

    def _left(self) -> float:
        return 0.0 if self._deadline is None else self._deadline.when() - self.loop.time()

    def _due(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(max(seconds, 0.0), self._over)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _over(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._receiving and self.flow.read_paused:
            # It is us who do not read on.
            self._due(self.patience.body)
            return
        begun, _ = self.conn.trailing_data
        if begun and self.conn.our_state is h11.IDLE:
            self._say_too_slow()
        self.transport.close()

    def _say_too_slow(self) -> None:
        headers = [("content-length", str(len(_TOO_SLOW))), ("connection", "close")]
        answer = h11.Response(status_code=408, headers=headers, reason=b"Request Timeout")
        for event in (answer, h11.Data(data=_TOO_SLOW), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
