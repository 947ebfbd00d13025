# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about routes: what one rejects, and the same as a list that every router can hold.

A router's prefix-list matches prefixes inside one prefix, by length: `RouteEntry`. `entries`
turns a rule into such a list, exceptions included, so that each entry by itself rejects:
no entry accepts, and none depends on another's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from enforcer.core.intervals import Ranges, Runs, ends_of, merge, subtract
from enforcer.core.orders import Network
from enforcer.core.rules import RouteMatch, Rule

BITS = {4: 32, 6: 128}


class Route(NamedTuple):
    """One route as a neighbor sent it. `path`: AS numbers, the neighbor's first, sets flattened."""

    prefix: Network
    path: tuple[int, ...] = ()


class RouteEntry(NamedTuple):
    """Routes inside `prefix` whose length is `shortest`..`longest`, both included."""

    prefix: Network
    shortest: int
    longest: int


def lengths(rule: Rule) -> tuple[int, int]:
    """The lengths of prefixes that `rule` is about, both included."""
    return (rule.routes.shortest, rule.routes.longest) if rule.routes else (0, BITS[rule.family])


def rejects(rule: Rule, members: Ranges, route: Route) -> bool:
    """Whether `rule` with `members` (canonical) rejects `route`: the definition, unhurried."""
    if route.prefix.version != rule.family or not of_path(rule.routes, route.path):
        return False
    shortest, longest = lengths(rule)
    first, last = ends_of(route.prefix)
    return (
        shortest <= route.prefix.prefixlen <= longest
        and _inside(first, last, members.pairs())
        and not _inside(first, last, spared(rule).pairs())
    )


def of_path(routes: RouteMatch | None, path: tuple[int, ...]) -> bool:
    """Whether what `routes` says of the path applies to `path`."""
    if routes is None:
        return True
    if routes.origin is not None and path[-1:] != (routes.origin,):
        return False
    return routes.passes is None or routes.passes in path


def spared(rule: Rule) -> Ranges:
    """The union of the rule's exceptions, canonical."""
    return merge(Ranges.of((one.first, one.last) for one in rule.exempt))


def entries(rule: Rule, members: Ranges) -> list[RouteEntry]:
    """What `rule` with `members` (canonical) says of prefixes, as entries, sorted.

    A route's prefix is in one of them iff it has the right length, is inside the members and
    not inside the exceptions. Beside the prefixes outside the exceptions these are the ones
    that lie around an exception: each of those is an entry of its own length.
    """
    shortest, longest = lengths(rule)
    exempt = spared(rule)
    left = subtract(members, exempt)[0] if len(exempt) else members
    found = set(_inner(left, rule.family, shortest, longest))
    if len(exempt):
        found.update(_around(members, exempt, rule.family, shortest, longest))
    return [RouteEntry(_network(rule.family, f, n), low, high) for f, n, low, high in sorted(found)]


_Plain = tuple[int, int, int, int]
"""A `RouteEntry`: its prefix's first address and length, `shortest`, `longest`."""


def _inner(ranges: Ranges, family: int, shortest: int, longest: int) -> Iterator[_Plain]:
    for first, length in _blocks(ranges, family):
        low = max(shortest, length)
        if low <= longest:
            yield first, length, low, longest


def _around(
    members: Ranges, exempt: Ranges, family: int, shortest: int, longest: int
) -> Iterator[_Plain]:
    """The prefixes inside `members` that hold addresses inside and outside `exempt`."""
    whole, free = Runs.of(members), Runs.of(exempt)
    seen: set[tuple[int, int]] = set()
    for address, own in _blocks(exempt, family):
        for length in range(min(own - 1, longest), shortest - 1, -1):
            size = 1 << (BITS[family] - length)
            first = address & -size
            if (first, length) in seen or not _within(first, first + size - 1, whole):
                # What lies around this one was looked at already, or is outside as well.
                break
            seen.add((first, length))
            if not _within(first, first + size - 1, free):
                yield first, length, length, length


def _blocks(ranges: Ranges, family: int) -> Iterator[tuple[int, int]]:
    """The fewest prefixes that make up each range, as first address and length."""
    bits = BITS[family]
    for first, last in ranges.pairs():
        at = first
        while at <= last:
            aligned = (at & -at).bit_length() - 1 if at else bits
            block = min(aligned, (last - at + 1).bit_length() - 1)
            yield at, bits - block
            at += 1 << block


def _network(family: int, first: int, length: int) -> Network:
    return IPv4Network((first, length)) if family == 4 else IPv6Network((first, length))


def _within(first: int, last: int, runs: Runs) -> bool:
    """As `_inside`, by halving: for thousands of ranges."""
    met = runs.met(first, last)
    return bool(met) and runs.around(met[0], first, last)


def _inside(first: int, last: int, ranges: Iterable[tuple[int, int]]) -> bool:
    """Whether all of `first`..`last` is in one of `ranges` (canonical, so it is in no two)."""
    return any(low <= first and last <= high for low, high in ranges)
