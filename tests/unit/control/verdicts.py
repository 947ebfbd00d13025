# SPDX-License-Identifier: GPL-2.0-or-later
"""What has to be true of a device at one moment, said straight from the database's rows.

Nothing here asks the order book: which inventory counts for which order on which device is
worked out anew (ADR 0013), a packet's fate by the oracle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from enforcer.core.compile import compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.device_control import Hold
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order, in_force
from enforcer.core.rules import Desired
from enforcer.core.topology import Leaving, ProtectedPrefix, Topology
from enforcer.storage.database import Database
from tests.fakes.device import FakeDevice
from tests.oracle import Packet, dropped, rules_drop

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
HISTORY = timedelta(days=7)


@dataclass(frozen=True)
class Situation:
    """`held`: by device, what the brake decided, and the inventory that it keeps orders to."""

    now: datetime
    topology: Topology
    held: Mapping[str, tuple[Hold, Topology]]
    lists: Mapping[str, ListContent]
    orders: tuple[Order, ...]

    def basis(self, order: Order, device: str) -> Topology:
        """The inventory by which `order` counts on `device`."""
        hold, old = self.held.get(device, (None, self.topology))
        if hold is None or order.changed > hold.seq or order.start > hold.since:
            return self.topology
        return old

    def shielded(self, device: str) -> list[ProtectedPrefix]:
        """What is protected by every inventory that counts on `device`."""
        present, old = self.topology.protected, self.held.get(device, (None, self.topology))[1]
        return [p for p in present if any(p.prefix == o.prefix for o in old.protected)]


class Verdicts:
    """`packets`: those whose fate is asked for. Remembers what cannot change any more."""

    def __init__(self, database: Database, packets: Iterable[Packet]) -> None:
        self.packets = tuple(packets)
        self._database = database
        self._topologies: dict[str, Topology] = {}
        self._matched: dict[tuple[object, ...], frozenset[Packet]] = {}
        self._asked: dict[tuple[object, ...], Contributions] = {}

    def situation(self, now: datetime, files: Topology) -> Situation:
        """What the database says. `files`: what counts before anything was put in force."""
        with self._database.read() as reader:
            newest = reader.inventories.newest()
            topology = self._known(reader.inventories.content(newest)) if newest else files
            controls = reader.device_controls.all()
            held = {}
            for name, control in controls.items():
                if control.hold is not None and not control.hold.all:
                    version = reader.inventories.with_digest(control.hold.inventory)
                    assert version is not None
                    held[name] = (
                        control.hold,
                        self._known(reader.inventories.content(version)),
                    )
            current = {name: reader.lists.current(name) for name in reader.lists.names()}
            orders = reader.orders.unfinished(now, HISTORY)
        lists = {name: content for name, content in current.items() if content is not None}
        standing = tuple(order for order in orders if in_force(order, now))
        return Situation(now, topology, held, lists, standing)

    def _known(self, topology: Topology) -> Topology:
        return self._topologies.setdefault(topology.digest, topology)

    def matched(self, order: Order, device: str, at: Situation) -> frozenset[Packet]:
        """The packets that `order`, being in force, drops on `device`."""
        basis = at.basis(order, device)
        key = (order.number, device, basis.digest, _version(order, at))
        if key not in self._matched:
            always = replace(order, start=LONG_AGO, end=None, lifted=None)
            seen = without_draining(basis)
            self._matched[key] = frozenset(
                p
                for p in self.packets
                if dropped(replace(p, device=device), [always], seen, at.lists, at.now)
            )
        return self._matched[key]

    def wanted(self, device: str, at: Situation) -> frozenset[Packet]:
        """The packets that are to be dropped on `device`."""
        found = (self.matched(order, device, at) for order in at.orders)
        return frozenset[Packet]().union(*found)

    def fresh(self, device: str, at: Situation) -> Desired:
        """The desired state, compiled from nothing."""
        asked = [self._asks(order, at.basis(order, device), at) for order in at.orders]
        return compile_device(device, asked).desired

    def _asks(self, order: Order, basis: Topology, at: Situation) -> Contributions:
        key = (order.number, order.changed, basis.digest, _version(order, at))
        if key not in self._asked:
            self._asked[key] = contributions(order, basis, at.lists)
        return self._asked[key]

    # -- what must be so ---------------------------------------------------------------------

    def check_desired(self, desired: Desired, at: Situation) -> None:
        """The compiled desired state of one device."""
        name = desired.device
        check_shielded(desired, at.shielded(name))
        wanted = self.wanted(name, at)
        for packet in self.packets:
            assert rules_drop(packet, desired) == (packet in wanted), (
                f"{name}: {packet} is {'' if packet in wanted else 'not '}to be dropped"
            )
        assert desired.same_as(self.fresh(name, at)), f"{name}: not what a fresh compile gives"

    def check_held(self, box: FakeDevice, desired: Desired, at: Situation) -> None:
        """A device that was proved to hold what is desired."""
        standing = box.table().standing(box.name)
        check_shielded(standing, at.shielded(box.name))
        assert places(standing) == places(desired), f"{box.name}: proved, and holds something else"
        self.check_no_more(box, self.wanted(box.name, at))
        for packet in self.wanted(box.name, at):
            assert box.would_drop(packet), f"{box.name}: proved, and lets {packet} pass"

    def check_no_more(self, box: FakeDevice, wanted: frozenset[Packet]) -> None:
        """A device from which everything was removed that is not desired."""
        for packet in self.packets:
            assert packet in wanted or not box.would_drop(packet), (
                f"{box.name}: drops {packet}, which no order in force asks for"
            )


def _version(order: Order, at: Situation) -> int:
    if not isinstance(order.demand, BlockList):
        return 0
    content = at.lists.get(order.demand.list_name)
    return content.version if content is not None else 0


def check_shielded(desired: Desired, shielded: Iterable[ProtectedPrefix]) -> None:
    """No rule by address covers protected space: what it keys on is the denied side."""
    for rule, members in desired.addresses.items():
        for protected in (p.prefix for p in shielded if p.prefix.version == rule.family):
            low, high = int(protected.network_address), int(protected.broadcast_address)
            for first, last, _, order in members.rows():
                assert last < low or high < first, (
                    f"{desired.device}: order {order} covers protected space in {protected}"
                )


def places(desired: Desired) -> set[tuple[str, object]]:
    """Where members stand, their ends aside: a device is not exact to the millisecond."""
    rows = {
        (rule.digest, (first, last))
        for rule, members in desired.addresses.items()
        for first, last, _, _ in members.rows()
    }
    names = {(r.digest, m.name) for r, some in desired.interfaces.items() for m in some}
    return {*rows, *names}


def without_draining(topology: Topology) -> Topology:
    """The same without the devices that are being retired: nothing is placed there."""
    draining = {n for n, d in topology.devices.items() if d.leaving is Leaving.DRAINING}
    customers = {
        name: replace(
            customer,
            attachments=tuple(a for a in customer.attachments if a.device not in draining),
        )
        for name, customer in topology.customers.items()
    }
    devices = {n: d for n, d in topology.devices.items() if n not in draining}
    return replace(topology, devices=devices, customers=customers)
