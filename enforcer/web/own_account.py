# SPDX-License-Identifier: GPL-2.0-or-later
"""One's own account: zone, password, logins."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.account_views import UserView
from enforcer.core.access import Action
from enforcer.errors import InvalidInput, NotFound
from enforcer.web.accounts import ROLES, actions_of
from enforcer.web.desk import Desk, Said, own_path
from enforcer.web.senders import Text

router = APIRouter(include_in_schema=False)

Oneself = Annotated[Caller, Depends(allowed(Action.SELF))]
Changing = Annotated[Caller, Depends(form_allowed(Action.SELF))]


@router.get("/me")
def me(request: Request, caller: Oneself) -> Response:
    """One's own account."""
    return _page(Desk(request, caller))


@router.post("/me/zone")
def zone(request: Request, caller: Changing, zone: Text = "") -> Response:
    """In which zone times are shown."""
    desk = Desk(request, caller)
    try:
        desk.services.accounts.set_zone(desk.actor, zone.strip())
    except InvalidInput as error:
        return _page(desk, zone_problem=str(error), typed=zone)
    return desk.go("/me", Said(f"Times are shown in {zone.strip()}."))


@router.post("/me/password")
def password(
    request: Request, caller: Changing, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    """Another password."""
    desk = Desk(request, caller)
    if new != again:
        return _page(desk, password_problem="the two new passwords are not the same")  # noqa: S106 - a sentence
    try:
        desk.services.accounts.change_password(desk.actor, old, new)
    except InvalidInput as error:
        return _page(desk, password_problem=str(error))
    return desk.go("/me", Said("Your password is changed; all your other logins ended."))


@router.post("/sessions/{session_id}/end")
def end_session(
    request: Request, session_id: str, caller: Changing, back: Text = "/me"
) -> Response:
    """End a login."""
    desk = Desk(request, caller)
    desk.services.accounts.revoke_session(desk.actor, session_id)
    return desk.go(own_path(back, "/me"), Said("That login is over."))


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Every zone that this machine knows, by name; read from many files."""
    return tuple(sorted(available_timezones()))


def _page(
    desk: Desk, zone_problem: str = "", password_problem: str = "", typed: str = ""
) -> Response:
    accounts = desk.services.accounts
    user: UserView | None = None
    try:
        user = accounts.me(desk.actor)
    except NotFound:
        user = None
    roles = sorted(map(str, desk.actor.rights.roles)) if desk.actor.rights else []
    return desk.page(
        "me.html",
        422 if zone_problem or password_problem else 200,
        user=user,
        sessions=list(accounts.sessions(desk.actor)) if user else [],
        zones=zones(),
        zone_problem=zone_problem,
        password_problem=password_problem,
        typed=typed,
        own_roles=roles,
        roles=ROLES,
        actions=actions_of(roles),
    )
