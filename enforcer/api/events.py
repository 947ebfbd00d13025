# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/events``: what happens, as it happens (server-sent events, WHATWG HTML 9.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from sse_starlette.event import ServerSentEvent
from sse_starlette.sse import EventSourceResponse

from enforcer.api.callers import Reader
from enforcer.api.feed import EventFeed
from enforcer.api.fields import OptionalName
from enforcer.api.guard import ServicesOf, identify
from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter
from enforcer.application.services import Services
from enforcer.application.views import EventView
from enforcer.core.access import Action
from enforcer.errors import EnforcerError, StorageError

router = APIRouter(tags=["events"])

HEARTBEAT = 15
"""Seconds between two signs of life."""
_CHECKED = 15.0
"""Seconds until it is asked again whether who listens still may."""
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
    caller: Reader,
    wanted: Annotated[Wanted, Depends()],
    after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
) -> Response:
    """Audit entries as they are written, each with its sequence as `id` and its kind as `event`.

    From `Last-Event-ID` or `after` on, else from now on; never one twice, none left out. A
    comment every 15 seconds keeps the connection alive.
    """
    feed: EventFeed = request.app.state.events
    begin = last_event_id if last_event_id is not None else after
    position = await feed.head() if begin is None else begin
    return EventSourceResponse(_stream(request, feed, wanted, position), ping=HEARTBEAT)


async def _stream(
    request: Request, feed: EventFeed, wanted: Wanted, position: int
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(comment="ready", retry=_RETRY)
    clock = asyncio.get_running_loop().time
    checked = clock()
    async with feed.listening():
        while not feed.closed:
            if clock() - checked >= _CHECKED:
                checked = clock()
                if not await run_sync(_still_may, request):
                    return
            try:
                found = await feed.after(position, _CHECKED)
            except StorageError:
                return
            for event in found:
                position = event.sequence
                if wanted.fits(event):
                    yield ServerSentEvent(
                        event.model_dump_json(), event=event.kind, id=str(event.sequence)
                    )


def _still_may(request: Request) -> bool:
    """A login or a token that ended meanwhile hears nothing more."""
    try:
        return identify(request).actor.may(Action.READ)
    except EnforcerError:
        return False


def _is_kind(kind: str, wanted: str) -> bool:
    return kind == wanted or (wanted.endswith(".*") and kind.startswith(wanted[:-1]))
