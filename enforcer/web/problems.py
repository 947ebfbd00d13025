# SPDX-License-Identifier: GPL-2.0-or-later
"""What went wrong, as a page that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from enforcer.api.guard import by_https, identify
from enforcer.api.problems import AWAITING, Problem
from enforcer.errors import EnforcerError
from enforcer.web.desk import Desk, Said, gone_to, own_path, theme_of
from enforcer.web.environment import environment, url
from enforcer.web.wording import for_the_page


@dataclass(frozen=True)
class Advice:
    """What people are told about a kind of problem: what it is, what to do."""

    title: str
    text: str
    icon: str = "warning"


_BY_STATUS = {
    403: Advice(
        "You may not do this",
        "Somebody with the right role can do it, or an administrator can give you that role.",
        "shield",
    ),
    404: Advice("There is nothing here", "Search for it, or look through the orders.", "search"),
    405: Advice("This cannot be opened like that", "Go back and use the button on the page."),
    409: Advice("Something else came first", "Look at it again, then decide anew."),
    413: Advice("That is too large", "Send it in smaller parts."),
    422: Advice(
        "That could not be done", "Nothing was changed. Go back, correct it, send it again."
    ),
    429: Advice("Too many attempts", "Wait a little, then try again.", "clock"),
    502: Advice(
        "A device did not do it", "The controller goes on trying where that helps.", "device"
    ),
    503: Advice(
        "The database cannot answer now",
        "Nothing was changed, and what is enforced stays enforced. Try again in a minute; if it"
        " stays like this, tell whoever runs the installation.",
    ),
    504: Advice("A device does not answer", "The controller goes on trying.", "device"),
}
_OTHER = Advice(
    "Something went wrong",
    "Try again. If it stays, give the request number to whoever runs the installation.",
)
_WITHOUT_LAYOUT = frozenset({500, 503})
"""There the layout could not be made either: it counts what waits in the database."""


def problem_page(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
    """The page for `problem`; whoever has no login is sent to the login page."""
    if problem.code == "unauthenticated":
        return _login(request)
    if problem.code == AWAITING and problem.proposal:
        said = Said(for_the_page(problem.detail), "watch")
        return gone_to(f"/approvals/{problem.proposal}", said, by_https(request))
    if "fragment" in request.query_params:
        words = for_the_page(problem.detail)
        return PlainTextResponse(words, problem.status, headers=dict(headers))
    advice = _BY_STATUS.get(problem.status, _OTHER)
    context: dict[str, Any] = {
        "problem": problem,
        "advice": advice,
        "number": (problem.instance or "").rpartition(":")[2],
    }
    page = _with_layout(request, problem.status, context)
    if page is None:
        template = environment().get_template("problem_bare.html")
        text = template.render(theme=theme_of(request), **context)
        page = HTMLResponse(text, problem.status)
    page.headers.update(headers)
    return page


def _login(request: Request) -> Response:
    if "fragment" in request.query_params:
        return PlainTextResponse("log in again", 401)
    back = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        back = f"{back}?{request.url.query}"
    back = own_path(back)
    return RedirectResponse(url("/login", next=back if back != "/" else ""), 303)


def _with_layout(request: Request, status: int, context: dict[str, Any]) -> Response | None:
    """The page as others look; None where that cannot be made, or nobody is logged in."""
    if status in _WITHOUT_LAYOUT:
        return None
    try:
        return Desk(request, identify(request)).page("problem.html", status, **context)
    except EnforcerError:
        return None
