# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, sessions and tokens, as they are shown: never with a secret, but where it is made."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from enforcer.application.commands import Command
from enforcer.application.views import View


class UserView(View):
    """One account."""

    name: str
    display: str
    email: str
    roles: list[str]
    zone: str
    """IANA name of the zone in which this person reads times."""
    local: bool
    """Whether it has a password here; else it comes by OpenID Connect."""
    created: datetime
    disabled: datetime | None
    seen: datetime | None = None


class SessionView(View):
    """One login. `id` names it and opens nothing."""

    id: str
    user: str
    created: datetime
    seen: datetime
    ends: datetime
    address: str
    agent: str
    current: bool = False


class TokenView(View):
    """One API token. `name` is its public beginning."""

    name: str
    source: str
    owner: str
    roles: list[str]
    read_only: bool
    networks: list[str]
    kinds: list[str] | None = None
    """A detector's: which kinds of orders; null for people's tokens."""
    longest: int | None = None
    """A detector's: seconds."""
    widest4: int | None = None
    widest6: int | None = None
    own_space: bool | None = None
    per_minute: int | None = None
    created: datetime
    ends: datetime | None
    revoked: datetime | None
    used: datetime | None


class NewToken(View):
    """A token that was just made: `secret` is shown this once."""

    token: TokenView
    secret: str = Field(repr=False)


class NewSession(View):
    """A login that was just made: `cookie` is the secret that the browser keeps."""

    cookie: str = Field(repr=False)
    csrf: str = Field(repr=False)
    session: SessionView


class CreateUser(Command):
    """A new account. `password` None: only by OpenID Connect. `zone` empty: the installation's."""

    name: str
    roles: tuple[str, ...]
    display: str = ""
    email: str = ""
    zone: str = ""
    password: str | None = Field(default=None, repr=False)


class ChangeUser(Command):
    """None: leave. `disabled` True ends all sessions and tokens of the account at once."""

    name: str
    roles: tuple[str, ...] | None = None
    display: str | None = None
    email: str | None = None
    zone: str | None = None
    disabled: bool | None = None


class CreateToken(Command):
    """A new token. `source`: under which name its orders are limited, stopped and found.

    `seconds`: how long it lives, None for ever. The limits count for the role detector.
    `owner`: an account, empty for nobody's; None: whoever makes it.
    """

    source: str
    roles: tuple[str, ...]
    read_only: bool = False
    networks: tuple[str, ...] = ()
    seconds: int | None = 31_536_000
    kinds: tuple[str, ...] = ("block_address", "block_port", "block_flow")
    longest: int = 86_400
    widest4: int = 32
    widest6: int = 64
    own_space: bool = True
    per_minute: int = 600
    owner: str | None = None
