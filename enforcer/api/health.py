# SPDX-License-Identifier: GPL-2.0-or-later
"""`/healthz` and `/readyz`, for whoever starts, stops and balances processes: open to anybody."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from enforcer.api.guard import ServicesOf

log = structlog.get_logger()

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def alive() -> PlainTextResponse:
    """The process lives and answers; nothing else is asked."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(services: ServicesOf) -> JSONResponse:
    """Whether it can do its work: 200, or 503. Why not is in the log, not told to strangers."""
    if services.watch is None:
        return JSONResponse({"ready": False, "role": ""}, HTTPStatus.SERVICE_UNAVAILABLE)
    found = services.watch.ready()
    status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
    if not found.ready:
        log.warning("not ready", role=found.role, said=found.said)
    return JSONResponse({"ready": found.ready, "role": found.role}, status)
