# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging in whom an OpenID provider vouches for.

An account belongs to what the provider calls its subject, for ever (OpenID Connect Core, section
5.7): never to a name or a mail address, which the provider may give to somebody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from enforcer.accounts import bodies, logins, names, opened, sessions, users
from enforcer.accounts.bodies import Profile
from enforcer.accounts.opened import LOGIN, Opened
from enforcer.accounts.throttle import hashed
from enforcer.application.account_views import NewSession
from enforcer.application.actor import Actor
from enforcer.core.access import Role
from enforcer.errors import Forbidden, Unauthenticated
from enforcer.service_settings import OidcSettings
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.storage.users import StoredUser

_LONGEST_SUBJECT = 255
_NO_ROLE = (
    "the provider knows you, but none of your groups has a role here: ask who keeps the accounts"
)


def by_claims(
    world: Opened, provider: str, claims: Mapping[str, object], address: str, agent: str
) -> NewSession:
    """Log in, with the roles that the claims give; the account is made at the first login.

    `claims` were validated: signature, issuer, audience, expiry, nonce. Raises Forbidden,
    Unauthenticated, StorageError.
    """
    settings = next((one for one in world.settings.oidc if one.issuer == provider), None)
    subject = claims.get("sub")
    if settings is None or not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise Unauthenticated("the provider said nothing that can be understood: log in again")
    roles = roles_of(settings, claims)
    now = world.clock.now()
    user = None
    if roles:
        with world.database.write() as work:
            user = _account(work, settings, subject, claims, roles, now)
            if user.disabled is None:
                return logins.enter(world, work, user, address, agent, now)
    else:
        user = _without_roles(world, provider, subject, now)
    logins.failed(world, user, address)
    if not roles:
        raise Forbidden(_NO_ROLE)
    raise Unauthenticated("the account is disabled here: ask who keeps the accounts")


def roles_of(settings: OidcSettings, claims: Mapping[str, object]) -> tuple[Role, ...]:
    """The roles that the claims give; `roles_claim` may be a path (``realm_access.roles``)."""
    value = _at(claims, settings.roles_claim)
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    named = [
        role for text in texts if isinstance(text, str) for role in settings.roles.get(text, ())
    ]
    return names.roles(named, of_person=True)


def _at(claims: Mapping[str, object], path: str) -> object:
    if path in claims:
        return claims[path]
    value: object = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _account(
    work: UnitOfWork,
    settings: OidcSettings,
    subject: str,
    claims: Mapping[str, object],
    roles: tuple[Role, ...],
    now: datetime,
) -> StoredUser:
    """The subject's account, with what the claims say of it now."""
    user = work.users.by_subject(settings.issuer, subject)
    told = {"roles": roles, "display": _text(claims, "name"), "email": _text(claims, "email")}
    if user is None:
        name = _free_name(work, settings, claims, subject)
        body = bodies.written(Profile().model_copy(update=told))
        user = StoredUser(name, None, settings.issuer, subject, now, None, body)
        users.add(work, Actor(name, LOGIN), user)
        return user
    return _told_again(work, user, told, now)


def _told_again(
    work: UnitOfWork, user: StoredUser, told: Mapping[str, object], now: datetime
) -> StoredUser:
    kept = opened.profile(user).model_copy(update=told)
    after = replace(user, body=bodies.written(kept))
    said = users.differences(user, after)
    if said:
        work.users.save(after)
        work.record(
            "user.changed", Actor(user.name, LOGIN), at=now, subject=user.name, payload=said
        )
    return after


def _without_roles(world: Opened, provider: str, subject: str, now: datetime) -> StoredUser | None:
    """Whoever has no role any more loses what he had: his logins end, his tokens do nothing."""
    with world.database.write() as work:
        user = work.users.by_subject(provider, subject)
        if user is not None:
            _told_again(work, user, {"roles": ()}, now)
            sessions.end_all(work, user.name)
        return user


def _free_name(
    work: UnitOfWork, settings: OidcSettings, claims: Mapping[str, object], subject: str
) -> str:
    """The provider's name of somebody new; where another account has it, told apart by a tail."""
    claimed = _text(claims, settings.name_claim).strip().casefold()
    base = claimed if names.is_account_name(claimed) else ""
    base = base[:40] or f"{settings.name}-{hashed(subject)[:12]}"
    for name in (base, *(f"{base}+{settings.name}{n or ''}" for n in range(1000))):
        if names.is_account_name(name) and work.users.get(name) is None:
            return name
    raise Unauthenticated(f"there is no free name for {base}: ask who keeps the accounts")


def _text(claims: Mapping[str, object], key: str) -> str:
    value = claims.get(key)
    return logins.printable(value) if isinstance(value, str) else ""
