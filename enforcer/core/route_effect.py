# SPDX-License-Identifier: GPL-2.0-or-later
"""What an order about routes would take from a neighbor, judged on the routes there are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enforcer.core.addresses import Flags, Indices, before, search
from enforcer.core.contributions import Contributions
from enforcer.core.draft import Refusal
from enforcer.core.intervals import Ranges, inside, merge, rows_of
from enforcer.core.orders import Network
from enforcer.core.prefixes import format_network
from enforcer.core.routes import BITS, Route, lengths, of_path, spared
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import ProtectedPrefix

Rules = Mapping[Rule, Ranges]
"""Rules about the routes of ONE neighbor, each with its members (canonical)."""
_SHOWN = 3
_WAYS = {Key.RECEIVED: "received from", Key.ANNOUNCED: "announced to"}


@dataclass(frozen=True, slots=True)
class RouteEffect:
    """What one neighbor of `device` would lose, of those that pass all filters now.

    `lost`: in the sequence in which they were given; `remaining`: how many would still pass.
    `loses_protected`: the protected prefixes that a lost route (the default one aside) touches.
    `loses_all`: something is lost, and nothing would remain. `way`: received from it, or
    announced to it.
    """

    device: str
    neighbor: str
    lost: tuple[Route, ...]
    remaining: int
    loses_default: bool
    loses_protected: tuple[ProtectedPrefix, ...]
    loses_all: bool
    way: Key = Key.RECEIVED


def effect(
    device: str,
    neighbor: str,
    accepted: Sequence[Route],
    rules: Rules,
    protected: Iterable[ProtectedPrefix] = (),
    way: Key = Key.RECEIVED,
) -> RouteEffect:
    """What `rules` would take of the `accepted` routes of `neighbor`, both families at once.

    Rules about another neighbor, or the other way, take nothing.
    """
    own = {r: m for r, m in rules.items() if r.neighbor == neighbor and r.key is way}
    flags = rejected(accepted, own)
    lost = tuple(accepted[at] for at in np.flatnonzero(flags).tolist())
    remaining = len(accepted) - len(lost)
    return RouteEffect(
        device,
        neighbor,
        lost,
        remaining,
        any(not route.prefix.prefixlen for route in lost),
        tuple(_touched(protected, lost)),
        bool(lost) and not remaining,
        way,
    )


def asked_of(asks: Contributions, device: str) -> dict[tuple[str, Key], dict[Rule, Ranges]]:
    """What an order asks of the neighbors of `device`: by neighbor and way the rules on routes."""
    found: dict[tuple[str, Key], dict[Rule, Ranges]] = {}
    for part in asks.on(device):
        if part.rule.by_route:
            rules = found.setdefault((part.rule.neighbor, part.rule.key), {})
            rules[part.rule] = Ranges(part.first, part.last)
    return found


def rejected(routes: Sequence[Route], rules: Rules) -> Flags:
    """Which of `routes` at least one of `rules` rejects, shape (N,); see `routes.rejects`.

    Sorted and halved, not compared one by one: 100,000 routes and 50,000 prefixes are a matter
    of a second.
    """
    flags = np.zeros(len(routes), np.bool_)
    for family, bits in BITS.items():
        some = {rule: members for rule, members in rules.items() if rule.family == family}
        at = np.array([n for n, r in enumerate(routes) if r.prefix.version == family], np.intp)
        if not some or not len(at):
            continue
        here = [routes[n] for n in at.tolist()]
        ranges = rows_of(route.prefix for route in here)
        length = np.fromiter((r.prefix.prefixlen for r in here), np.int64, len(here))
        for rule, members in some.items():
            shortest, longest = lengths(rule)
            found = np.flatnonzero((length >= shortest) & (length <= min(longest, bits)))
            flags[at[_among(rule, members, here, ranges, found)]] = True
    return flags


def _among(
    rule: Rule, members: Ranges, routes: Sequence[Route], ranges: Ranges, found: Indices
) -> Indices:
    """Those of `found` (indices of routes of the rule's family and lengths) that it rejects."""
    found = found[_within(ranges.take(found), members)]
    if rule.exempt:
        found = found[~_within(ranges.take(found), spared(rule))]
    if rule.routes is None or (rule.routes.origin is None and rule.routes.passes is None):
        return found
    kept = [n for n in found.tolist() if of_path(rule.routes, routes[n].path)]
    return np.array(kept, np.intp)


def _within(rows: Ranges, whole: Ranges) -> Flags:
    """Which of `rows` are each inside one of `whole` (canonical), all of it; shape (N,)."""
    if not len(whole):
        return np.zeros(len(rows), np.bool_)
    at = search(whole.first, rows.first, "right") - 1
    probe = np.maximum(at, 0)
    flags: Flags = (at >= 0) & ~before(whole.last[probe], rows.last)
    return flags


def _touched(
    protected: Iterable[ProtectedPrefix], lost: Iterable[Route]
) -> Iterator[ProtectedPrefix]:
    by_family: dict[int, list[Network]] = {family: [] for family in BITS}
    for route in lost:
        if route.prefix.prefixlen:
            by_family[route.prefix.version].append(route.prefix)
    merged = {family: merge(rows_of(found)) for family, found in by_family.items()}
    for one in protected:
        region = merged[one.prefix.version]
        if len(region) and len(inside(rows_of((one.prefix,)), region).source):
            yield one


def refusals_of(effects: Iterable[RouteEffect], confirmed: bool) -> tuple[Refusal, ...]:
    """Codes loses-all-routes, loses-default-route, loses-protected-route, neighbor by neighbor.

    All of them may be confirmed (`--confirm-routes`); `confirmed`: they are, and nothing is said.
    """
    if confirmed:
        return ()
    return tuple(refusal for one in effects for refusal in _of(one))


def _of(one: RouteEffect) -> Iterator[Refusal]:
    where = f"{_WAYS[one.way]} {one.neighbor} on {one.device}"
    if one.loses_all:
        count = len(one.lost)
        what = "the one route" if count == 1 else f"all {count:,} routes"
        yield _refusal("loses-all-routes", f"{what} {where} would be rejected, and none remain")
    if one.loses_default:
        yield _refusal("loses-default-route", f"the default route {where} would be rejected")
    if one.loses_protected:
        yield _refusal(
            "loses-protected-route",
            f"routes {where} to the protected {_protected(one.loses_protected)} would be rejected",
        )


def _refusal(code: str, what: str) -> Refusal:
    way_out = "name fewer routes, except what must stay, or confirm it (--confirm-routes)"
    return Refusal(code, f"{what}: {way_out}", confirmable=True)


def _protected(found: Sequence[ProtectedPrefix]) -> str:
    shown = [f"{format_network(p.prefix)} ({p.reason})" for p in found[:_SHOWN]]
    more = len(found) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
