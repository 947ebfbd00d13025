# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging in by password or by single sign-on, and logging out."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from enforcer.accounts import bodies, opened
from enforcer.accounts.digests import digest
from enforcer.accounts.opened import LOGIN, Opened
from enforcer.accounts.sessions import session_view
from enforcer.accounts.throttle import WINDOW, Attempt, hashed
from enforcer.application.account_views import NewSession
from enforcer.application.actor import Actor
from enforcer.errors import Throttled, Unauthenticated
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from enforcer.storage.users import StoredUser
from enforcer.storage.web_sessions import StoredSession

WRONG = "the name or the password is wrong, or the account is disabled"
"""One sentence for all of it: it must not tell which names there are."""

UNKNOWN = "unknown"
_QUIET = timedelta(minutes=1)
_AGENT = 200


def by_password(world: Opened, name: str, password: str, address: str, agent: str) -> NewSession:
    """Log in. Raises Unauthenticated, Throttled, StorageError.

    Each attempt is counted before it is checked, in a transaction that writes: of many at once
    no more are tried than one after the other would be.
    """
    attempt = Attempt(name.strip().casefold(), address)
    with world.database.read() as reader:
        _not_yet(reader, attempt, world.clock.now())
        user = reader.users.get(attempt.account)
    counted = begin(world, attempt)
    if not fitting(world, user, password) or user is None or user.disabled is not None:
        failed(world, user, address)
        raise Unauthenticated(WRONG)
    fresh = _rehashed(world, user, password)
    now = world.clock.now()
    with world.database.write() as work:
        current = work.users.get(user.name)
        if current is None or current.disabled is not None or current.password != user.password:
            raise Unauthenticated(WRONG)
        succeeded(work, attempt, counted)
        return enter(world, work, replace(current, password=fresh), address, agent, now)


def begin(world: Opened, attempt: Attempt) -> list[int]:
    """Count an attempt as failed until it has succeeded. Raises Throttled."""
    now = world.clock.now()
    with world.database.write() as work:
        _not_yet(work, attempt, now)
        work.failed_logins.forget_before(now - WINDOW)
        return work.failed_logins.add(attempt.rules, now)


def succeeded(work: UnitOfWork, attempt: Attempt, counted: list[int]) -> None:
    """Take the attempt back, and what was counted for the name; not for the address: whoever
    has an account could go on guessing others' between two logins of his own."""
    work.failed_logins.drop(counted)
    own = [key for key in attempt.rules if not key.startswith("address:")]
    work.failed_logins.forget(own)


def fitting(world: Opened, user: StoredUser | None, password: str) -> bool:
    """Whether the password is the account's; takes as long where there is none."""
    return world.passwords.fits(None if user is None else user.password, password)


def failed(world: Opened, user: StoredUser | None, address: str) -> None:
    """Record a failure, once a minute for each account, and for all names that are none's.

    What was typed as a name is not kept: it may be somebody's password.
    """
    now = world.clock.now()
    subject = UNKNOWN if user is None else user.name
    told = f"told:{hashed(subject)}"
    with world.database.write() as work:
        if work.failed_logins.count(told, now - _QUIET)[0]:
            return
        work.failed_logins.add([told], now)
        said = {"address": shown(address)}
        actor = Actor(UNKNOWN, LOGIN)
        work.record("login.failed", actor, at=now, subject=subject, payload={**said})


def enter(
    world: Opened, work: UnitOfWork, user: StoredUser, address: str, agent: str, now: datetime
) -> NewSession:
    """A new login of `user`, who was identified; the account is saved as it is given."""
    cookie = secrets.token_urlsafe(32)
    session = StoredSession(
        digest(cookie),
        user.name,
        secrets.token_urlsafe(32),
        now,
        now,
        now + world.longest,
        shown(address),
        printable(agent),
    )
    kept = opened.profile(user).model_copy(update={"login": now})
    work.users.save(replace(user, body=bodies.written(kept)))
    work.web_sessions.drop_over(now, now - world.idle)
    work.web_sessions.add(session)
    view = session_view(session, session.digest)
    by = "password" if user.provider is None else "single sign-on"
    work.record(
        "login.ok",
        Actor(user.name, LOGIN),
        at=now,
        subject=user.name,
        payload={"address": session.address, "by": by, "session": view.id},
    )
    return NewSession(cookie=cookie, csrf=session.csrf, session=view)


def leave(world: Opened, cookie: str) -> None:
    """End a login; one that is over is no error."""
    with world.database.write() as work:
        work.web_sessions.drop(digest(cookie))


def shown(address: str) -> str:
    """The peer's address as it is kept."""
    return printable(address)[:64]


def printable(text: str) -> str:
    """What a client says of itself, without what could rewrite a screen."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:_AGENT])


def _not_yet(reader: Reader, attempt: Attempt, now: datetime) -> None:
    at_home = reader.web_sessions.known_from(attempt.account, shown(attempt.address))
    wait = attempt.seconds(reader.failed_logins.count, now, at_home)
    if wait > 0:
        raise Throttled(wait, f"too many failed logins: try again in {max(1, round(wait))} s")


def _rehashed(world: Opened, user: StoredUser, password: str) -> str | None:
    """The hash to keep: a new one where parameters have changed since."""
    if user.password is None or not world.passwords.outdated(user.password):
        return user.password
    return world.passwords.hash(password)
