# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1``: customers, inventory, protected space, sources, alarms."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from enforcer.api.callers import DeviceKeeper, InventoryKeeper, Pauser, People, Reader, Resumer
from enforcer.api.fields import Name
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.turns import SlowTurn
from enforcer.application.desk_views import (
    AlarmView,
    CustomerView,
    InventoryDiff,
    InventoryView,
    ProtectedView,
    SourceView,
)
from enforcer.application.requests import MoveBody, ReasonBody
from enforcer.application.views import InventoryReport

router = api_router(route_class=KeyedRoute)


@router.get("/customers", response_model=Page[CustomerView], tags=["customers"])
def customers(
    services: ServicesOf, caller: People, paging: PagingOf
) -> Response | Page[CustomerView]:
    """All customers, without their orders."""
    found = services.application.customers(caller.actor)
    return paging.answer_all(found, lambda one: one.name, CustomerView)


@router.get("/customers/{name}", tags=["customers"])
def customer(name: Name, services: ServicesOf, caller: People) -> CustomerView:
    """One customer with the orders about it."""
    return services.application.customer(caller.actor, name)


@router.post("/customers/{name}/confirm-gone", tags=["customers"])
def confirm_gone(
    name: Name, body: ReasonBody, services: ServicesOf, caller: InventoryKeeper
) -> CustomerView:
    """A customer that left the files may go: what only it held is no longer enforced."""
    return services.application.customer_confirm_gone(caller.actor, name, body.reason)


@router.post("/customers/{name}/move", tags=["customers"])
def move(name: Name, body: MoveBody, services: ServicesOf, caller: DeviceKeeper) -> CustomerView:
    """Let an old attachment go once the new ones are proved."""
    return services.application.attachment_move(caller.actor, body.command(name))


@router.get("/inventory", tags=["inventory"])
def inventory(services: ServicesOf, caller: People) -> InventoryView:
    """The inventory in force."""
    return services.application.inventory_show(caller.actor)


@router.get("/inventory/check", tags=["inventory"])
def check(services: ServicesOf, caller: InventoryKeeper, turn: SlowTurn) -> InventoryReport:
    """Load the files and say what is wrong with them."""
    return services.application.inventory_check(caller.actor)


@router.get("/inventory/diff", tags=["inventory"])
def diff(services: ServicesOf, caller: InventoryKeeper, turn: SlowTurn) -> InventoryDiff:
    """What a reload would change."""
    return services.application.inventory_diff(caller.actor)


@router.post("/inventory/reload", tags=["inventory"])
def reload(
    body: ReasonBody, services: ServicesOf, caller: InventoryKeeper, turn: SlowTurn
) -> InventoryDiff:
    """Put the files in force; files that cannot be loaded change nothing."""
    return services.application.inventory_reload(caller.actor, body.reason)


@router.get("/protected", response_model=Page[ProtectedView], tags=["protected"])
def protected(
    services: ServicesOf,
    caller: Reader,
    paging: PagingOf,
    address: Annotated[str | None, Query(max_length=100)] = None,
) -> Response | Page[ProtectedView]:
    """Protected space, all of it or what overlaps an address or prefix."""
    found = services.application.protected(caller.actor, address)
    return paging.answer_all(found, lambda one: f"{one.prefix} {one.origin}", ProtectedView)


@router.get("/sources", response_model=Page[SourceView], tags=["sources"])
def sources(services: ServicesOf, caller: Reader, paging: PagingOf) -> Response | Page[SourceView]:
    """Every source of orders that has limits, orders or a stop."""
    found = services.application.sources(caller.actor)
    return paging.answer_all(found, lambda one: one.name, SourceView)


@router.post("/sources/{name}/stop", tags=["sources"])
def stop(name: Name, body: ReasonBody, services: ServicesOf, caller: Pauser) -> SourceView:
    """The kill switch: no new orders from it (`*`: from any automated one). Its orders stay."""
    return services.application.source_stop(caller.actor, name, body.reason)


@router.post("/sources/{name}/start", tags=["sources"])
def start(name: Name, services: ServicesOf, caller: Resumer) -> SourceView:
    """Let a stopped source (`*`: all automated ones) place orders again."""
    return services.application.source_start(caller.actor, name)


@router.get("/alarms", response_model=Page[AlarmView], tags=["alarms"])
def alarms(
    services: ServicesOf,
    caller: Reader,
    paging: PagingOf,
    all: Annotated[bool, Query(description="Those that are over too.")] = False,
) -> Response | Page[AlarmView]:
    """What people must know of or decide, newest first."""
    found = services.application.alarms(caller.actor, not all)
    return paging.answer_all(found, lambda one: str(one.sequence), AlarmView)
