# SPDX-License-Identifier: GPL-2.0-or-later
"""The orders that touch an address, and what they make of it together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from enforcer.control.book import Basis, Entry, Holds
from enforcer.core.contributions import Contributions
from enforcer.core.intervals import Ranges, rows_of, union
from enforcer.core.orders import Blackhole, BlockList, Direction, Network, Order
from enforcer.core.placement import Ownership, place
from enforcer.core.rules import Key
from enforcer.core.topology import Attachment, Topology
from enforcer.usecases.candidates import ListOf, near
from enforcer.usecases.touch import Touch, attachments_of, touches


@dataclass(frozen=True, eq=False, slots=True)
class Touching:
    """One order that has to do with the asked address: what it asks for there, and how.

    `stands` False: only what the brake holds back has to do with it.
    """

    order: Order
    entry: Entry
    how: tuple[Touch, ...]
    stands: bool = True

    @property
    def asks(self) -> Contributions:
        """What counts, on a device that the brake holds as the inventory before says."""
        return self.entry.standing

    @property
    def keys(self) -> frozenset[Key]:
        """In which directions."""
        return frozenset(key for touch in self.how for key in touch.keys)


def touching(
    orders: Sequence[Order],
    asked: Network,
    topology: Topology,
    owners: Ownership,
    list_of: ListOf,
    holds: Holds | None = None,
) -> list[Touching]:
    """Those of `orders` that touch `asked`; of a list only the entries there are looked at.

    `holds`: what the brake keeps as an older inventory says.
    """
    basis = Basis(topology, holds or {}, owners)
    behind = behind_any(basis.topologies, asked)
    found = []
    for order in orders:
        demand = order.demand
        lists = {}
        if isinstance(demand, BlockList):
            content = list_of(demand.list_name)
            lists = {} if content is None else {demand.list_name: near(content, asked)}
        entry = basis.entry(order, lists)
        sources = isinstance(demand, Blackhole) and demand.direction is not Direction.TO
        how = touches(entry.standing, asked, behind, sources)
        waits = () if how or not entry.held else touches(entry.asks, asked, behind, sources)
        if how or waits:
            found.append(Touching(order, entry, how or waits, bool(how)))
    return found


def behind_any(topologies: Iterable[Topology], asked: Network) -> frozenset[Attachment]:
    """Where the customers are attached to whom `asked` belongs by any of some inventories."""
    return frozenset(a for topology in topologies for a in attachments_of(topology, asked))


def holders(asked: Network, topology: Topology, owners: Ownership) -> set[str]:
    """The devices on which an order about `asked` would be held without a scope."""
    behind = attachments_of(topology, asked)
    placed = place(rows_of((asked,)), None, asked.version, owners)
    known = {*placed, *(attachment.device for attachment in behind)}
    return known & topology.devices.keys()


def summary(asked: Network, blocking: Sequence[Touching], key: Key) -> str:
    """all, some, none of the asked range's packets in one direction."""
    ways = [touch for one in blocking for touch in one.how if key in touch.keys]
    if not ways:
        return "none"
    whole = union([Ranges.none(), *(touch.ranges for touch in ways if not touch.limited)])
    first, last = rows_of((asked,)).pairs()[0]
    covered = any(low <= first and last <= high for low, high in whole.pairs())
    return "all" if covered else "some"


def about(one: Touching) -> tuple[str, str, str]:
    """relation, direction and what: how people are told that an order touches an address."""
    first = one.how[0]
    what = "; ".join(touch.what or "all" for touch in one.how)
    return first.relation, _direction(one.keys), what


def _direction(keys: frozenset[Key]) -> str:
    if keys == {Key.SOURCE}:
        return "from"
    return "to" if keys == {Key.DESTINATION} else "both"
