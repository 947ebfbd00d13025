# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices and measurements of a controller that leads, on what the use cases know."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import structlog

from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.fleet import Means
from enforcer.errors import EnforcerError
from enforcer.notify.measures import LEADING, Measures
from enforcer.notify.outlets import Outlets
from enforcer.notify.running import notifying
from enforcer.usecases.drop_samples import keep, look
from enforcer.usecases.outcomes import Outcomes
from enforcer.usecases.world import World

log = structlog.get_logger()

_PATIENCE = 30.0
_FIRST_LOOK = 30.0


@contextmanager
def noticing(world: World, outlets: Outlets, measures: Measures) -> Iterator[None]:
    """Tell people and count while the block runs, which is while this process leads."""
    measures.become(LEADING)
    try:
        with (
            notifying(world.database, outlets, Outcomes(world), world.clock),
            _counting(world, measures, outlets.settings.web.metrics_dropped_minutes),
        ):
            yield
    finally:
        measures.become("")


def measuring(means: Means, measures: Measures) -> Means:
    """The same, with every pass counted."""

    def passed(facts: PassFacts) -> None:
        timed = None if facts.outcome is Outcome.FAILED else facts.seconds
        measures.passed(facts.device, str(facts.outcome), timed)

    return replace(means, passed=passed, woken=measures.woken)


@contextmanager
def _counting(world: World, measures: Measures, minutes: float) -> Iterator[None]:
    """Ask the devices that count, now and then; 0 minutes: never."""
    if not minutes:
        yield
        return
    stop = threading.Event()
    arguments = (world, measures, minutes * 60, stop)
    thread = threading.Thread(target=_count, args=arguments, name="dropped packets", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        # One that waits for a device ends with the process.
        thread.join(1.0)


def _count(world: World, measures: Measures, seconds: float, stop: threading.Event) -> None:
    """The first look comes soon: after a start the numbers shall not be missing for long."""
    wait = min(seconds, _FIRST_LOOK)
    while not world.clock.wait(stop, wait):
        wait = seconds
        try:
            seen = look(world, _PATIENCE)
            measures.drops(seen.devices)
            keep(world, seen)
        except EnforcerError as error:
            log.warning("packets not counted", error=str(error))
