# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that was not read, taken to hold given members as this driver would write them. Pure."""

from __future__ import annotations

from drivers._router.names import OWNER
from drivers._router.target import held
from drivers.cisco_ios.applied import applied
from drivers.cisco_ios.ground import Layout, ground
from drivers.cisco_ios.marks import owner_text
from drivers.cisco_ios.model import Box, Group, Peer, Port
from drivers.cisco_ios.render import Wanted, facts
from drivers.cisco_ios.said import SENTINEL
from enforcer.core.rules import Actual, Rule


def supposed(layout: Layout, actual: Actual) -> Box:
    """A box with the inventory's interfaces, nothing of the operator's, and these members."""
    wanted = held(actual)
    names = {*layout.edges, *layout.spelt}
    ports = {name: Port(name) for name in sorted(names)}
    box = Box(ports=ports, peers=_peers(actual))
    if actual.owner is not None:
        mark = Group(OWNER, (SENTINEL,), owner_text(actual.owner))
        box = Box(groups={OWNER: mark}, ports=ports, peers=box.peers)
    return applied(box, facts(Wanted(wanted), layout, ground(layout, box)))


def _peers(actual: Actual) -> dict[tuple[int, str], Peer]:
    def place(rule: Rule) -> tuple[str, ...]:
        return ("router bgp", f"address-family ipv{rule.family}")

    return {(r.family, r.neighbor): Peer(place(r)) for r in actual.addresses if r.by_route}
