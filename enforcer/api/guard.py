# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is asking over HTTP, and whether they may: every route names one action.

Two ways in: ``Authorization: Bearer TOKEN``, or the session cookie of the desk, which for
anything but GET and HEAD also needs the CSRF token of that session (header ``X-CSRF-Token`` or
form field ``csrf``), because browsers send cookies whoever wrote the form.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request

from enforcer.application.account_views import SessionView
from enforcer.application.actor import Actor
from enforcer.application.services import Services
from enforcer.core.access import Action
from enforcer.errors import Forbidden, Unauthenticated

COOKIE = "enforcer_session"
SECURE_COOKIE = "__Host-enforcer_session"
CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "


@dataclass(frozen=True)
class Caller:
    """Who is asking. `session` and `csrf` are there for logins by cookie only."""

    actor: Actor
    session: SessionView | None = None
    csrf: str = ""


class Guarded(Protocol):
    """A dependency that names the action it lets pass."""

    action: Action | None

    def __call__(self, request: Request) -> Caller:
        """The caller. Raises Unauthenticated, Forbidden."""
        ...


def services_of(request: Request) -> Services:
    """What the application behind `request` is made of."""
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(services_of)]


def by_https(request: Request) -> bool:
    """Whether browsers reach this server by HTTPS: directly, or by a proxy as configured."""
    stated = services_of(request).settings.web.url
    return request.url.scheme == "https" or stated.startswith("https://")


def cookie_name(request: Request) -> str:
    """Of the session's cookie. By HTTPS only the one that no other host can have set."""
    return SECURE_COOKIE if by_https(request) else COOKIE


def by_itself(request: Request) -> bool:
    """Whether an open page asks without anybody touching it: for events, and what they changed."""
    return "fragment" in request.query_params or request.url.path.endswith("/events")


def peer(request: Request) -> str:
    """The peer's address; proxies that the settings trust were resolved by the server."""
    return request.client.host if request.client else ""


def identify(request: Request) -> Caller:
    """Who is asking, by token or cookie. Raises Unauthenticated."""
    services = services_of(request)
    authorization = request.headers.get("authorization", "")
    if authorization:
        if not authorization.lower().startswith(_BEARER):
            raise Unauthenticated("send `Authorization: Bearer TOKEN`: no other scheme is known")
        secret = authorization[len(_BEARER) :].strip()
        return Caller(services.accounts.by_token(secret, peer(request)))
    cookie = request.cookies.get(cookie_name(request))
    if not cookie:
        raise Unauthenticated("log in, or send `Authorization: Bearer TOKEN`")
    actor, session, csrf = services.accounts.by_session(cookie, not by_itself(request))
    return Caller(actor, session, csrf)


def same_origin(request: Request, caller: Caller) -> None:
    """A login by cookie may change something only from our own pages. Raises Forbidden."""
    if request.method in _SAFE or caller.session is None:
        return
    sent = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(sent.encode(), caller.csrf.encode()):
        raise Forbidden("the form is too old or not ours: load the page again and repeat it")


def is_machine(actor: Actor) -> bool:
    """Whether it is a detector."""
    return actor.rights is not None and actor.rights.machine is not None


def allowed(action: Action, people: bool = False) -> Callable[[Request], Caller]:
    """A dependency: the caller, if the caller may do `action`; `people`: and is no detector.

    Use it as ``caller: Annotated[Caller, Depends(allowed(Action.READ))]``; the action is kept on
    the dependency, so that a test can list what each route asks for.
    """

    def guard(request: Request) -> Caller:
        caller = identify(request)
        request.state.actor = caller.actor.name
        request.state.caller = caller.actor
        same_origin(request, caller)
        if not caller.actor.may(action):
            raise Forbidden(f"{caller.actor.name} may not do this: it needs the right '{action}'")
        if people and is_machine(caller.actor):
            raise Forbidden(f"{caller.actor.name} is a detector: this is for people")
        return caller

    guard.action = action  # type: ignore[attr-defined]  # read by the test of roles and routes
    return guard
