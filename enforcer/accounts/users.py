# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts: making, changing and disabling them, and their passwords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from enforcer.accounts import bodies, logins, names, opened, passwords, sessions, tokens
from enforcer.accounts.bodies import Profile
from enforcer.accounts.opened import Opened, existing, need, own_name, user_view
from enforcer.accounts.throttle import Attempt
from enforcer.application.account_views import ChangeUser, CreateUser, UserView
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Role
from enforcer.errors import Forbidden, InvalidInput, NotFound
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.storage.users import StoredUser
from enforcer.wire import JSONValue


def me(world: Opened, actor: Actor) -> UserView:
    """One's own account. Raises NotFound, StorageError."""
    name = own_name(actor)
    if name is None:
        raise NotFound(f"{actor.name} has no account here")
    with world.database.read() as reader:
        return user_view(existing(reader, name))


def listed(world: Opened, actor: Actor) -> Sequence[UserView]:
    """All accounts, by name. Raises Forbidden, StorageError."""
    need(actor, Action.ACCOUNTS)
    with world.database.read() as reader:
        return [user_view(user) for user in reader.users.all()]


def create(world: Opened, actor: Actor, command: CreateUser) -> UserView:
    """A new account. Raises Forbidden, InvalidInput, StorageError."""
    need(actor, Action.ACCOUNTS)
    name = names.account_name(command.name)
    kept = Profile(
        roles=_roles(command.roles),
        display=names.line(command.display, "display name"),
        email=names.line(command.email, "mail address"),
        zone=names.zone(command.zone or world.settings.web.zone),
    )
    stored = None
    if command.password is not None:
        passwords.accept(command.password, name, (kept.display, kept.email.partition("@")[0]))
        stored = world.passwords.hash(command.password)
    user = StoredUser(name, stored, None, None, world.clock.now(), None, bodies.written(kept))
    with world.database.write() as work:
        if work.users.get(name) is not None:
            raise InvalidInput(f"there is an account {name} already: change that, or take another")
        add(work, actor, user)
    return user_view(user)


def add(work: UnitOfWork, actor: Actor, user: StoredUser) -> None:
    """Store a new account and record it. Raises DuplicateKey."""
    work.users.add(user)
    said: dict[str, JSONValue] = {
        "roles": [role.value for role in opened.profile(user).roles],
        "by": user.provider or ("password" if user.password else "tokens only"),
    }
    work.record("user.created", actor, at=user.created, subject=user.name, payload=said)


def change(world: Opened, actor: Actor, command: ChangeUser) -> UserView:
    """Change or disable an account. Raises Forbidden, InvalidInput, NotFound, StorageError."""
    need(actor, Action.ACCOUNTS)
    now = world.clock.now()
    with world.database.write() as work:
        user = existing(work, command.name)
        after = _changed(user, command, now)
        said = differences(user, after)
        if not said:
            return user_view(user)
        _keep_an_admin(work, user, after)
        work.users.save(after)
        work.record("user.changed", actor, at=now, subject=user.name, payload=said)
        if after.disabled is not None:
            sessions.end_all(work, user.name)
            tokens.end_all(work, user.name, actor, now)
    return user_view(after)


def set_zone(world: Opened, actor: Actor, zone: str) -> UserView:
    """In which zone one reads times. Raises InvalidInput, NotFound, StorageError."""
    chosen, name = names.zone(zone), own_name(actor)
    if name is None:
        raise NotFound(f"{actor.name} has no account here")
    with world.database.write() as work:
        user = existing(work, name)
        kept = opened.profile(user).model_copy(update={"zone": chosen})
        after = replace(user, body=bodies.written(kept))
        if said := differences(user, after):
            work.users.save(after)
            now = world.clock.now()
            work.record("user.changed", actor, at=now, subject=name, payload=said)
    return user_view(after)


def change_password(world: Opened, actor: Actor, old: str, new: str) -> None:
    """One's own password; all other logins of the account end.

    Guessing the old one is throttled like a login. Raises Forbidden, InvalidInput, Throttled.
    """
    name = own_name(actor)
    here = sessions.current_id(actor)
    if name is None or not here:
        raise Forbidden("only who is logged in changes his own password")
    attempt = Attempt(name, f"login {here}")
    counted = logins.begin(world, attempt)
    with world.database.read() as reader:
        user = existing(reader, name)
    _has_password(user)
    if not logins.fitting(world, user, old):
        logins.failed(world, user, attempt.address)
        raise InvalidInput("the old password is wrong")
    user = _with_password(world, user, new)
    with world.database.write() as work:
        logins.succeeded(work, attempt, counted)
        _save_password(work, actor, user, world.clock.now(), here)


def set_password(world: Opened, actor: Actor, name: str, new: str) -> None:
    """Somebody's password; all logins of the account end.

    Raises Forbidden, InvalidInput, NotFound, StorageError.
    """
    need(actor, Action.ACCOUNTS)
    with world.database.read() as reader:
        user = existing(reader, name)
    _has_password(user)
    user = _with_password(world, user, new)
    with world.database.write() as work:
        _save_password(work, actor, user, world.clock.now(), "")


def differences(before: StoredUser, after: StoredUser) -> dict[str, JSONValue]:
    """What is recorded of a change; of names and addresses only that they changed."""
    old, new = opened.profile(before), opened.profile(after)
    said: dict[str, JSONValue] = {}
    if old.roles != new.roles:
        said["roles"] = {"from": [*old.roles], "to": [*new.roles]}
    if (before.disabled is None) != (after.disabled is None):
        said["disabled"] = after.disabled is not None
    changed: list[JSONValue] = [
        field
        for field in ("display", "email", "zone")
        if getattr(old, field) != getattr(new, field)
    ]
    if changed:
        said["changed"] = changed
    return said


def _changed(user: StoredUser, command: ChangeUser, now: datetime) -> StoredUser:
    kept = opened.profile(user)
    given: dict[str, object] = {}
    if command.roles is not None:
        if user.provider is not None:
            raise InvalidInput(
                f"the roles of {user.name} come from the provider at each login: change them there"
            )
        given["roles"] = _roles(command.roles)
    if command.display is not None:
        given["display"] = names.line(command.display, "display name")
    if command.email is not None:
        given["email"] = names.line(command.email, "mail address")
    if command.zone is not None:
        given["zone"] = names.zone(command.zone)
    disabled = user.disabled
    if command.disabled is not None:
        disabled = (user.disabled or now) if command.disabled else None
    return replace(user, disabled=disabled, body=bodies.written(kept.model_copy(update=given)))


def _roles(asked: tuple[str, ...]) -> tuple[Role, ...]:
    found = names.roles(asked, of_person=True)
    if not found:
        raise InvalidInput("an account without a role can do nothing: give it one, or disable it")
    return found


def _keep_an_admin(work: UnitOfWork, before: StoredUser, after: StoredUser) -> None:
    """Raises InvalidInput, where nobody would be left who keeps accounts."""
    if not _is_admin(before) or _is_admin(after):
        return
    if not any(_is_admin(user) for user in work.users.all() if user.name != before.name):
        raise InvalidInput(
            f"{before.name} is the last enabled admin: make another one first, with"
            " `enforcer user add NAME --role admin`"
        )


def _is_admin(user: StoredUser) -> bool:
    return user.disabled is None and Role.ADMIN in opened.profile(user).roles


def _has_password(user: StoredUser) -> None:
    if user.provider is not None:
        raise InvalidInput(f"{user.name} logs in by single sign-on, and has no password here")


def _with_password(world: Opened, user: StoredUser, new: str) -> StoredUser:
    kept = opened.profile(user)
    passwords.accept(new, user.name, (kept.display, kept.email.partition("@")[0]))
    return replace(user, password=world.passwords.hash(new))


def _save_password(
    work: UnitOfWork, actor: Actor, user: StoredUser, now: datetime, but_login: str
) -> None:
    """Store it; all logins end but one. What else changed meanwhile stays as it is."""
    current = existing(work, user.name)
    work.users.save(replace(current, password=user.password))
    ended = sessions.end_all(work, user.name, but_login)
    said: dict[str, JSONValue] = {"changed": ["password"], "logins_ended": ended}
    work.record("user.changed", actor, at=now, subject=user.name, payload=said)
