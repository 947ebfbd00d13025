# SPDX-License-Identifier: GPL-2.0-or-later
"""What the database says that devices are to be compiled by: followed, never decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from enforcer.control.book import Holds
from enforcer.control.filling import holds_of
from enforcer.core.device_control import Contest, DeviceControl, Hold
from enforcer.core.topology import Topology
from enforcer.storage.unit_of_work import Reader

_Decided = tuple[bool, Hold | None, tuple[Contest, ...]]


@dataclass(frozen=True, slots=True)
class Followed:
    """What changed. `compiled`: the inventory or a hold, so that the book must be made anew;
    `fresh`: there is another inventory; `devices`: about which somebody decided something."""

    topology: Topology
    holds: Holds
    compiled: bool
    fresh: bool
    devices: frozenset[str]


class InventoryFollowing:
    """Compares the newest inventory and decisions with those last seen. For one thread."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._seq: int | None = None
        self._decided: Mapping[str, _Decided] = {}

    def read(
        self, reader: Reader, controls: Mapping[str, DeviceControl] | None = None
    ) -> Followed | None:
        """What changed since the last `read` that was `seen`; None: nothing.

        `controls`: what was decided about devices, where it was read already. Raises StorageError
        for an inventory that cannot be read.
        """
        version = reader.inventories.newest()
        controls = reader.device_controls.all() if controls is None else controls
        decided = _decided(controls)
        fresh = version is not None and version.seq != self._seq
        if not fresh and decided == self._decided:
            return None
        known = {*self._decided, *decided}
        moved = frozenset(n for n in known if self._decided.get(n) != decided.get(n))
        held = _holds(decided) != _holds(self._decided)
        topology = self._topology
        if fresh and version is not None:
            topology = reader.inventories.content(version)
        holds = holds_of(controls, reader.inventories)
        self._topology, self._decided = topology, decided
        self._seq = version.seq if version is not None else None
        return Followed(topology, holds, fresh or held, fresh, moved)


def _decided(controls: Mapping[str, DeviceControl]) -> dict[str, _Decided]:
    nothing: _Decided = (False, None, ())
    found = {n: (c.paused, c.hold, c.contests) for n, c in controls.items()}
    return {name: one for name, one in found.items() if one != nothing}


def _holds(decided: Mapping[str, _Decided]) -> dict[str, Hold]:
    return {name: hold for name, (_, hold, _) in decided.items() if hold is not None}
