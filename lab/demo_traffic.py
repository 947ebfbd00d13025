# SPDX-License-Identifier: GPL-2.0-or-later
"""Measuring an act with packets: which flows it stops, when, and which it must not touch."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from lab.errors import NoVerdict
from lab.traffic.crafted import Probe
from lab.traffic.stream import Flow, Stream, Verdict

RATE = 200.0  # packets per second and flow while orders are placed
FINE_RATE = 400.0  # while a repair is timed
SETTLING = 5.0  # seconds that a flow may take to stop or to pass, once the command has said so
WINDOW = 0.4  # seconds that are judged before and after


@dataclass(frozen=True)
class Way:
    """Packets from one node to another."""

    source: str
    sink: str
    probe: Probe

    def stream(self, rate: float) -> Stream:
        """An endless flow of them, not started."""
        return Stream(self.source, self.sink, self.probe, rate=rate)


@dataclass(frozen=True)
class Measured:
    """What became of the flows around an act.

    Attributes:
        before, after: counts in words, of all flows that the act is about.
        stopped: every one of them passed before and was blocked after.
        effect: seconds from `instant` to the last packet let through; None if it never stopped.
        lost: packets of the spared flows that were lost.
    """

    before: str
    after: str
    stopped: bool
    effect: float | None
    lost: int


def monotonic_of(wall: datetime) -> float:
    """The instant on CLOCK_MONOTONIC, by which packets are judged."""
    return wall.timestamp() - time.time() + time.monotonic()


def stops(
    groups: Sequence[Sequence[Way]], spared: Sequence[Way], act: Callable[[], Sequence[float]]
) -> list[Measured]:
    """Lets the flows run, does ``act``, and judges each group of flows by itself.

    ``act`` returns per group the instant to count from.
    """
    with ExitStack() as running:
        cut = [[running.enter_context(way.stream(RATE)) for way in ways] for ways in groups]
        others = [running.enter_context(way.stream(RATE)) for way in spared]
        before = cut[0][0].run_for(WINDOW)
        instants = act()
        for stream in (stream for streams in cut for stream in streams):
            _settle(stream, arrives=False)
        after = cut[0][0].run_for(WINDOW)
    lost = sum(other.flow().window().lost for other in others)
    return [
        _judged([stream.flow() for stream in streams], before, after, instant, lost)
        for streams, instant in zip(cut, instants, strict=True)
    ]


def _judged(
    flows: Sequence[Flow],
    before: tuple[float, float],
    after: tuple[float, float],
    instant: float,
    lost: int,
) -> Measured:
    effects = [flow.blocked_after(instant, until=after[1]) for flow in flows]
    known = [effect for effect in effects if effect is not None]
    return Measured(
        before=counted(flows, before),
        after=counted(flows, after),
        stopped=_all(flows, before, Verdict.PASSED) and _all(flows, after, Verdict.BLOCKED),
        effect=max(known) if len(known) == len(effects) else None,
        lost=lost,
    )


def starts(
    ways: Sequence[Way], blocked: Sequence[Way], act: Callable[[], float]
) -> tuple[Measured, int]:
    """Flows that are blocked and pass once ``act`` has happened; ``blocked`` must stay so.

    ``act`` returns the instant that they must not pass before; ``effect`` is from there to the
    first packet of the slowest flow. Returns the measurement and how many packets of the
    ``blocked`` flows passed.
    """
    with ExitStack() as running:
        streams = [running.enter_context(way.stream(RATE)) for way in ways]
        others = [running.enter_context(way.stream(RATE)) for way in blocked]
        begin, _ = streams[0].run_for(WINDOW)
        instant = act()
        _until(instant)
        for stream in streams:
            _settle(stream, arrives=True)
        after = streams[0].run_for(WINDOW)
    before = begin, instant
    flows = [stream.flow() for stream in streams]
    effects = [flow.passes_after(instant) for flow in flows]
    known = [effect for effect in effects if effect is not None]
    judged = Measured(
        before=counted(flows, before),
        after=counted(flows, after),
        stopped=_all(flows, before, Verdict.BLOCKED) and _all(flows, after, Verdict.PASSED),
        effect=max(known) if len(known) == len(effects) else None,
        lost=0,
    )
    return judged, sum(other.flow().window().received for other in others)


def counted(flows: Sequence[Flow], window: tuple[float, float]) -> str:
    """How many of the packets sent in a window arrived."""
    seen = [flow.window(*window) for flow in flows]
    return f"{sum(w.received for w in seen)}/{sum(w.sent for w in seen)} pass"


def _all(flows: Sequence[Flow], window: tuple[float, float], verdict: Verdict) -> bool:
    return all(flow.window(*window).verdict is verdict for flow in flows)


def _until(instant: float) -> None:
    threading.Event().wait(max(0.0, instant - time.monotonic()))


def _settle(stream: Stream, arrives: bool) -> None:
    """Only a hint for when to go on: where it never comes, the judgement says so."""
    try:
        stream.await_last(arrives=arrives, timeout=SETTLING)
    except NoVerdict:
        return
