# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk as routers, to be put into an application beside the API's."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from enforcer.web import assets, control, orders_list


def routers() -> list[APIRouter]:
    """Every router of the desk."""
    return [assets.router, control.router, orders_list.router]


def announce(app: FastAPI) -> None:
    """Tell `app` which pages there are: the navigation shows no others."""
    app.state.desk_paths = paths_of(routers())


def paths_of(some: list[APIRouter]) -> frozenset[str]:
    """The paths that can be looked at."""
    return frozenset(route.path for router in some for route in _pages(router.routes))


def _pages(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute) and "GET" in route.methods:
            yield route
