# SPDX-License-Identifier: GPL-2.0-or-later
"""What every use case of accounts works with, and questions that several of them ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enforcer.accounts import bodies
from enforcer.accounts.bodies import Profile
from enforcer.accounts.names import is_account_name
from enforcer.accounts.passwords import Passwords
from enforcer.application.account_views import UserView
from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.core.access import Action
from enforcer.errors import Forbidden, NotFound
from enforcer.service_settings import ServiceSettings
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import Reader
from enforcer.storage.users import StoredUser

LOGIN = "web"
"""The source of what people do who are logged in."""


@dataclass(frozen=True)
class Opened:
    """The database, the settings and the clock."""

    database: Database
    settings: ServiceSettings
    clock: Clock
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def idle(self) -> timedelta:
        """A login that was not used for so long is over."""
        return timedelta(minutes=self.settings.web.idle_minutes)

    @property
    def longest(self) -> timedelta:
        """A login is over after so long, however much it is used."""
        return timedelta(hours=self.settings.web.session_hours)


def profile(user: StoredUser) -> Profile:
    """What is kept of an account. Raises StorageError."""
    return bodies.read(Profile, user.body, f"account {user.name}")


def user_view(user: StoredUser) -> UserView:
    """An account as it is shown."""
    kept = profile(user)
    return UserView(
        name=user.name,
        display=kept.display or user.name,
        email=kept.email,
        roles=[role.value for role in kept.roles],
        zone=kept.zone,
        local=user.provider is None,
        created=user.created,
        disabled=user.disabled,
        seen=kept.login,
    )


def existing(reader: Reader, name: str) -> StoredUser:
    """The account of this name. Raises NotFound."""
    folded = name.strip().casefold()
    user = reader.users.get(folded) if is_account_name(folded) else None
    if user is None:
        raise NotFound(f"no account {name[:80]!r}: see `enforcer user list`")
    return user


def own_name(actor: Actor) -> str | None:
    """Whose account the asker's is; None: the shell, or a token that belongs to none.

    What belongs to no account has a name that none can have.
    """
    return actor.name if actor.rights is not None and is_account_name(actor.name) else None


def need(actor: Actor, action: Action) -> None:
    """Raises Forbidden, where the actor may not do it."""
    if not actor.may(action):
        raise Forbidden(f"{actor.name} may not do this: it needs the right '{action}'")


def ended(at: datetime | None, now: datetime) -> bool:
    """Whether an end, if there is one, is past."""
    return at is not None and at <= now
