# SPDX-License-Identifier: GPL-2.0-or-later
"""Around every request: its id, a line in the log, headers that protect browsers, limits."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enforcer.api.problems import TooLarge, answer_to, plain_problem

log = structlog.get_logger()

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes: a list of a million entries fits."""
LARGEST_OF_NOBODY = 1024 * 1024
"""Of a request that does not even say who is asking: it is read before that is found out."""
REQUEST_ID = "X-Request-ID"
_QUIET = ("/healthz", "/readyz", "/metrics")

SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer, unless the route says otherwise."""
_HSTS = "max-age=31536000"
"""RFC 6797; only where the request came by TLS."""


class Surroundings:
    """ASGI middleware around the whole application. `monotonic`: seconds."""

    def __init__(
        self, app: ASGIApp, monotonic: Callable[[], float], largest: int = LARGEST_BODY
    ) -> None:
        self._app = app
        self._monotonic = monotonic
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = self._monotonic()
        seen = _Seen()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                _protect(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
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
        headers = Headers(scope=scope)
        known = "authorization" in headers or "cookie" in headers
        largest = self._largest if known else min(self._largest, LARGEST_OF_NOBODY)
        stated = headers.get("content-length", "0")
        if not stated.isdecimal() or int(stated) > largest:
            refusal = answer_to(
                TooLarge(f"more than {largest:,} bytes: send it in parts"), instance
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, _Metered(receive, largest), send)

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


class _Seen:
    status = 0


class _Metered:
    """A body that is longer than it said ends the connection: its rest is not read."""

    def __init__(self, receive: Receive, largest: int) -> None:
        self._receive = receive
        self._left = largest

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise TooLarge("the body is longer than this server takes: send it in parts")
        return message


def _protect(headers: MutableHeaders, scope: Scope, request_id: str) -> None:
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if scope.get("scheme") == "https":
        headers.setdefault("Strict-Transport-Security", _HSTS)
    if not scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    headers[REQUEST_ID] = request_id
