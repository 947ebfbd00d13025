# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts on a local database: each call is one use case."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.accounts import logins, new_tokens, sessions, sign_on_logins, tokens, users
from enforcer.accounts.opened import Opened
from enforcer.accounts.passwords import Passwords
from enforcer.application.account_views import (
    ChangeUser,
    CreateToken,
    CreateUser,
    NewSession,
    NewToken,
    SessionView,
    TokenView,
    UserView,
)
from enforcer.application.accounts import Accounts
from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.service_settings import ServiceSettings
from enforcer.storage.database import Database


class LocalAccounts:
    """Implements `Accounts`; safe to share between threads."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: ServiceSettings | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        self._world = Opened(
            database, settings or ServiceSettings(), clock, passwords or Passwords()
        )

    def by_token(self, secret: str, address: str) -> Actor:
        """See `Accounts.by_token`."""
        return tokens.by_secret(self._world, secret, address)

    def by_session(self, cookie: str, used: bool = True) -> tuple[Actor, SessionView, str]:
        """See `Accounts.by_session`."""
        return sessions.by_cookie(self._world, cookie, used)

    def login(self, name: str, password: str, address: str, agent: str) -> NewSession:
        """See `Accounts.login`."""
        return logins.by_password(self._world, name, password, address, agent)

    def login_oidc(
        self, provider: str, claims: dict[str, object], address: str, agent: str
    ) -> NewSession:
        """See `Accounts.login_oidc`."""
        return sign_on_logins.by_claims(self._world, provider, claims, address, agent)

    def logout(self, cookie: str) -> None:
        """See `Accounts.logout`."""
        logins.leave(self._world, cookie)

    def me(self, actor: Actor) -> UserView:
        """See `Accounts.me`."""
        return users.me(self._world, actor)

    def set_zone(self, actor: Actor, zone: str) -> UserView:
        """See `Accounts.set_zone`."""
        return users.set_zone(self._world, actor, zone)

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """See `Accounts.change_password`."""
        users.change_password(self._world, actor, old, new)

    def set_password(self, actor: Actor, name: str, new: str) -> None:
        """See `Accounts.set_password`."""
        users.set_password(self._world, actor, name, new)

    def users(self, actor: Actor) -> Sequence[UserView]:
        """See `Accounts.users`."""
        return users.listed(self._world, actor)

    def create_user(self, actor: Actor, command: CreateUser) -> UserView:
        """See `Accounts.create_user`."""
        return users.create(self._world, actor, command)

    def change_user(self, actor: Actor, command: ChangeUser) -> UserView:
        """See `Accounts.change_user`."""
        return users.change(self._world, actor, command)

    def sessions(self, actor: Actor, name: str | None = None) -> Sequence[SessionView]:
        """See `Accounts.sessions`."""
        return sessions.listed(self._world, actor, name)

    def revoke_session(self, actor: Actor, session_id: str) -> None:
        """See `Accounts.revoke_session`."""
        sessions.revoke(self._world, actor, session_id)

    def tokens(self, actor: Actor) -> Sequence[TokenView]:
        """See `Accounts.tokens`."""
        return tokens.listed(self._world, actor)

    def create_token(self, actor: Actor, command: CreateToken) -> NewToken:
        """See `Accounts.create_token`."""
        return new_tokens.create(self._world, actor, command)

    def revoke_token(self, actor: Actor, name: str) -> TokenView:
        """See `Accounts.revoke_token`."""
        return tokens.revoke(self._world, actor, name)


_: type[Accounts] = LocalAccounts
