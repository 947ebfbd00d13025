# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals that nobody decided in time lapse while a controller runs, looked at or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from enforcer.errors import EnforcerError
from enforcer.usecases.proposals import lapse
from enforcer.usecases.world import World

log = structlog.get_logger()

_LOOK_SECONDS = 60.0


@contextmanager
def lapsing(world: World) -> Iterator[None]:
    """Look now and then in the background while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(world, stop), name="lapsing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _run(world: World, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            if lapsed := lapse(world):
                log.info("proposals lapsed", proposals=lapsed)
        except EnforcerError as error:
            log.warning("proposals not looked at", error=str(error))
        world.clock.wait(stop, _LOOK_SECONDS)
