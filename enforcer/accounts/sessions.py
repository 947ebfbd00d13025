# SPDX-License-Identifier: GPL-2.0-or-later
"""Logins that go on: who it is at each request, and how they are ended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

import structlog

from enforcer.accounts import opened
from enforcer.accounts.digests import digest
from enforcer.accounts.opened import LOGIN, Opened, existing, need, own_name
from enforcer.application.account_views import SessionView
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Rights
from enforcer.errors import InvalidInput, NotFound, StorageError, Unauthenticated
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.storage.web_sessions import StoredSession

log = structlog.get_logger()

OVER = "the login is over: log in again"
_SEEN_EVERY = timedelta(minutes=1)
_ID_LENGTH = 16
_ID = re.compile(r"[0-9a-f]{16}")


def by_cookie(world: Opened, cookie: str, used: bool) -> tuple[Actor, SessionView, str]:
    """Whoever is logged in, the login, its CSRF token. Raises Unauthenticated, StorageError."""
    key, now = digest(cookie), world.clock.now()
    with world.database.read() as reader:
        session = reader.web_sessions.get(key)
        user = None if session is None else reader.users.get(session.user)
    if session is None or user is None or user.disabled is not None:
        raise Unauthenticated(OVER)
    if session.ends <= now or session.seen + world.idle <= now:
        raise Unauthenticated(OVER)
    if used and now - session.seen >= min(_SEEN_EVERY, world.idle / 4):
        _touch(world, key)
    view = session_view(session, key)
    rights = Rights(frozenset(opened.profile(user).roles), session=f"{LOGIN}:{view.id}")
    return Actor(user.name, LOGIN, rights), view, session.csrf


def session_view(session: StoredSession, current: str = "") -> SessionView:
    """A login as it is shown; `current`: the digest of the one that asks."""
    return SessionView(
        id=session.digest[:_ID_LENGTH],
        user=session.user,
        created=session.created,
        seen=session.seen,
        ends=session.ends,
        address=session.address,
        agent=session.agent,
        current=session.digest == current,
    )


def listed(world: Opened, actor: Actor, name: str | None) -> Sequence[SessionView]:
    """The logins of an account that hold. Raises Forbidden, NotFound, InvalidInput."""
    now, own = world.clock.now(), own_name(actor)
    if name is None and own is None:
        raise InvalidInput("say whose logins: only who is logged in has any")
    if name is not None and name != own:
        need(actor, Action.ACCOUNTS)
    with world.database.read() as reader:
        user = existing(reader, name or own or "")
        found = reader.web_sessions.of_user(user.name)
    views = [session_view(one) for one in found if one.ends > now and one.seen + world.idle > now]
    return [view.model_copy(update={"current": _is_current(actor, view)}) for view in views]


def revoke(world: Opened, actor: Actor, session_id: str) -> None:
    """End a login: one's own, logged in, or with the right, anybody's.

    Raises NotFound, Forbidden (a token), StorageError.
    """
    if not current_id(actor):
        need(actor, Action.ACCOUNTS)
    if not _ID.fullmatch(session_id):
        raise NotFound(f"no login {session_id[:40]!r}")
    with world.database.write() as work:
        found = work.web_sessions.beginning(session_id)
        theirs = [one for one in found if one.user == own_name(actor)]
        chosen = found if actor.may(Action.ACCOUNTS) else theirs
        if not chosen:
            raise NotFound(f"no login {session_id}: it is over already, or somebody else's")
        for one in chosen:
            work.web_sessions.drop(one.digest)
            said = {"session": one.digest[:_ID_LENGTH], "address": one.address}
            work.record(
                "session.revoked",
                actor,
                at=world.clock.now(),
                subject=one.user,
                payload={**said},
            )


def end_all(work: UnitOfWork, user: str, but_id: str = "") -> int:
    """End all logins of an account but one; how many it were."""
    kept = [one.digest for one in work.web_sessions.of_user(user) if _kept(one, but_id)]
    return work.web_sessions.drop_of_user(user, kept[0] if kept else "")


def current_id(actor: Actor) -> str:
    """The id of the login that asks; empty: it is none."""
    rights = actor.rights
    if rights is None or not rights.session.startswith(f"{LOGIN}:"):
        return ""
    return rights.session.removeprefix(f"{LOGIN}:")


def _kept(session: StoredSession, but_id: str) -> bool:
    return bool(but_id) and session.digest.startswith(but_id)


def _is_current(actor: Actor, view: SessionView) -> bool:
    return view.id == current_id(actor)


def _touch(world: Opened, key: str) -> None:
    """Keep it from idling out; a database that cannot be written to ends no login."""
    try:
        with world.database.write() as work:
            work.web_sessions.saw(key, world.clock.now())
    except StorageError as error:
        log.debug("login not marked as used", why=str(error))
