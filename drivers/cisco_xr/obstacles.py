# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a target cannot be done on a box as it is, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers._router.names import group_name
from drivers._router.target import Target
from drivers.cisco_xr.bound import unusable
from drivers.cisco_xr.discards import split
from drivers.cisco_xr.model import WAYS, Box, Items, LineKey, Setup
from drivers.cisco_xr.names import digest_of, is_ours
from drivers.cisco_xr.places import carries_management, misfits, places
from drivers.cisco_xr.render import beside_theirs, outside_of_safe
from drivers.cisco_xr.route_sets import place_of
from enforcer.core.drift import Finding, FindingKind
from enforcer.core.intervals import Ranges, intersect
from enforcer.core.rules import Key, Rule


@dataclass(frozen=True)
class Obstacle:
    """`what` cannot be made so, because of `sentence`, which says what to do."""

    what: str
    sentence: str

    def finding(self) -> Finding:
        """As a structural difference that stays until somebody acts."""
        return Finding(FindingKind.MISSING, self.what, self.sentence)


def obstacles(setup: Setup, target: Target, box: Box) -> tuple[Obstacle, ...]:
    """All of them, in a fixed order."""
    return tuple(dict.fromkeys(_found(setup, target, box)))


def _found(setup: Setup, target: Target, box: Box) -> Iterator[Obstacle]:
    parted = split(setup, target, box)
    for family in sorted({rule.family for rule in parted.filtered}):
        yield from _edges(setup, family, box)
    for rule, rows in parted.filtered.items():
        yield from _link_local(setup, rule, rows, box)
    for family in sorted(parted.kept_back):
        yield from _spread(family, box)
    for rule, names in target.interfaces.items():
        if rule.key is Key.INTERFACE:
            yield from _interfaces(setup, names, box)
        elif rule.key is Key.SESSION:
            yield from _sessions(names, box)
    for rule in target.addresses:
        if rule.by_route:
            yield from _neighbor(rule, box)


def _edges(setup: Setup, family: int, box: Box) -> Iterator[Obstacle]:
    for interface, why in misfits(setup, box):
        yield Obstacle(f"interface {interface}", why)
    usable = places(setup, box)
    if not setup.edges:
        yield Obstacle(
            f"ipv{family} access-list",
            "a block cannot be a discard route here, and the inventory names no edge interface to"
            " filter at: state `behind` of its edge interfaces",
        )
    for interface in usable:
        port = box.ports[interface]
        for way in WAYS:
            name = port.acls.get((family, way), "")
            common = port.common.get((family, way), "")
            if common:
                yield from _common(family, interface, way, common, name, box)
            if name and not is_ours(name):
                yield from _theirs(setup, family, name, box)


def _common(
    family: int, interface: str, way: str, common: str, name: str, box: Box
) -> Iterator[Obstacle]:
    """A list that is judged before the interface's own, and so before our lines."""
    what = f"ipv{family} access-group common {common} {way} on interface {interface}"
    if not name:
        yield Obstacle(
            what, "it is the only list there: bind a list of the interface's own beside it"
        )
    elif (family, common) not in box.acls:
        yield Obstacle(what, "it is judged first, and there is no such list: take it away")
    elif any(line.permits for line in box.acls[family, common]):
        yield Obstacle(
            what,
            "it is judged first and has a permit, so that what it permits never meets our lines:"
            " keep only denies in it, or bind the list without it",
        )


def _link_local(setup: Setup, rule: Rule, rows: Ranges, box: Box) -> Iterator[Obstacle]:
    if rule.family != 6 or not beside_theirs(setup, 6, box):
        return
    if len(intersect(rows, outside_of_safe())):
        yield Obstacle(
            f"object-group network ipv6 {group_name(rule, 'U')}",
            "link-local and multicast addresses, and what is not in use, cannot be blocked beside a"
            " list of the operator's, since neighbor discovery would be lost: block ::/1 or less",
        )


def _spread(family: int, box: Box) -> Iterator[Obstacle]:
    for place in sorted(place for f, place in box.spread if f == family):
        yield Obstacle(
            f"router static ipv{family}",
            f"{place} redistributes every static route, so that a discard route would be announced:"
            " give its `redistribute static` a route-policy that leaves out the tag of ours",
        )


def _theirs(setup: Setup, family: int, name: str, box: Box) -> Iterator[Obstacle]:
    why = unusable(box, family, name, setup.managed)
    if why:
        yield Obstacle(f"ipv{family} access-list {name}", why)


def _interfaces(setup: Setup, names: frozenset[str], box: Box) -> Iterator[Obstacle]:
    for name in sorted(names):
        if carries_management(setup, name):
            yield Obstacle(
                f"shutdown of interface {name}",
                "it carries management and is never shut down: suspend by prefixes instead",
            )
        elif name not in box.ports:
            yield Obstacle(
                f"shutdown of interface {name}",
                "the device has no configuration of this interface: correct the inventory",
            )
        elif box.ports[name].bundle:
            yield Obstacle(
                f"shutdown of interface {name}",
                f"it is a member of {box.ports[name].bundle}: name that in the inventory instead",
            )


def _sessions(names: frozenset[str], box: Box) -> Iterator[Obstacle]:
    for name in sorted(names - box.peers.keys()):
        yield Obstacle(
            f"shutdown of neighbor {name}",
            "router bgp has no such neighbor in the default VRF: correct the inventory",
        )


def _neighbor(rule: Rule, box: Box) -> Iterator[Obstacle]:
    what = f"route-policy of ipv{rule.family} neighbor {rule.neighbor}"
    peer = box.peers.get(rule.neighbor)
    if peer is None:
        yield Obstacle(what, "router bgp has no such neighbor in the default VRF")
        return
    if rule.family not in peer.families:
        yield Obstacle(what, f"the neighbor has no address-family ipv{rule.family} unicast")
    way = "in" if rule.key is Key.RECEIVED else "out"
    bound = next((n for (f, w), n in peer.policies.items() if (f, w) == (rule.family, way)), "")
    if is_ours(bound) and digest_of(bound) != place_of(rule).digest:
        yield Obstacle(what, f"{bound} of ours is bound that nobody knows: unbind it by hand")


def crowded(items: Items) -> tuple[Obstacle, ...]:
    """The lists that have no number left for lines of ours: those get 0 in `items`."""
    lacking: dict[tuple[int, str], int] = {}
    for key, value in items.items():
        if isinstance(key, LineKey) and value == 0:
            lacking[key.family, key.acl] = lacking.get((key.family, key.acl), 0) + 1
    return tuple(
        Obstacle(
            f"ipv{family} access-list {acl}",
            f"it has no free sequence number before its first permit for {count} lines of ours:"
            f" make room with `resequence access-list ipv{family} {acl} 1000 10`, then reconcile",
        )
        for (family, acl), count in sorted(lacking.items())
    )
