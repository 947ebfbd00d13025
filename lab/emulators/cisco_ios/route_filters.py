# SPDX-License-Identifier: GPL-2.0-or-later
"""What is bound to a BGP neighbor as it stood at a refresh: lists, AS-path lists, route-maps.

A route is accepted when every filter of its direction permits it. A prefix-list, AS-path list or
access list that does not exist permits everything ([DOC] for prefix-lists, [GUESS] for the
others); a route-map that does not exist denies everything [GUESS, seen for a redistribution]. A
route-map without a clause for the route denies it [DOC]. Conditions on anything that a route of
the emulator does not have (communities, tags, ...) never hold.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.prefix_lists import Entry, Prefix
from lab.emulators.packets import Packet

KINDS = ("prefix-list", "distribute-list", "filter-list", "route-map")


@dataclass(frozen=True)
class Route:
    """A route as a filter sees it: the prefix, and AS numbers from the neighbor to the origin."""

    prefix: Prefix
    path: tuple[int, ...]


class Filter:
    """Something that permits or denies a route; a copy of what was configured."""

    def permits(self, route: Route) -> bool:
        """Whether `route` may pass."""
        raise NotImplementedError


@dataclass(frozen=True)
class Prefixes(Filter):
    """A prefix-list; without entries it permits everything [DOC]."""

    entries: tuple[Entry, ...]

    def permits(self, route: Route) -> bool:
        """First match decides, then the implicit deny."""
        if not self.entries:
            return True
        found = (entry.permit for entry in self.entries if entry.matches(route.prefix))
        return next(found, False)


@dataclass(frozen=True)
class Paths(Filter):
    """An AS-path access list: permit or deny with an expression, in the order entered."""

    lines: tuple[tuple[bool, re.Pattern[str]], ...]

    def permits(self, route: Route) -> bool:
        """First match decides, then the implicit deny [DOC]."""
        if not self.lines:
            return True
        text = " ".join(str(number) for number in route.path)
        return next((permit for permit, wanted in self.lines if wanted.search(text)), False)


@dataclass(frozen=True)
class AccessList(Filter):
    """An access list over routes: the source is the network, the destination the mask [DOC]."""

    lines: Configuration

    def permits(self, route: Route) -> bool:
        """Judged like a packet; IPv6 routes are not its business [GUESS]."""
        entries = [ace for acl in self.lines.acls.values() for _, _, ace in acl.entries()]
        if not entries or not isinstance(route.prefix, IPv4Network):
            return True
        packet = Packet(route.prefix.network_address, route.prefix.netmask, 0)
        found = (ace.permit for ace in entries if ace.matches(packet, self.lines))
        return next(found, False)


@dataclass(frozen=True)
class Clause:
    """One entry of a route-map: every condition has to hold, by one of its alternatives.

    Attributes:
        onward: the sequence number that `continue` names, 0 the next clause; None: no `continue`.
    """

    number: int
    permit: bool
    conditions: tuple[tuple[Filter, ...], ...]
    onward: int | None

    def holds(self, route: Route) -> bool:
        """Whether the clause is about `route`."""
        return all(any(one.permits(route) for one in some) for some in self.conditions)


@dataclass(frozen=True)
class RouteMap(Filter):
    """A route-map by sequence numbers; `clauses` None: it does not exist."""

    clauses: tuple[Clause, ...] | None

    def permits(self, route: Route) -> bool:
        """The first clause that holds decides; `continue` looks further [DOC]."""
        accepted, from_number = False, 0
        for clause in self.clauses or ():
            if clause.number < from_number or not clause.holds(route):
                continue
            if not clause.permit or clause.onward is None:
                return clause.permit
            accepted, from_number = True, clause.onward
        return accepted


@dataclass(frozen=True)
class Never(Filter):
    """A condition on what the routes here do not have."""

    def permits(self, route: Route) -> bool:
        """Never."""
        return False


def prefix_filter(configuration: Configuration, version: int, name: str) -> Prefixes:
    """The prefix-list `name` as it stands."""
    found = configuration.prefix_lists.get((version, name))
    return Prefixes(() if found is None else tuple(entry for _, entry in found.ordered()))


def expression(text: str) -> re.Pattern[str]:
    """An IOS regular expression: `_` is a border of an AS number [DOC].

    Raises:
        ValueError: it is none.
    """
    try:
        return re.compile(text.replace("_", r"(?:^|$|[ ,{}()])"))
    except re.error as problem:
        raise ValueError(f"{text}: {problem}") from None


def path_filter(configuration: Configuration, name: str) -> Paths:
    """The AS-path access list `name` as it stands."""
    lines = []
    start = f"ip as-path access-list {name} "
    for text in configuration.root.lines:
        if text.startswith(start):
            action, _, wanted = text.removeprefix(start).partition(" ")
            lines.append((action == "permit", expression(wanted)))
    return Paths(tuple(lines))


def access_filter(configuration: Configuration, name: str) -> AccessList:
    """The IPv4 access list `name` as it stands, with its groups."""
    kept = Configuration(configuration.quirks, groups=copy.deepcopy(configuration.groups))
    acl = configuration.acls.get((4, name))
    if acl is not None:
        kept.acls[4, name] = copy.deepcopy(acl)
    return AccessList(kept)


def route_map_filter(configuration: Configuration, name: str) -> RouteMap:
    """The route-map `name` as it stands."""
    clauses = tuple(_clauses(configuration, name))
    return RouteMap(tuple(sorted(clauses, key=lambda one: one.number)) if clauses else None)


def _clauses(configuration: Configuration, name: str) -> Iterator[Clause]:
    for section in configuration.root.lines.values():
        words = section.text.split()
        if words[0] != "route-map" or words[1] != name:
            continue
        conditions, onward = [], None
        for text in section.lines:
            inside = text.split()
            if inside[0] == "match":
                conditions.append(tuple(_condition(configuration, inside[1:])))
            elif inside[0] == "continue":
                onward = int(inside[1]) if len(inside) > 1 else 0
        yield Clause(int(words[3]), words[2] == "permit", tuple(conditions), onward)


def _condition(configuration: Configuration, words: Sequence[str]) -> Iterator[Filter]:
    """The alternatives of one `match`."""
    if words[:1] == ["as-path"]:
        yield from (path_filter(configuration, name) for name in words[1:])
    elif words[1:3] == ["address", "prefix-list"]:
        version = 4 if words[0] == "ip" else 6
        yield from (_Family(version, prefix_filter(configuration, version, n)) for n in words[3:])
    elif words[:2] == ["ip", "address"]:
        yield from (_Family(4, access_filter(configuration, name)) for name in words[2:])
    else:
        yield Never()


@dataclass(frozen=True)
class _Family(Filter):
    """A condition on addresses holds for routes of its own family alone [GUESS]."""

    version: int
    inner: Filter

    def permits(self, route: Route) -> bool:
        return route.prefix.version == self.version and self.inner.permits(route)


def read(configuration: Configuration, kind: str, version: int, name: str) -> Filter:
    """What `neighbor N KIND NAME` binds, as it stands now."""
    if kind == "prefix-list":
        return prefix_filter(configuration, version, name)
    if kind == "filter-list":
        return path_filter(configuration, name)
    if kind == "distribute-list":
        return access_filter(configuration, name)
    return route_map_filter(configuration, name)
