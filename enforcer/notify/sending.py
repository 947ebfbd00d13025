# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends what waits, a thread per channel: one that is away keeps no other one waiting.

A notice is claimed before it is sent and marked after: whoever dies in between leaves it to be
tried again, so that it may arrive twice and is never lost. Its number tells such copies apart.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from enforcer.clock import Clock
from enforcer.errors import ConfigurationInvalid, NotSent
from enforcer.notify.channels import Channel
from enforcer.service_settings import NotifySettings
from enforcer.storage.database import Database
from enforcer.storage.notices import DEAD, SENT, StoredNotice

log = structlog.get_logger()

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
SPREAD = 0.5
"""The share of a wait that chance decides: who failed together does not come back together."""
AT_ONCE = 20

Chance = Callable[[], float]
"""From 0 to 1, 1 excluded."""


def wait_after(attempt: int, chance: Chance) -> timedelta:
    """How long after failed attempt number `attempt` (from 1) the next one is made."""
    wait = min(FIRST_WAIT * (1 << min(attempt - 1, 16)), LONGEST_WAIT)
    return wait * (1 - SPREAD * chance())


class Sender:
    """One channel's. `make`: the channel itself, made anew while its settings do not resolve."""

    def __init__(
        self,
        database: Database,
        settings: NotifySettings,
        make: Callable[[], Channel],
        clock: Clock,
        chance: Chance = random.random,
        stopping: threading.Event | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._make = make
        self._clock = clock
        self._chance = chance
        self._channel: Channel | None = None
        self._stopping = stopping or threading.Event()

    def more(self) -> bool:
        """As `look`; whether there may be more at once. Raises StorageError."""
        return self.look() >= AT_ONCE

    def look(self) -> int:
        """Try what is due; how many were tried. Raises StorageError."""
        name = self._settings.name
        with self._database.read() as reader:
            if not reader.notices.due(name, self._clock.now(), 1):
                return 0
        claimed = self._claim()
        for at, notice in enumerate(claimed):
            if self._stopping.is_set():
                self._give_back(claimed[at:])
                return at
            self._try(notice)
        return len(claimed)

    def _claim(self) -> list[StoredNotice]:
        now = self._clock.now()
        with self._database.write() as work:
            due = work.notices.due(self._settings.name, now, AT_ONCE)
            claimed = [
                replace(
                    notice,
                    attempts=notice.attempts + 1,
                    next=now + wait_after(notice.attempts + 1, self._chance),
                )
                for notice in due
            ]
            for notice in claimed:
                work.notices.change(notice)
        return claimed

    def _give_back(self, claimed: list[StoredNotice]) -> None:
        now = self._clock.now()
        with self._database.write() as work:
            for notice in claimed:
                work.notices.change(replace(notice, attempts=notice.attempts - 1, next=now))

    def _try(self, notice: StoredNotice) -> None:
        told = log.bind(notice=notice.id, channel=notice.channel, event_name=notice.event)
        try:
            if self._channel is None:
                self._channel = self._make()
            self._channel.send(notice)
        except (NotSent, ConfigurationInvalid) as error:
            dead = notice.attempts >= self._settings.attempts
            body = {**notice.body, "error": str(error)}
            self._keep(replace(notice, body=body, state=DEAD if dead else notice.state))
            said = "notice given up" if dead else "notice not sent"
            told.warning(said, attempt=notice.attempts, error=str(error))
            return
        body = {**notice.body, "error": ""}
        self._keep(replace(notice, body=body, state=SENT, next=self._clock.now()))
        told.info("notice sent", attempt=notice.attempts)

    def _keep(self, notice: StoredNotice) -> None:
        with self._database.write() as work:
            work.notices.change(notice)
