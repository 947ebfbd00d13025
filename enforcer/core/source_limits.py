# SPDX-License-Identifier: GPL-2.0-or-later
"""What a source of orders may do: its limits, its kill switch, and the pause of everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from enforcer.core.brake import PauseState
from enforcer.core.draft import Draft, Refusal
from enforcer.core.source_names import EVERYBODY
from enforcer.core.times import format_duration, say_when
from enforcer.core.topology import SourceLimits, Topology

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Stop:
    """The kill switch of a source: who stopped it, why, since when.

    `everybody`: it is that of all automated sources.
    """

    by: str
    why: str
    since: datetime
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """What stands in the way of orders now, as the database says.

    `active`: the source's orders in force or to come; `last_minute`: those that it placed
    within the last minute. `pause_said`: by whom and why, for people; `devices`: the same of
    each device that is paused by itself.
    """

    stop: Stop | None = None
    active: int = 0
    last_minute: int = 0
    pause: PauseState = PauseState.RUNNING
    pause_said: str = ""
    devices: Mapping[str, str] = field(default_factory=dict)


def limits_of(topology: Topology, source: str) -> SourceLimits:
    """The limits stated for `source`, or for every source, or the default ones."""
    found = topology.sources.get(source) or topology.sources.get(EVERYBODY)
    return found or SourceLimits(EVERYBODY)


def admission(
    draft: Draft,
    limits: SourceLimits,
    traffic: Traffic,
    now: datetime,
    devices: Collection[str] = (),
) -> Iterator[Refusal]:
    """Codes source-stopped, frozen, paused, too-many-active, too-fast.

    `devices`: those that would hold the draft, where any device is paused by itself.
    """
    source = draft.source
    yield from stopped(source, traffic.stop)
    yield from _paused(draft, traffic, now)
    yield from _nowhere(draft, traffic, now, devices)
    if limits.active is not None and traffic.active >= limits.active:
        yield Refusal(
            "too-many-active",
            f"the source '{source}' has {traffic.active} orders in force or to come and may"
            f" have {limits.active}: lift some, or raise its limit in the inventory",
        )
    if limits.per_minute is not None and traffic.last_minute >= limits.per_minute:
        yield Refusal(
            "too-fast",
            f"the source '{source}' placed {traffic.last_minute} orders within a minute and may"
            f" place {limits.per_minute}: wait, or raise its limit in the inventory",
        )


def stopped(source: str, stop: Stop | None) -> Iterator[Refusal]:
    """Code source-stopped."""
    if stop is not None:
        ends, what = f"`enforcer source start {source}`", f"the source '{source}'"
        if stop.everybody:
            ends, what = "`enforcer source start --all`", "every automated source"
        yield Refusal(
            "source-stopped",
            f"{what} was stopped by {stop.by} at {say_when(stop.since)}"
            f" ({stop.why}): when that is settled, {ends}",
        )


def _paused(draft: Draft, traffic: Traffic, now: datetime) -> Iterator[Refusal]:
    if traffic.pause is PauseState.RUNNING or draft.start > now:
        return
    code = "frozen" if traffic.pause is PauseState.FROZEN else "paused"
    yield Refusal(
        code,
        f"enforcement is {code}{traffic.pause_said}, so the order would not be enforced:"
        " `enforcer resume` first, or give it a start in the future (--start +10m), from which"
        " on it waits",
    )


def _nowhere(
    draft: Draft, traffic: Traffic, now: datetime, devices: Collection[str]
) -> Iterator[Refusal]:
    """Code paused: not one of the devices that would hold the draft takes anything new."""
    named = sorted(devices)
    if not named or not traffic.devices.keys() >= set(named):
        return
    if traffic.pause is not PauseState.RUNNING or draft.start > now:
        return
    said = ", ".join(f"{name} is paused {traffic.devices[name]}" for name in named[:_NAMED])
    said += f" and {len(named) - _NAMED} more are" if len(named) > _NAMED else ""
    yield Refusal(
        "paused",
        f"{said}, so the order would not be enforced: `enforcer device resume {named[0]}` first,"
        " or give it a start in the future (--start +10m), from which on it waits",
    )


def length(
    limits: SourceLimits, source: str, start: datetime, end: datetime | None
) -> Iterator[Refusal]:
    """Code too-long-for-source; `end` None: an open end was asked for."""
    if limits.longest is None:
        return
    longest = timedelta(seconds=limits.longest)
    if end is not None and end - start <= longest:
        return
    asked = "an open end" if end is None else f"an end at {say_when(end)}"
    yield Refusal(
        "too-long-for-source",
        f"the source '{source}' may order for {format_duration(longest)} at most, not with"
        f" {asked}: give an earlier end, or let somebody with more rights order it",
    )
