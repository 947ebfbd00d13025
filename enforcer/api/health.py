# SPDX-License-Identifier: GPL-2.0-or-later
"""`/healthz` and `/readyz`, for whoever starts, stops and balances processes: open to anybody."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict

from enforcer.api.guard import ServicesOf

log = structlog.get_logger()

router = APIRouter(tags=["probes"])


class Readiness(BaseModel):
    """Whether the process can do its work, and as what: leader, standby; empty: neither."""

    model_config = ConfigDict(frozen=True)

    ready: bool
    role: str


@router.get("/healthz", response_class=PlainTextResponse)
def alive() -> PlainTextResponse:
    """The process lives and answers; nothing else is asked."""
    return PlainTextResponse("ok\n")


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(services: ServicesOf) -> JSONResponse:
    """Whether it can do its work: 200, or 503. Why not is in the log, not told to strangers."""
    if services.watch is None:
        return JSONResponse({"ready": False, "role": ""}, HTTPStatus.SERVICE_UNAVAILABLE)
    found = services.watch.ready()
    status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
    if not found.ready:
        log.warning("not ready", role=found.role, said=found.said)
    return JSONResponse({"ready": found.ready, "role": found.role}, status)
