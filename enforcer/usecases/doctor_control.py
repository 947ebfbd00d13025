# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of what runs, and of what waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from enforcer.application.views import DoctorCheck
from enforcer.control.rollout import HALTED
from enforcer.core.brake import PauseState
from enforcer.core.device_control import DeviceControl
from enforcer.core.feeds import FeedState, is_stale
from enforcer.core.source_limits import Stop
from enforcer.core.source_names import EVERYBODY
from enforcer.core.topology import Feed
from enforcer.storage.alarms import Alarm
from enforcer.storage.records import ControlState
from enforcer.usecases.doctor_findings import counted, finding, good, guarded, listed
from enforcer.usecases.world import World

CONTROLLER, WRITES, ALARMS = "controller", "writes", "alarms"
BRAKE, CONTESTED, PAUSES = "brake", "contested", "device pauses"
ROLLOUT = "rollout"
SOURCES, FEEDS = "sources", "feeds"
_LOOK = "see the check of the database"


class _Snapshot(NamedTuple):
    state: ControlState
    alarms: list[Alarm]
    controls: Mapping[str, DeviceControl]
    stops: Mapping[str, Stop]
    feeds: Mapping[str, FeedState]


def checks(world: World) -> Iterator[DoctorCheck]:
    """The controller, the alarms, and everything that keeps something from being written."""
    yield guarded(CONTROLLER, lambda: _controller(world), _LOOK)
    taken: list[_Snapshot] = []

    def snapshot() -> _Snapshot:
        if not taken:
            taken.append(_read(world))
        return taken[0]

    looks: dict[str, Callable[[], DoctorCheck]] = {
        WRITES: lambda: _writes(snapshot().state),
        ALARMS: lambda: _alarms(snapshot().alarms),
        BRAKE: lambda: _brake(snapshot().controls),
        CONTESTED: lambda: _contested(snapshot().controls),
        ROLLOUT: lambda: _rollout(snapshot().alarms),
        PAUSES: lambda: _pauses(snapshot().controls),
        SOURCES: lambda: _sources(snapshot().stops),
        FEEDS: lambda: _feeds(world.topology.feeds, snapshot().feeds, world.clock.now()),
    }
    for name, look in looks.items():
        yield guarded(name, look, _LOOK)


def _read(world: World) -> _Snapshot:
    with world.database.read() as reader:
        return _Snapshot(
            reader.control.state(),
            reader.alarms.open(),
            reader.device_controls.all(),
            reader.sources.stops(),
            reader.feeds.all(),
        )


def _controller(world: World) -> DoctorCheck:
    if not world.led():
        advice = "orders wait until `enforcer run`: start it (systemd unit, or by hand)"
        return finding(CONTROLLER, "not running", advice)
    with world.database.read() as reader:
        holder = reader.lease.state().holder if world.database.path is None else None
    return good(CONTROLLER, f"running ({holder})" if holder else "running")


def _writes(state: ControlState) -> DoctorCheck:
    if state.state is PauseState.RUNNING:
        return good(WRITES, "on")
    since = f" since {state.since:%Y-%m-%d %H:%M}Z" if state.since else ""
    said = f"{state.state}{since} by {state.by}: {state.reason}; `enforcer resume` ends it"
    return good(WRITES, said)


def _alarms(found: list[Alarm]) -> DoctorCheck:
    if not found:
        return good(ALARMS, "none open")
    newest = listed([f"{alarm.kind} {alarm.subject}" for alarm in found])
    advice = "`enforcer alarm list` says of each what to do"
    return finding(ALARMS, f"{len(found)} open: {newest}", advice)


def _brake(controls: Mapping[str, DeviceControl]) -> DoctorCheck:
    held = [
        f"{name} ({counted(control.hold.changes, 'row')}: {control.hold.why})"
        for name, control in sorted(controls.items())
        if control.hold is not None
    ]
    if not held:
        return good(BRAKE, "no change is held")
    advice = "look at `enforcer device show NAME`, then `enforcer device release NAME`"
    return finding(BRAKE, f"changes are held on {listed(held)}", advice)


def _contested(controls: Mapping[str, DeviceControl]) -> DoctorCheck:
    found = [
        f"{name} ({contest.what}, by {contest.writer or 'somebody'})"
        for name, control in sorted(controls.items())
        for contest in control.contests
    ]
    if not found:
        return good(CONTESTED, "nothing")
    advice = "stop who changes it back on the device, then `enforcer device release NAME`"
    return finding(CONTESTED, f"left alone, because changed back: {listed(found)}", advice)


def _rollout(found: list[Alarm]) -> DoctorCheck:
    halted = [alarm for alarm in found if alarm.kind == HALTED]
    if not halted:
        return good(ROLLOUT, "not halted")
    names = listed([alarm.subject for alarm in halted])
    advice = "look at the device, then `enforcer device release NAME`"
    return finding(ROLLOUT, f"no device makes a structural change, since {names} failed", advice)


def _pauses(controls: Mapping[str, DeviceControl]) -> DoctorCheck:
    paused = [
        f"{name} (by {control.paused_by}: {control.paused_why})"
        for name, control in sorted(controls.items())
        if control.paused
    ]
    if not paused:
        return good(PAUSES, "none")
    return good(PAUSES, f"{listed(paused)}; `enforcer device resume NAME` ends it")


def _sources(stops: Mapping[str, Stop]) -> DoctorCheck:
    stopped = [f"{_whom(name)} (by {stop.by}: {stop.why})" for name, stop in sorted(stops.items())]
    if not stopped:
        return good(SOURCES, "none is stopped")
    return good(SOURCES, f"stopped: {listed(stopped)}; `enforcer source start NAME` ends it")


def _whom(name: str) -> str:
    return "all automated ones (--all)" if name == EVERYBODY else name


def _feeds(
    feeds: Mapping[str, Feed], states: Mapping[str, FeedState], now: datetime
) -> DoctorCheck:
    wrong = []
    for name, feed in sorted(feeds.items()):
        state = states.get(name)
        if state is not None and state.failures:
            tries = counted(state.failures, "failure")
            wrong.append(f"{name} ({tries} in a row, {state.error or 'no reason known'})")
        elif is_stale(feed, state, now):
            wrong.append(f"{name} (nothing good for longer than its stale_after)")
    if wrong:
        advice = "correct `source` in the inventory, or try `enforcer list refresh NAME`"
        return finding(FEEDS, listed(wrong), advice)
    never = sum(name not in states for name in feeds)
    waiting = f", {never} not fetched yet" if never else ""
    return good(FEEDS, f"{counted(len(feeds), 'feed')}{waiting}" if feeds else "none stated")
