# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything a loop works on: a database, a clock, boxes, an inventory, and who writes orders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from enforcer.application.actor import Actor
from enforcer.clock import Clock, SystemClock
from enforcer.control.book import OrderBook
from enforcer.control.case import Request
from enforcer.control.desired_state import AT_ONCE, DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.facts import PassFacts
from enforcer.control.filling import fill, new_lists
from enforcer.control.fleet import Means
from enforcer.control.reconciler import Reconciler
from enforcer.control.steps import Step, no_step
from enforcer.control.worker import Worker
from enforcer.core.brake import PauseState
from enforcer.core.device_control import DeviceControl
from enforcer.core.orders import BlockAddress, Demand, Order, Scope
from enforcer.core.plan import Trait
from enforcer.core.proof_sentences import proof_sentence
from enforcer.core.rules import Key, Owner, Rule
from enforcer.core.status import DeviceFacts, OrderFacts, Status, status_on
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Interface,
    Mode,
    Topology,
)
from enforcer.storage.alarms import Alarm
from enforcer.storage.database import Database
from enforcer.storage.records import AuditEntry
from tests.fakes.clock import FakeClock
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver
from tests.fakes.router import FakeRouterDriver
from tests.fakes.table import Place
from tests.oracle import packet

ANN = Actor("ann", "cli")
STALE_AFTER = timedelta(minutes=15)
BAD = "198.51.100.7"
FRIEND = "203.0.113.9"
EVERYWHERE = Scope()
FULL_EVERY = timedelta(seconds=300)
PATIENCE = 20.0
"""Real seconds that a test waits for another thread before it gives up."""


def block(prefix: str = f"{BAD}/32") -> BlockAddress:
    return BlockAddress(ip_network(prefix))


def edge(name: str = "edge1", mode: Mode = Mode.ENFORCE) -> Device:
    interfaces = (Interface("eth0", "upstream"), Interface("eth1", "hosting"))
    return Device(name, "fake", roles=frozenset({ROLE_BORDER}), mode=mode, interfaces=interfaces)


def inventory(*devices: Device) -> Topology:
    named = {device.name: device for device in devices or (edge(),)}
    first = next(iter(named))
    hosting = Customer(
        "hosting",
        (ip_network("192.0.2.0/25"), ip_network("2001:db8:1::/48")),
        (Attachment(first, "eth1"),),
    )
    return Topology(named, {"hosting": hosting}, documentation_space=True)


class Desk:
    """`boxes`: by name. `steps`: every step that was announced; `step` may be replaced.

    `live`: by the machine's clock instead of the one that moves by hand.
    """

    def __init__(
        self,
        database: Path,
        topology: Topology | None = None,
        clock: FakeClock | None = None,
        boxes: Sequence[FakeDevice] = (),
        live: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self.time: Clock = SystemClock() if live else self.clock
        self.url = f"sqlite:///{database}"
        self.database = Database(self.url)
        self.topology = topology or inventory()
        self.boxes = {box.name: box for box in boxes}
        for name in self.topology.devices:
            self.boxes.setdefault(name, FakeDevice(name, self.time))
        self.steps: list[str] = []
        self.step: Step = no_step
        self.pause = PauseState.RUNNING
        self.software = "1.0"
        self.at_once = AT_ONCE
        self.restart()

    def restart(self) -> None:
        """Begin anew as another process would, with what the database knows."""
        self.evidence = Evidence(self.database, self._announced)
        self.evidence.close_orphans(self.time.now())
        self.owner = self.evidence.identity()
        self.book = OrderBook(self.topology)
        self._seen = fill(self.book, self.database, self.time.now())
        self._reconcilers: dict[str, Reconciler] = {}

    def _announced(self, name: str) -> None:
        self.steps.append(name)
        self.step(name)

    def box(self, name: str = "edge1") -> FakeDevice:
        return self.boxes[name]

    # -- orders --------------------------------------------------------------------------

    def place(
        self,
        demand: Demand | None = None,
        *,
        after: float = 0.0,
        lasts: float | None = None,
        scope: Scope = EVERYWHERE,
    ) -> Order:
        now = self.time.now()
        start = now + timedelta(seconds=after)
        end = None if lasts is None else start + timedelta(seconds=lasts)
        with self.database.write() as work:
            number = work.record("order.placed", ANN, at=now, payload={})
            order = Order(
                number,
                number,
                demand or block(),
                "test",
                "ann",
                "cli",
                now,
                start,
                end,
                scope=scope,
            )
            work.orders.add(order)
        self.follow()
        return order

    def change(self, order: Order, *, lasts: float | None = None, lift: bool = False) -> Order:
        now = self.time.now()
        with self.database.write() as work:
            number = work.record("order.changed", ANN, at=now, payload={})
            changed = replace(order, changed=number)
            if lift:
                changed = replace(changed, lifted=now)
            else:
                end = None if lasts is None else now + timedelta(seconds=lasts)
                changed = replace(changed, end=end)
            work.orders.update(changed)
        self.follow()
        return changed

    def follow(self) -> frozenset[str]:
        with self.database.read() as reader:
            head = reader.audit.head()[0]
            orders = reader.orders.changed_since(self._seen)
            lists = new_lists(self.book, reader.lists, orders)
        self._seen = head
        return self.book.advance(orders, lists, head)

    # -- decisions -----------------------------------------------------------------------

    def control(self, name: str = "edge1") -> DeviceControl:
        with self.database.read() as reader:
            return reader.device_controls.get(name)

    def decide(self, name: str = "edge1", **changes: Any) -> None:
        """Change what was decided about a device, as another process would."""
        with self.database.write() as work:
            changed = replace(work.device_controls.get(name), **changes)
            work.device_controls.save(name, changed)

    def release(self, name: str = "edge1") -> None:
        """As `enforcer device release` by this version of the program."""
        hold = self.control(name).hold
        everything = hold is not None and hold.all
        software = self.software if everything else self.control(name).software
        self.decide(name, hold=None, contests=(), software=software)

    def alarms(self) -> list[Alarm]:
        with self.database.read() as reader:
            return reader.alarms.open()

    def new_version(self, software: str) -> None:
        """The same installation, started again with other software."""
        self.software = software
        self.restart()

    # -- passes --------------------------------------------------------------------------

    def reconciler(self, name: str = "edge1") -> Reconciler:
        if name not in self._reconcilers:
            state = DesiredState(name, self.book, self.at_once)
            self._reconcilers[name] = self.new_reconciler(name, state)
        return self._reconcilers[name]

    def new_reconciler(self, name: str, state: DesiredState) -> Reconciler:
        device = self.topology.devices[name]
        driver = self.driver(device, self.owner)
        return Reconciler(
            device,
            driver,
            state,
            self.evidence,
            self.owner,
            self.time,
            self._announced,
            self.software,
        )

    def driver(self, device: Device, owner: Owner) -> FakeDriver:
        box = self.boxes[device.name]
        bare = Trait.UNATTRIBUTED in box.traits
        return (FakeRouterDriver if bare else FakeDriver)(box, owner, batch_size=3)

    def run(
        self,
        name: str = "edge1",
        *,
        full: bool = True,
        writers: tuple[str, ...] = (),
        guarded: bool = True,
    ) -> PassFacts:
        """One pass in a session of its own."""
        reconciler = self.reconciler(name)
        request = Request("test", full, self.pause, writers, guarded)
        with reconciler.driver.connect() as session:
            return reconciler.run(session, request)

    def quick(self, name: str = "edge1") -> PassFacts:
        return self.run(name, full=False)

    def means(self) -> Means:
        return Means(
            self.driver,
            self.evidence,
            self.time,
            lambda: self.pause,
            FULL_EVERY,
            self._announced,
        )

    def worker(self, name: str = "edge1") -> Worker:
        return Worker(
            self.reconciler(name), self.evidence, self.time, lambda: self.pause, FULL_EVERY
        )

    # -- what came of it -----------------------------------------------------------------

    def drops(self, address: str = BAD, name: str = "edge1") -> bool:
        return self.box(name).would_drop(packet(address, FRIEND))

    def facts(self, name: str = "edge1") -> DeviceFacts:
        with self.database.read() as reader:
            return reader.devices.facts(name) or DeviceFacts()

    def status(self, order: Order, name: str = "edge1") -> Status:
        known = self.facts(name)
        inventory = known.present or known.inventory
        facts = OrderFacts(order, self.time.now(), (name,), inventory=inventory)
        return status_on(facts, self.facts(name), STALE_AFTER)

    def sentence(self, order: Order, name: str = "edge1") -> str:
        """What people read of an order on a device."""
        known = self.facts(name)
        inventory = known.present or known.inventory
        facts = OrderFacts(order, self.time.now(), (name,), inventory=inventory)
        status = status_on(facts, known, STALE_AFTER)
        return proof_sentence(name, status, facts, known, STALE_AFTER)

    def audit(self, *kinds: str) -> list[AuditEntry]:
        with self.database.read() as reader:
            return reader.audit.entries(kinds=kinds or None)

    def open_intents(self) -> list[AuditEntry]:
        with self.database.read() as reader:
            return reader.audit.open_intents()

    def results(self) -> list[object]:
        return [entry.payload["result"] for entry in self.audit("device.outcome")]

    def close(self) -> None:
        self.database.close()


def a_member(box: FakeDevice, key: Key = Key.SOURCE) -> tuple[Rule, Place]:
    """The first member of the first rule by `key`."""
    members = box.table().members
    rule = min((r for r in members if r.key is key), key=lambda r: r.digest)
    return rule, min(members[rule], key=str)


def eventually(so: Callable[[], bool]) -> bool:
    """Whether `so` comes true while other threads work."""
    pause = threading.Event()
    return any(so() or pause.wait(0.01) for _ in range(int(PATIENCE * 100)))
