# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, as the entry points see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

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
from enforcer.application.actor import Actor


class AccountBook(Protocol):
    """Who may ask, and with what: accounts, logins and tokens.

    Raises Unauthenticated, Throttled, Forbidden, InvalidInput, NotFound, StorageError.
    """

    def me(self, actor: Actor) -> UserView:
        """One's own account. Raises NotFound for a token without one."""
        ...

    def set_zone(self, actor: Actor, zone: str) -> UserView:
        """In which zone one reads times (IANA name)."""
        ...

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Change one's own password; all other logins of the account end."""
        ...

    def set_password(self, actor: Actor, name: str, new: str) -> None:
        """Set somebody's password; all logins of the account end."""
        ...

    def users(self, actor: Actor) -> Sequence[UserView]:
        """All accounts, by name."""
        ...

    def create_user(self, actor: Actor, command: CreateUser) -> UserView:
        """A new account."""
        ...

    def change_user(self, actor: Actor, command: ChangeUser) -> UserView:
        """Change or disable an account; never the last enabled admin's (InvalidInput)."""
        ...

    def sessions(self, actor: Actor, name: str | None = None) -> Sequence[SessionView]:
        """Logins of one account (one's own without `name`), newest first."""
        ...

    def revoke_session(self, actor: Actor, session_id: str) -> None:
        """End a login: one's own, or with the right, anybody's."""
        ...

    def tokens(self, actor: Actor) -> Sequence[TokenView]:
        """All tokens for those who keep accounts, else one's own."""
        ...

    def create_token(self, actor: Actor, command: CreateToken) -> NewToken:
        """A new token: nobody gives more than he has himself, unless he keeps accounts."""
        ...

    def revoke_token(self, actor: Actor, name: str) -> TokenView:
        """A token opens nothing from now on."""
        ...


class Accounts(AccountBook, Protocol):
    """Who is asking, beside it.

    Raises as `AccountBook`. `address` is always the peer's address as text, never a header that
    anybody can write.
    """

    def by_token(self, secret: str, address: str) -> Actor:
        """Whoever holds this token; its expiry, networks and revocation are checked."""
        ...

    def by_session(self, cookie: str, used: bool = True) -> tuple[Actor, SessionView, str]:
        """Whoever is logged in by this cookie, the login, and its CSRF token.

        `used` False: a page that looks by itself, which does not keep a login from idling out.
        """
        ...

    def login(self, name: str, password: str, address: str, agent: str) -> NewSession:
        """Log in with a password; throttled by name and by address."""
        ...

    def login_oidc(
        self, provider: str, claims: dict[str, object], address: str, agent: str
    ) -> NewSession:
        """Log in whom an OpenID provider vouches for; claims were validated by the caller."""
        ...

    def logout(self, cookie: str) -> None:
        """End a login; one that is over is no error."""
        ...
