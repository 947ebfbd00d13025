# SPDX-License-Identifier: GPL-2.0-or-later
"""Who uses which addresses: customers, their tenants, and those who share.

Made once per topology, asked for every order: a lookup costs two bisections.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from enforcer.core.orders import Network
from enforcer.core.topology import SharedSpace, Topology

_FAMILIES = (4, 6)


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """A customer, or with `tenant` one of its tenants."""

    customer: str
    tenant: str = ""

    def __str__(self) -> str:
        return f"{self.tenant} (tenant of {self.customer})" if self.tenant else self.customer


@dataclass(frozen=True, slots=True)
class Users:
    """Who uses some addresses: `parties` by registration, and the `shared` spaces, by name."""

    parties: frozenset[Party] = frozenset()
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Parties:
    """Who uses what. Per family `starts` (ascending) and `users`: from each start to the next."""

    spaces: Mapping[str, SharedSpace]
    starts: Mapping[int, list[int]]
    users: Mapping[int, list[Users]]

    def using(self, family: int, first: int, last: int) -> Users:
        """Everybody who uses an address of `first`..`last`."""
        starts, users = self.starts[family], self.users[family]
        low = max(bisect_right(starts, first) - 1, 0)
        found = users[low : bisect_right(starts, last)]
        return Users(
            frozenset[Party]().union(*(u.parties for u in found)),
            frozenset[str]().union(*(u.shared for u in found)),
        )


@dataclass(frozen=True, slots=True)
class _Claim:
    """One prefix and whose it is: a customer's, with `tenant` a tenant's, or shared space."""

    first: int
    after: int
    length: int
    customer: str = ""
    tenant: str = ""
    shared: str = ""


@dataclass(slots=True)
class _Sweep:
    """Claims by the address at which they begin and cease."""

    begins: defaultdict[int, list[_Claim]] = field(default_factory=lambda: defaultdict(list))
    ceases: defaultdict[int, list[_Claim]] = field(default_factory=lambda: defaultdict(list))


def parties_of(topology: Topology) -> Parties:
    """Work out who uses which addresses of `topology`.

    Of several customers the longest prefix wins, equal ones share. A tenant uses what it is
    stated for of its customer's addresses; what no tenant is stated for, the customer itself.
    """
    claims: dict[int, list[_Claim]] = {family: [] for family in _FAMILIES}
    for prefix, claim in _claims(topology):
        claims[prefix.version].append(claim)
    starts: dict[int, list[int]] = {}
    users: dict[int, list[Users]] = {}
    for family, found in claims.items():
        starts[family], users[family] = _segments(found)
    return Parties({space.name: space for space in topology.shared}, starts, users)


def _claims(topology: Topology) -> Iterator[tuple[Network, _Claim]]:
    for customer in topology.customers.values():
        for prefix in customer.prefixes:
            yield prefix, _claim(prefix, customer.name)
        for tenant in customer.tenants:
            for prefix in tenant.prefixes:
                yield prefix, _claim(prefix, customer.name, tenant.name)
    for space in topology.shared:
        for prefix in space.prefixes:
            yield prefix, _claim(prefix, shared=space.name)


def _claim(prefix: Network, customer: str = "", tenant: str = "", shared: str = "") -> _Claim:
    first, last = int(prefix.network_address), int(prefix.broadcast_address)
    return _Claim(first, last + 1, prefix.prefixlen, customer, tenant, shared)


def _segments(claims: Iterable[_Claim]) -> tuple[list[int], list[Users]]:
    sweep = _Sweep()
    for claim in claims:
        sweep.begins[claim.first].append(claim)
        sweep.ceases[claim.after].append(claim)
    starts, users = [0], [Users()]
    standing: list[_Claim] = []
    for cut in sorted({*sweep.begins, *sweep.ceases}):
        gone = {id(claim) for claim in sweep.ceases[cut]}
        standing = [c for c in standing if id(c) not in gone] + sweep.begins[cut]
        starts.append(cut)
        users.append(_users(standing))
    return starts, users


def _users(standing: list[_Claim]) -> Users:
    own = [c for c in standing if c.customer and not c.tenant]
    longest = max((c.length for c in own), default=0)
    parties: set[Party] = set()
    for customer in {c.customer for c in own if c.length == longest}:
        tenants = {c.tenant for c in standing if c.customer == customer and c.tenant}
        parties.update(Party(customer, tenant) for tenant in tenants or {""})
    return Users(frozenset(parties), frozenset(c.shared for c in standing if c.shared))
