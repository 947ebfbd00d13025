# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true before a change is confirmed, and what is waited for after it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.bird import answers
from drivers.bird.control import Control
from drivers.bird.hooks import gap
from drivers.bird.planning import Work
from drivers.bird.reading import Look, look, read_box
from drivers.bird.setup import Setup
from enforcer.clock import Clock
from enforcer.core.rules import Key
from enforcer.errors import EnforcerError

SETTLED_WITHIN, _STEP = 20.0, 0.2
"""Seconds in which BIRD filters all routes anew, or a neighbor sends them again."""
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Before:
    """What was there before a change: our file, a look, and the operator's configuration."""

    content: bytes | None
    seen: Look
    text: str = ""


def flaw(setup: Setup, control: Control, clock: Clock, work: Work, before: Before) -> str:
    """Why the change must not stay; "": it may.

    The file that was written is in force, and every BGP session that was up is up, those that are
    shut on purpose aside.
    """
    try:
        now = look(setup, control)
        if now.running != work.state:
            return f"BIRD did not take what was written: is {setup.include} included?"
        if now.digests.get(setup.include) != hashlib.sha256(work.content).hexdigest():
            return "our include file was edited meanwhile"
        said = control.configuration(now.digests)
        if said is None or said[0] != before.text:
            return "your configuration was edited meanwhile"
        missed = _lost(now, work, before)
        until = clock.monotonic() + setup.confirm / 4
        steady = False
        while (missed or not steady) and clock.monotonic() < until:
            clock.sleep(_STEP)
            last, now = now, look(setup, control)
            missed = _lost(now, work, before)
            steady = counts(now) == counts(last)
    except EnforcerError as error:
        return f"after the change {error}"
    if missed:
        return f"after the change BGP lost {', '.join(missed[:_NAMED])}"
    return _shrunk(counts(before.seen), counts(now), work)


Counts = dict[tuple[str, int, Key], int]


def counts(seen: Look) -> Counts:
    """How many routes pass, by protocol, family and way; of sessions that are up."""
    return {
        (one.name, family, way): number
        for one in seen.protocols
        if one.established
        for (family, way), number in answers.passing_routes(one).items()
    }


def _shrunk(before: Counts, now: Counts, work: Work) -> str:
    """Where routes are gone that the change does not account for; "": nowhere.

    What a neighbor sends us changes where its function does. What we send changes too where what
    came in did, in either direction: another route is the best one then. One percent is ordinary.
    """
    moved = {4: 0, 6: 0}
    for key in before.keys() | now.keys():
        if key[2] is Key.RECEIVED:
            moved[key[1]] += abs(before.get(key, 0) - now.get(key, 0))
    for key, number in before.items():
        name, family, way = key
        if name in work.close or (name, way) in work.refilters:
            continue
        due = moved[family] if way is Key.ANNOUNCED else 0
        left = now.get(key, 0)
        if number - left > due + number // 100:
            return (
                f"after the change {name} has {left} of {number} routes {way} of ipv{family}, which"
                " the change does not account for: was another part of the configuration edited?"
            )
    return ""


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
