# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders keep one route away: judged on what a device holds, all orders together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from enforcer.core.contributions import Contribution
from enforcer.core.intervals import Ranges, intersect, rows_of, union
from enforcer.core.orders import Network
from enforcer.core.route_effect import rejected
from enforcer.core.routes import Route
from enforcer.core.rules import Key, Rule


class Where(NamedTuple):
    """One session, one way."""

    device: str
    neighbor: str
    way: Key


@dataclass(frozen=True, slots=True)
class RouteClaim:
    """A rule of one order about one session. `members`: all of them that count for the route."""

    order: int
    rule: Rule
    members: Ranges

    def rejects(self, route: Route) -> bool:
        """Whether it keeps `route` away."""
        return bool(rejected((route,), {self.rule: self.members})[0])

    def anyhow(self) -> RouteClaim:
        """The same without a condition on the path."""
        match = self.rule.routes
        if match is None:
            return self
        free = replace(match, origin=None, passes=None)
        return replace(self, rule=replace(self.rule, routes=free))


def route_claims_on(parts: Iterable[Contribution], asked: Network) -> dict[Where, list[RouteClaim]]:
    """What of `parts` could reject the route for exactly `asked`, whatever its path is.

    Members of the same rule are one on the device, whichever orders they are of. Where no order
    by itself rejects the route and all of them do, those that have a part of it are named.
    """
    found: defaultdict[tuple[Where, Rule], list[RouteClaim]] = defaultdict(list)
    bare, here = Route(asked), rows_of((asked,))
    for part in parts:
        if part.rule.by_route and part.rule.family == asked.version:
            members = intersect(Ranges(part.first, part.last), here)
            if len(members):
                where = Where(part.device, part.rule.neighbor, part.rule.key)
                found[where, part.rule].append(RouteClaim(part.order, part.rule, members))
    claims: defaultdict[Where, list[RouteClaim]] = defaultdict(list)
    for (where, _), some in found.items():
        claims[where] += _counting(some, bare)
    return {where: some for where, some in claims.items() if some}


def _counting(some: list[RouteClaim], bare: Route) -> Iterator[RouteClaim]:
    alone = [one for one in some if one.anyhow().rejects(bare)]
    if alone:
        yield from alone
        return
    together = union([one.members for one in some])
    for one in some:
        whole = replace(one, members=together)
        if whole.anyhow().rejects(bare):
            yield whole
