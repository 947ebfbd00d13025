# SPDX-License-Identifier: GPL-2.0-or-later
"""The record: its entries, each with its evidence, and the proof that nobody changed it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller
from enforcer.api.turns import SlowTurn
from enforcer.application.commands import KnownHead
from enforcer.application.views import AuditCheck, EventView
from enforcer.core.access import Action
from enforcer.errors import Forbidden, InvalidInput, NotFound
from enforcer.web.audit_filters import PAGE, EntriesAsked
from enforcer.web.desk import Desk, Said
from enforcer.web.senders import Auditing, Text
from enforcer.web.subjects import subject_page

router = APIRouter(include_in_schema=False)
KINDS = (
    *("order.placed", "order.refused", "order.extended", "order.shortened", "order.lifted"),
    *("order.amended", "order.reconfirmed", "order.emergency", "order.reviewed"),
    *("proposal.made", "proposal.approved", "proposal.rejected", "proposal.withdrawn"),
    *("device.intent", "device.outcome", "device.failing", "device.recovered", "device.braked"),
    *("device.contested", "device.paused", "device.resumed", "device.released", "device.adopted"),
    *("list.imported", "inventory.loaded", "inventory.refused", "alarm.raised", "alarm.cleared"),
    *("source.stopped", "source.started", "report.dismissed", "login.failed", "user.created"),
    *("user.changed", "token.created", "token.revoked", "audit.signed"),
)
"""Kinds of entries that the form offers; any other can be typed."""
_SHORT = 160
_TELLING = ("said", "reason", "why", "target", "result", "error", "mode")

Sending = Annotated[Caller, Depends(form_allowed(Action.AUDIT))]


@router.get("/audit")
def audit(request: Request, caller: Auditing) -> Response:
    """Entries that the URL asks for, newest first."""
    desk = Desk(request, caller)
    asked = EntriesAsked.of(request.query_params)
    which, problems = asked.filter(desk.zone, desk.now, PAGE + 1)
    found = [] if problems else list(desk.application.audit_list(desk.actor, which))
    shown = found[:PAGE]
    context: dict[str, Any] = {
        "asked": asked,
        "entries": [(one, in_short(one), _page_of(desk, one)) for one in shown],
        "older": asked.older(shown[-1].sequence) if len(found) > PAGE else "",
        "newest": asked.newest(),
    }
    if "fragment" in request.query_params:
        return desk.fragment("audit_rows.html", **context)
    return desk.page(
        "audit.html",
        422 if problems else 200,
        problems=problems,
        known_kinds=KINDS,
        export=asked.export(which),
        **context,
    )


@router.get("/audit/chain")
def chain(request: Request, caller: Auditing) -> Response:
    """Signatures, and the button that walks the whole chain."""
    return _chain(Desk(request, caller))


@router.post("/audit/verify")
def verify(
    request: Request, caller: Sending, turn: SlowTurn, sequence: Text = "", hash: Text = ""
) -> Response:
    """Walk the whole chain; with an entry that was kept elsewhere, it must hold that too."""
    desk = Desk(request, caller)
    heads = []
    if sequence.strip() or hash.strip():
        if not sequence.strip().isdecimal() or len(sequence.strip()) > 15:
            raise InvalidInput("position: write the number of the entry that was kept")
        heads = [KnownHead(sequence=int(sequence), hash=hash.strip())]
    return _chain(desk, desk.application.audit_verify(desk.actor, heads), heads)


@router.post("/audit/sign")
def sign(request: Request, caller: Sending) -> Response:
    """Sign the head of the chain now."""
    desk = Desk(request, caller)
    rights = desk.actor.rights
    if rights is not None and rights.read_only:
        raise Forbidden("this login is read-only: it signs nothing")
    made = desk.application.audit_sign(desk.actor)
    return desk.go("/audit/chain", Said(f"Entry {made.sequence} is signed."))


@router.get("/audit/{sequence}")
def entry(request: Request, sequence: str, caller: Auditing) -> Response:
    """One entry with everything that proves it; or what a device was told and answered alone."""
    if not sequence.isascii() or not sequence.isdecimal() or len(sequence) > 15:
        raise NotFound(f"'{sequence[:40]}' is no entry of the record: they are numbered")
    desk = Desk(request, caller)
    view = desk.application.audit_show(desk.actor, int(sequence))
    context: dict[str, Any] = {
        "view": view,
        "transcript": [(line.startswith("> "), line) for line in view.transcript],
    }
    if "fragment" in request.query_params:
        return desk.fragment("audit_told.html", **context)
    return desk.page(
        "audit_entry.html",
        details=flat(view.entry.detail),
        page=_page_of(desk, view.entry),
        **context,
    )


def _page_of(desk: Desk, entry: EventView) -> str:
    return subject_page(entry.subject, entry.kind, accounts=desk.may("accounts"))


def in_short(event: EventView) -> str:
    """What an entry tells first."""
    for name in _TELLING:
        if value := event.detail.get(name):
            text = str(value)
            return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"
    return ""


def flat(detail: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Names and values of a detail, what is inside others by its whole name."""
    found: list[tuple[str, str]] = []
    for name, value in detail.items():
        whole = f"{before}{name}".replace("_", " ")
        if isinstance(value, dict):
            found += flat(value, f"{whole} · ")
        elif isinstance(value, list):
            found.append((whole, "\n".join(map(str, value)) or "none"))
        else:
            shown = {None: "none", True: "yes", False: "no"}.get(value, str(value))
            found.append((whole, shown or "none"))
    return found


def _chain(
    desk: Desk, check: AuditCheck | None = None, heads: list[KnownHead] | None = None
) -> Response:
    return desk.page(
        "audit_chain.html",
        check=check,
        heads=heads or [],
        signatures=list(desk.application.audit_signatures(desk.actor)),
        read_only=desk.actor.rights is not None and desk.actor.rights.read_only,
    )
