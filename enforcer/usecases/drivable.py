# SPDX-License-Identifier: GPL-2.0-or-later
"""What the files say, if every device in it could be driven: else nothing of it is put in force.

Drivers are made and not connected: a device that is away is no problem here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from enforcer.core.boxes import box_of
from enforcer.core.topology import Topology
from enforcer.errors import ConfigurationInvalid, StorageError
from enforcer.usecases.world import World


class Undrivable(ConfigurationInvalid):
    """Devices that the files state and that no driver takes; `problems`: one for each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def proposed(world: World) -> Topology:
    """What the inventory's files say now.

    Raises ConfigurationInvalid with all `problems`: of the files; where there is none, of the
    devices that no driver takes, or that are reached as one that is only kept in force.
    """
    loaded = world.load_topology()
    standing = _in_force(world)
    problems = [*_without_driver(world, loaded, standing), *_second_names(loaded, standing)]
    if problems:
        raise Undrivable(problems)
    return loaded


def _in_force(world: World) -> Topology:
    """What is in force; nothing where nothing was yet, or where it cannot be read any more."""
    try:
        standing = world.in_force()
    except StorageError:
        return Topology()
    return standing.topology if standing.version is not None else Topology()


def _without_driver(world: World, loaded: Topology, standing: Topology) -> Iterator[str]:
    owner = world.evidence.identity()
    for name, device in sorted(loaded.devices.items()):
        if name in standing.retired:
            continue  # It leaves, or is left out: nothing is asked of it.
        try:
            world.driver_for(device, owner)
        except ConfigurationInvalid as error:
            yield f"devices.{name}: {str(error).removeprefix(f'{name}: ')}"


def _second_names(loaded: Topology, standing: Topology) -> Iterator[str]:
    """A device under a new name, while the old one stays in force because it left the files."""
    kept = {
        box: name
        for name, device in sorted(standing.devices.items())
        if name not in loaded.devices
        and (box := box_of(device.platform, device.transport)) is not None
    }
    for name, device in sorted(loaded.devices.items()):
        before = kept.get(box) if (box := box_of(device.platform, device.transport)) else None
        if before is not None:
            yield (
                f"devices.{name}: it is reached as {before} is, which stays in force until it is"
                f" retired; two names for one box would undo each other's writes: call it"
                f" {before} again, or `enforcer device retire {before}` and reload when that is"
                " gone"
            )
