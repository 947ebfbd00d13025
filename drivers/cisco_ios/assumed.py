# SPDX-License-Identifier: GPL-2.0-or-later
"""A device that was not read, taken to hold given members as this driver would write them. Pure."""

from __future__ import annotations

from dataclasses import replace

from drivers._router.names import OWNER
from drivers._router.target import held
from drivers.cisco_ios.applied import applied
from drivers.cisco_ios.ground import Layout, ground
from drivers.cisco_ios.marks import owner_text
from drivers.cisco_ios.model import Box, Group, Peer, Port
from drivers.cisco_ios.render import Wanted, facts
from drivers.cisco_ios.said import SENTINEL
from enforcer.core.rules import Actual, Key


def supposed(layout: Layout, actual: Actual) -> Box:
    """A box with the inventory's interfaces, nothing of the operator's, and these members."""
    wanted = held(actual)
    names = {*layout.edges, *layout.spelt}
    ports = {name: Port(name) for name in sorted(names)}
    peers = _peers(layout, actual)
    shut = (n for r, names in wanted.interfaces.items() if r.key is Key.SESSION for n in names)
    sessions = dict.fromkeys(sorted({*layout.neighbors, *shut}), False)
    box = Box(ports=ports, peers=peers, sessions=sessions, speaker="router bgp")
    if actual.owner is not None:
        mark = Group(OWNER, (SENTINEL,), owner_text(actual.owner))
        box = replace(box, groups={OWNER: mark})
    return applied(box, facts(Wanted(wanted), layout, ground(layout, box)))


def _peers(layout: Layout, actual: Actual) -> dict[tuple[int, str], Peer]:
    known = {(r.family, r.neighbor) for r in actual.addresses if r.by_route}
    known |= {(family, address) for family in (4, 6) for address in layout.neighbors}
    return {at: Peer(("router bgp", f"address-family ipv{at[0]}")) for at in sorted(known)}
