# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers and headers that several routes share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Header
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from enforcer.api.guard import Caller
from enforcer.api.problems import AWAITING
from enforcer.application.approval_views import ProposalView
from enforcer.application.services import Services
from enforcer.application.views import OrderView
from enforcer.errors import AwaitingApproval

OptionalKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+( [!-~]+)*$",
        description="Chosen by the client, new for each thing to be done: a request that is sent"
        " again with the same key is done once.",
    ),
]


class Awaiting(BaseModel):
    """Stored as a proposal: somebody else has to approve it."""

    model_config = ConfigDict(frozen=True)

    code: str = AWAITING
    detail: str
    proposal: ProposalView


def awaiting_or(
    services: Services, caller: Caller, call: Callable[[], OrderView]
) -> OrderView | Response:
    """What `call` gives, or 202 with the proposal that it became."""
    try:
        return call()
    except AwaitingApproval as waits:
        proposal = services.application.proposal(caller.actor, waits.proposal)
        said = Awaiting(detail=str(waits), proposal=proposal)
        return JSONResponse(
            said.model_dump(mode="json"),
            status_code=202,
            headers={"Location": f"/api/v1/proposals/{waits.proposal}"},
        )
