# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that may still hold an ended order, though the inventory no longer places it there.

A device that is retired, or from which a customer moved away, keeps what stands on it until a
pass has removed it. Until that is proved, the order is not gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from enforcer.core.contributions import contributions
from enforcer.core.lists import ListContent
from enforcer.core.orders import Order
from enforcer.core.placement import Ownership, ownership
from enforcer.core.status import DeviceFacts, looked_since
from enforcer.core.topology import Topology
from enforcer.storage.database import Database
from enforcer.storage.inventories import InventoryVersion
from enforcer.usecases.in_force import InForce


class _Past:
    """One inventory that was in force, read when it is needed."""

    def __init__(self, database: Database, version: InventoryVersion) -> None:
        self.version = version
        self._database = database

    @cached_property
    def topology(self) -> Topology:
        with self._database.read() as reader:
            return reader.inventories.content(self.version)

    @cached_property
    def owners(self) -> Ownership:
        return ownership(self.topology)


class Lingering:
    """Reads older inventories only where a device was not proved under the one in force."""

    def __init__(
        self, database: Database, standing: InForce, facts: Mapping[str, DeviceFacts]
    ) -> None:
        self._database = database
        self._digest = standing.topology.digest
        self._facts = {name: facts.get(name, DeviceFacts()) for name in standing.topology.devices}
        self._behind = {n: f for n, f in self._facts.items() if f.inventory != self._digest}

    @cached_property
    def _past(self) -> list[_Past]:
        """Every inventory that was in force, newest first."""
        with self._database.read() as reader:
            versions = reader.inventories.versions()
        return [_Past(self._database, version) for version in versions]

    def devices(self, order: Order, lists: Mapping[str, ListContent]) -> Iterator[str]:
        """Names of those that may still hold `order`, which has ended."""
        waiting = [name for name, facts in self._behind.items() if not is_rid_of(order, facts)]
        placed: dict[int, frozenset[str]] = {}
        for name in waiting:
            for past in self._since(self._behind[name].inventory):
                seq = past.version.seq
                if seq not in placed:
                    asks = contributions(order, past.topology, lists, past.owners)
                    placed[seq] = frozenset(asks.devices)
                if name in placed[seq]:
                    yield name
                    break

    def _since(self, digest: str) -> Iterator[_Past]:
        """The inventories since the one under which a device was last proved."""
        for past in self._past:
            yield past
            if past.version.digest == digest:
                return


def is_rid_of(order: Order, facts: DeviceFacts) -> bool:
    """Whether a pass proved a device after `order` had ended.

    Under whichever inventory: nothing wants an order that is over.
    """
    return looked_since(order, facts, None if order.lifted is not None else order.ends)
