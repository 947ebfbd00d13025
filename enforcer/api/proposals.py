# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/proposals``: what waits for a second person."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from enforcer.api.callers import Approver, People, Placer
from enforcer.api.fields import OrderId
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.application.approval_views import ProposalView
from enforcer.application.requests import ReasonBody
from enforcer.application.views import OrderView

router = api_router(prefix="/proposals", tags=["approvals"], route_class=KeyedRoute)


class State(StrEnum):
    """What became of a proposal; ``all`` of them."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ALL = "all"


@router.get("", response_model=Page[ProposalView])
def proposals(
    services: ServicesOf,
    caller: People,
    paging: PagingOf,
    state: Annotated[State, Query()] = State.WAITING,
) -> Response | Page[ProposalView]:
    """What waits, or was decided, newest first."""
    wanted = None if state is State.ALL else str(state)
    found = services.application.proposals(caller.actor, wanted)
    return paging.answer_all(found, lambda proposal: proposal.id, ProposalView)


@router.get("/{proposal_id}")
def proposal(proposal_id: OrderId, services: ServicesOf, caller: People) -> ProposalView:
    """One of them."""
    return services.application.proposal(caller.actor, proposal_id)


@router.post("/{proposal_id}/approve")
def approve(
    proposal_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Approver
) -> OrderView:
    """Do what was proposed, checked anew; never by the one who proposed it."""
    return services.application.approve(caller.actor, proposal_id, body.reason)


@router.post("/{proposal_id}/reject")
def reject(
    proposal_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Approver
) -> ProposalView:
    """Turn it down."""
    return services.application.reject(caller.actor, proposal_id, body.reason)


@router.post("/{proposal_id}/withdraw")
def withdraw(
    proposal_id: OrderId, body: ReasonBody, services: ServicesOf, caller: Placer
) -> ProposalView:
    """Take one's own proposal back."""
    return services.application.withdraw(caller.actor, proposal_id, body.reason)
