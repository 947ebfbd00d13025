# SPDX-License-Identifier: GPL-2.0-or-later
"""Making a token: nobody gives more than he has."""

from __future__ import annotations

from datetime import timedelta

from enforcer.accounts import bodies, names, opened
from enforcer.accounts.bodies import Terms
from enforcer.accounts.digests import digest, new_token
from enforcer.accounts.opened import Opened, existing, own_name
from enforcer.accounts.sessions import current_id
from enforcer.accounts.tokens import covered, token_view
from enforcer.application.account_views import CreateToken, NewToken
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Role
from enforcer.errors import Forbidden, InvalidInput
from enforcer.storage.api_tokens import StoredToken
from enforcer.storage.unit_of_work import Reader
from enforcer.wire import demand_schema

PERSONAL = "api"
"""The source of what people do by their tokens, unless another one was asked for."""

_LONGEST_LIFE = 100 * 365 * 86_400
_LIMITS = {
    "longest": (1, 10 * 365 * 86_400),
    "widest4": (0, 32),
    "widest6": (0, 128),
    "per_minute": (1, 1_000_000),
}


def create(world: Opened, actor: Actor, command: CreateToken) -> NewToken:
    """A new token, with the secret that is shown this once.

    Raises Forbidden, InvalidInput, NotFound (of the owner), StorageError.
    """
    terms = _terms(command)
    if not actor.may(Action.SELF) and not actor.may(Action.ACCOUNTS):
        raise Forbidden(f"{actor.name} may not make tokens")
    now = world.clock.now()
    name, secret = new_token()
    with world.database.write() as work:
        owner = _owner(work, actor, command, terms)
        token = StoredToken(
            name,
            digest(secret),
            _source(actor, command, terms, owner),
            owner,
            now,
            None if command.seconds is None else now + timedelta(seconds=command.seconds),
            None,
            None,
            bodies.written(terms),
        )
        work.tokens.add(token)
        view = token_view(token)
        said = view.model_dump(mode="json", exclude={"name", "created", "revoked", "used"})
        work.record("token.created", actor, at=now, subject=name, payload=said)
    return NewToken(token=view, secret=secret)


def _terms(command: CreateToken) -> Terms:
    roles = names.roles(command.roles, of_person=False)
    if not roles:
        raise InvalidInput("a token without a role opens nothing: give it one")
    if Role.DETECTOR in roles and len(roles) > 1:
        raise InvalidInput("a detector's token has no other role: its limits would not hold")
    if command.seconds is not None and not 0 < command.seconds <= _LONGEST_LIFE:
        raise InvalidInput("a token lives for some seconds, or for ever: at most 100 years")
    networks = names.networks(command.networks)
    if Role.DETECTOR not in roles:
        return Terms(roles=roles, read_only=command.read_only, networks=networks)
    for field, (least, most) in _LIMITS.items():
        if not least <= getattr(command, field) <= most:
            raise InvalidInput(f"{field} is from {least} to {most}, not {getattr(command, field)}")
    return Terms(
        roles=roles,
        read_only=command.read_only,
        networks=networks,
        kinds=_kinds(command.kinds),
        longest=command.longest,
        widest4=command.widest4,
        widest6=command.widest6,
        own_space=command.own_space,
        per_minute=command.per_minute,
    )


def _kinds(asked: tuple[str, ...]) -> tuple[str, ...]:
    known: list[str] = sorted(demand_schema()["discriminator"]["mapping"])
    for kind in asked:
        if kind not in known:
            raise InvalidInput(f"{kind[:40]!r} is no kind of order: take {', '.join(known)}")
    return asked


def _owner(reader: Reader, actor: Actor, command: CreateToken, terms: Terms) -> str:
    """Whose it will be; empty: nobody's, so that no leaving colleague ends it."""
    keeper = actor.may(Action.ACCOUNTS)
    if terms.machine is not None and not keeper:
        raise Forbidden("only who keeps accounts makes tokens of detectors")
    own = own_name(actor)
    if not keeper and (own is None or not current_id(actor)):
        raise Forbidden("a token does not make tokens: log in to make one")
    asked = own or "" if command.owner is None else command.owner.strip()
    if asked == "":
        return _nobodys(terms, keeper)
    user = existing(reader, asked)
    if user.name != own and not keeper:
        raise Forbidden("only who keeps accounts makes tokens for others")
    if user.disabled is not None:
        raise InvalidInput(f"{user.name} is disabled: its tokens would open nothing")
    if terms.machine is None:
        _within_reach(actor, user.name == own, terms, opened.profile(user).roles)
    return user.name


def _nobodys(terms: Terms, keeper: bool) -> str:
    if not keeper:
        raise Forbidden("only who keeps accounts makes tokens that belong to nobody")
    if Role.APPROVER in terms.roles:
        raise InvalidInput("only a person approves: give the approver's token an owner")
    return ""


def _within_reach(actor: Actor, is_own: bool, terms: Terms, owners: tuple[Role, ...]) -> None:
    """No token does what its owner may not, nor what the asker may not with what he holds.

    One that approves is made by its owner alone: else who keeps accounts could be both persons
    of the four eyes without anybody noticing.
    """
    if Role.APPROVER in terms.roles and not is_own and actor.rights is not None:
        raise Forbidden("only an approver makes a token that approves, and for himself")
    held = owners
    if is_own and actor.rights is not None:
        held = tuple(role for role in owners if covered(role, actor.rights.roles))
    for role in terms.roles:
        if not covered(role, held):
            raise Forbidden(f"the owner's roles do not cover {role.value}: a token cannot either")


def _source(actor: Actor, command: CreateToken, terms: Terms, owner: str) -> str:
    if owner and terms.machine is None:
        if command.source == PERSONAL:
            return PERSONAL
        if not actor.may(Action.ACCOUNTS):
            raise InvalidInput(f"the source of your tokens is {PERSONAL}")
    return names.source_name(command.source)
