# SPDX-License-Identifier: GPL-2.0-or-later
"""What follows from an order and the inventory alone, and is asked again with every request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enforcer.control.book import Entry
from enforcer.control.fleet import DriverFor
from enforcer.core.orders import Blackhole, BlockAddress, Order
from enforcer.core.plan import Capability
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Leaving
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid
from enforcer.usecases.in_force import InForce

MOST = 4096
"""Orders: what is on the pages that people and programs look at."""
_SMALL = (BlockAddress, Blackhole)
"""Demands about one prefix: neither long, nor about a list whose content changes."""


@dataclass(frozen=True, slots=True)
class Known:
    """`order` under the inventory `standing`, as no brake holds anything: what it asks for, and
    what is shown of it whatever became of it."""

    order: Order
    standing: InForce
    entry: Entry
    shown: Mapping[str, Any]


class Remembered:
    """The orders that were looked at last; safe to share between threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[int, Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, order: Order, standing: InForce) -> Known | None:
        """What is known of this very version of `order`."""
        with self._lock:
            known = self._known.get(order.number)
            if known is None or known.standing is not standing:
                return None
            self._known.move_to_end(order.number)
        return known if known.order is order or known.order == order else None

    def keep(self, known: Known) -> None:
        """Remember it, unless it is long."""
        if not isinstance(known.order.demand, _SMALL):
            return
        with self._lock:
            self._known[known.order.number] = known
            if len(self._known) > self._most:
                self._known.popitem(last=False)


class Abilities:
    """What the devices of an inventory can hold, by their drivers, which are made once."""

    def __init__(self) -> None:
        self._known: tuple[InForce, Owner, Mapping[str, Driver]] | None = None

    def of(self, standing: InForce, owner: Owner, driver_for: DriverFor) -> dict[str, Capability]:
        """By device; one that no driver takes, and whose platform may be gone, is left out."""
        known = self._known
        if known is not None and known[0] is standing and known[1] == owner:
            return {name: driver.capability for name, driver in known[2].items()}
        drivers: dict[str, Driver] = {}
        able: dict[str, Capability] = {}
        for name, device in standing.topology.devices.items():
            try:
                drivers[name] = driver_for(device, owner)
                able[name] = drivers[name].capability
            except ConfigurationInvalid as error:
                if device.leaving is Leaving.NO:
                    able[name] = _none(device, error)
        # What a device lacks may be there the next time.
        if len(drivers) == len(standing.topology.devices):
            self._known = (standing, owner, drivers)
        return able


def _none(device: Device, error: ConfigurationInvalid) -> Capability:
    why = str(error).removeprefix(f"{device.name}: ")
    return Capability.none(f"{device.name} has no driver that takes it ({why}).")
