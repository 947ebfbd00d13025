# SPDX-License-Identifier: GPL-2.0-or-later
"""``Idempotency-Key``: a request that is sent again is answered again, and done once.

What was answered is kept with the caller and the key. Errors are not: after an error nothing was
changed, so that the next request with the key is the first. Routes that place orders do not need
it: their keys stay with the orders.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from enforcer.api.guard import identify, services_of
from enforcer.api.one_call import OneCall
from enforcer.api.problems import KeyInUse, KeyReused
from enforcer.application.answers import Answered, Answers, Turn
from enforcer.errors import InvalidInput

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEYED = frozenset({"POST", "PATCH"})
_FORM = re.compile(r"[!-~]+( [!-~]+)*")
_LONGEST = 200
_JSON = "application/json"

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KeyedRoute(OneCall):
    """A route whose POST and PATCH may come with an `Idempotency-Key`."""

    def get_route_handler(self) -> _Handler:
        """The route's own, once for each key."""
        original = super().get_route_handler()

        async def keyed(request: Request) -> Response:
            key = request.headers.get(HEADER)
            answers = services_of(request).answers
            if key is None or request.method not in KEYED or answers is None:
                return await original(request)
            if len(key) > _LONGEST or not _FORM.fullmatch(key):
                raise InvalidInput(f"{HEADER}: 1 to {_LONGEST} visible ASCII characters")
            body = await request.body()
            caller = await run_in_threadpool(identify, request)
            full_key = f"{caller.actor.source}/{caller.actor.name}/{key}"
            digest = _digest(request, body)
            known = await run_in_threadpool(answers.begin, full_key, digest)
            if isinstance(known, Turn):
                _may_go_on(known)
                return await _first(request, original, answers, full_key)
            headers = {REPLAYED: "true"}
            return Response(known.body, known.status, headers, media_type=_JSON)

        return keyed


def _may_go_on(turn: Turn) -> None:
    if turn is Turn.REUSED:
        raise KeyReused(f"{HEADER}: it came with another request before: take a new one")
    if turn is Turn.IN_USE:
        raise KeyInUse("the first request with this key is being worked on: try again later")


async def _first(request: Request, original: _Handler, answers: Answers, key: str) -> Response:
    done = False
    try:
        response = await original(request)
        body = getattr(response, "body", None)
        if isinstance(body, bytes) and 200 <= response.status_code < 300:
            answer = Answered(response.status_code, body.decode())
            await run_in_threadpool(answers.finish, key, answer)
            done = True
        return response
    finally:
        if not done:
            await run_in_threadpool(answers.forget, key)


def _digest(request: Request, body: bytes) -> str:
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(told + body).hexdigest()
