# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true before a change is confirmed, and what is waited for after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.bird.control import Control
from drivers.bird.hooks import gap
from drivers.bird.planning import Work
from drivers.bird.reading import Look, look, read_box
from drivers.bird.setup import Setup
from enforcer.clock import Clock
from enforcer.errors import EnforcerError

SETTLED_WITHIN, _STEP = 20.0, 0.2
"""Seconds in which BIRD filters all routes anew, or a neighbor sends them again."""
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Before:
    """What was there before a change: our file, and a look."""

    content: bytes | None
    seen: Look


def flaw(setup: Setup, control: Control, clock: Clock, work: Work, before: Before) -> str:
    """Why the change must not stay; "": it may.

    The file that was written is in force, and every BGP session that was up is up, those that are
    shut on purpose aside.
    """
    try:
        now = look(setup, control)
        if now.running != work.state:
            return f"BIRD did not take what was written: is {setup.include} included?"
        missed = _lost(now, work, before)
        until = clock.monotonic() + setup.confirm / 4
        while missed and clock.monotonic() < until:
            clock.sleep(_STEP)
            missed = _lost(look(setup, control), work, before)
    except EnforcerError as error:
        return f"after the change {error}"
    return f"after the change BGP lost {', '.join(missed[:_NAMED])}" if missed else ""


def _lost(now: Look, work: Work, before: Before) -> list[str]:
    up = {one.name for one in now.protocols if one.established}
    were = {one.name for one in before.seen.protocols if one.established}
    return sorted(were - up - work.close.keys())


def leaking(setup: Setup, control: Control, clock: Clock) -> str:
    """Which sessions still pass routes that are to be rejected, after a while; "": none.

    Of those whose filters call our functions: that others do not is told by every reading.
    """
    until = clock.monotonic() + SETTLED_WITHIN
    left = list(_leaks(setup, control))
    while left and clock.monotonic() < until:
        clock.sleep(_STEP)
        left = list(_leaks(setup, control))
    if not left:
        return ""
    return (
        f"routes that are to be rejected still pass ({', '.join(left)}): does its filter reject"
        " what our function says? Where the neighbor cannot refresh routes, set `import table on`"
    )


def _leaks(setup: Setup, control: Control) -> Iterator[str]:
    box, _ = read_box(setup, control)
    for (neighbor, way), number in box.passing.items():
        for one in box.protocols.get(neighbor, ()) if number else ():
            if not any(gap(box, one, family, way) for family in one.families):
                yield f"{one.name}: {number} {way}"
