# SPDX-License-Identifier: GPL-2.0-or-later
"""What use cases work with: the database, the inventory, the drivers, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from enforcer.clock import Clock
from enforcer.control.doorbell import ring
from enforcer.control.evidence import Evidence
from enforcer.control.fleet import DriverFor, Means
from enforcer.control.leadership import is_led
from enforcer.control.steps import Step, no_step
from enforcer.core.brake import PauseState
from enforcer.core.orders import Order, order_number
from enforcer.core.placement import Ownership
from enforcer.core.plan import Capability
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Topology
from enforcer.errors import InvalidInput, NotFound
from enforcer.service_settings import FourEyesSettings
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.in_force import InForce, Newest
from enforcer.usecases.installation import Installation
from enforcer.usecases.remembered import Abilities, Remembered


@dataclass(frozen=True)
class World:
    """Handed to every use case. `stale_after`: the age from which a proof is too old.

    `load_topology`: what the inventory's files say now; raises ConfigurationInvalid.
    `signing_key`: the file with the key that signs the audit chain; None: there is none.
    `installation`: the files around it, for `doctor`. `four_eyes`: what waits for a second person.
    """

    database: Database
    load_topology: Callable[[], Topology]
    driver_for: DriverFor
    clock: Clock
    stale_after: timedelta
    full_every: timedelta
    step: Step = no_step
    signing_key: Path | None = None
    installation: Installation = field(default_factory=Installation)
    four_eyes: FourEyesSettings = field(default_factory=FourEyesSettings)
    _newest: Newest = field(default_factory=Newest, init=False, repr=False, compare=False)
    _abilities: Abilities = field(default_factory=Abilities, init=False, repr=False, compare=False)
    remembered: Remembered = field(
        default_factory=Remembered, init=False, repr=False, compare=False
    )

    def in_force(self) -> InForce:
        """The inventory in force now; take it once where several answers must fit together.

        Before any was put in force: the files. Raises ConfigurationInvalid, StorageError.
        """
        return self._newest.look(self.database, self.load_topology)

    def in_force_of(self, reader: Reader) -> InForce:
        """The inventory in force in a snapshot that was taken already. Raises as `in_force`."""
        return self._newest.of(reader, self.load_topology)

    @property
    def topology(self) -> Topology:
        """The inventory in force. Raises as `in_force`."""
        return self.in_force().topology

    @property
    def owners(self) -> Ownership:
        """Who owns which addresses."""
        return self.in_force().owners

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
        """What each device can hold.

        One that no driver takes can hold nothing: only what would be placed there is refused.
        One that is only kept in force, and whose platform may have gone with it, is left out.
        """
        return self.abilities(self.in_force(), self.evidence.identity())

    def abilities(self, standing: InForce, owner: Owner) -> dict[str, Capability]:
        """The same of one inventory, under the mark of `owner`."""
        return self._abilities.of(standing, owner, self.driver_for)

    def ring(self) -> None:
        """Tell the controller, if one runs, that something was committed."""
        self.step("ringing")
        ring(self.database)
        self.step("rung")

    def led(self) -> bool:
        """Whether a controller runs on this database."""
        return is_led(self.database)


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
