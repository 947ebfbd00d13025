# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts: who may log in, as what, and the logins of each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.account_views import ChangeUser, CreateUser, UserView
from enforcer.core.access import ACTIONS, Action, Role
from enforcer.errors import InvalidInput, NotFound
from enforcer.web.desk import Desk, Said
from enforcer.web.environment import segment
from enforcer.web.form_fields import Fields, Sent
from enforcer.web.senders import Text

router = APIRouter(include_in_schema=False)
ROLES = {
    Role.VIEWER: "looks, reads the record",
    Role.ABUSE: "places, extends and lifts orders, decides on reports",
    Role.ENGINEER: "that, and devices, the inventory, emergencies",
    Role.APPROVER: "is the second person",
    Role.ADMIN: "everything but approving and sending reports",
}
"""What people can be, and what that means."""

Looking = Annotated[Caller, Depends(allowed(Action.ACCOUNTS))]
Keeping = Annotated[Caller, Depends(form_allowed(Action.ACCOUNTS))]


@router.get("/accounts")
def accounts(request: Request, caller: Looking) -> Response:
    """All accounts."""
    return _all(Desk(request, caller), Fields({}))


@router.post("/accounts")
def create(request: Request, caller: Keeping, fields: Sent) -> Response:
    """A new account; or the form again, with what is wrong."""
    desk = Desk(request, caller)
    command = CreateUser(
        name=fields.get("name"),
        roles=tuple(fields.all("role")),
        display=fields.get("display"),
        email=fields.get("email"),
        zone=fields.get("zone") or desk.services.settings.web.zone,
        password=fields.get("password") or None,
    )
    try:
        made = desk.services.accounts.create_user(desk.actor, command)
    except InvalidInput as error:
        return _all(desk, fields, str(error))
    return desk.go(_at(made.name), Said(f"{made.name} can log in now."))


@router.get("/accounts/{name}")
def account(request: Request, name: str, caller: Looking) -> Response:
    """One account, with its logins and tokens."""
    desk = Desk(request, caller)
    view = _found(desk, name)
    tokens = [one for one in desk.services.accounts.tokens(desk.actor) if one.owner == view.name]
    return desk.page(
        "account.html",
        user=view,
        sessions=list(desk.services.accounts.sessions(desk.actor, view.name)),
        tokens=tokens,
        roles=ROLES,
        actions=actions_of(view.roles),
    )


@router.post("/accounts/{name}")
def change(request: Request, name: str, caller: Keeping, fields: Sent) -> Response:
    """Roles, name, mail."""
    desk = Desk(request, caller)
    command = ChangeUser(
        name=name,
        roles=tuple(fields.all("role")),
        display=fields.get("display"),
        email=fields.get("email"),
        zone=fields.get("zone") or None,
    )
    desk.services.accounts.change_user(desk.actor, command)
    return desk.go(_at(name), Said("Changed."))


@router.post("/accounts/{name}/disable")
def disable(request: Request, name: str, caller: Keeping, back: Text = "") -> Response:
    """End all logins and tokens of an account at once, or let it in again (`back`)."""
    desk = Desk(request, caller)
    command = ChangeUser(name=name, disabled=not back)
    desk.services.accounts.change_user(desk.actor, command)
    said = f"{name} can log in again." if back else f"{name} is locked out, everywhere, now."
    return desk.go(_at(name), Said(said))


@router.post("/accounts/{name}/password")
def set_password(request: Request, name: str, caller: Keeping, password: Text = "") -> Response:
    """Set somebody's password."""
    desk = Desk(request, caller)
    if not password:
        raise InvalidInput("give the new password")
    desk.services.accounts.set_password(desk.actor, name, password)
    return desk.go(_at(name), Said(f"{name} has the new password; all its logins ended."))


def actions_of(roles: list[str]) -> list[str]:
    """Everything that these roles may do."""
    known = [Role(role) for role in roles if role in set(Role)]
    return sorted({str(action) for role in known for action in ACTIONS[role]})


def _all(desk: Desk, fields: Fields, problem: str = "") -> Response:
    users = desk.services.accounts.users(desk.actor)
    fields.values.pop("password", None)
    return desk.page(
        "accounts.html",
        422 if problem else 200,
        users=sorted(users, key=lambda user: (user.disabled is not None, user.name)),
        fields=fields,
        problem=problem,
        roles=ROLES,
        zone_default=desk.services.settings.web.zone,
    )


def _found(desk: Desk, name: str) -> UserView:
    for user in desk.services.accounts.users(desk.actor):
        if user.name == name:
            return user
    raise NotFound(f"there is no account {name[:80]}")


def _at(name: str) -> str:
    return f"/accounts/{segment(name)}"
