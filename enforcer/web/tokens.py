# SPDX-License-Identifier: GPL-2.0-or-later
"""API tokens: made, shown once, revoked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.application.account_views import CreateToken, NewToken
from enforcer.core.access import Action, Role
from enforcer.core.times import parse_duration
from enforcer.errors import Forbidden, InvalidInput
from enforcer.web.desk import Desk, Said
from enforcer.web.form_fields import Fields, Sent
from enforcer.web.look import KINDS

router = APIRouter(include_in_schema=False)
LIVES = (("30d", "30 days"), ("90d", "90 days"), ("365d", "a year"), ("never", "for ever"))
_OWN_SOURCE = "api"

Oneself = Annotated[Caller, Depends(allowed(Action.SELF))]
Changing = Annotated[Caller, Depends(form_allowed(Action.SELF))]


@router.get("/tokens")
def tokens(request: Request, caller: Oneself) -> Response:
    """One's own tokens; all of them for who keeps accounts."""
    return _page(Desk(request, caller), Fields({}))


@router.post("/tokens")
def create(request: Request, caller: Changing, fields: Sent) -> Response:
    """A new token. Its secret is on this one answer and nowhere else, so there is no redirect."""
    desk = Desk(request, caller)
    command = _command(desk, fields)
    if command is None:
        return _page(desk, fields, "Nothing was made.")
    try:
        made = desk.services.accounts.create_token(desk.actor, command)
    except (InvalidInput, Forbidden) as error:
        return _page(desk, fields, str(error))
    response = _page(desk, Fields({}), made=made)
    response.headers["cache-control"] = "no-store"
    return response


@router.post("/tokens/{name}/revoke")
def revoke(request: Request, name: str, caller: Changing) -> Response:
    """A token opens nothing from now on."""
    desk = Desk(request, caller)
    view = desk.services.accounts.revoke_token(desk.actor, name)
    return desk.go("/tokens", Said(f"{view.name} opens nothing any more."))


def _command(desk: Desk, fields: Fields) -> CreateToken | None:
    """What the form asks for; None where a field is wrong."""
    roles = tuple(fields.all("role"))
    if not roles:
        fields.problems["role"] = "give it a role: without one it opens nothing"
    longest = fields.read("longest", lambda text: int(parse_duration(text).total_seconds()))
    numbers = {name: fields.read(name, _number) for name in ("widest4", "widest6", "per_minute")}
    life = fields.get("life", "365d")
    seconds = None
    if life != "never":
        seconds = fields.parsed("life", life, lambda t: int(parse_duration(t).total_seconds()))
    if fields.problems:
        return None
    detector = Role.DETECTOR in roles
    stated: dict[str, Any] = {"longest": longest, **numbers, "kinds": tuple(fields.all("kind"))}
    stated = {name: value for name, value in stated.items() if value not in (None, ())}
    nobodys = desk.may("accounts") and (detector or fields.on("nobodys"))
    return CreateToken(
        source=fields.get("source") or _OWN_SOURCE,
        roles=roles,
        read_only=fields.on("read_only"),
        networks=tuple(fields.several("networks")),
        seconds=seconds,
        own_space=fields.on("own_space") or not detector,
        owner="" if nobodys else None,
        **stated,
    )


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise InvalidInput("write a number")
    return int(text)


def _page(desk: Desk, fields: Fields, problem: str = "", made: NewToken | None = None) -> Response:
    found = desk.services.accounts.tokens(desk.actor)
    mine = desk.actor.rights.roles if desk.actor.rights else frozenset(Role)
    offered = [role for role in Role if role in mine or desk.may("accounts")]
    return desk.page(
        "tokens.html",
        422 if problem else 200,
        tokens=sorted(found, key=lambda one: (one.revoked is not None, one.source, one.name)),
        fields=fields,
        problem=problem,
        made=made,
        offered=[str(role) for role in offered if role is not Role.DETECTOR],
        detector=desk.may("accounts"),
        lives=LIVES,
        kind_options=[(kind, title) for kind, (title, _, _) in KINDS.items()],
    )
