# SPDX-License-Identifier: GPL-2.0-or-later
"""A local API that lost its decisions must not free whom we blocked: held until confirmed.

A database that was emptied, restored from an old copy or replaced answers as one whose decisions
are all over. So of what a pull says is over, as of a list that shrinks, over 20 % of the orders
that stand is held, and a person is told. What ended by itself, as long as the decision said that
it would last, is no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from enforcer.application.actor import Actor
from enforcer.core.lists import shrinks
from enforcer.core.orders import is_over
from enforcer.core.prefixes import parse_network
from enforcer.core.signals import Signal
from enforcer.storage.reports import StoredReport
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.world import World

log = structlog.get_logger()

ALARM = "decisions-shrink"
CONFIRM = "enforcer intake poll --confirm-shrink"
LASTING = "lasting_seconds"
"""Among the fields of a report: how long its decision was to last then."""
_FEW = 5
"""So many may go by a decision each, unless nothing is left at all."""
_SLACK = timedelta(seconds=60)
FORMAT = "crowdsec"
MOST = 200_000
"""Reports that are looked at."""


@dataclass
class Guard:
    """Holds what is too much; for one thread. `lifts`: whether a report's end lifts its order."""

    world: World
    lifts: Callable[[StoredReport], bool]
    actor: Actor
    url: str
    held: dict[str, Signal] = field(default_factory=dict)
    _told: str | None = None
    """What was said last; empty: nothing is held, None: not known since the start."""

    def passed(
        self,
        over: Sequence[Signal],
        standing: Collection[str],
        whole: bool,
        confirmed: Actor | None = None,
    ) -> list[Signal]:
        """What of `over` is to be believed now. Raises StorageError.

        `standing`: keys of what the local API has; with `whole` it has nothing else.
        """
        if whole:
            self.held.clear()
        for key in standing:
            self.held.pop(key, None)
        if confirmed is not None:
            believed = {**self.held, **{one.key: one for one in over}}
            self.held.clear()
            self._told = None
            self._clear("it was confirmed", confirmed)
            return list(believed.values())
        if self.held or whole or len(over) > _FEW:
            over = self._weighed(over, nothing_left=whole and not standing)
        if not self.held:
            self._clear("what is over is as much as it may be", self.actor)
        return list(over)

    def _weighed(self, over: Sequence[Signal], nothing_left: bool) -> Sequence[Signal]:
        with self.world.database.read() as reader:
            orders = self._standing(reader)
        self.held = {key: one for key, one in self.held.items() if key in orders}
        going = {one.key: one for one in over if one.key in orders}
        few = len(going) <= _FEW and not nothing_left
        if few or not shrinks(len(orders), len(orders) - len(going)):
            return over
        self.held |= going
        self._tell(len(orders), len(orders) - len(self.held))
        return [one for one in over if one.key not in going]

    def _standing(self, reader: Reader) -> set[str]:
        """The keys of reports whose orders stand, and should: their decisions lasted longer."""
        now = self.world.clock.now()
        rows = reader.reports.search(
            states=("ordered",), formats=(FORMAT,), source=self.actor.source, limit=MOST
        )
        in_force = {
            order.number
            for order in reader.orders.unfinished(now, timedelta(0))
            if not is_over(order, now)
        }
        return {
            key_of(row)
            for row in rows
            if row.order in in_force and self.lifts(row) and not _ran_out(row, now)
        }

    def _tell(self, before: int, after: int) -> None:
        said = (
            f"{self.url}: what {self.actor.source} ordered would shrink from {before:,} to"
            f" {after:,} orders: nothing was lifted; if that is right: `{CONFIRM}`"
        )
        if said == self._told:
            return
        with self.world.database.write() as work:
            at = self.world.clock.now()
            work.raise_alarm(ALARM, self.actor, at=at, subject=self.actor.source, said=said)
        log.error("crowdsec.held", said=said)
        self._told = said

    def _clear(self, why: str, actor: Actor) -> None:
        if self._told == "":
            return
        subject = self.actor.source
        with self.world.database.read() as reader:
            raised = reader.alarms.is_open(ALARM, subject)
        if raised:
            with self.world.database.write() as work:
                at = self.world.clock.now()
                work.clear_alarm(ALARM, actor, at=at, subject=subject, why=why)
        self._told = ""


def key_of(row: StoredReport) -> str:
    """The key of the signals that a report of a decision came from."""
    return str(parse_network(row.target or ""))


def _ran_out(row: StoredReport, now: datetime) -> bool:
    """Whether its decision is over by itself; one that was renewed is taken to be."""
    lasting = row.body["fields"].get(LASTING)
    return isinstance(lasting, int | float) and row.at + timedelta(seconds=lasting) <= now + _SLACK
