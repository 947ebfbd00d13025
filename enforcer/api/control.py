# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1``: why, the controller as a whole, doctor."""

from __future__ import annotations

from fastapi.responses import Response

from enforcer.api.callers import DeviceKeeper, Pauser, Reader, Resumer
from enforcer.api.fields import AddressQuery, InstantQuery
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.turns import SlowTurn
from enforcer.application.requests import ReasonBody
from enforcer.application.route_views import WhyRouteView
from enforcer.application.views import ControlView, DoctorCheck, WhyView

router = api_router(route_class=KeyedRoute)


@router.get("/why", tags=["why"])
def why(
    address: AddressQuery, services: ServicesOf, caller: Reader, at: InstantQuery | None = None
) -> WhyView:
    """Which orders touch an address or prefix, and whether it is blocked now, or was `at`."""
    return services.application.why(caller.actor, address, at)


@router.get("/why-route", tags=["why"])
def why_route(
    prefix: AddressQuery, services: ServicesOf, caller: Reader, turn: SlowTurn
) -> WhyRouteView:
    """What becomes of the route for exactly a prefix, on each BGP session; asks the devices."""
    return services.application.why_route(caller.actor, prefix)


@router.get("/control", tags=["control"])
def control(services: ServicesOf, caller: Reader) -> ControlView:
    """The controller's state."""
    return services.application.control(caller.actor)


@router.post("/control/pause", tags=["control"])
def pause(body: ReasonBody, services: ServicesOf, caller: Pauser) -> ControlView:
    """Stop additions on all devices; removals go on."""
    return services.application.pause(caller.actor, body.reason)


@router.post("/control/freeze", tags=["control"])
def freeze(body: ReasonBody, services: ServicesOf, caller: Resumer) -> ControlView:
    """Stop all writes to all devices."""
    return services.application.freeze(caller.actor, body.reason)


@router.post("/control/resume", tags=["control"])
def resume(services: ServicesOf, caller: Resumer) -> ControlView:
    """End a pause or a freeze."""
    return services.application.resume(caller.actor)


@router.get("/doctor", response_model=Page[DoctorCheck], tags=["control"])
def doctor(
    services: ServicesOf, caller: DeviceKeeper, turn: SlowTurn, paging: PagingOf
) -> Response | Page[DoctorCheck]:
    """Check everything that a first installation gets wrong, on each device too."""
    found = services.application.doctor(caller.actor)
    return paging.answer_all(found, lambda one: f"{one.check} {one.detail}", DoctorCheck)
