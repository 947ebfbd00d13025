# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/in/...``: detectors and tools post what they saw; the answer is a receipt.

A receipt (202) says that everything in the request is stored. What cannot be read is refused with
the reason, and kept for a person to see. A full queue says 429 with Retry-After.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from enforcer.api.guard import Caller, allowed, peer
from enforcer.api.problems import TooLarge
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Rights, Role
from enforcer.core.signals import Signal
from enforcer.errors import EnforcerError, InvalidInput, NotFound, StorageError
from enforcer.intake.adapters import Adapter, adapters
from enforcer.intake.arrivals import Receipt, arrivals_of
from enforcer.intake.inbox import PATIENCE, TOO_SLOW, Inbox
from enforcer.intake.xarf import read_xarf
from enforcer.service_settings import IntakeSettings

PREFIX = "/api/v1/in"
OPEN_REPORTS = f"{PREFIX}/report"
"""The one route here that asks for no token, where it is switched on."""

Endpoint = Callable[..., Coroutine[object, object, BaseModel]]
Reporter = Annotated[Caller, Depends(allowed(Action.REPORT))]
_LONGEST_NAME = 100
STRANGER = Actor("anybody", "open-report", Rights(frozenset({Role.DETECTOR})))
"""Who posts without a token: its reports are never trusted."""


class ReceiptView(BaseModel):
    """What became of one report."""

    model_config = ConfigDict(frozen=True)

    id: int
    state: str
    said: str
    order: str | None = None
    duplicate: bool = False


class ReceiptsView(ReceiptView):
    """The first report of a request; `reports` has all of them."""

    reports: list[ReceiptView]
    warnings: list[str]


class ReceivedView(BaseModel):
    """All that is said to who posts without a token: nothing of what became of it, or by whom."""

    model_config = ConfigDict(frozen=True)

    received: bool = True


def routers(inbox: Inbox, settings: IntakeSettings) -> list[APIRouter]:
    """The routes, with their whole paths. Raises ConfigurationInvalid."""
    router = APIRouter(prefix=PREFIX, tags=["in"])
    for adapter in adapters(settings).values():
        taking = _taking(inbox, adapter, settings.largest)
        _add(router, f"/{adapter.name}", taking, adapter, ReceiptsView)
    names = [one.partition("/")[2] for one in adapters(settings) if one.startswith("generic/")]
    router.add_api_route(
        "/generic/{name}", _no_mapping(names), methods=["POST"], include_in_schema=False
    )
    if settings.open_reports:
        adapter = Adapter("report", read_xarf, "application/json", "XARF from anybody")
        taking = _taking_open(inbox, adapter, settings.largest)
        _add(router, "/report", taking, adapter, ReceivedView)
    return [router]


async def submit(
    inbox: Inbox, adapter: Adapter, actor: Actor, raw: bytes, trusted: bool
) -> ReceiptsView:
    """Read `raw` and store what it says. Raises InvalidInput (kept), Throttled, StorageError.

    No thread waits meanwhile: those are for people.
    """
    signals = await run_in_threadpool(_read, inbox, adapter, actor, raw)
    posted = asyncio.wrap_future(inbox.post(arrivals_of(signals, actor, trusted, raw)))
    try:
        results = await asyncio.wait_for(posted, PATIENCE)
    except TimeoutError:
        raise StorageError(TOO_SLOW) from None
    return receipts(results, [text for one in signals for text in one.warnings])


def _read(inbox: Inbox, adapter: Adapter, actor: Actor, raw: bytes) -> list[Signal]:
    try:
        return adapter.read(raw)
    except InvalidInput as problem:
        inbox.intake.malformed(actor.source, adapter.name, raw, str(problem))
        raise


def receipts(
    results: Sequence[Receipt | EnforcerError], warnings: Sequence[str] = ()
) -> ReceiptsView:
    """The answer about `results`; raises the first that is an error."""
    views = []
    for one in results:
        if not isinstance(one, Receipt):
            raise one
        views.append(
            ReceiptView(
                id=one.id,
                state=one.state,
                said=one.said,
                order=one.order,
                duplicate=one.duplicate,
            )
        )
    first = views[0] if views else ReceiptView(id=0, state="ignored", said="it held no report")
    said = list(dict.fromkeys(warnings))[:50]
    return ReceiptsView(**first.model_dump(), reports=views, warnings=said)


def body_within(largest: int) -> Callable[[Request], object]:
    """A dependency: the body, if it has at most `largest` bytes."""

    async def read(request: Request) -> bytes:
        stated = request.headers.get("content-length", "0")
        if stated.isdecimal() and int(stated) > largest:
            raise TooLarge(f"the body has {stated} bytes, at most {largest} are taken")
        kept = bytearray()
        async for chunk in request.stream():
            kept += chunk
            if len(kept) > largest:
                raise TooLarge(f"the body has more than {largest} bytes, and no more are taken")
        if not kept:
            raise InvalidInput("the body is empty")
        return bytes(kept)

    return read


def _taking(inbox: Inbox, adapter: Adapter, largest: int) -> Endpoint:
    body = Depends(body_within(largest))

    async def take(caller: Reporter, raw: bytes = body) -> ReceiptsView:
        return await submit(inbox, adapter, caller.actor, raw, adapter.vouched)

    return take


def _no_mapping(names: Sequence[str]) -> Endpoint:
    known = f"there are {', '.join(sorted(names))}" if names else "there is none yet"

    async def refuse(name: str, caller: Reporter) -> BaseModel:
        raise NotFound(
            f"no mapping '{name[:_LONGEST_NAME]}' under [service.intake.adapters.generic]: {known}"
        )

    return refuse


def _taking_open(inbox: Inbox, adapter: Adapter, largest: int) -> Endpoint:
    body = Depends(body_within(largest))

    async def take(request: Request, raw: bytes = body) -> ReceivedView:
        actor = Actor(peer(request) or STRANGER.name, STRANGER.source, STRANGER.rights)
        await submit(inbox, adapter, actor, raw, trusted=False)
        return ReceivedView()

    return take


def _add(
    router: APIRouter, path: str, endpoint: Endpoint, adapter: Adapter, view: type[BaseModel]
) -> None:
    kind = "string" if adapter.content.startswith("message/") else "object"
    content = {adapter.content: {"schema": {"type": kind}}}
    router.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        status_code=202,
        response_model=view,
        summary=adapter.says,
        name=f"in_{adapter.name.replace('/', '_')}",
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )
