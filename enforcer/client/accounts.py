# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, logins and tokens, by the API. What has a secret is asked for once, never again."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.account_views import (
    ChangeUser,
    CreateToken,
    CreateUser,
    NewToken,
    SessionView,
    TokenView,
    UserView,
)
from enforcer.application.accounts import AccountBook
from enforcer.application.actor import Actor
from enforcer.client.connection import Connection, read
from enforcer.client.paths import part
from enforcer.errors import Unauthenticated

_WAY_IN = (
    "where nobody can log in, make an admin at the shell of the installation:"
    " `enforcer user add NAME --role admin`, without --server"
)


class HttpAccounts:
    """Implements `AccountBook` on a server."""

    def __init__(self, connection: Connection) -> None:
        self._server = connection

    def me(self, actor: Actor) -> UserView:
        """See `AccountBook.me`."""
        return self._server.one(UserView, "/me")

    def set_zone(self, actor: Actor, zone: str) -> UserView:
        """See `AccountBook.set_zone`."""
        return read(UserView, self._server.post("/me", {"zone": zone}, method="PATCH"))

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """See `AccountBook.change_password`."""
        self._server.post_once("/me/password", {"old": old, "new": new})

    def set_password(self, actor: Actor, name: str, new: str) -> None:
        """See `AccountBook.set_password`."""
        path = f"/users/{part(name)}/password"
        self._server.post_once(path, {"password": new}, method="PUT")

    def users(self, actor: Actor) -> Sequence[UserView]:
        """See `AccountBook.users`."""
        return self._server.all(UserView, "/users")

    def create_user(self, actor: Actor, command: CreateUser) -> UserView:
        """See `AccountBook.create_user`. Where no token holds, the way in is told."""
        try:
            made = self._server.post_once("/users", command.model_dump(mode="json"))
        except Unauthenticated as refused:
            raise Unauthenticated(f"{refused}; {_WAY_IN}") from None
        return read(UserView, made)

    def change_user(self, actor: Actor, command: ChangeUser) -> UserView:
        """See `AccountBook.change_user`."""
        body = command.model_dump(mode="json", exclude={"name"})
        path = f"/users/{part(command.name)}"
        return read(UserView, self._server.post(path, body, method="PATCH"))

    def sessions(self, actor: Actor, name: str | None = None) -> Sequence[SessionView]:
        """See `AccountBook.sessions`."""
        return self._server.all(SessionView, "/sessions", {"user": name})

    def revoke_session(self, actor: Actor, session_id: str) -> None:
        """See `AccountBook.revoke_session`."""
        self._server.post(f"/sessions/{part(session_id)}", method="DELETE")

    def tokens(self, actor: Actor) -> Sequence[TokenView]:
        """See `AccountBook.tokens`."""
        return self._server.all(TokenView, "/tokens")

    def create_token(self, actor: Actor, command: CreateToken) -> NewToken:
        """See `AccountBook.create_token`."""
        return read(NewToken, self._server.post_once("/tokens", command.model_dump(mode="json")))

    def revoke_token(self, actor: Actor, name: str) -> TokenView:
        """See `AccountBook.revoke_token`."""
        return read(TokenView, self._server.post(f"/tokens/{part(name)}", method="DELETE"))


_: type[AccountBook] = HttpAccounts
