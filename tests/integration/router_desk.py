# SPDX-License-Identifier: GPL-2.0-or-later
"""Real passes over an EMULATED router behind SSH, with a look at every order at every moment.

What is recorded of an order is held against what the router would do with its packets: after
each pass, between its steps, and once every timer of the router has had its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.reconciler import Reconciler
from enforcer.core.orders import Demand, Order
from enforcer.core.status import Status
from lab.emulators import cisco_ios, cisco_xr, juniper_junos
from lab.emulators.device import Emulator
from lab.emulators.server import serving
from tests.contract.ios_subject import IosSubject
from tests.contract.junos_subject import JunosSubject
from tests.contract.subject import NAME, Subject
from tests.contract.worlds import topology_of
from tests.contract.xr_subject import XrSubject
from tests.oracle import Packet
from tests.unit.control.desk import Desk

ALL_TIMERS = 15 * 60
"""Seconds on the router's clock: no trial is longer."""
ENOUGH = 3
"""So many passes after a fault is over must be enough."""
_GONE = (Status.LIFTED, Status.EXPIRED)


class RouterSubject(Subject, Protocol):
    """A subject of the contract that is an emulated router."""

    router: Emulator


class RouterDesk(Desk):
    """A desk whose one box is a router, written to by its own driver."""

    def __init__(self, database: Path, subject: RouterSubject) -> None:
        self.subject = subject
        super().__init__(database, topology_of(subject), live=True)

    def new_reconciler(self, name: str, state: DesiredState) -> Reconciler:
        """As the controller makes one."""
        device = self.topology.devices[name]
        driver = self.subject.driver(self.owner)
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

    def __post_init__(self) -> None:
        self._touched = self.desk.time.now()
        self.desk.step = self.look

    @property
    def router(self) -> Emulator:
        return self.subject.router

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
        self.router.clock.advance(ALL_TIMERS)
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


_SERVED: Mapping[str, Callable[..., RouterSubject]] = {
    "cisco_ios": lambda router, server: IosSubject(router, server),
    "cisco_xr": lambda router, server: XrSubject(router, server),
    "juniper_junos": lambda router, server: JunosSubject(router, server),
}
_ROUTERS: Mapping[str, Callable[[str], Emulator]] = {
    "cisco_ios": cisco_ios.Router,
    "cisco_xr": cisco_xr.Router,
    "juniper_junos": juniper_junos.Router,
}
PLATFORMS = tuple(_ROUTERS)


@contextmanager
def scene(platform: str, database: Path) -> Iterator[Scene]:
    """A fresh router with its operator's configuration, and nothing ordered."""
    router = _ROUTERS[platform](NAME)
    with serving(router) as server:
        subject = _SERVED[platform](router, server)
        desk = RouterDesk(database, subject)
        try:
            yield Scene(desk, subject)
        finally:
            desk.close()
