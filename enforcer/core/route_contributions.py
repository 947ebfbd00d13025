# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders about BGP ask for: routes rejected, sessions shut, blackholes announced.

Nothing of it is withheld by address: rejecting a route to protected space takes a way there
from us, and whoever orders it was asked. A blackhole is like any block of packets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.intervals import networks_of as prefixes_of
from enforcer.core.orders import Blackhole, DropRoutes, Network, Scope, Selection
from enforcer.core.routes import BITS
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule
from enforcer.core.selection import exempt_of, networks_of
from enforcer.core.sessions import BgpSession, sessions_of
from enforcer.core.topology import ROLE_RTBH, Topology

RouteClaim = tuple[str, Rule, Ranges]
"""Device, rule, and its members (canonical, never empty)."""


def route_claims(demand: DropRoutes, scope: Scope, topology: Topology) -> Iterator[RouteClaim]:
    """What `demand` asks of each session that it names."""
    listed = _listed(demand)
    spared: dict[tuple[str, int], tuple[Exempt, ...]] = {}
    for session in sessions_meant(demand, scope, topology):
        for family in session.families:
            if _everything_else(demand, session, family, topology):
                continue
            # Thousands of them may be registered, and sessions with one customer share them.
            place = (session.customer, family)
            if place not in spared:
                spared[place] = _spared(demand, session.customer, family, topology)
            for rule in _rules(demand, session, family, listed[family], spared[place]):
                yield session.device, *rule


def sessions_meant(demand: DropRoutes, scope: Scope, topology: Topology) -> tuple[BgpSession, ...]:
    """The sessions that `demand` names.

    Where it names none, and rejects what is not registered: those with customers alone. Of an
    upstream, which may send everything, nothing is registered.
    """
    found = sessions_of(demand.sessions, scope, topology)
    if demand.sessions or demand.choice != "unregistered":
        return found
    return tuple(session for session in found if session.customer)


def registered_nowhere(demand: DropRoutes, scope: Scope, topology: Topology) -> tuple[str, ...]:
    """What `demand` takes for granted and nothing knows: registered space of its sessions.

    Such a session is not filtered in that family: to reject all that is not registered would
    be to reject everything, and the space may have left the inventory only now.
    """
    found = (
        f"registered IPv{family} prefixes of {session.customer or session.address}"
        for session in sessions_meant(demand, scope, topology)
        for family in session.families
        if _everything_else(demand, session, family, topology)
    )
    return tuple(dict.fromkeys(found))


def _everything_else(
    demand: DropRoutes, session: BgpSession, family: int, topology: Topology
) -> bool:
    """Whether all but the registered routes would be all of `family`."""
    if demand.choice != "unregistered":
        return False
    return all(p.version != family for p in registered(demand, session.customer, topology))


def _spared(
    demand: DropRoutes, customer: str, family: int, topology: Topology
) -> tuple[Exempt, ...]:
    """The space inside which routes of sessions with `customer` are never rejected."""
    kept = tuple(networks_of(demand.exceptions, topology))
    if demand.choice == "unregistered":
        kept += registered(demand, customer, topology)
    return exempt_of(Selection(kept), topology, family)


def speakers(scope: Scope, topology: Topology) -> tuple[str, ...]:
    """The devices in `scope` that announce blackholes, sorted."""
    return tuple(
        name for name in topology.in_scope(scope) if ROLE_RTBH in topology.devices[name].roles
    )


def blackhole_rules(demand: Blackhole, left: Ranges) -> Iterator[tuple[Rule, Ranges]]:
    """Rules with their members for `left`, what of the blackhole's prefix is not withheld.

    Announcements of different lengths are different rules: a narrow one inside a wide one
    then stands beside it, and neither cuts the other.
    """
    by_length: defaultdict[int, list[Network]] = defaultdict(list)
    for prefix in prefixes_of(left, demand.prefix.version):
        by_length[prefix.prefixlen].append(prefix)
    for length, found in sorted(by_length.items()):
        yield blackhole_rule(demand, length), _merged(found)


def blackhole_rule(demand: Blackhole, length: int) -> Rule:
    """The rule that announces prefixes of one length."""
    return _announcing(demand.prefix.version, length, demand.exports)


@lru_cache(maxsize=1024)
def _announcing(family: int, length: int, exports: tuple[str, ...]) -> Rule:
    match = RouteMatch(length, length)
    return Rule(family, Key.BLACKHOLE, routes=match, exports=tuple(sorted(set(exports))))


def registered(demand: DropRoutes, customer: str, topology: Topology) -> tuple[Network, ...]:
    """What a session's customer may announce: the order's own prefixes, else the inventory's."""
    if demand.prefixes:
        return demand.prefixes
    known = topology.customers.get(customer)
    return known.prefixes if known else ()


def _rules(
    demand: DropRoutes,
    session: BgpSession,
    family: int,
    listed: Mapping[int | None, Ranges],
    exempt: tuple[Exempt, ...],
) -> Iterator[tuple[Rule, Ranges]]:
    shortest, longest = _lengths(demand, family)
    key = Key.RECEIVED if demand.direction == "in" else Key.ANNOUNCED
    for length, members in listed.items():
        low, high = shortest, longest
        if length is not None:
            low, high = max(low, length), longest if demand.or_longer else min(high, length)
        if low <= high and len(members):
            match = _match(demand, family, low, high)
            rule = Rule(family, key, exempt=exempt, neighbor=session.address, routes=match)
            yield rule, members


def _match(demand: DropRoutes, family: int, low: int, high: int) -> RouteMatch | None:
    origin, passes = demand.origin_as, demand.path_as
    if origin is None and passes is None and (low, high) == (0, BITS[family]):
        return None
    return RouteMatch(low, high, origin, passes)


def _lengths(demand: DropRoutes, family: int) -> tuple[int, int]:
    """The lengths that the order is about; the first is greater than the second for none."""
    stated = demand.longer_than4 if family == 4 else demand.longer_than6
    if stated is not None:
        return stated + 1, BITS[family]
    if demand.longer_than4 is not None or demand.longer_than6 is not None:
        return BITS[family] + 1, BITS[family]
    return 0, BITS[family]


def _listed(demand: DropRoutes) -> dict[int, dict[int | None, Ranges]]:
    """Per family the members, by the length of the prefixes that they stand for; None: of any.

    Prefixes of one length, merged, hold no prefix of that length or longer that is inside none
    of them; of several lengths they would.
    """
    return {family: _of_family(demand, family) for family in BITS}


def _of_family(demand: DropRoutes, family: int) -> dict[int | None, Ranges]:
    if demand.choice != "listed":
        return {None: Ranges.of([(0, (1 << BITS[family]) - 1)])}
    prefixes = [p for p in demand.prefixes if p.version == family]
    by_length: defaultdict[int, list[Network]] = defaultdict(list)
    for prefix in prefixes:
        by_length[prefix.prefixlen].append(prefix)
    return {length: _merged(found) for length, found in sorted(by_length.items())}


def _merged(prefixes: Iterable[Network]) -> Ranges:
    return merge(rows_of(prefixes))
