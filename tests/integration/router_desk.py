# SPDX-License-Identifier: GPL-2.0-or-later
"""Real passes over an EMULATED router behind SSH, with a look at every order at every moment.

What is recorded of an order is held against what the router would do with its packets: after
each pass, between its steps, and once every timer of the router has had its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.juniper_junos.driver import JunosDriver
from enforcer.clock import Clock, SystemClock
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.reconciler import Reconciler
from enforcer.core.orders import Demand, Order
from enforcer.core.rules import Owner
from enforcer.core.status import Status
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from lab.emulators import cisco_ios, cisco_xr, juniper_junos
from lab.emulators.device import Emulator
from lab.emulators.server import serving
from lab.emulators.shell import Shell
from tests.contract import ios_subject, junos_subject, xr_subject
from tests.contract.subject import NAME, Subject
from tests.contract.worlds import topology_of
from tests.oracle import Packet
from tests.unit.control.desk import Desk

ALL_TIMERS = 10 * 60
"""Seconds on the router's clock: no trial is longer."""
ENOUGH = 3
"""So many passes after a fault is over must be enough."""
_GONE = (Status.LIFTED, Status.EXPIRED)


class RouterSubject(Subject, Protocol):
    """A subject of the contract that is an emulated router."""

    @property
    def router(self) -> Emulator:
        """The router itself."""
        ...

    device: Device
    """The inventory's entry of it."""


class RouterClock(SystemClock):
    """The router's clock for everybody: nobody waits for what is let pass by hand."""

    def __init__(self, router: Emulator) -> None:
        self._router = router
        self._passed = 0.0

    def now(self) -> datetime:
        """As the router lives it."""
        return self._router.clock.now()

    def monotonic(self) -> float:
        """The machine's, and what was let pass."""
        return super().monotonic() + self._passed

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once; timers of the router fire."""
        self._passed += seconds
        self._router.clock.advance(seconds)


class RouterDesk(Desk):
    """A desk whose one box is a router, written to by its own driver."""

    def __init__(self, database: Path, subject: RouterSubject) -> None:
        super().__init__(database, topology_of(subject), live=True)
        self.router = subject.router
        self.time = RouterClock(subject.router)

    def new_reconciler(self, name: str, state: DesiredState) -> Reconciler:
        """As the controller makes one."""
        device = self.topology.devices[name]
        driver = _DRIVERS[device.platform](device, self.owner, self.time)
        return Reconciler(
            device, driver, state, self.evidence, self.owner, self.time, self._announced, "1.0"
        )


@dataclass
class Scene:
    """Orders, their packets, and the router that is to drop them.

    `looks`: how often which status was seen. `lies`: what was said and was not so.
    """

    desk: RouterDesk
    subject: RouterSubject
    packets: dict[Order, Sequence[Packet]] = field(default_factory=dict)
    looks: dict[Status, int] = field(default_factory=dict)
    lies: list[str] = field(default_factory=list)
    operators: list[Shell] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._theirs = self.subject.foreign()
        self._clean = self.subject.content()
        self._touched = self.desk.time.now()
        self.desk.step = self.look

    @property
    def router(self) -> Emulator:
        return self.subject.router

    # -- the operator ------------------------------------------------------------------------

    def edited_by_the_operator(self) -> None:
        """He changes what is his, while we are at it."""
        self.subject.touch_foreign()
        self._theirs = self.subject.foreign()

    def foreign_is_intact(self) -> bool:
        """Whether all that is his is as he left it."""
        return self.subject.foreign() == self._theirs

    def is_gone(self) -> bool:
        """Whether nothing of ours is left."""
        return self.subject.content() == self._clean

    # -- orders --------------------------------------------------------------------------

    def place(self, demand: Demand, *packets: Packet) -> Order:
        order = self.desk.place(demand)
        self.packets[order] = packets
        return order

    def lift(self, order: Order) -> Order:
        packets = self.packets.pop(order)
        changed = self.desk.change(order, lift=True)
        self.packets[changed] = packets
        return changed

    # -- the truth -----------------------------------------------------------------------

    def touched(self) -> None:
        """Somebody changed the router: an older proof is still a proof of its own time."""
        self._touched = self.desk.time.now()

    def look(self, moment: str) -> None:
        """Hold what is recorded now against the router as it is now."""
        verified = self.desk.facts(NAME).verified_at
        for order, packets in self.packets.items():
            status = self.desk.status(order, NAME)
            self.looks[status] = self.looks.get(status, 0) + 1
            if verified is None or verified < self._touched:
                continue
            dropped = [self.subject.answer(packet) for packet in packets]
            if status is Status.ENFORCED and not all(dropped):
                self.lies.append(f"{moment}: order {order.number} is enforced, and packets pass")
            if status in _GONE and any(dropped):
                self.lies.append(f"{moment}: order {order.number} is {status}, packets are dropped")

    def status(self, order: Order) -> Status:
        return self.desk.status(order, NAME)

    # -- passes --------------------------------------------------------------------------

    def passes(self) -> PassFacts:
        """One pass with a login of its own, and a look after it."""
        facts = self.desk.worker(NAME).once()
        self.look(f"after a pass ({facts.outcome}) {facts.error}")
        return facts

    def wait(self) -> None:
        """Every timer of the router has its time; what was claimed must outlive that."""
        self.desk.time.sleep(ALL_TIMERS)
        self.look("when all timers are over")

    def converges(self) -> None:
        """The next passes bring everything, and a further one finds nothing to do."""
        said = []
        for _ in range(ENOUGH):
            facts = self.passes()
            said.append(f"{facts.outcome} {facts.error}")
            if facts.outcome is not Outcome.FAILED and not facts.held:
                break
        self.wait()
        for order, packets in self.packets.items():
            wanted = Status.ENFORCED if order.lifted is None else Status.LIFTED
            assert self.status(order) is wanted, (order.demand, said)
            dropped = [self.subject.answer(packet) for packet in packets]
            assert dropped == [order.lifted is None] * len(packets), (order.demand, said)


def _ios(device: Device, owner: Owner, clock: Clock) -> Driver:
    way = Way(SshOptions.of(device), ios_subject.Password(), Gate(per_device=_LOGINS))
    return IosDriver(device, owner, way, clock)


def _xr(device: Device, owner: Owner, clock: Clock) -> Driver:
    gate = Gate(per_device=_LOGINS)
    return CiscoXrDriver.from_device(device, xr_subject.Password(), owner, clock=clock, gate=gate)


def _junos(device: Device, owner: Owner, clock: Clock) -> Driver:
    gate = Gate(per_device=_LOGINS)
    return JunosDriver(device, junos_subject.Password(), owner, clock, gate)


_LOGINS = 2
_DRIVERS: Mapping[str, Callable[[Device, Owner, Clock], Driver]] = {
    "cisco_ios": _ios,
    "cisco_xr": _xr,
    "juniper_junos": _junos,
}
PLATFORMS = tuple(_DRIVERS)


@contextmanager
def _served(platform: str) -> Iterator[RouterSubject]:
    if platform == "cisco_ios":
        ios = cisco_ios.Router(NAME)
        with serving(ios) as server:
            yield ios_subject.IosSubject(ios, server)
    elif platform == "cisco_xr":
        xr = cisco_xr.Router(NAME)
        with serving(xr) as server:
            yield xr_subject.XrSubject(xr, server)
    else:
        junos = juniper_junos.Router(NAME)
        with serving(junos) as server:
            yield junos_subject.JunosSubject(junos, server)


@contextmanager
def staged_scene(platform: str, database: Path, **options: str) -> Iterator[Scene]:
    """A fresh router with its operator's configuration, and nothing ordered.

    What is written is saved, unless `options` of the device say otherwise.
    """
    if platform == "cisco_ios":
        options = {"save": "each", **options}
    with _served(platform) as subject:
        subject.device = replace(subject.device, options={**subject.device.options, **options})
        desk = RouterDesk(database, subject)
        try:
            yield Scene(desk, subject)
        finally:
            desk.close()
