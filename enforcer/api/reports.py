# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/reports``: what detectors and reporters sent, and what people decide about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from enforcer.api.answers import Awaiting, OptionalKey, awaiting_or
from enforcer.api.audit import place_of
from enforcer.api.callers import Judge, People
from enforcer.api.fields import Names, OptionalName
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.turns import SlowTurn
from enforcer.application.report_views import PullView, ReportFilter, ReportView, TrialView
from enforcer.application.requests import PlaceBody, ReasonBody, RefreshBody
from enforcer.application.views import OrderView

router = api_router(prefix="/reports", tags=["reports"], route_class=KeyedRoute)

ReportId = Annotated[int, Path(ge=1, le=2**53)]


@router.get("", response_model=Page[ReportView])
def reports(  # noqa: PLR0913 - one for each filter of the URL
    services: ServicesOf,
    caller: People,
    paging: PagingOf,
    state: Names = (),
    source_format: Annotated[tuple[str, ...], Query(alias="from", max_length=50)] = (),
    source: OptionalName = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
    order: OptionalName = None,
    target: OptionalName = None,
) -> Response | Page[ReportView]:
    """Reports, newest first; all filters must match. `from`: the formats they came in.

    `order`: those because of which it was placed. `target`: exactly this address or prefix.
    """
    which = ReportFilter(
        states=state,
        formats=source_format,
        source=source,
        text=text,
        order=order,
        target=target,
        limit=paging.limit + 1,
        before=None if paging.after is None else place_of(paging.after),
    )
    found = services.reports.reports(caller.actor, which)
    return paging.answer(found, lambda report: str(report.id), ReportView)


async def _content(request: Request) -> bytes:
    """The body, whatever it is called."""
    return await request.body()


@router.post(
    "/try",
    response_model=Page[TrialView],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def try_report(
    services: ServicesOf,
    caller: Judge,
    turn: SlowTurn,
    raw: Annotated[bytes, Depends(_content)],
    form: Annotated[str, Query(alias="format", max_length=100, examples=["xarf"])],
    source: Annotated[str, Query(max_length=100, description="As if it sent it.")] = "try",
) -> Page[TrialView]:
    """What a report would become by the rules of the settings; nothing is stored.

    The body is what a detector would send. Each report is taken as the first of its kind.
    """
    found = await run_in_threadpool(services.reports.trial, caller.actor, form, source, raw)
    return Page(items=list(found))


@router.post("/poll")
def poll(services: ServicesOf, caller: Judge, turn: SlowTurn, body: RefreshBody) -> PullView:
    """Ask CrowdSec's local API for its decisions now; what is held back, the answer tells."""
    return services.reports.poll(caller.actor, body.confirm_shrink)


@router.get("/{report_id}")
def report(report_id: ReportId, services: ServicesOf, caller: People) -> ReportView:
    """One report with what came."""
    return services.reports.report(caller.actor, report_id)


@router.post("/{report_id}/dismiss")
def dismiss(
    report_id: ReportId, body: ReasonBody, services: ServicesOf, caller: Judge
) -> ReportView:
    """Nothing is done about it."""
    return services.reports.dismiss(caller.actor, report_id, body.reason)


@router.post(
    "/{report_id}/order",
    status_code=201,
    response_model=OrderView,
    responses={202: {"model": Awaiting}},
)
def order_for(
    report_id: ReportId,
    body: PlaceBody,
    services: ServicesOf,
    caller: Judge,
    key: OptionalKey = None,
) -> Response | OrderView:
    """Place an order because of it."""
    command = body.command(caller.actor.name, key)
    return awaiting_or(
        services, caller, lambda: services.reports.order_for(caller.actor, report_id, command)
    )
