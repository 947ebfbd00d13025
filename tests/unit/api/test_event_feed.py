# SPDX-License-Identifier: GPL-2.0-or-later
"""Events for many listeners: one poller, nothing twice, nothing left out, nobody held up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from enforcer.api.events import Wanted, may_hear
from enforcer.api.feed import MOST, EventFeed
from enforcer.api.turns import ALL_MACHINES, EACH, EACH_MACHINE, Busy, Turns
from enforcer.application.actor import Actor
from enforcer.application.views import EventView
from enforcer.core.access import Role
from enforcer.errors import StorageError, Unauthenticated
from tests.fakes.services import FakeAccounts, actor_of
from tests.fakes.views import NOW

PATIENCE = 30.0


def event(sequence: int, kind: str = "order.placed") -> EventView:
    return EventView(
        sequence=sequence,
        at=NOW,
        kind=kind,
        actor="ann",
        source="cli",
        subject=f"order-{sequence}",
        device="edge1" if sequence % 2 else None,
        detail={},
    )


class Chain:
    """A record that grows; `asked` has the positions that were read after."""

    def __init__(self, length: int = 0) -> None:
        self.events = [event(number) for number in range(1, length + 1)]
        self.asked: list[int] = []
        self.fails: StorageError | None = None
        self.threads: set[int] = set()

    def grow(self, by: int) -> None:
        begin = len(self.events) + 1
        self.events += [event(number) for number in range(begin, begin + by)]

    def head(self) -> int:
        return len(self.events)

    def after(self, position: int, limit: int) -> Sequence[EventView]:
        self.asked.append(position)
        self.threads.add(threading.get_ident())
        if self.fails is not None:
            raise self.fails
        return self.events[position : position + limit]


def feed_on(chain: Chain) -> EventFeed:
    return EventFeed(chain.after, chain.head, seconds=0.005)


def run(scene: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(scene(), PATIENCE)

    return asyncio.run(bounded())


async def hear(feed: EventFeed, position: int, many: int) -> list[int]:
    heard: list[int] = []
    async with feed.listening():
        while len(heard) < many:
            found = await feed.after(position, PATIENCE)
            heard += [one.sequence for one in found]
            position = heard[-1] if heard else position
    return heard


def test_every_listener_hears_everything_once_from_where_it_is() -> None:
    chain = Chain(5)

    async def scene() -> list[list[int]]:
        feed = feed_on(chain)
        listening = [asyncio.create_task(hear(feed, start, 105 - start)) for start in (0, 3, 5)]
        for _ in range(10):
            await asyncio.sleep(0.01)
            chain.grow(10)
        return await asyncio.gather(*listening)

    assert run(scene) == [list(range(start + 1, 106)) for start in (0, 3, 5)]


def test_one_poller_asks_for_all() -> None:
    chain = Chain(1)

    async def scene() -> None:
        feed = feed_on(chain)
        many = [asyncio.create_task(hear(feed, 1, 1)) for _ in range(50)]
        await asyncio.sleep(0.05)
        chain.asked.clear()
        chain.grow(1)
        assert await asyncio.gather(*many) == [[2]] * 50
        assert chain.asked.count(1) < 50

    run(scene)


def test_who_is_far_behind_reads_the_record_and_misses_nothing() -> None:
    chain = Chain()

    async def scene() -> list[int]:
        feed = feed_on(chain)
        quick = asyncio.create_task(hear(feed, 0, 5000))
        await asyncio.sleep(0.02)
        chain.grow(5000)
        assert await quick == list(range(1, 5001))
        async with feed.listening():
            return await hear(feed, 10, 4990)

    assert run(scene) == list(range(11, 5001))


def test_no_listener_no_question() -> None:
    chain = Chain(1)

    async def scene() -> None:
        feed = feed_on(chain)
        async with feed.listening():
            await feed.after(1, 0.02)
        await asyncio.sleep(0.02)
        chain.asked.clear()
        await asyncio.sleep(0.05)
        assert chain.asked == []
        chain.grow(1)
        assert await hear(feed, 1, 1) == [2], "and it begins again"

    run(scene)


def test_a_database_that_is_away_is_asked_again() -> None:
    chain = Chain(1)

    async def scene() -> list[int]:
        feed = feed_on(chain)
        listening = asyncio.create_task(hear(feed, 1, 1))
        await asyncio.sleep(0.02)
        chain.fails = StorageError("away")
        await asyncio.sleep(0.05)
        chain.grow(1)
        chain.fails = None
        return await listening

    with capture_logs() as logged:
        assert run(scene) == [2]
    assert [one["error"] for one in logged] == ["away"], "it is told once"


def test_closing_wakes_whoever_waits() -> None:
    chain = Chain(1)

    async def scene() -> Sequence[EventView]:
        feed = feed_on(chain)
        async with feed.listening():
            waiting = asyncio.create_task(feed.after(1, PATIENCE * 2))
            await asyncio.sleep(0.01)
            await asyncio.to_thread(feed.close)
            return await waiting

    assert list(run(scene)) == []


def test_there_are_never_too_many() -> None:
    async def scene() -> None:
        feed = feed_on(Chain())
        async with AsyncExitStack() as stack:
            for _ in range(MOST):
                await stack.enter_async_context(feed.listening())
            with pytest.raises(Busy):
                await stack.enter_async_context(feed.listening())

    run(scene)


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (Wanted(kind=("order.placed",)), True),
        (Wanted(kind=("order.*",)), True),
        (Wanted(kind=("device.*", "order.placed")), True),
        (Wanted(kind=("order.place",)), False),
        (Wanted(kind=("or.*",)), False),
        (Wanted(subject="order-1"), True),
        (Wanted(subject="order-2"), False),
        (Wanted(device="edge1"), True),
        (Wanted(device="edge2"), False),
        (Wanted(kind=("order.*",), device="edge2"), False),
    ],
)
def test_filters(wanted: Wanted, fits: bool) -> None:
    assert wanted.fits(event(1)) is fits


def test_long_requests_leave_room_for_short_ones(client: TestClient) -> None:
    full = Turns(1)
    full.take()
    app: Any = client.app
    kept, app.state.turns = app.state.turns, full
    try:
        answer = client.get("/api/v1/devices/edge1/plan")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["Retry-After"]
        assert client.get("/api/v1/devices").status_code == 200
        full.give_back()
        assert client.get("/api/v1/devices/edge1/plan").status_code == 200
    finally:
        app.state.turns = kept


def test_one_caller_leaves_turns_to_others() -> None:
    turns = Turns()
    detector, person = actor_of(Role.DETECTOR), actor_of(Role.ABUSE)
    for who, most in ((detector, EACH_MACHINE), (person, EACH)):
        for _ in range(most):
            turns.take(who)
        with pytest.raises(Busy, match="of yours"):
            turns.take(who)
    turns.give_back(detector)
    turns.take(detector)
    turns.take(actor_of(Role.VIEWER))


def test_all_detectors_together_leave_turns_to_people() -> None:
    turns, rights = Turns(), actor_of(Role.DETECTOR).rights
    probes = [Actor(f"probe ({number})", "probe", rights) for number in range(ALL_MACHINES + 1)]
    for one in probes[:-1]:
        turns.take(one)
    with pytest.raises(Busy):
        turns.take(probes[-1])
    for _ in range(EACH):
        turns.take(actor_of(Role.ABUSE))


def test_a_detector_starves_nobody(client: TestClient) -> None:
    app: Any = client.app
    detector = actor_of(Role.DETECTOR)
    for _ in range(EACH_MACHINE):
        app.state.turns.take(detector)
    try:
        body = {"Authorization": "Bearer token-detector"}
        assert client.get("/api/v1/orders/0001-Y/wait", headers=body).status_code == 503
        body = {"Authorization": "Bearer token-viewer"}
        assert client.get("/api/v1/devices/edge1/plan", headers=body).status_code == 200
    finally:
        for _ in range(EACH_MACHINE):
            app.state.turns.give_back(detector)


@pytest.mark.parametrize(
    ("role", "kind", "source", "hears"),
    [
        (Role.VIEWER, "user.created", "cli", True),
        (Role.VIEWER, "order.placed", "cli", True),
        (Role.DETECTOR, "user.created", "api", False),
        (Role.DETECTOR, "token.created", "api", False),
        (Role.DETECTOR, "session.revoked", "api", False),
        (Role.DETECTOR, "login.ok", "api", False),
        (Role.DETECTOR, "report.dismissed", "api", False),
        (Role.DETECTOR, "order.placed", "api", True),
        (Role.DETECTOR, "order.placed", "web", False),
    ],
)
def test_who_may_not_read_the_record_does_not_hear_it(
    role: Role, kind: str, source: str, hears: bool
) -> None:
    happened = event(1, kind).model_copy(update={"source": source})
    assert may_hear(actor_of(role), happened) is hears


def heard_until_revoked(app: FastAPI, chain: Chain, role: str) -> str:
    """All that a token hears from the beginning on; it holds for one question."""
    asked: list[str] = []

    class Accounts(FakeAccounts):
        def by_token(self, secret: str, address: str) -> Actor:
            asked.append(secret)
            if len(asked) > 1:
                raise Unauthenticated("revoked")
            return super().by_token(secret, address)

    services, kept = app.state.services, app.state.events
    app.state.services, app.state.events = replace(services, accounts=Accounts()), feed_on(chain)
    try:
        headers = {"Authorization": f"Bearer token-{role}"}
        with capture_logs():
            return str(TestClient(app).get("/api/v1/events?after=0", headers=headers).text)
    finally:
        app.state.services, app.state.events = services, kept


def test_a_token_that_is_revoked_hears_nothing_of_what_comes_with_that(app: FastAPI) -> None:
    chain = Chain(1)
    chain.events += [event(2, "token.revoked"), event(3)]
    heard = heard_until_revoked(app, chain, "viewer")
    assert "ready" in heard and "order.placed" not in heard


def test_who_may_not_read_the_record_hears_of_lately_only(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enforcer.api.events.FURTHEST", 3)
    for role, first in (("detector", 8), ("viewer", 0)):
        chain = Chain(10)
        chain.events.append(event(11, "token.revoked"))
        heard_until_revoked(app, chain, role)
        assert min(chain.asked) == first
