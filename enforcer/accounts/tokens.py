# SPDX-License-Identifier: GPL-2.0-or-later
"""API tokens: who holds one, what it may be used for, making and revoking them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

import structlog

from enforcer.accounts import bodies, opened
from enforcer.accounts.bodies import Terms
from enforcer.accounts.digests import digest, is_token, is_token_name
from enforcer.accounts.opened import Opened, ended, own_name
from enforcer.accounts.sessions import current_id
from enforcer.application.account_views import TokenView
from enforcer.application.actor import Actor
from enforcer.core.access import ACTIONS, Action, Rights, Role
from enforcer.errors import NotFound, StorageError, Unauthenticated
from enforcer.storage.api_tokens import StoredToken
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.storage.users import StoredUser

log = structlog.get_logger()

_USED_EVERY = timedelta(minutes=1)
_NO_TOKEN = "this token opens nothing here: copy it again, or ask for another one"  # noqa: S105 - a sentence


def by_secret(world: Opened, secret: str, address: str) -> Actor:
    """Whoever holds this token. Raises Unauthenticated, StorageError.

    Why one does not hold is told to nobody but who has the whole of it.
    """
    if not is_token(secret):
        raise Unauthenticated(_NO_TOKEN)
    now = world.clock.now()
    with world.database.read() as reader:
        found = reader.tokens.by_digest(digest(secret))
    if found is None:
        raise Unauthenticated(_NO_TOKEN)
    token, owner = found
    terms = _terms(token)
    _holds(token, terms, address, now)
    roles = terms.roles if not token.owner else _of_owner(world, token, terms, owner, now)
    if token.used is None or now - token.used >= _USED_EVERY:
        _touch(world, token.name, now)
    rights = Rights(
        frozenset(roles), terms.read_only, terms.machine, token.name, nobodys=not token.owner
    )
    return Actor(actor_name(token, terms), token.source, rights)


def actor_name(token: StoredToken, terms: Terms) -> str:
    """In whose name a token acts: its owner's, or where it is a program's, its own.

    No account can have a name of the second kind.
    """
    if token.owner and terms.machine is None:
        return token.owner
    return f"{token.source} ({token.name})"


def covered(role: Role, by: Iterable[Role]) -> bool:
    """Whether somebody with the roles `by` may do all that `role` may."""
    may = frozenset[Action]().union(*(ACTIONS[one] for one in by))
    return ACTIONS[role] <= may


def token_view(token: StoredToken) -> TokenView:
    """A token as it is shown: never its secret."""
    terms = _terms(token)
    view = TokenView(
        name=token.name,
        source=token.source,
        owner=token.owner,
        roles=[role.value for role in terms.roles],
        read_only=terms.read_only,
        networks=list(terms.networks),
        created=token.created,
        ends=token.ends,
        revoked=token.revoked,
        used=token.used,
    )
    return view if terms.machine is None else view.model_copy(update=_limits(terms))


def listed(world: Opened, actor: Actor) -> Sequence[TokenView]:
    """All tokens for those who keep accounts, else one's own, newest first."""
    with world.database.read() as reader:
        found = reader.tokens.all()
    mine = own_name(actor)
    return [
        token_view(token)
        for token in found
        if actor.may(Action.ACCOUNTS) or (mine is not None and token.owner == mine)
    ]


def revoke(world: Opened, actor: Actor, name: str) -> TokenView:
    """A token opens nothing from now on. A token that keeps no accounts ends itself alone.

    Raises NotFound, StorageError.
    """
    with world.database.write() as work:
        token = work.tokens.get(name) if is_token_name(name) else None
        mine = own_name(actor)
        own = token is not None and mine is not None and token.owner == mine
        if token is not None and actor.rights is not None and not current_id(actor):
            own = actor.rights.session == token.name
        if token is None or not (own or actor.may(Action.ACCOUNTS)):
            raise NotFound(f"no token {name[:40]!r}: see `enforcer token list`")
        _end(work, token, actor, world.clock.now(), "asked for")
        left = work.tokens.get(name)
    return token_view(left or token)


def end_all(work: UnitOfWork, owner: str, actor: Actor, now: datetime) -> int:
    """Revoke all tokens of an account; how many it were."""
    theirs = [token for token in work.tokens.all() if token.owner == owner]
    return sum(_end(work, token, actor, now, "its owner was disabled") for token in theirs)


def _end(work: UnitOfWork, token: StoredToken, actor: Actor, now: datetime, why: str) -> bool:
    if not work.tokens.revoke(token.name, now):
        return False
    said = {"source": token.source, "owner": token.owner, "why": why}
    work.record("token.revoked", actor, at=now, subject=token.name, payload={**said})
    return True


def _terms(token: StoredToken) -> Terms:
    return bodies.read(Terms, token.body, f"token {token.name}")


def _limits(terms: Terms) -> dict[str, object]:
    shown = terms.model_dump(
        include={"kinds", "longest", "widest4", "widest6", "own_space", "per_minute"}
    )
    return {**shown, "kinds": list(terms.kinds)}


def _holds(token: StoredToken, terms: Terms, address: str, now: datetime) -> None:
    if token.revoked is not None:
        raise Unauthenticated(f"the token {token.name} was revoked: ask for another one")
    if ended(token.ends, now):
        raise Unauthenticated(f"the token {token.name} has expired: ask for another one")
    if terms.networks and not _within(address, terms.networks):
        raise Unauthenticated(
            f"the token {token.name} may not be used from {address[:64] or 'an unknown address'}"
        )


def _of_owner(
    world: Opened, token: StoredToken, terms: Terms, owner: StoredUser | None, now: datetime
) -> tuple[Role, ...]:
    """The token's roles that its owner's cover now; a detector's are its own."""
    if owner is None or owner.disabled is not None:
        raise Unauthenticated(f"the owner of token {token.name} is disabled")
    kept = opened.profile(owner)
    days = _days(world, owner.provider)
    if owner.provider is not None and (
        kept.login is None or now - kept.login > timedelta(days=days)
    ):
        raise Unauthenticated(
            f"the owner of token {token.name} has not logged in by single sign-on for"
            f" {days:g} days: it holds again after the next login"
        )
    if terms.machine is not None:
        return terms.roles
    return _covered(terms.roles, kept.roles)


@lru_cache(maxsize=256)
def _covered(roles: tuple[Role, ...], by: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(role for role in roles if covered(role, by))


def _days(world: Opened, provider: str | None) -> float:
    found = (one.token_days for one in world.settings.oidc if one.issuer == provider)
    return next(found, 0.0)


def _within(address: str, networks: Iterable[str]) -> bool:
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in ip_network(network) for network in networks)


def _touch(world: Opened, name: str, now: datetime) -> None:
    """A database that cannot be written to closes no door that only looks."""
    try:
        # Who asks does not wait for a disk because of that.
        with world.database.write(swift=True) as work:
            work.tokens.saw(name, now)
    except StorageError as error:
        log.debug("token not marked as used", token=name, why=str(error))
