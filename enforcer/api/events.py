# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/events``: what happens, as it happens (server-sent events, WHATWG HTML 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse

from enforcer.api.callers import Looker
from enforcer.api.feed import EventFeed
from enforcer.api.fields import OptionalName
from enforcer.api.guard import ServicesOf, identify
from enforcer.api.one_call import api_router
from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter
from enforcer.application.services import Services
from enforcer.application.views import EventView
from enforcer.core.access import Action
from enforcer.errors import EnforcerError, StorageError

router = api_router(tags=["events"])

HEARTBEAT = 15
"""Seconds between two signs of life."""
_CHECKED = 2.0
"""Seconds until it is asked again whether who listens still may."""
_ACCESS = ("user.", "token.", "session.", "login.")
"""Kinds of events after which it is asked at once."""
_OPEN_TO_ALL = ("order.", "device.", "drift.", "alarm.", "list.", "control.")
"""Kinds of events that who may not read the audit hears of."""
_OF_ORDERS = "order."
"""And a detector, where its own source did it."""
FURTHEST = 10_000
"""Events back, for who may not read the audit."""
_RETRY = 2000
"""Milliseconds after which a client that was cut off comes again."""
_LISTENER = Actor("events", "api")


@dataclass(frozen=True)
class Wanted:
    """Which events; everything that is given must match."""

    kind: Annotated[
        tuple[str, ...],
        Query(max_length=50, description="Such as `order.placed`; `order.*` stands for all."),
    ] = ()
    subject: OptionalName = None
    device: OptionalName = None

    def fits(self, event: EventView) -> bool:
        """Whether it is one of them."""
        return (
            (not self.kind or any(_is_kind(event.kind, kind) for kind in self.kind))
            and self.subject in (None, event.subject)
            and self.device in (None, event.device)
        )


def may_hear(actor: Actor, event: EventView) -> bool:
    """Whether it is for `actor`: all of them only for who may read the audit."""
    if actor.may(Action.AUDIT):
        return True
    if not actor.may(Action.READ):
        return event.kind.startswith(_OF_ORDERS) and event.source == actor.source
    return event.kind.startswith(_OPEN_TO_ALL)


def feed_of(services: Services, seconds: float = 0.5) -> EventFeed:
    """The events of an application."""
    application = services.application

    def read_after(position: int, limit: int) -> list[EventView]:
        which = AuditFilter(after=position, newest_first=False, limit=limit)
        return list(application.audit_list(_LISTENER, which))

    def head() -> int:
        newest = application.audit_list(_LISTENER, AuditFilter(limit=1))
        return newest[0].sequence if newest else 0

    return EventFeed(read_after, head, seconds)


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    request: Request,
    services: ServicesOf,
    caller: Looker,
    wanted: Annotated[Wanted, Depends()],
    after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
) -> Response:
    """Audit entries as they are written, each with its sequence as `id` and its kind as `event`.

    From `Last-Event-ID` or `after` on, else from now on; never one twice, none left out. A
    comment every 15 seconds keeps the connection alive. Without the right to read the audit, only
    what happened to orders and devices, lately; for a detector, only what its source did.
    """
    feed: EventFeed = request.app.state.events
    begin = last_event_id if last_event_id is not None else after
    position = await feed.head() if begin is None else begin
    if begin is not None and not caller.actor.may(Action.AUDIT):
        position = max(begin, await feed.head() - FURTHEST)
    return EventSourceResponse(
        _stream(request, feed, wanted, position, caller.actor), ping=HEARTBEAT
    )


async def _stream(
    request: Request, feed: EventFeed, wanted: Wanted, position: int, actor: Actor | None
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="ready", retry=_RETRY)
    clock = asyncio.get_running_loop().time
    checked = clock()
    async with feed.listening():
        while not feed.closed:
            try:
                found = await feed.after(position, _CHECKED)
            except StorageError:
                return
            if clock() - checked >= _CHECKED or any(e.kind.startswith(_ACCESS) for e in found):
                checked = clock()
                actor = await run_sync(_still, request)
            if actor is None:
                return
            for event in found:
                position = event.sequence
                if wanted.fits(event) and may_hear(actor, event):
                    yield ServerSentEvent(
                        event.model_dump_json(), event=event.kind, id=str(event.sequence)
                    )


def _still(request: Request) -> Actor | None:
    """Who listens, with the rights of now; None for a login or a token that ended meanwhile."""
    try:
        actor = identify(request).actor
    except EnforcerError:
        return None
    return actor if actor.may(Action.OWN) else None


def _is_kind(kind: str, wanted: str) -> bool:
    return kind == wanted or (wanted.endswith(".*") and kind.startswith(wanted[:-1]))
