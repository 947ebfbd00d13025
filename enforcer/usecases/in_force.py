# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory in force as this process last saw it in the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from enforcer.core.draft import Ground
from enforcer.core.intervals import Runs
from enforcer.core.machine_checks import own_runs
from enforcer.core.parties import parties_of
from enforcer.core.placement import Ownership, ownership
from enforcer.core.topology import Topology
from enforcer.storage.database import Database
from enforcer.storage.inventories import InventoryVersion
from enforcer.storage.unit_of_work import Reader


@dataclass(frozen=True)
class InForce:
    """`version` None: none was ever put in force, and `topology` is what the files say."""

    topology: Topology
    version: InventoryVersion | None = None

    @property
    def seq(self) -> int | None:
        """The change since which it is in force."""
        return self.version.seq if self.version is not None else None

    @cached_property
    def owners(self) -> Ownership:
        """Who owns which addresses."""
        return ownership(self.topology)

    @cached_property
    def ground(self) -> Ground:
        """Who owns and who uses which addresses."""
        return Ground(self.owners, parties_of(self.topology))

    @cached_property
    def own(self) -> dict[int, Runs]:
        """See `own_runs`."""
        return own_runs(self.topology)


def read_in_force(reader: Reader, files: Callable[[], Topology]) -> InForce:
    """The newest inventory of one snapshot. `files` is asked where there is none."""
    version = reader.inventories.newest()
    if version is None:
        return InForce(files())
    return InForce(reader.inventories.content(version), version)


class Newest:
    """Reads the inventory in force once, and again when another one is in the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: InForce | None = None

    def look(self, database: Database, files: Callable[[], Topology]) -> InForce:
        """The inventory in force now. Raises StorageError, ConfigurationInvalid."""
        with database.read() as reader:
            return self.of(reader, files)

    def of(self, reader: Reader, files: Callable[[], Topology]) -> InForce:
        """The one of a snapshot. Raises as `look`."""
        version = reader.inventories.newest()
        seq = version.seq if version is not None else None
        known = self._known
        if known is not None and known.seq == seq:
            return known
        with self._lock:
            # Another thread may have read it while this one waited.
            if self._known is None or self._known.seq != seq:
                self._known = read_in_force(reader, files)
            return self._known
