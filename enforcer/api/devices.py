# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/devices``: what they hold, what they should, and what is decided about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from enforcer.api.callers import DeviceKeeper, Reader
from enforcer.api.fields import Name
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.turns import SlowTurn
from enforcer.application.desk_views import SnippetView
from enforcer.application.requests import ModeBody, ReasonBody
from enforcer.application.views import DeviceView, DriftView, PassView, Preview

router = api_router(tags=["devices"], route_class=KeyedRoute)


@router.get("/devices", response_model=Page[DeviceView])
def devices(services: ServicesOf, caller: Reader, paging: PagingOf) -> Response | Page[DeviceView]:
    """All devices."""
    found = services.application.devices(caller.actor)
    return paging.answer_all(found, lambda device: device.name, DeviceView)


@router.get("/devices/{name}")
def device(name: Name, services: ServicesOf, caller: Reader) -> DeviceView:
    """One device."""
    return services.application.device(caller.actor, name)


@router.get("/devices/{name}/plan")
def plan(name: Name, services: ServicesOf, caller: Reader, turn: SlowTurn) -> Preview:
    """What the next pass would do, computed against the device as it is now."""
    return services.application.device_plan(caller.actor, name)


@router.get("/devices/{name}/drift")
def drift(name: Name, services: ServicesOf, caller: Reader, turn: SlowTurn) -> DriftView:
    """Read the device now and compare; writes nothing."""
    return services.application.device_drift(caller.actor, name)


@router.post("/devices/{name}/reconcile")
def reconcile(name: Name, services: ServicesOf, caller: DeviceKeeper, turn: SlowTurn) -> PassView:
    """A full pass now."""
    return services.application.device_reconcile(caller.actor, name)


@router.post("/devices/{name}/adopt")
def adopt(name: Name, services: ServicesOf, caller: DeviceKeeper, turn: SlowTurn) -> DeviceView:
    """Take over a device that carries a foreign mark or a newer epoch."""
    return services.application.device_adopt(caller.actor, name)


@router.post("/devices/{name}/pause")
def pause(name: Name, body: ReasonBody, services: ServicesOf, caller: DeviceKeeper) -> DeviceView:
    """Stop additions; removals go on."""
    return services.application.device_pause(caller.actor, name, body.reason)


@router.post("/devices/{name}/resume")
def resume(name: Name, services: ServicesOf, caller: DeviceKeeper) -> DeviceView:
    """End its pause."""
    return services.application.device_resume(caller.actor, name)


@router.post("/devices/{name}/release")
def release(name: Name, body: ReasonBody, services: ServicesOf, caller: DeviceKeeper) -> DeviceView:
    """Let pass what the brake holds, and take up its contested objects again."""
    return services.application.device_release(caller.actor, name, body.reason)


@router.post("/devices/{name}/mode")
def mode(name: Name, body: ModeBody, services: ServicesOf, caller: DeviceKeeper) -> DeviceView:
    """Observe, enforce, or what the inventory says."""
    return services.application.device_mode(caller.actor, name, body.mode, body.reason)


@router.post("/devices/{name}/retire")
def retire(name: Name, body: ReasonBody, services: ServicesOf, caller: DeviceKeeper) -> DeviceView:
    """Drain it; it leaves the inventory in force once it is verified empty."""
    return services.application.device_retire(caller.actor, name, body.reason)


@router.get("/snippets", response_model=Page[SnippetView])
def snippets(
    services: ServicesOf,
    caller: Reader,
    paging: PagingOf,
    device: Annotated[str, Query(max_length=255)] = "",
    platform: Annotated[str, Query(max_length=100)] = "",
    tool: Annotated[str, Query(max_length=100)] = "",
) -> Response | Page[SnippetView]:
    """Ignore rules for rancid and oxidized: of a device, of a platform, or of all."""
    found = services.application.device_snippets(caller.actor, device, platform, tool)
    return paging.answer_all(found, lambda one: f"{one.tool} {one.file}", SnippetView)
