# SPDX-License-Identifier: GPL-2.0-or-later
"""Reloads the inventory when somebody asks the running controller to, by SIGHUP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from enforcer.clock import Clock
from enforcer.errors import EnforcerError

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_LEAVE_SECONDS = 10.0


@contextmanager
def reloading(asked: threading.Event, reload: Callable[[], None], clock: Clock) -> Iterator[None]:
    """Call `reload` in a thread of its own whenever `asked` is set, until the block ends.

    What `reload` raises is logged: a controller goes on with what is in force.
    """
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            if clock.wait(asked, _LOOK_SECONDS) and not over.is_set():
                asked.clear()
                _try(reload)

    thread = threading.Thread(target=listen, name="reload", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        asked.set()
        thread.join(_LEAVE_SECONDS)


def _try(reload: Callable[[], None]) -> None:
    try:
        reload()
    except EnforcerError as error:
        log.error("the inventory was not reloaded: what is in force stays", error=str(error))
