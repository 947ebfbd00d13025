# SPDX-License-Identifier: GPL-2.0-or-later
"""Who gets a turn of `ShortCalls`: the address, until it is known who asks.

What a stranger writes into a header makes him nobody else: with a new one in every request he
would have as many turns as he likes. What was let in once has turns of its own.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock

from fastapi import Request

from enforcer.api.guard import peer
from enforcer.application.actor import Actor

MOST = 10_000


class Regulars:
    """What tokens and cookies of late turned out to be; the secrets themselves are not kept."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()

    def who(self, request: Request) -> str:
        """Whose turn a request takes."""
        said = _said(request)
        with self._lock:
            return self._known.get(said, "") or f"address {peer(request)}"

    def remember(self, request: Request) -> None:
        """After a call: whoever the guard let in is known, and what it refused is not any more."""
        said = _said(request)
        caller: Actor | None = getattr(request.state, "caller", None)
        with self._lock:
            self._known.pop(said, None)
            if caller is not None and said:
                self._known[said] = f"{caller.source}/{caller.name}"
            if len(self._known) > self._most:
                self._known.popitem(last=False)


def _said(request: Request) -> bytes:
    said = request.headers.get("authorization") or request.headers.get("cookie")
    return hashlib.sha256(said.encode()).digest() if said else b""
