# SPDX-License-Identifier: GPL-2.0-or-later
"""What use cases work with: the database, the inventory, the drivers, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from enforcer.clock import Clock
from enforcer.control.doorbell import ring
from enforcer.control.evidence import Evidence
from enforcer.control.fleet import DriverFor, Means
from enforcer.control.leadership import is_led
from enforcer.control.steps import Step, no_step
from enforcer.core.brake import PauseState
from enforcer.core.orders import Order, order_number
from enforcer.core.placement import Ownership, ownership
from enforcer.core.plan import Capability
from enforcer.core.topology import Device, Topology
from enforcer.errors import InvalidInput, NotFound
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import Reader


@dataclass(frozen=True)
class World:
    """Handed to every use case. `stale_after`: the age from which a proof is too old."""

    database: Database
    load_topology: Callable[[], Topology]
    driver_for: DriverFor
    clock: Clock
    stale_after: timedelta
    full_every: timedelta
    step: Step = no_step

    @cached_property
    def topology(self) -> Topology:
        """The inventory, loaded when first asked for. Raises ConfigurationInvalid."""
        return self.load_topology()

    @cached_property
    def owners(self) -> Ownership:
        """Who owns which addresses."""
        return ownership(self.topology)

    @cached_property
    def evidence(self) -> Evidence:
        """What the loop writes down."""
        return Evidence(self.database, self.step)

    def means(self) -> Means:
        """What a pass in this process needs."""
        return Means(
            self.driver_for, self.evidence, self.clock, self.pause, self.full_every, self.step
        )

    def pause(self) -> PauseState:
        """Whether writes are paused or frozen, as recorded."""
        with self.database.read() as reader:
            return PauseState(reader.control.state().state)

    def device(self, name: str) -> Device:
        """One device; raises NotFound."""
        device = self.topology.devices.get(name)
        if device is None:
            raise NotFound(f"no device {name!r}: see `enforcer device list`")
        return device

    def capabilities(self) -> dict[str, Capability]:
        """What each device can hold; raises ConfigurationInvalid for one without a driver."""
        owner = self.evidence.identity()
        return {
            name: self.driver_for(device, owner).capability
            for name, device in self.topology.devices.items()
        }

    def ring(self) -> None:
        """Tell the controller, if one runs, that something was committed."""
        self.step("ringing")
        if self.database.path is not None:
            ring(self.database.path)
        self.step("rung")

    def led(self) -> bool:
        """Whether a controller runs on this database."""
        return self.database.path is not None and is_led(self.database.path)


def number_of(order_id: str) -> int:
    """The number behind a printed id; raises InvalidInput for a mistyped one."""
    number = order_number(order_id)
    if number is None:
        raise InvalidInput(
            f"{order_id!r} is not an order id (its check character does not fit): "
            "copy it from `enforcer order list`"
        )
    return number


def existing(reader: Reader, order_id: str) -> Order:
    """The order with a printed id; raises InvalidInput, NotFound."""
    order = reader.orders.get(number_of(order_id))
    if order is None:
        raise NotFound(f"no order {order_id}: see `enforcer order list`")
    return order
