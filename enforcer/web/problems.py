# SPDX-License-Identifier: GPL-2.0-or-later
"""What went wrong, as a page that says what to do."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.routing import APIRoute

from enforcer.api.guard import Caller, identify
from enforcer.errors import (
    AwaitingApproval,
    ConfigurationInvalid,
    DeviceError,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
    StorageError,
    Throttled,
    Unauthenticated,
)
from enforcer.web.desk import Desk, Said, gone_to, theme_of
from enforcer.web.environment import environment, url

log = structlog.get_logger(__name__)

_Answer = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Problem:
    """Status, what happened, what to do."""

    status: int
    title: str
    advice: str
    icon: str = "warning"


_PROBLEMS: tuple[tuple[type[Exception], Problem], ...] = (
    (Throttled, Problem(429, "Too many attempts", "Wait a little, then try again.", "clock")),
    (
        Forbidden,
        Problem(
            403,
            "You may not do this",
            "Somebody with the right role can, or an administrator can give it to you.",
            "shield",
        ),
    ),
    (
        NotFound,
        Problem(404, "There is no such page", "Search for it, or look through the orders.", "search"),
    ),
    (
        InvalidInput,
        Problem(422, "That could not be understood", "Go back, correct it and send it again."),
    ),
    (
        OrderRefused,
        Problem(422, "A guardrail refused it", "Nothing was changed. The sentence says the way out."),
    ),
    (
        StorageError,
        Problem(
            503,
            "The database cannot answer now",
            "Nothing was changed by this request. What is enforced stays enforced. Try again in"
            " a minute; if it stays like this, tell whoever runs the installation.",
        ),
    ),
    (
        DeviceError,
        Problem(502, "A device did not do it", "The controller goes on trying where that helps.", "device"),
    ),
    (
        ConfigurationInvalid,
        Problem(500, "The installation needs attention", "Ask an engineer to run 'enforcer doctor'."),
    ),
)
_OTHER = Problem(500, "Something went wrong", "Try again; if it stays, tell whoever runs it.")


class DeskRoute(APIRoute):
    """A route of pages: its errors are pages, and who is not logged in is sent to do so."""

    def get_route_handler(self) -> _Answer:
        """The route's own answer, or a page about why there is none."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except AwaitingApproval as waits:
                return gone_to(f"/approvals/{waits.proposal}", Said(str(waits), "watch"))
            except EnforcerError as error:
                return problem_page(request, error)
            except RequestValidationError as error:
                return problem_page(request, InvalidInput(_first(error)))

        return answered


def _first(error: RequestValidationError) -> str:
    found = error.errors()[0]
    return f"{'.'.join(str(part) for part in found['loc'][1:])}: {found['msg']}"


def problem_page(request: Request, error: Exception) -> Response:
    """The page for `error`; whoever has no login is asked for one."""
    wants_part = "fragment" in request.query_params
    if isinstance(error, Unauthenticated) and not isinstance(error, Throttled):
        if wants_part:
            return PlainTextResponse("log in again", 401)
        back = request.url.path if request.method == "GET" else "/"
        query = request.url.query if request.method == "GET" else ""
        following = f"{back}?{query}" if query else back
        return RedirectResponse(url("/login", next=following if following != "/" else ""), 303)
    problem = next((p for kind, p in _PROBLEMS if isinstance(error, kind)), _OTHER)
    if isinstance(error, HTTPException):
        problem = Problem(error.status_code, "There is no such page", _PROBLEMS[2][1].advice, "search")
    if wants_part:
        return PlainTextResponse(str(error), problem.status)
    return _shown(request, problem, error)


def _shown(request: Request, problem: Problem, error: Exception) -> HTMLResponse:
    number = str(getattr(request.state, "request_id", "")) or secrets.token_hex(6)
    log.info("problem page", status=problem.status, request=number, said=str(error))
    context = {
        "problem": problem,
        "detail": getattr(error, "detail", None) or str(error),
        "code": getattr(error, "code", ""),
        "number": number,
    }
    caller = _caller(request) if problem.status not in {500, 503} else None
    if caller is not None:
        return Desk(request, caller).page("problem.html", problem.status, **context)
    text = environment().get_template("problem_bare.html").render(theme=theme_of(request), **context)
    return HTMLResponse(text, problem.status)


def _caller(request: Request) -> Caller | None:
    try:
        return identify(request)
    except EnforcerError:
        return None
