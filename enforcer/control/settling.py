# SPDX-License-Identifier: GPL-2.0-or-later
"""What was let go leaves the inventory as soon as the devices are proved to be rid of it.

A retired device goes when it is proved empty, a moved attachment when the customer's other
places are proved, an alarm about an order's new owner when the order is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from enforcer.clock import Clock
from enforcer.control.book import OrderBook
from enforcer.control.evidence import CONTROLLER
from enforcer.control.filling import fill
from enforcer.control.rollout import HALTED
from enforcer.core.inventory_change import draining_attachments, remaining_places, settled
from enforcer.core.inventory_differences import place_text
from enforcer.core.orders import is_over, order_number
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Topology
from enforcer.storage.database import Database
from enforcer.storage.inventories import CONTENT, InventoryVersion, content_of
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import Reader, UnitOfWork

OWNER_CHANGED = "owner-changed"
_MANY = 100_000
_LEAVING_DEVICE = ("device-gone", "device-draining", HALTED)


@dataclass(frozen=True, slots=True)
class _Due:
    """Draining devices that are empty; customers whose old attachments are not needed."""

    devices: frozenset[str]
    customers: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.devices or self.customers)


class Settling:
    """Looks now and then whether something that was let go may leave. For one thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: tuple[InventoryVersion, Topology] | None = None
        self._waiting = False

    def look(self) -> bool:
        """Put in force an inventory without what may leave; whether there was something.

        Raises StorageError.
        """
        with self._database.read() as reader:
            found = self._in_force(reader)
            if found is None or not self._waiting:
                return False
            due = self._due(*found, reader.devices.all_facts())
        if not due:
            return False
        with self._database.write() as work:
            found = self._in_force(work)
            due = self._due(*found, work.devices.all_facts()) if found else due
            if found is None or not due:
                return False
            self._leave(work, found[1], due)
        return True

    def look_at_alarms(self) -> None:
        """Clear alarms about the new owner of what an order names, once the order is over."""
        now = self._clock.now()
        with self._database.read() as reader:
            subjects = [a.subject for a in reader.alarms.open() if a.kind == OWNER_CHANGED]
            numbers = {subject: order_number(subject) for subject in subjects}
            orders = {s: reader.orders.get(n) for s, n in numbers.items() if n is not None}
        over = [s for s, order in orders.items() if order is not None and is_over(order, now)]
        if over:
            with self._database.write() as work:
                for subject in over:
                    why = "the order is over"
                    work.clear_alarm(OWNER_CHANGED, CONTROLLER, at=now, subject=subject, why=why)

    def _in_force(self, reader: Reader) -> tuple[InventoryVersion, Topology] | None:
        version = reader.inventories.newest()
        if version is None:
            return None
        if self._known is None or self._known[0].seq != version.seq:
            topology = reader.inventories.content(version)
            self._known = (version, topology)
            self._waiting = bool(topology.draining() or draining_attachments(topology))
        return self._known

    def _due(
        self, version: InventoryVersion, topology: Topology, facts: Mapping[str, DeviceFacts]
    ) -> _Due:
        proved = frozenset(
            name for name in topology.devices if is_proved(facts.get(name), version, topology)
        )
        moved = frozenset(
            customer
            for customer in draining_attachments(topology)
            if remaining_places(topology, customer) <= proved
            and not self._loses(topology, customer, facts)
        )
        return _Due(topology.draining() & proved, moved)

    def _loses(self, topology: Topology, customer: str, facts: Mapping[str, DeviceFacts]) -> bool:
        """Whether an order stands at the old place that a remaining one cannot hold."""
        old = {a.device for a in draining_attachments(topology)[customer]}
        places = remaining_places(topology, customer)
        unable = frozenset[int]().union(*(facts[name].unsupported_orders for name in places))
        if not unable:
            return False
        book = OrderBook(topology)
        fill(book, self._database, self._clock.now())
        standing = (e for e in book.entries() if not old.isdisjoint(e.asks.devices))
        return any(entry.order.number in unable for entry in standing)

    def _leave(self, work: UnitOfWork, topology: Topology, due: _Due) -> None:
        now = self._clock.now()
        places = draining_attachments(topology)
        after = settled(topology, due.devices, due.customers)
        notes = []
        for name in sorted(due.devices):
            said = "proved empty: it left the inventory in force"
            notes.append(Note("device.retired", {"said": said}, device=name))
            for kind in _LEAVING_DEVICE:
                work.clear_alarm(kind, CONTROLLER, at=now, subject=name, why="it was retired")
        for name in sorted(due.customers):
            gone = [place_text(attachment) for attachment in places[name]]
            notes.append(Note("attachment.moved", {"left": [*gone]}, subject=name))
        last = notes.pop()
        notes.append(replace(last, payload={**last.payload, CONTENT: content_of(after)}))
        seq = work.record_many(notes, CONTROLLER, at=now)[-1]
        said = ", ".join([*sorted(due.devices), *sorted(due.customers)])
        work.inventories.add(seq, after, at=now, origin=f"settled: {said}")


def is_proved(facts: DeviceFacts | None, version: InventoryVersion, topology: Topology) -> bool:
    """Whether a device holds exactly what the inventory in force wants, nothing kept back."""
    return (
        facts is not None
        and facts.verified_seq >= version.seq
        and facts.inventory == topology.digest
        and facts.failing_since is None
        and not facts.drift_open
        and not facts.held_orders
        and not facts.contested_orders
    )


def left_behind(reader: Reader, topology: Topology) -> list[str]:
    """Devices that were written to, and left the inventory without being retired."""
    unknown = reader.devices.all_facts().keys() - topology.devices.keys()
    if not unknown:
        return []
    retired = {e.device for e in reader.audit.entries(kinds=("device.retired",), limit=_MANY)}
    return sorted(unknown - retired)
