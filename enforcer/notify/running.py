# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices while a controller leads: one thread looks, and one per channel sends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from enforcer.clock import Clock
from enforcer.errors import EnforcerError
from enforcer.notify.channels import channel_of
from enforcer.notify.following import Following, Orders
from enforcer.notify.outlets import Outlets
from enforcer.notify.sending import Sender
from enforcer.notify.texts import Texts
from enforcer.service_settings import ServiceSettings
from enforcer.storage.database import Database

log = structlog.get_logger()

LOOK_SECONDS = 1.0
_REST = 4.0
"""So many times as long as a look took nobody looks: of very many orders people are told a little
later, and what enforces them is not kept from it."""
_AWAY_SECONDS = 5.0
_GRACE_SECONDS = 2.0
_DEFECT_SECONDS = 60.0
_DEFECTS = (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError)
"""What a defect of ours or of a library raises: said with its traceback, and it ends no thread."""


def texts_of(settings: ServiceSettings, base: Path) -> Texts:
    """The templates that the settings name, with the desk's address."""
    own = settings.notices.templates
    return Texts(base / own if own else None, desk_url(settings))


def desk_url(settings: ServiceSettings) -> str:
    """How people reach the desk, without a slash at its end."""
    return (settings.web.url or f"http://{settings.web.listen}").rstrip("/")


@contextmanager
def notifying(database: Database, outlets: Outlets, orders: Orders, clock: Clock) -> Iterator[None]:
    """Look and send in the background while the block runs.

    Nothing of it delays enforcement, and nothing that fails in it ends it.
    """
    settings = outlets.settings
    ahead = timedelta(hours=settings.notices.expiring_hours)
    texts = texts_of(settings, outlets.base)
    for said in texts.broken():
        log.warning("template of a notice is broken", error=said)
    following = Following(database, settings.notify, orders, texts, clock, ahead)
    stop = threading.Event()
    threads = [_thread("notices", _beginning(following), clock, stop, _REST)]
    for channel in settings.notify:
        make = partial(channel_of, channel, outlets.resolve, clock)
        sender = Sender(database, channel, make, clock, stopping=stop)
        threads.append(_thread(f"notices to {channel.name}", sender.more, clock, stop))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        deadline = clock.monotonic() + _GRACE_SECONDS
        for thread in threads:
            # One that waits for a service that does not answer ends with the process.
            thread.join(max(deadline - clock.monotonic(), 0.0))


def _beginning(following: Following) -> Callable[[], bool]:
    begun = False

    def look() -> bool:
        nonlocal begun
        if not begun:
            following.begin()
            begun = True
        return following.look()

    return look


def _thread(
    name: str,
    look: Callable[[], bool],
    clock: Clock,
    stop: threading.Event,
    rest: float = 0.0,
) -> threading.Thread:
    arguments = (name, look, clock, stop, rest)
    return threading.Thread(target=_run, args=arguments, name=name, daemon=True)


def _run(
    name: str, look: Callable[[], bool], clock: Clock, stop: threading.Event, rest: float
) -> None:
    """Look again and again; at once, where there was more, but for the `rest`."""
    said = ""
    while not stop.is_set():
        wait, began = LOOK_SECONDS, clock.monotonic()
        try:
            more = look()
            pause = rest * (clock.monotonic() - began)
            wait = pause if more else max(wait, pause)
            said = ""
        except _DEFECTS:
            wait = _DEFECT_SECONDS
            log.exception("notices broke and are tried again", thread=name)
        except EnforcerError as error:
            wait = _AWAY_SECONDS
            if str(error) != said:
                said = str(error)
                log.warning("no notices for now", thread=name, error=said)
        clock.wait(stop, wait)
