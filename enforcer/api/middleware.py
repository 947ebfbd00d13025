# SPDX-License-Identifier: GPL-2.0-or-later
"""Around every request: its id, a line in the log, headers that protect browsers, limits."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enforcer.api.browsers import protect
from enforcer.api.guard import cookie_name, identify
from enforcer.api.problems import TooLarge, answer_to, plain_problem
from enforcer.api.turns import Turns
from enforcer.application.actor import Actor
from enforcer.errors import EnforcerError

log = structlog.get_logger()

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes: ten thousand orders fit."""
LARGEST_LIST = 64 * 1024 * 1024
"""Of an import: a list of a million entries fits."""
LARGEST_OF_NOBODY = 1024 * 1024
"""Of whoever is not known: what is longer is read only once it is found out who is asking."""
LARGE_AT_ONCE = 4
LARGE_OF_ONE = 2
"""So many longer bodies at a time, and of one caller."""
_LISTS = re.compile(r"/import-list|/api/v1/lists/[^/]+")
_QUIET = ("/healthz", "/readyz", "/metrics")


class Surroundings:
    """ASGI middleware around the whole application. `monotonic`: seconds."""

    def __init__(
        self, app: ASGIApp, monotonic: Callable[[], float], largest: int = LARGEST_BODY
    ) -> None:
        self._app = app
        self._monotonic = monotonic
        self._largest = largest
        self._large = Turns(LARGE_AT_ONCE, LARGE_OF_ONE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        began = self._monotonic()
        seen = _Seen()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                protect(MutableHeaders(scope=message), scope)
            await send(message)

        with ExitStack() as opened, structlog.contextvars.bound_contextvars(request=request_id):
            state["opened"] = opened
            try:
                await self._bounded(scope, receive, answer)
            finally:
                self._log(scope, seen.status, self._monotonic() - began)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        instance = f"urn:enforcer:request:{scope['state']['request_id']}"
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            refusal = plain_problem(HTTPStatus.BAD_REQUEST, "a NUL character: leave it out", None)
            await refusal(scope, receive, send)
            return
        large = _Large(self._large, scope)
        try:
            try:
                most = self._most(scope)
                if _stated(scope, most) > LARGEST_OF_NOBODY:
                    await large.begin()
            except EnforcerError as error:
                await answer_to(error, instance)(scope, receive, send)
                return
            await self._app(scope, _Metered(receive, most, large), send)
        finally:
            large.end()

    def _most(self, scope: Scope) -> int:
        is_import = scope["method"] == "POST" and _LISTS.fullmatch(scope["path"])
        return LARGEST_LIST if is_import else self._largest

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        told: dict[str, Any] = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 3),
            "peer": (scope.get("client") or ("",))[0],
        }
        if actor := scope["state"].get("actor"):
            told["actor"] = actor
        if scope["path"] in _QUIET:
            log.debug("request", **told)
        else:
            log.info("request", **told)


def _stated(scope: Scope, largest: int) -> int:
    """How long the body says that it is; 0 where it comes in pieces. Raises TooLarge."""
    stated = Headers(scope=scope).get("content-length", "0")
    if not stated.isdecimal() or int(stated) > largest:
        raise TooLarge(f"more than {largest:,} bytes: send it in parts")
    return int(stated)


def _known(scope: Scope) -> Actor:
    """Who is asking. Raises TooLarge where nobody says, Unauthenticated, StorageError."""
    request = Request(scope)
    if "authorization" not in request.headers and cookie_name(request) not in request.cookies:
        raise TooLarge(f"more than {LARGEST_OF_NOBODY:,} bytes without a login: send it in parts")
    return identify(request).actor


class _Large:
    """The turn of one request whose body is long."""

    def __init__(self, turns: Turns, scope: Scope) -> None:
        self._turns = turns
        self._scope = scope
        self._actor: Actor | None = None

    async def begin(self) -> None:
        """Once: find out who is asking. Raises EnforcerError."""
        if self._actor is None:
            actor = await run_in_threadpool(_known, self._scope)
            self._turns.take(actor)
            self._actor = actor

    def end(self) -> None:
        """The body is forgotten."""
        if self._actor is not None:
            self._turns.give_back(self._actor)


class _Seen:
    status = 0


class _Metered:
    """A body that is longer than it may be ends the connection: its rest is not read."""

    def __init__(self, receive: Receive, largest: int, large: _Large) -> None:
        self._receive = receive
        self._largest = largest
        self._large = large
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._largest:
                raise TooLarge("the body is longer than this server takes: send it in parts")
            if self._read > LARGEST_OF_NOBODY:
                await self._large.begin()
        return message
