# SPDX-License-Identifier: GPL-2.0-or-later
"""`/metrics`: with a token that may read it, or from the addresses that the settings name."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.guard import Caller, ServicesOf, allowed, peer, services_of
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Rights
from enforcer.errors import NotFound

router = APIRouter(tags=["probes"])
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = ("forwarded", "x-forwarded-for")
_by_token = allowed(Action.METRICS)


def is_open_to(request: Request) -> bool:
    """Whether the peer needs no token.

    A request that a proxy passed on, which the settings do not trust, says nothing of where it
    came from: the proxy's own address opens nothing then.
    """
    settings = services_of(request).settings.web
    if not settings.trusted_proxies and any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ip_address(peer(request))
    except ValueError:
        return False
    return any(address in ip_network(one, strict=False) for one in settings.metrics_open_to)


def scraper(request: Request) -> Caller:
    """Whoever may read the numbers. Raises Unauthenticated, Forbidden."""
    if is_open_to(request):
        return Caller(Actor("metrics", "api", Rights()))
    return _by_token(request)


scraper.action = Action.METRICS  # type: ignore[attr-defined]  # as `enforcer.api.guard.allowed`


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(services: ServicesOf, caller: Annotated[Caller, Depends(scraper)]) -> Response:
    """Everything, in Prometheus' text format."""
    if services.watch is None:
        raise NotFound("this process counts nothing: ask `enforcer run`")
    return Response(services.watch.metrics(), media_type=CONTENT_TYPE)
