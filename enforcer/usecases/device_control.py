# SPDX-License-Identifier: GPL-2.0-or-later
"""Pause one device, resume it, release what the brake holds and what is contested."""

from __future__ import annotations

from dataclasses import replace

from enforcer.application.actor import Actor
from enforcer.control.rollout import HALTED
from enforcer.control.software import installed
from enforcer.core.device_control import DeviceControl
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World
from enforcer.wire import JSONValue

ALARMS = ("braked", "contested", HALTED)
"""What a release clears."""


def pause(world: World, actor: Actor, name: str, reason: str) -> None:
    """Stop additions on one device; a paused one stays as it is. Raises NotFound, InvalidInput."""
    world.device(name)
    need_reason(reason, "pausing a device needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        control = work.device_controls.get(name)
        if not control.paused:
            payload: dict[str, JSONValue] = {"reason": reason}
            work.record("device.paused", actor, at=now, device=name, payload=payload)
            paused = replace(
                control, paused=True, paused_by=actor.name, paused_why=reason, paused_since=now
            )
            work.device_controls.save(name, paused)
    world.ring()


def resume(world: World, actor: Actor, name: str) -> None:
    """Let additions go on; a device that is not paused stays as it is. Raises NotFound."""
    world.device(name)
    now = world.clock.now()
    with world.database.write() as work:
        control = work.device_controls.get(name)
        if control.paused:
            payload: dict[str, JSONValue] = {
                "paused_by": control.paused_by,
                "reason": control.paused_why,
            }
            work.record("device.resumed", actor, at=now, device=name, payload=payload)
            going_on = replace(
                control, paused=False, paused_by="", paused_why="", paused_since=None
            )
            work.device_controls.save(name, going_on)
    world.ring()


def release(world: World, actor: Actor, name: str, reason: str) -> None:
    """Write what the brake holds back, repair again what was contested, let a halted rollout go on.

    A device on which none of it is so stays as it is. Raises NotFound, InvalidInput.
    """
    world.device(name)
    need_reason(reason, "releasing a device needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        control = work.device_controls.get(name)
        halted = any((a.kind, a.subject) == (HALTED, name) for a in work.alarms.open())
        if control.hold is not None or control.contests or halted:
            work.record(
                "device.released",
                actor,
                at=now,
                device=name,
                payload={"reason": reason, **_let_go(control)},
            )
            work.device_controls.save(name, _released(control))
            for kind in ALARMS:
                work.clear_alarm(kind, actor, at=now, subject=name, why=f"released: {reason}")
    world.ring()


def _let_go(control: DeviceControl) -> dict[str, JSONValue]:
    hold = control.hold
    return {
        "hold": hold.why if hold is not None else None,
        "changes": hold.changes if hold is not None else 0,
        "contested": [contest.what for contest in control.contests],
    }


def _released(control: DeviceControl) -> DeviceControl:
    free = replace(control, hold=None, contests=())
    if control.hold is not None and control.hold.all:
        # What this version wants may now be written; it need not be asked for again.
        free = replace(free, software=installed())
    return free
