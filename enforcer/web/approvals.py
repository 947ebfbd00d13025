# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person: look at it, then approve or reject it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response
from pydantic import ValidationError

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.approval_views import ProposalView
from enforcer.application.commands import PlaceOrder
from enforcer.application.views import Preview
from enforcer.core.access import Action
from enforcer.errors import EnforcerError
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.wire import demand_from_wire

router = APIRouter(include_in_schema=False)
STATES = ("waiting", "approved", "rejected", "withdrawn", "lapsed")

Reading = Annotated[Caller, Depends(allowed(Action.READ))]
Approving = Annotated[Caller, Depends(form_allowed(Action.APPROVE))]
Text = Annotated[str, Form()]


@router.get("/approvals")
def approvals(request: Request, caller: Reading, state: str = "waiting") -> Response:
    """What waits, or was decided."""
    desk = Desk(request, caller)
    chosen = state if state in STATES else "all" if state == "all" else "waiting"
    found = desk.application.proposals(desk.actor, None if chosen == "all" else chosen)
    context: dict[str, Any] = {"proposals": found, "state": chosen}
    if "fragment" in request.query_params:
        return desk.fragment("approvals_rows.html", **context)
    return desk.page("approvals.html", states=(*STATES, "all"), **context)


@router.get("/approvals/{proposal_id}")
def approval(request: Request, proposal_id: str, caller: Reading) -> Response:
    """One proposal, and what it would do as things stand now."""
    desk = Desk(request, caller)
    view = desk.application.proposal(desk.actor, proposal_id)
    found, problem = _previewed(desk, view) if view.state == "waiting" else (None, "")
    return desk.page(
        "approval.html",
        proposal=view,
        preview=found,
        problem=problem,
        own=view.issuer == desk.actor.name,
    )


@router.post("/approvals/{proposal_id}/approve")
def approve(request: Request, proposal_id: str, caller: Approving, reason: Text = "") -> Response:
    """Do it; everything is checked anew. Who comes second is told who was first."""
    desk = Desk(request, caller)
    order = desk.application.approve(desk.actor, proposal_id, reason.strip())
    by = desk.application.proposal(desk.actor, proposal_id).decided_by
    if by is not None and by != desk.actor.name:
        said = f"{proposal_id} was approved before you, by {by}: it is order {order.id}."
        return desk.go(f"/orders/{segment(order.id)}", Said(said, "watch"))
    return desk.go(f"/orders/{segment(order.id)}", Said(f"Approved: order {order.id} is placed."))


@router.post("/approvals/{proposal_id}/reject")
def reject(request: Request, proposal_id: str, caller: Approving, reason: Text = "") -> Response:
    """Turn it down."""
    desk = Desk(request, caller)
    view = desk.application.reject(desk.actor, proposal_id, reason.strip())
    return desk.go("/approvals", Said(f"Rejected: {view.target}.", "watch"))


@router.post("/approvals/{proposal_id}/withdraw")
def withdraw(
    request: Request,
    proposal_id: str,
    caller: Annotated[Caller, Depends(form_allowed(Action.PLACE))],
    reason: Text = "",
) -> Response:
    """Take one's own proposal back."""
    desk = Desk(request, caller)
    view = desk.application.withdraw(desk.actor, proposal_id, reason.strip())
    return desk.go("/approvals", Said(f"Withdrawn: {view.target}."))


def _previewed(desk: Desk, view: ProposalView) -> tuple[Preview | None, str]:
    """What the order would do, or why that cannot be said."""
    if view.what != "place":
        return None, ""
    try:
        demand = demand_from_wire(view.command["demand"])
        command = PlaceOrder.model_validate({**view.command, "demand": demand})
        return desk.application.preview(desk.actor, command), ""
    except (KeyError, ValidationError):
        return None, ""
    except EnforcerError as error:
        return None, str(error)
