# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/audit``: the chain; reports for disputes; what is enforced, as files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response

from enforcer.api.callers import Auditor, Reader
from enforcer.api.fields import InstantQuery, Names, OptionalName, Sequence
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.streams import lines_response
from enforcer.api.turns import SlowTurn
from enforcer.application.commands import AuditFilter, ExportEnforced
from enforcer.application.record_views import AuditEntryView, Report, SignatureView
from enforcer.application.requests import VerifyBody
from enforcer.application.views import AuditCheck, EventView
from enforcer.errors import Forbidden, InvalidInput

router = api_router(route_class=KeyedRoute)

_Position = Annotated[int, Query(ge=0, le=2**53)]


@dataclass(frozen=True)
class Entries:
    """Which entries a query asks for; everything that is given must match."""

    kind: Names = ()
    subject: OptionalName = None
    device: OptionalName = None
    actor: OptionalName = None
    since: InstantQuery | None = None
    until: InstantQuery | None = None
    after: _Position | None = None

    def filter(self, limit: int | None, before: int | None, newest_first: bool) -> AuditFilter:
        """The same as it is asked of the application."""
        return AuditFilter(
            kinds=self.kind,
            subject=self.subject,
            device=self.device,
            actor=self.actor,
            since=self.since,
            until=self.until,
            after=self.after,
            before=before,
            newest_first=newest_first,
            limit=limit,
        )


EntriesOf = Annotated[Entries, Depends()]


@router.get("/audit", response_model=Page[EventView], tags=["audit"])
def audit_list(
    services: ServicesOf,
    caller: Auditor,
    paging: PagingOf,
    entries: EntriesOf,
    before: _Position | None = None,
    newest_first: bool = True,
) -> Response | Page[EventView]:
    """Audit entries; all filters must match."""
    which = entries.filter(paging.limit + 1, before, newest_first)
    if paging.after is not None:
        place = place_of(paging.after)
        which = which.model_copy(update={"before" if newest_first else "after": place})
    found = services.application.audit_list(caller.actor, which)
    return paging.answer(found, lambda event: str(event.sequence), EventView)


def place_of(cursor: str) -> int:
    """The position that a cursor says. Raises InvalidInput."""
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 15:
        raise InvalidInput("cursor: not one of this list: take `next` of the page before")
    return int(cursor)


@router.get(
    "/audit/export",
    tags=["audit"],
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
def audit_export(
    services: ServicesOf,
    caller: Auditor,
    turn: SlowTurn,
    entries: EntriesOf,
    limit: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Audit entries as JSON lines that a third party can verify, oldest first."""
    which = entries.filter(limit, None, newest_first=False)
    lines = services.application.audit_export(caller.actor, which)
    return lines_response(lines, "application/x-ndjson")


@router.post("/audit/verify", tags=["audit"])
def verify(services: ServicesOf, caller: Auditor, turn: SlowTurn, body: VerifyBody) -> AuditCheck:
    """Walk the whole chain, which must hold the heads too that were kept elsewhere."""
    return services.application.audit_verify(caller.actor, body.known())


@router.get("/audit/signatures", response_model=Page[SignatureView], tags=["audit"])
def signatures(
    services: ServicesOf, caller: Auditor, paging: PagingOf
) -> Response | Page[SignatureView]:
    """All signed heads, newest first, each checked."""
    found = services.application.audit_signatures(caller.actor)
    return paging.answer_all(found, lambda one: f"{one.sequence} {one.key}", SignatureView)


@router.post("/audit/sign", tags=["audit"])
def sign(services: ServicesOf, caller: Auditor) -> SignatureView:
    """Sign the head of the chain now. Not with a token that is read-only."""
    rights = caller.actor.rights
    if rights is not None and rights.read_only:
        raise Forbidden("this token is read-only: it signs nothing")
    return services.application.audit_sign(caller.actor)


@router.get("/audit/{sequence}", tags=["audit"])
def audit_show(sequence: Sequence, services: ServicesOf, caller: Auditor) -> AuditEntryView:
    """One entry with its evidence."""
    return services.application.audit_show(caller.actor, sequence)


@router.get("/disputes", tags=["audit"])
def dispute(
    subject: Annotated[str, Query(max_length=255, description="An order's id, or a customer.")],
    services: ServicesOf,
    caller: Auditor,
    turn: SlowTurn,
) -> Report:
    """Everything about one order or customer, for a dispute; `html` is it as one page."""
    return services.application.report(caller.actor, subject)


class ExportForm(StrEnum):
    """How what is enforced is written."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    NFT = "nft"


_TYPES = {ExportForm.CSV: "text/csv; charset=utf-8", ExportForm.JSON: "application/json"}
_PLAIN = "text/plain; charset=utf-8"
_TEXT = {"schema": {"type": "string"}}


@router.get(
    "/export",
    tags=["export"],
    response_class=Response,
    responses={200: {"content": {"text/plain": _TEXT, "text/csv": _TEXT, "application/json": {}}}},
)
def export(
    services: ServicesOf,
    caller: Reader,
    turn: SlowTurn,
    list: Annotated[str | None, Query(max_length=63)] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31)] = None,
    device: OptionalName = None,
    format: Annotated[ExportForm, Query()] = ExportForm.TEXT,
) -> Response:
    """What is to stand on devices now, or one list: as text, csv, json or nft."""
    command = ExportEnforced(list_name=list, version=version, device=device, format=str(format))
    lines = services.application.export(caller.actor, command)
    return lines_response(lines, _TYPES.get(format, _PLAIN))
