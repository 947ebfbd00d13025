# SPDX-License-Identifier: GPL-2.0-or-later
"""How much of a body is read: little of anybody, more of who is known, most for a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs

from enforcer.api.middleware import (
    LARGE_AT_ONCE,
    LARGE_OF_ONE,
    LARGEST_BODY,
    LARGEST_OF_NOBODY,
    Surroundings,
)
from tests.fakes.clock import FakeClock

LONG = LARGEST_OF_NOBODY + 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Cookie": "a=b"}, 413),
        ({"Cookie": "enforcer_session=made-up"}, 401),
        ({"Authorization": "x"}, 401),
        ({"Authorization": "Bearer enf_nonsense"}, 401),
    ],
)
def test_a_long_body_is_read_only_of_who_is_known(
    app: FastAPI, headers: dict[str, str], status: int
) -> None:
    anybody = TestClient(app, headers=headers)
    with patch.object(Request, "stream", side_effect=AssertionError("it was read")):
        answer = anybody.post("/api/v1/orders", content=b"x" * LONG)
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] and answer.headers["X-Frame-Options"]


@pytest.mark.parametrize("secret", ["", "token-nobody"])
def test_a_long_body_in_pieces_ends_there(app: FastAPI, secret: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(4):
            yield b"x" * (LARGEST_OF_NOBODY // 2)

    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    answer = TestClient(app, headers=headers).post("/api/v1/orders", content=pieces())
    assert answer.status_code in (400, 401, 413)
    known = {"Authorization": "Bearer token-abuse"}
    answer = TestClient(app, headers=known).post("/api/v1/orders", content=pieces())
    assert answer.status_code == 422, "read, and no order"


def test_only_an_import_of_a_list_is_very_long(client: TestClient) -> None:
    body = b" " * (LARGEST_BODY + 1)
    assert client.post("/api/v1/orders/bulk", content=body).status_code == 413
    assert client.post("/api/v1/lists/botnets/refresh", content=body).status_code == 413
    assert client.post("/api/v1/lists/botnets", content=body).status_code == 422
    assert client.patch("/api/v1/lists/botnets", content=body).status_code == 413


class Door:
    """An application behind the middleware that keeps every request until `go`."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.go, self.inside = app, asyncio.Event(), asyncio.Semaphore(0)
        self.around = Surroundings(self.keep, FakeClock().monotonic)

    async def keep(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside.release()
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(self, role: str, length: int) -> int:
        """The status of a request with a body of this length."""
        statuses: list[int] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = {"authorization": f"Bearer token-{role}", "content-length": str(length)}
        scope = {
            "type": "http",
            "app": self.app,
            "method": "POST",
            "path": "/api/v1/orders",
            "scheme": "http",
            "server": ("testserver", 80),
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self.around(scope, receive, send)
        return statuses[0]

    async def holding(self, role: str, many: int) -> list[asyncio.Task[int]]:
        """So many long ones of this role, all inside."""
        tasks = [asyncio.create_task(self.ask(role, LONG)) for _ in range(many)]
        for _ in tasks:
            await self.inside.acquire()
        return tasks


def test_few_long_bodies_are_held_at_once_and_fewer_of_one(app: FastAPI) -> None:
    async def scene() -> None:
        door = Door(app)
        held = await door.holding("abuse", LARGE_OF_ONE)
        assert await door.ask("abuse", LONG) == 503
        held += await door.holding("engineer", LARGE_AT_ONCE - LARGE_OF_ONE)
        assert await door.ask("admin", LONG) == 503
        short = asyncio.create_task(door.ask("abuse", LARGEST_OF_NOBODY))
        door.go.set()
        assert await asyncio.gather(*held, short) == [200] * (LARGE_AT_ONCE + 1)
        assert await door.ask("admin", LONG) == 200, "the turns were given back"

    with capture_logs():
        asyncio.run(asyncio.wait_for(scene(), 60))
