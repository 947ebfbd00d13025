# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP application: the API, and whatever other routers the composition brings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, FastAPI

from enforcer.api import (
    accounts,
    audit,
    control,
    devices,
    events,
    lists,
    notices,
    order_changes,
    orders,
    proposals,
    reports,
    surroundings,
)
from enforcer.api.middleware import LARGEST_BODY, Surroundings
from enforcer.api.one_call import PREFIX
from enforcer.api.openapi import add_document
from enforcer.api.problems import ProblemPage, add_problem_answers
from enforcer.api.regulars import Regulars
from enforcer.api.short_calls import ShortCalls
from enforcer.api.turns import THREADS, Turns
from enforcer.application.services import Services
from enforcer.clock import SystemClock

ROUTERS = (
    orders.router,
    order_changes.router,
    proposals.router,
    lists.router,
    control.router,
    devices.router,
    surroundings.router,
    audit.router,
    events.router,
    reports.router,
    notices.router,
    accounts.router,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    current_default_thread_limiter().total_tokens = THREADS
    yield
    app.state.events.close()


def create_app(
    services: Services,
    routers: Sequence[APIRouter] = (),
    problem_page: ProblemPage | None = None,
    largest_body: int = LARGEST_BODY,
    monotonic: Callable[[], float] | None = None,
) -> FastAPI:
    """The whole application on `services`; `routers` bring their own paths.

    `problem_page` shows problems to people: for every path that is not the API's. Routes under
    `PREFIX` answer problems as ``application/problem+json``.
    """
    app = FastAPI(
        title="enforcer",
        version=version("network-enforcer"),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        # Nobody here listens to it, and each request would ask whether somebody does.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.services = services
    app.state.turns = Turns()
    app.state.short_calls = ShortCalls()
    app.state.regulars = Regulars()
    app.state.events = events.feed_of(services)
    add_problem_answers(app, problem_page)
    for router in (*ROUTERS, *routers):
        # As they are: what is included is made anew when the first requests come.
        app.router.routes.extend(router.routes)
    add_document(app)
    app.add_middleware(
        Surroundings, monotonic=monotonic or SystemClock().monotonic, largest=largest_body
    )
    return app
