# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the policies in force on a BGP neighbor of the emulated Junos accept a route.

A policy list is walked in order until a policy accepts or rejects; then BGP's default policy
accepts. The most specific list counts: neighbor, then group, then `protocols bgp`. Among the
route-filters of a term only the longest prefix around the route counts [Juniper, how route-filter
match types are evaluated]; entries of a `route-filter-list` count among them, and the action at
the list's reference goes before the entry's [Juniper, route-filter-list]. GUESS: different kinds
of prefix conditions in one `from` must all hold; a term with a condition that the emulator knows
nothing of (community, tag) does not match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from lab.emulators.juniper_junos import as_paths
from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.values import Network, network
from lab.emulators.packets import Direction, RouteFate

_Action = Literal["accept", "reject", "policy"]
_UNKNOWN = ("community", "tag")


@dataclass(frozen=True)
class Route:
    """A route as a policy sees it: the prefix, its AS path, the neighbor it is with."""

    prefix: Network
    path: tuple[int, ...]
    neighbor: str


class NoSuchNeighbor(ValueError):
    """The configuration has no such BGP neighbor."""


def find_neighbor(root: Node, address: str) -> tuple[Node, Node] | None:
    """The active group and neighbor of `address`."""
    bgp = root.get("protocols", "bgp")
    wanted = str(ip_address(address))
    for group in bgp.listed("group") if bgp is not None else ():
        found = group.get(("neighbor", wanted))
        if found is not None:
            return group, found
    return None


def is_shut(root: Node, address: str) -> bool:
    """Whether `address` has no session by configuration: deactivated, or `shutdown`."""
    found = find_neighbor(root, address)
    if found is None:
        return True
    bgp = root.get("protocols", "bgp")
    places = (*found, *((bgp,) if bgp is not None else ()))
    return any(place.get("shutdown") is not None for place in places)


def fate(
    root: Node, prefix: str, address: str, direction: Direction, path: Sequence[int] | None
) -> RouteFate:
    """What becomes of the route `prefix`, learned by BGP, in `direction` at neighbor `address`.

    No session at a neighbor that is deactivated or shut down. Raises NoSuchNeighbor for one that
    is not configured at all.
    """
    if not is_configured(root, address):
        raise NoSuchNeighbor(f"no BGP neighbor {address} is configured")
    found = find_neighbor(root, address)
    if found is None or is_shut(root, address):
        return "no session"
    group, neighbor = found
    word = "import" if direction == "in" else "export"
    places = (neighbor, group, root.get("protocols", "bgp"))
    names = next((listed for place in places if place and (listed := place.several(word))), [])
    if path is None:
        remote = neighbor.value("peer-as") or group.value("peer-as")
        path = (int(remote),) if direction == "in" and remote else ()
    route = Route(network(prefix), tuple(path), str(ip_address(address)))
    return "accepted" if judged(root, names, route) else "rejected"


def is_configured(root: Node, address: str) -> bool:
    """Whether `address` is a BGP neighbor; deactivated statements count too."""
    wanted = ("neighbor", str(ip_address(address)))
    open_nodes = [root]
    while open_nodes:
        node = open_nodes.pop()
        if wanted in node.children:
            return True
        open_nodes += [
            child
            for child in node.children.values()
            if child.statement.name in ("protocols", "bgp", "group")
        ]
    return False


def judged(root: Node, names: Iterable[str], route: Route) -> bool:
    """What the policies `names`, in order, and BGP's default policy say of `route`."""
    for name in names:
        policy = root.get("policy-options", ("policy-statement", name))
        if policy is None:
            continue
        action = _policy(root, policy, route)
        if action in ("accept", "reject"):
            return action == "accept"
    return True


def _policy(root: Node, policy: Node, route: Route) -> _Action | None:
    for term in (*policy.listed("term"), policy):
        matched, own = _matches(root, term.get("from"), route)
        if not matched:
            continue
        action = own or _action(term.get("then"))
        if action is not None:
            return action
    return None


def _action(node: Node | None) -> _Action | None:
    """The flow control of a `then` or of a route-filter; `next term` is none."""
    if node is None:
        return None
    if node.get("accept") is not None:
        return "accept"
    if node.get("reject") is not None:
        return "reject"
    return "policy" if node.value("next") == "policy" else None


def _matches(root: Node, conditions: Node | None, route: Route) -> tuple[bool, _Action | None]:
    """Whether the conditions hold, and the action that the matching entry itself carries."""
    if conditions is None:
        return True, None
    if any(conditions.get(name) is not None for name in _UNKNOWN):
        return False, None
    protocols, neighbors = conditions.several("protocol"), conditions.several("neighbor")
    if (protocols and "bgp" not in protocols) or (neighbors and route.neighbor not in neighbors):
        return False, None
    family = conditions.value("family")
    if family is not None and family != ("inet" if route.prefix.version == 4 else "inet6"):
        return False, None
    wanted = as_paths.expressions(root, conditions)
    if wanted is not None and not any(as_paths.matches(one, route.path) for one in wanted):
        return False, None
    return _prefixes_match(root, conditions, route.prefix)


def _prefixes_match(root: Node, conditions: Node, route: Network) -> tuple[bool, _Action | None]:
    exact = list(conditions.listed("prefix-list"))
    if exact and not any(route == net for one in exact for net in _members(root, one.key[0])):
        return False, None
    own: _Action | None = None
    filters = list(conditions.listed("prefix-list-filter"))
    if filters:
        hit = next(
            (
                one
                for one in filters
                if any(_fits(route, net, one.key[1:]) for net in _members(root, one.key[0]))
            ),
            None,
        )
        if hit is None:
            return False, None
        own = _action(hit)
    routes = list(_route_filters(root, conditions))
    if routes or any(True for _ in conditions.listed("route-filter-list")):
        entry = _longest([one for one, _ in routes], route)
        if entry is None:
            return False, None
        listed = next(action for one, action in routes if one is entry)
        own = own or listed or _action(entry)
    return True, own


def _route_filters(root: Node, conditions: Node) -> Iterator[tuple[Node, _Action | None]]:
    """Every route-filter of a `from`, with the action of the reference to its list."""
    yield from ((one, None) for one in conditions.listed("route-filter"))
    for reference in conditions.listed("route-filter-list"):
        found = root.get("policy-options", ("route-filter-list", reference.key[0]))
        for one in found.listed("") if found is not None else ():
            yield one, _action(reference)


def _members(root: Node, name: str) -> list[Network]:
    found = root.get("policy-options", ("prefix-list", name))
    return [network(one.key[0]) for one in found.listed("")] if found is not None else []


def _covers(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


def _longest(entries: list[Node], route: Network) -> Node | None:
    """The route-filter that decides: of the longest prefix around `route`, if it fits."""
    around = [one for one in entries if _covers(network(one.key[0]), route)]
    if not around:
        return None
    length = max(network(one.key[0]).prefixlen for one in around)
    deciding = [one for one in around if network(one.key[0]).prefixlen == length]
    fits = (one for one in deciding if _fits(route, network(one.key[0]), one.key[1:]))
    return next(fits, None)


def _fits(route: Network, prefix: Network, kind: tuple[str, ...]) -> bool:
    """Whether `route` is inside `prefix` with a length that the match type allows."""
    if not _covers(prefix, route):
        return False
    length, least = route.prefixlen, prefix.prefixlen
    if kind[0] == "exact":
        return length == least
    if kind[0] == "longer":
        return length > least
    if kind[0] == "orlonger":
        return True
    if kind[0] == "through":
        return _covers(route, network(kind[1]))
    ends = [int(end.strip("/")) for end in kind[1].split("-")]
    low, high = (least, ends[0]) if kind[0] == "upto" else (ends[0], ends[-1])
    return low <= length <= high
