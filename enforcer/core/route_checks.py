# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of an order about routes by itself; what is accepted now is judged by `route_effect`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from enforcer.core.collateral import listed
from enforcer.core.draft import Draft, Refusal
from enforcer.core.intervals import Ranges, inside, merge, rows_of, size, subtract
from enforcer.core.orders import MOST_ROUTES, DropRoutes
from enforcer.core.prefixes import format_network
from enforcer.core.route_contributions import (
    RouteClaim,
    registered,
    registered_nowhere,
    route_claims,
    sessions_meant,
)
from enforcer.core.routes import BITS, lengths, spared
from enforcer.core.rules import Rule
from enforcer.core.sessions import MAX_ASN, BgpSession
from enforcer.core.topology import ProtectedPrefix, Topology

_CONFIRM = "or confirm it (--confirm-routes)"
_SHOWN = 3
_WIDEST = {4: 8, 6: 16}
"""The shortest prefixes that are in tables of routes, the default route aside."""


def routes(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    """Codes bad-routes, no-routes, too-many-routes, nothing-registered, loses-all-routes,
    loses-default-route, loses-protected-route. Its sessions are there."""
    demand = draft.demand
    if not isinstance(demand, DropRoutes):
        return
    stated = tuple(_stated(demand))
    yield from stated
    if stated:
        return
    found = sessions_meant(demand, draft.scope, topology)
    claims = list(route_claims(demand, draft.scope, topology))
    nowhere = registered_nowhere(demand, draft.scope, topology)
    if not claims and not nowhere:
        yield Refusal("no-routes", _nothing(demand, found))
    if not claims and nowhere:
        yield from _unregistered(demand, found, topology, confirmable=False)
    if draft.confirm_routes or not claims:
        return
    if demand.choice == "unregistered":
        yield from _unregistered(demand, found, topology, confirmable=True)
    else:
        yield from _certain(demand, claims, topology)


def _stated(demand: DropRoutes) -> Iterator[Refusal]:
    if len(demand.prefixes) > MOST_ROUTES:
        yield Refusal(
            "too-many-routes",
            f"{len(demand.prefixes):,} prefixes are more than {MOST_ROUTES:,}, the most of one"
            " order: reject them by origin or path, or place several orders",
        )
    yield from (Refusal("bad-routes", message) for message in _nonsense(demand))
    if demand.choice == "listed" and not demand.prefixes:
        message = "name the prefixes to reject, or ask for all but the registered ones"
        yield Refusal("no-routes", message)
    elif demand.choice == "every" and demand.prefixes:
        message = "every route and a list of prefixes are both asked for: choose one"
        yield Refusal("no-routes", message)


def _nonsense(demand: DropRoutes) -> Iterator[str]:
    """Numbers that no route has, and conditions that mean nothing together."""
    stated = (("origin_as", demand.origin_as), ("path_as", demand.path_as))
    for name, asn in (*stated, *(("asns", asn) for asn in demand.sessions.asns)):
        if asn is not None and not 1 <= asn <= MAX_ASN:
            yield f"{name}: {asn} is no AS number: write one from 1 to {MAX_ASN}"
    for family, length in ((4, demand.longer_than4), (6, demand.longer_than6)):
        if length is not None and not 0 <= length < BITS[family]:
            yield (
                f"no IPv{family} prefix is longer than /{length} in a way that can be asked for:"
                f" name a length from 0 to {BITS[family] - 1}"
            )
    if demand.or_longer and demand.choice != "listed":
        yield (
            "longer routes than listed ones are asked for, and none are listed: name prefixes, or"
            " leave it out"
        )


def _nothing(demand: DropRoutes, found: Collection[BgpSession]) -> str:
    carried = {family for session in found for family in session.families}
    named: set[int] = {p.version for p in demand.prefixes} or set(BITS)
    if not named & carried:
        words = " and ".join(f"IPv{family}" for family in sorted(carried))
        return (
            f"these sessions carry {words} routes only: name prefixes of that family, or state"
            " `families` of the neighbor in the inventory"
        )
    return (
        "no route is exactly one of these prefixes and longer than asked for: ask for longer"
        " ones too, or leave the length out"
    )


def _unregistered(
    demand: DropRoutes, found: Iterable[BgpSession], topology: Topology, confirmable: bool
) -> Iterator[Refusal]:
    """Where nothing is registered nothing is filtered; if that is all, there is no order."""
    for session in found:
        known = {p.version for p in registered(demand, session.customer, topology)}
        missing = sorted(set(session.families) - known)
        if missing:
            words = " and ".join(f"IPv{family}" for family in missing)
            whose = session.customer or f"the neighbor {session.address}, which is no customer"
            yield Refusal(
                "nothing-registered",
                f"no {words} prefix is registered for {whose}: no such route from"
                f" {session.address} on {session.device} would be rejected; register what is its,"
                " give a file of its prefixes, reject every route there"
                + (f", {_CONFIRM}" if confirmable else ""),
                confirmable=confirmable,
            )


def _certain(
    demand: DropRoutes, claims: Collection[RouteClaim], topology: Topology
) -> Iterator[Refusal]:
    """What is lost whatever the neighbor sends: rules with conditions on the path may miss."""
    plain = [
        (device, rule, members)
        for device, rule, members in claims
        if rule.routes is None or (rule.routes.origin is None and rule.routes.passes is None)
    ]
    whole = [one for one in plain if _takes_default(*one[1:])]
    everything = [one for one in plain if _takes_all(*one[1:])]
    if everything:
        yield _refusal(
            "loses-all-routes", f"every {_families(everything)} route of {_neighbors(everything)}"
        )
    elif whole:
        yield _refusal("loses-default-route", f"the default route of {_neighbors(whole)}")
    if demand.choice != "listed" or everything:
        return
    # Of every session the rules are the same, the neighbor aside.
    seen = {(r.family, r.routes, r.exempt): (r, m) for _, r, m in plain if not _takes_default(r, m)}
    hit = [p for p in topology.protected if any(_meets(p, *one) for one in seen.values())]
    if hit:
        shown = [f"{format_network(p.prefix)} ({p.reason})" for p in hit[:_SHOWN]]
        more = len(hit) - len(shown)
        text = ", ".join(shown) + (f" and {more} more" if more else "")
        yield _refusal("loses-protected-route", f"routes to the protected {text}")


def _takes_default(rule: Rule, members: Ranges) -> bool:
    """Whether a route to everything is inside; exceptions, being smaller, never hold it."""
    return not lengths(rule)[0] and size(members) == 1 << BITS[rule.family]


def _takes_all(rule: Rule, members: Ranges) -> bool:
    """Whether next to nothing is left: every route of a length that is in any table."""
    shortest, longest = lengths(rule)
    all_lengths = shortest <= _WIDEST[rule.family] and longest == BITS[rule.family]
    return all_lengths and not rule.exempt and size(members) == 1 << BITS[rule.family]


def _meets(protected: ProtectedPrefix, rule: Rule, members: Ranges) -> bool:
    if protected.prefix.version != rule.family:
        return False
    common = inside(merge(rows_of((protected.prefix,))), members).ranges
    return bool(len(common)) and bool(len(subtract(common, spared(rule))[0]))


def _families(claims: Iterable[RouteClaim]) -> str:
    return " and ".join(f"IPv{family}" for family in sorted({rule.family for _, rule, _ in claims}))


def _neighbors(claims: Iterable[RouteClaim]) -> str:
    return listed(dict.fromkeys(f"{rule.neighbor} on {device}" for device, rule, _ in claims))


def _refusal(code: str, what: str) -> Refusal:
    message = f"{what} would be rejected: name fewer, except what must stay, {_CONFIRM}"
    return Refusal(code, message, confirmable=True)
