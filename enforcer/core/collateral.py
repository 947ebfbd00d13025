# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is hit by an order beside the one that it is about.

An order about a prefix is about one party: the customer, or the one tenant, whose addresses
these are. An order that names a customer is about that customer and its tenants. Whoever else
uses an address of the target is collateral, and so is every user of shared addresses. Lists
are not looked at: their import rejects the installation's own and its customers' space.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from enforcer.core.draft import target_of
from enforcer.core.intervals import Ranges, ends_of, rows_of, subtract
from enforcer.core.orders import (
    BlockList,
    Demand,
    DropRoutes,
    Network,
    Scope,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.parties import Parties, Party, Users
from enforcer.core.placement import FAMILIES, Ownership
from enforcer.core.prefixes import format_network
from enforcer.core.selection import entries_of
from enforcer.core.sessions import sessions_of
from enforcer.core.topology import SharedSpace, Topology

SHOWN = 10
"""Names in a sentence; of more the first ones, and how many there are."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Who is hit by an order.

    `needs`: sentences that somebody has to confirm; `knowingly`: what naming a customer means
    anyhow. `names`: everybody who is hit, sorted, where that can be said.
    """

    needs: tuple[str, ...] = ()
    knowingly: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def hit_by(demand: Demand, topology: Topology, parties: Parties, owners: Ownership) -> Hit:
    """Who is hit by `demand`; what is protected of its target is withheld and hits nobody."""
    if isinstance(demand, BlockList):
        return Hit()
    if isinstance(demand, DropRoutes | ShutdownSession):
        return _with_sessions(demand, topology)
    target = target_of(demand)
    knowingly = tuple(_tenants(target.customers, topology))
    names = {name for customer in target.customers for name in _all_of(customer, topology)}
    if isinstance(demand, SuspendCustomer) and demand.by != "prefixes":
        knowingly += _shut(demand)
        return Hit((), knowingly, tuple(sorted(names)))
    needs: list[str] = []
    for network in _plain(target, topology):
        users = _using_one(network, parties, owners)
        needs += _beside_one(format_network(network), users, parties)
        names |= _named(users, parties)
    for customer in target.customers:
        users = _of_customer(customer, topology, parties, owners)
        needs += _beside_customers(customer, target.customers, users, topology, parties)
        names |= _named(users, parties)
    return Hit(tuple(dict.fromkeys(needs)), knowingly, tuple(sorted(names)))


def _with_sessions(demand: DropRoutes | ShutdownSession, topology: Topology) -> Hit:
    """Whom the sessions are with; of all sessions of a scope nobody in particular."""
    found = sessions_of(demand.sessions, Scope(), topology) if demand.sessions else ()
    customers = sorted({s.customer for s in found if s.customer} | {*demand.sessions.customers})
    names = {name for customer in customers for name in _all_of(customer, topology)}
    return Hit((), tuple(_tenants(customers, topology)), tuple(sorted(names)))


def _shut(demand: SuspendCustomer) -> tuple[str, ...]:
    if demand.by != "shutdown":
        return ()
    return (f"nothing of {demand.customer} passes any more, calls for help neither",)


def _plain(target: Selection, topology: Topology) -> Iterator[Network]:
    """The prefixes that the target states itself, or by its service sets."""
    stated = Selection(target.prefixes, (), target.service_sets)
    for entry in entries_of(stated, topology):
        yield from entry.prefixes


def _using_one(network: Network, parties: Parties, owners: Ownership) -> Users:
    """As `_using`; by two bisections where nothing of it is protected."""
    family, (first, last) = network.version, ends_of(network)
    if owners.is_free(first, last, family):
        return parties.using(family, first, last)
    return _using((network,), parties, owners)


def _using(networks: Collection[Network], parties: Parties, owners: Ownership) -> Users:
    found: list[Users] = []
    for family in FAMILIES:
        rows = rows_of(n for n in networks if n.version == family)
        for first, last in _unprotected(rows, owners.protected[family]):
            found.append(parties.using(family, first, last))
    return Users(
        frozenset[Party]().union(*(u.parties for u in found)),
        frozenset[str]().union(*(u.shared for u in found)),
    )


def _unprotected(rows: Ranges, protected: Ranges) -> tuple[tuple[int, int], ...]:
    if not len(rows) or not len(protected):
        return rows.pairs()
    return subtract(rows, protected)[0].pairs()


def _of_customer(name: str, topology: Topology, parties: Parties, owners: Ownership) -> Users:
    customer = topology.customers.get(name)
    return _using(customer.prefixes if customer else (), parties, owners)


def _beside_one(shown: str, users: Users, parties: Parties) -> Iterator[str]:
    sharing = _sharing(users, parties)
    if len(users.parties) > 1 and not sharing.issuperset(map(_plain_name, users.parties)):
        yield f"{shown} is used by {listed(map(str, sorted(users.parties)))}"
    for name in sorted(users.shared):
        yield f"{shown} {_shared(parties.spaces[name])}"


def _beside_customers(
    customer: str,
    named: Collection[str],
    users: Users,
    topology: Topology,
    parties: Parties,
) -> Iterator[str]:
    others = sorted(p for p in users.parties if p.customer not in named)
    if others:
        yield f"the prefixes of {customer} hold addresses of {listed(map(str, others))}"
    known = {name for one in named for name in _all_of(one, topology)}
    known |= {tenant for one in named for tenant in _tenant_names(one, topology)}
    for name in sorted(users.shared):
        space = parties.spaces[name]
        if not space.users or not known.issuperset(space.users):
            yield f"a part of the prefixes of {customer} {_shared(space)}"


def _shared(space: SharedSpace) -> str:
    if space.users:
        return f"is in {space.name}, shared by {listed(space.users)}"
    if space.kind == "cgnat":
        return f"is in {space.name}, where addresses are translated: nobody can say who is hit"
    return f"is in {space.name}, shared by users that the inventory does not state"


def _named(users: Users, parties: Parties) -> set[str]:
    sharing = _sharing(users, parties) - set(map(_plain_name, users.parties))
    return {str(party) for party in users.parties} | sharing


def _sharing(users: Users, parties: Parties) -> set[str]:
    return {user for name in users.shared for user in parties.spaces[name].users}


def _plain_name(party: Party) -> str:
    """As the users of shared space are stated."""
    return party.tenant or party.customer


def _tenants(customers: Iterable[str], topology: Topology) -> Iterator[str]:
    for name in customers:
        tenants = _tenant_names(name, topology)
        if tenants:
            yield f"the tenants of {name} are hit too: {listed(tenants)}"


def _tenant_names(name: str, topology: Topology) -> tuple[str, ...]:
    customer = topology.customers.get(name)
    return tuple(sorted(tenant.name for tenant in customer.tenants)) if customer else ()


def _all_of(name: str, topology: Topology) -> Iterator[str]:
    yield name
    yield from (str(Party(name, tenant)) for tenant in _tenant_names(name, topology))


def listed(names: Iterable[str]) -> str:
    """``a, b and c``; of more than `SHOWN` the first ones and the number of the rest."""
    every = list(names)
    if len(every) > SHOWN:
        return f"{', '.join(every[:SHOWN])} and {len(every) - SHOWN} more"
    return " and ".join(part for part in (", ".join(every[:-1]), *every[-1:]) if part)
