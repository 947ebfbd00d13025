# SPDX-License-Identifier: GPL-2.0-or-later
"""A request of the API is one call of one thread, and ends what its dependencies opened."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Depends, Request
from fastapi.testclient import TestClient

from enforcer.api.app import ROUTERS, create_app
from enforcer.api.one_call import PREFIX, OneCall, api_router
from tests.fakes.services import fake_services

THREADS: list[int] = []
ENDED: list[str] = []


def here() -> int:
    THREADS.append(threading.get_ident())
    return THREADS[-1]


def again(one: Annotated[int, Depends(here)]) -> int:
    here()
    return one


def opened() -> Iterator[str]:
    yield "open"
    ENDED.append("ended")


async def waits() -> None:
    await asyncio.sleep(0)


router = api_router("/tried")


@router.get("/threads")
def threads(
    request: Request, one: Annotated[int, Depends(here)], two: Annotated[int, Depends(again)]
) -> dict[str, bool]:
    here()
    return {"same": one == two}


@router.get("/opened")
def left_open(what: Annotated[str, Depends(opened)]) -> dict[str, object]:
    return {"what": what, "ended": len(ENDED)}


@router.get("/broken")
def broken(what: Annotated[str, Depends(opened)]) -> None:
    raise ValueError(what)


@router.get("/waits")
def waiting(nothing: Annotated[None, Depends(waits)]) -> None:
    """Never called."""


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = create_app(fake_services(), [router])
    THREADS.clear()
    ENDED.clear()
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_guard_parameters_and_endpoint_share_a_thread(client: TestClient) -> None:
    answer = client.get(f"{PREFIX}/tried/threads")
    assert (answer.status_code, answer.json()) == (200, {"same": True})
    assert len(set(THREADS)) == 1
    assert len(THREADS) == 3, "a dependency of two is asked once"


def test_what_a_dependency_opened_ends_with_the_request(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/tried/opened").json() == {"what": "open", "ended": 0}
    assert ENDED == ["ended"]


def test_it_ends_after_an_error_too(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/tried/broken").status_code == 500
    assert client.get(f"{PREFIX}/tried/threads").status_code == 200


def test_a_dependency_that_waits_is_told(client: TestClient) -> None:
    answer = client.get(f"{PREFIX}/tried/waits")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-server-error")


def test_every_route_of_the_api_is_such_a_route() -> None:
    routes = [route for one in ROUTERS for route in one.routes]
    assert all(isinstance(route, OneCall) for route in routes)
    assert all(route.path.startswith(PREFIX) for route in routes if isinstance(route, OneCall))
