# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging in, by password or single sign-on, and logging out.

The only pages that need no login. They set one cookie: HttpOnly, SameSite=Lax, by HTTPS with
``Secure`` and the prefix ``__Host-``, so that no other host can set or read it.
"""

from __future__ import annotations

import base64
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, by_https, cookie_name, identify, peer, services_of
from enforcer.application.account_views import NewSession
from enforcer.application.sign_on import SignOn
from enforcer.core.access import Action
from enforcer.errors import EnforcerError, Forbidden, NotFound, Throttled, Unauthenticated
from enforcer.web.desk import own_path, theme_of
from enforcer.web.environment import environment, url

SIGN_ON_COOKIE = "enforcer_sign_on"
_SIGN_ON_SECONDS = 600
_NO_STORE = {"cache-control": "no-store"}

router = APIRouter(include_in_schema=False)

Next = Annotated[str, Query(alias="next", max_length=2_000)]


@router.get("/login")
def page(request: Request, back: Next = "/") -> Response:
    """The form; whoever is logged in already goes on."""
    back = own_path(back)
    if _logged_in(request):
        return _go(back)
    return _form(request, back)


@router.post("/login")
def enter(
    request: Request,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=2_000)] = "",
    back: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Log in by password; what goes wrong is told on the same page."""
    back = own_path(back)
    try:
        from_our_page(request)
        agent = request.headers.get("user-agent", "")
        made = services_of(request).accounts.login(name, password, peer(request), agent)
    except (Unauthenticated, Forbidden) as problem:
        return _form(request, back, problem, name)
    return _entered(request, made, back)


@router.post("/logout")
def leave(
    request: Request, _caller: Annotated[Caller, Depends(form_allowed(Action.SELF))]
) -> Response:
    """Log out: the cookie opens nothing any more, wherever a copy of it is."""
    services_of(request).accounts.logout(request.cookies.get(cookie_name(request), ""))
    response = _go("/login")
    _drop(request, response, cookie_name(request))
    return response


@router.get("/login/{provider}")
def depart(request: Request, provider: str, back: Next = "/") -> Response:
    """Away to the provider."""
    try:
        departure = _sign_on(request).depart(provider, _redirect(request, provider))
    except Unauthenticated as problem:
        return _form(request, own_path(back), problem)
    response = RedirectResponse(departure.location, 303, headers=_NO_STORE)
    packed = base64.urlsafe_b64encode(own_path(back).encode()).decode().rstrip("=")
    _keep(
        request,
        response,
        _sign_on_cookie(request),
        f"{departure.secret}.{packed}",
        _SIGN_ON_SECONDS,
    )
    return response


@router.get("/login/{provider}/callback")
def arrive(request: Request, provider: str) -> Response:
    """Back from the provider."""
    secret, back = _kept(request)
    try:
        arrival = _sign_on(request).arrive(
            provider, _redirect(request, provider), secret, dict(request.query_params)
        )
        agent = request.headers.get("user-agent", "")
        accounts = services_of(request).accounts
        made = accounts.login_oidc(arrival.issuer, arrival.claims, peer(request), agent)
    except (Unauthenticated, Forbidden) as problem:
        response = _form(request, back, problem)
    else:
        response = _entered(request, made, back)
    _drop(request, response, _sign_on_cookie(request))
    return response


def from_our_page(request: Request) -> None:
    """Nobody is logged in by another site's form, as whom that site likes. Raises Forbidden.

    Before a login there is no token that a form could carry: browsers say where it comes from.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    stated = urlsplit(services_of(request).settings.web.url).netloc
    ours = {request.headers.get("host", ""), stated} - {""}
    foreign = origin is not None and urlsplit(origin).netloc not in ours
    if foreign or site not in ("same-origin", "none"):
        raise Forbidden("this form comes from another site: log in here")


def _form(
    request: Request, back: str, problem: EnforcerError | None = None, name: str = ""
) -> Response:
    services = services_of(request)
    ways = [] if services.sign_on is None else services.sign_on.providers()
    text = (
        environment()
        .get_template("login.html")
        .render(
            theme=theme_of(request),
            back=back,
            name=name,
            problem="" if problem is None else str(problem),
            ways=[(way.label, url(f"/login/{way.name}", next=back)) for way in ways],
        )
    )
    headers = dict(_NO_STORE)
    if isinstance(problem, Throttled):
        headers["Retry-After"] = str(max(1, round(problem.seconds)))
    return HTMLResponse(text, _status(problem), headers=headers)


def _status(problem: EnforcerError | None) -> int:
    if problem is None:
        return 200
    if isinstance(problem, Throttled):
        return 429
    return 403 if isinstance(problem, Forbidden) else 401


def _entered(request: Request, made: NewSession, back: str) -> Response:
    """A new login has a new cookie (no fixation), and the one before it is over."""
    before = request.cookies.get(cookie_name(request))
    if before:
        services_of(request).accounts.logout(before)
    response = _go(back)
    _keep(request, response, cookie_name(request), made.cookie, None)
    return response


def _keep(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=by_https(request),
        httponly=True,
        samesite="lax",
    )


def _drop(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=by_https(request), httponly=True, samesite="lax")


def _go(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, headers=_NO_STORE)


def _logged_in(request: Request) -> bool:
    try:
        identify(request)
    except EnforcerError:
        return False
    return True


def _sign_on(request: Request) -> SignOn:
    found = services_of(request).sign_on
    if found is None:
        raise NotFound("single sign-on is not configured here")
    return found


def _sign_on_cookie(request: Request) -> str:
    return f"__Host-{SIGN_ON_COOKIE}" if by_https(request) else SIGN_ON_COOKIE


def _kept(request: Request) -> tuple[str, str]:
    """The secret of the departure, and where to go afterwards."""
    secret, _, packed = request.cookies.get(_sign_on_cookie(request), "").partition(".")
    try:
        back = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode()
    except ValueError:
        back = "/"
    return secret, own_path(back or "/")


def _redirect(request: Request, provider: str) -> str:
    """Where the provider sends people back to: as configured, never as a request says."""
    web = services_of(request).settings.web
    base = web.url.rstrip("/") or f"http://{web.listen}"
    return f"{base}/login/{provider}/callback"
