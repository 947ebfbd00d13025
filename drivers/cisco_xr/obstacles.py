# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a target cannot be done on a box as it is, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers._router.target import Target
from drivers.cisco_xr.bound import unusable
from drivers.cisco_xr.model import WAYS, Box
from drivers.cisco_xr.names import digest_of, is_ours
from drivers.cisco_xr.model import Setup
from enforcer.core.drift import Finding, FindingKind
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
    families = {r.family for r in target.addresses if not r.by_route and not _routed(setup, r)}
    for family in sorted(families):
        yield from _edges(setup, family, box)
    for rule, names in target.interfaces.items():
        if rule.key is Key.INTERFACE:
            yield from _interfaces(setup, names, box)
    for rule in target.addresses:
        if rule.by_route:
            yield from _neighbor(rule, box)


def _routed(setup: Setup, rule: Rule) -> bool:
    """Whether the rule may need no list at all."""
    return setup.rtbh and rule.plain and (rule.key is Key.DESTINATION or setup.loose)


def _edges(setup: Setup, family: int, box: Box) -> Iterator[Obstacle]:
    for interface in setup.edges:
        port = box.ports.get(interface)
        if port is None:
            yield Obstacle(
                f"interface {interface}",
                "the inventory names it, but the device has no configuration of it: correct its"
                " name or take it out of the inventory",
            )
            continue
        for way in WAYS:
            name = port.acls.get((family, way), "")
            if name and not is_ours(name):
                yield from _theirs(setup, family, name, box)


def _theirs(setup: Setup, family: int, name: str, box: Box) -> Iterator[Obstacle]:
    why = unusable(box, family, name, setup.managed)
    if why:
        yield Obstacle(f"ipv{family} access-list {name}", why)


def _interfaces(setup: Setup, names: frozenset[str], box: Box) -> Iterator[Obstacle]:
    for name in sorted(names):
        if name in setup.managed:
            yield Obstacle(
                f"shutdown of interface {name}",
                "it carries management and is never shut down: suspend by prefixes instead",
            )
        elif name not in box.ports:
            yield Obstacle(
                f"shutdown of interface {name}",
                "the device has no configuration of this interface: correct the inventory",
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
    if is_ours(bound) and digest_of(bound) != rule.digest:
        yield Obstacle(what, f"{bound} of ours is bound that nobody knows: unbind it by hand")
