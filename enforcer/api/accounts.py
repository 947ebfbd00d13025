# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/me``, ``users``, ``tokens``, ``sessions``: who one is, and who else may ask.

One logs in at the desk; programs have tokens.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from enforcer.api.callers import Looker
from enforcer.api.guard import Caller, ServicesOf, allowed
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.application.account_views import (
    ChangeUser,
    CreateToken,
    CreateUser,
    NewToken,
    SessionView,
    TokenView,
    UserView,
)
from enforcer.application.views import View
from enforcer.core.access import Action

router = api_router(tags=["accounts"])

Oneself = Annotated[Caller, Depends(allowed(Action.SELF))]
Keeper = Annotated[Caller, Depends(allowed(Action.ACCOUNTS))]

_Password = Annotated[str, Field(max_length=1_000, repr=False)]


class Body(BaseModel):
    """Base: no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ZoneBody(Body):
    """An IANA time zone."""

    zone: str = Field(max_length=64, examples=["Europe/Athens"])


class OwnPasswordBody(Body):
    """The password until now, and the one from now on."""

    old: _Password
    new: _Password


class PasswordBody(Body):
    """The password from now on."""

    password: _Password


class ChangeUserBody(Body):
    """What is left out stays."""

    roles: tuple[str, ...] | None = None
    display: str | None = None
    email: str | None = None
    zone: str | None = None
    disabled: bool | None = None


class RightsView(View):
    """What the caller may do. `limits`: of a detector; null for everybody else."""

    name: str
    source: str
    roles: list[str]
    actions: list[str]
    read_only: bool
    limits: dict[str, object] | None = None


@router.get("/me/rights")
def rights(caller: Looker) -> RightsView:
    """Who one is to this server, and what one may do."""
    held = caller.actor.rights
    machine = None if held is None else held.machine
    return RightsView(
        name=caller.actor.name,
        source=caller.actor.source,
        roles=[] if held is None else sorted(held.roles),
        actions=[action.value for action in Action if caller.actor.may(action)],
        read_only=held is not None and held.read_only,
        limits=None
        if machine is None
        else {
            "kinds": sorted(machine.kinds),
            "longest": machine.longest,
            "widest4": machine.widest4,
            "widest6": machine.widest6,
            "own_space": machine.own_space,
            "per_minute": machine.per_minute,
        },
    )


@router.get("/me")
def me(services: ServicesOf, caller: Oneself) -> UserView:
    """One's own account; 404 for a token that belongs to none."""
    return services.accounts.me(caller.actor)


@router.patch("/me")
def set_zone(body: ZoneBody, services: ServicesOf, caller: Oneself) -> UserView:
    """In which zone one reads times."""
    return services.accounts.set_zone(caller.actor, body.zone)


@router.post("/me/password", status_code=204)
def change_password(body: OwnPasswordBody, services: ServicesOf, caller: Oneself) -> None:
    """Change one's own password; all other logins of the account end."""
    services.accounts.change_password(caller.actor, body.old, body.new)


@router.get("/sessions", response_model=Page[SessionView])
def sessions(
    services: ServicesOf, caller: Oneself, paging: PagingOf, user: str | None = None
) -> Response | Page[SessionView]:
    """One's own logins, or with the right, those of `user`."""
    found = services.accounts.sessions(caller.actor, user)
    return paging.answer_all(found, lambda session: session.id, SessionView)


@router.delete("/sessions/{session_id}", status_code=204)
def revoke_session(session_id: str, services: ServicesOf, caller: Oneself) -> None:
    """End a login: one's own, or with the right, anybody's."""
    services.accounts.revoke_session(caller.actor, session_id)


@router.get("/users", response_model=Page[UserView])
def users(services: ServicesOf, caller: Keeper, paging: PagingOf) -> Response | Page[UserView]:
    """All accounts, by name."""
    found = services.accounts.users(caller.actor)
    return paging.answer_all(found, lambda user: user.name, UserView)


@router.post("/users", status_code=201)
def create_user(body: CreateUser, services: ServicesOf, caller: Keeper) -> UserView:
    """A new account."""
    return services.accounts.create_user(caller.actor, body)


@router.patch("/users/{name}")
def change_user(name: str, body: ChangeUserBody, services: ServicesOf, caller: Keeper) -> UserView:
    """Change or disable an account: its logins and tokens end at once."""
    command = ChangeUser(name=name, **body.model_dump())
    return services.accounts.change_user(caller.actor, command)


@router.put("/users/{name}/password", status_code=204)
def set_password(name: str, body: PasswordBody, services: ServicesOf, caller: Keeper) -> None:
    """Set somebody's password; all logins of the account end."""
    services.accounts.set_password(caller.actor, name, body.password)


@router.get("/tokens", response_model=Page[TokenView])
def tokens(services: ServicesOf, caller: Oneself, paging: PagingOf) -> Response | Page[TokenView]:
    """One's own tokens, or with the right to keep accounts, all; newest first."""
    found = services.accounts.tokens(caller.actor)
    return paging.answer_all(found, lambda token: token.name, TokenView)


@router.post("/tokens", status_code=201)
def create_token(body: CreateToken, services: ServicesOf, caller: Oneself) -> NewToken:
    """A new token; its secret is shown this once. Nobody gives more than he has."""
    return services.accounts.create_token(caller.actor, body)


@router.delete("/tokens/{name}")
def revoke_token(name: str, services: ServicesOf, caller: Oneself) -> TokenView:
    """A token opens nothing from now on."""
    return services.accounts.revoke_token(caller.actor, name)
