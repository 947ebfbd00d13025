# SPDX-License-Identifier: GPL-2.0-or-later
"""Pause, freeze, resume: survive restarts because they live in the database."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.views import ControlView
from enforcer.core.brake import PauseState
from enforcer.core.source_names import EVERYBODY
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World


def steer(world: World, actor: Actor, state: PauseState, reason: str) -> ControlView:
    """Change the control state; setting the same state again changes nothing."""
    if state is not PauseState.RUNNING:
        need_reason(reason, "a pause or freeze needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        if PauseState(work.control.state().state) is not state:
            work.record(
                f"control.{state}", actor, at=now, payload={"state": str(state), "reason": reason}
            )
            work.control.set_state(str(state), at=now, by=actor.name, reason=reason)
    world.ring()
    return control(world)


def control(world: World) -> ControlView:
    """The controller's state as recorded, and whether one runs."""
    with world.database.read() as reader:
        state = reader.control.state()
        owner = reader.control.identity()
        head = reader.audit.head()[0]
        alarms = len(reader.alarms.open())
        stop = reader.sources.stop_of(EVERYBODY)
        holder = reader.lease.state().holder if world.database.path is None else None
    led = world.led()
    return ControlView(
        state=str(state.state),
        since=state.since,
        by=state.by,
        reason=state.reason,
        controller=owner.controller,
        epoch=owner.epoch,
        leader=led,
        leader_name=holder if led else None,
        alarms=alarms,
        sources_stopped=None if stop is None else f"by {stop.by}: {stop.why}",
        head=head,
    )
