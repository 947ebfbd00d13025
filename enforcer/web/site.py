# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk as routers, to be put into an application beside the API's."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from enforcer.web import (
    accounts,
    approvals,
    assets,
    audit,
    bulk,
    control,
    customers,
    device_changes,
    devices,
    doctor,
    drift,
    home,
    inventory,
    list_import,
    lists,
    login,
    many_orders,
    new_order,
    notices,
    order_page,
    orders_list,
    own_account,
    parts,
    reports,
    search,
    surroundings,
    tokens,
)

_MODULES = (
    assets,
    login,
    control,
    parts,
    home,
    search,
    bulk,
    many_orders,
    new_order,
    orders_list,
    order_page,
    approvals,
    devices,
    device_changes,
    drift,
    customers,
    audit,
    list_import,
    lists,
    surroundings,
    reports,
    notices,
    inventory,
    doctor,
    accounts,
    own_account,
    tokens,
)
"""Each has a `router`; a fixed path comes before one with a parameter that would take it."""


def routers() -> list[APIRouter]:
    """Every router of the desk."""
    return [module.router for module in _MODULES]


def announce(app: FastAPI) -> None:
    """Tell `app` which pages there are: the navigation shows no others."""
    app.state.desk_paths = paths_of(routers())


def paths_of(some: list[APIRouter]) -> frozenset[str]:
    """The paths that can be looked at."""
    return frozenset(route.path for router in some for route in _pages(router.routes))


def _pages(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            yield route
