# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that was not read, taken to hold given members as this driver would write them. Pure."""

from __future__ import annotations

from drivers._router.names import OWNER
from drivers._router.target import held
from drivers.frr.building import Building
from drivers.frr.known import Known
from drivers.frr.model import Binding, Config, MapEntry, Object, Peer, Policy, binding_of
from drivers.frr.names import LAST, SHUT
from drivers.frr.render import owner_lines
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Device

ROUTER = "router bgp"


def supposed(device: Device, known: Known, actual: Actual) -> Config:
    """An FRR with the inventory's neighbors, nothing of the operator's, and these members."""
    wanted = held(actual)
    known.learn((*actual.addresses, *actual.interfaces))
    shut = wanted.interfaces.get(CLOSED, frozenset())
    names = {str(n.address) for n in device.neighbors} | shut
    rules: dict[Binding, dict[Rule, Ranges]] = {}
    for rule, rows in wanted.addresses.items():
        if rule.by_route:
            names.add(rule.neighbor)
            rules.setdefault(binding_of(rule), {})[rule] = rows
    lists: dict[Object, tuple[str, ...]] = {}
    maps: dict[str, tuple[MapEntry, ...]] = {}
    bound: dict[Binding, str] = {}
    if actual.owner is not None:
        text = list(owner_lines(actual.owner))[1].strip()
        maps[OWNER] = (MapEntry("deny", LAST, (text,)),)
    for binding, some in rules.items():
        there = Config(lists=lists, maps=maps)
        built = Building(there, known).filter(binding, some, Policy("", "permit", ""), None)
        lists |= built.lists
        maps[built.name] = built.entries
        bound[binding] = built.name
    peers = {name: Peer(shut=SHUT if name in shut else None) for name in sorted(names)}
    return Config(ROUTER, lists, maps, peers, frozenset(), bound, False, actual.owner)
