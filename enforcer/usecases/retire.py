# SPDX-License-Identifier: GPL-2.0-or-later
"""Retire a device, or set its mode: changes of the inventory in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.views import DeviceView
from enforcer.control.settling import Settling
from enforcer.core.inventory_change import with_mode, with_retirement, without_mode
from enforcer.core.topology import Leaving, Mode, Topology
from enforcer.errors import AnotherControllerActive, InvalidInput
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases import devices
from enforcer.usecases.inventory import BRAKED
from enforcer.usecases.inventory_edits import change_in_force
from enforcer.usecases.present import Presenter
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World

BY_THE_FILES = "inventory"
"""The word for the mode that the inventory's files state."""


def retire(world: World, actor: Actor, name: str, reason: str) -> DeviceView:
    """See `Application.device_retire`.

    Without a running controller the device is emptied here, under the same lock. The answer
    is the device as it is then: still in force where it could not be proved empty yet (its
    error says why), or as it was last known, with the status ``retired``.
    """
    need_reason(reason, "retiring a device needs a reason")
    device = world.device(name)
    change_in_force(
        world,
        actor,
        Note("device.draining", {"reason": reason}, device=name),
        lambda topology: _retired(topology, name),
        lambda work, now: _let_go(work, actor, now, name),
    )
    _drain(world, name)
    if name in world.topology.devices:
        return devices.decided(world, name)
    return Presenter(world).device(device, 0, 0).model_copy(update={"status": "retired"})


def _retired(topology: Topology, name: str) -> Topology:
    """Unchanged where it is draining already, or was proved empty a moment ago."""
    device = topology.devices.get(name)
    if device is None or device.leaving is Leaving.DRAINING:
        return topology
    return with_retirement(topology, name)


def _let_go(work: UnitOfWork, actor: Actor, now: datetime, name: str) -> None:
    """What the brake holds on it would keep it from ever being empty."""
    control = work.device_controls.get(name)
    if control.hold is not None:
        work.device_controls.save(name, replace(control, hold=None))
        work.clear_alarm(BRAKED, actor, at=now, subject=name, why="the device is retired")


def _drain(world: World, name: str) -> None:
    if world.led():
        return
    try:
        devices.reconcile_here(world, [name])
    except AnotherControllerActive:
        world.ring()
        return
    Settling(world.database, world.clock).look()


def set_mode(world: World, actor: Actor, name: str, mode: str, reason: str) -> None:
    """See `Application.device_mode`. Raises InvalidInput for a mode that there is not."""
    known = (*Mode, BY_THE_FILES)
    if mode not in known:
        raise InvalidInput(f"there is no mode {mode!r}: choose of {', '.join(known)}")
    need_reason(reason, "a mode of its own needs a reason")
    world.device(name)
    stated = _stated(world, name) if mode == BY_THE_FILES else None
    change_in_force(
        world,
        actor,
        Note("device.mode", {"mode": mode, "reason": reason}, device=name),
        lambda topology: _with_mode(topology, name, mode, stated),
    )


def _stated(world: World, name: str) -> Mode | None:
    """What the files say; None: they do not state the device. Raises ConfigurationInvalid."""
    device = world.load_topology().devices.get(name)
    return device.mode if device is not None else None


def _with_mode(topology: Topology, name: str, mode: str, stated: Mode | None) -> Topology:
    device = topology.devices.get(name)
    if device is None:
        raise InvalidInput(
            f"device {name} left the inventory meanwhile: see `enforcer device list`"
        )
    if mode == BY_THE_FILES:
        return without_mode(topology, name, stated or device.mode)
    return with_mode(topology, name, Mode(mode))
