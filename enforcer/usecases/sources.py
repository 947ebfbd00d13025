# SPDX-License-Identifier: GPL-2.0-or-later
"""Sources of orders: their limits, what they do, the kill switch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.application.actor import Actor
from enforcer.application.desk_views import SourceView
from enforcer.core.draft import did_you_mean
from enforcer.core.source_limits import Stop, limits_of
from enforcer.core.source_names import EVERYBODY, PEOPLE
from enforcer.core.topology import Topology
from enforcer.errors import InvalidInput, NotFound
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World

_OUR_OWN = {"cli", "api"}
_MINUTE = timedelta(minutes=1)
STOPPED = "sources-stopped"
"""The alarm while all automated sources are stopped."""
_ALL_STOPPED = (
    "every automated source was stopped by {} ({}): nothing that programs and detectors ask for is"
    " ordered; when that is settled, `enforcer source start --all`"
)


def sources(world: World) -> list[SourceView]:
    """See `Application.sources`; by name."""
    topology = world.topology
    with world.database.read() as reader:
        work = _Work.of(reader, world.clock.now())
    names = {*topology.sources, *work.active, *work.last_minute, *work.stops}
    return [_view(name, topology, work) for name in sorted(names)]


def stop(world: World, actor: Actor, name: str, reason: str) -> SourceView:
    """See `Application.source_stop`; a source that is stopped stays as it is.

    `EVERYBODY` stops all automated sources by one switch, also those that never came before;
    that is an alarm while it lasts. People go on.

    Raises InvalidInput; NotFound for a name that neither an order nor a report ever came from,
    that has no token, and that the inventory states no limits for: a typing error must not look
    like a stopped source.
    """
    need_reason(reason, "stopping a source needs a reason")
    topology, now = world.topology, world.clock.now()
    with world.database.write() as work:
        _must_exist(name, _known(work, topology))
        if work.sources.stop(name, Stop(actor.name, reason.strip(), now)):
            work.record("source.stopped", actor, at=now, subject=name, payload={"reason": reason})
            if name == EVERYBODY:
                said = _ALL_STOPPED.format(actor.name, reason.strip())
                work.raise_alarm(STOPPED, actor, at=now, subject=name, said=said)
        return _view(name, topology, _Work.of(work, now))


def start(world: World, actor: Actor, name: str) -> SourceView:
    """See `Application.source_start`; a source that is not stopped stays as it is.

    `EVERYBODY` ends the stop of all; who was stopped alone stays so. Raises NotFound as `stop`
    does; InvalidInput for one of which only the stop of all is in the way.
    """
    topology, now = world.topology, world.clock.now()
    with world.database.write() as work:
        _must_exist(name, _known(work, topology))
        if work.sources.start(name):
            work.record("source.started", actor, at=now, subject=name, payload={})
            if name == EVERYBODY:
                why = f"started again by {actor.name}"
                work.clear_alarm(STOPPED, actor, at=now, subject=name, why=why)
        if (left := work.sources.stop_of(name)) is not None and left.everybody:
            raise InvalidInput(
                f"all automated sources are stopped, {name!r} with them: start them all"
                " (`enforcer source start --all`)"
            )
        return _view(name, topology, _Work.of(work, now))


@dataclass(frozen=True, slots=True)
class _Work:
    """What the sources do now, by name."""

    active: dict[str, int]
    last_minute: dict[str, int]
    stops: dict[str, Stop]

    @staticmethod
    def of(reader: Reader, now: datetime) -> _Work:
        return _Work(
            reader.orders.unfinished_by_source(now),
            reader.orders.placed_by_source(now - _MINUTE),
            reader.sources.stops(),
        )


def _known(reader: Reader, topology: Topology) -> set[str]:
    """Sources that there are: a detector is one before its first order, too."""
    ordered, reported = reader.orders.sources(), reader.reports.sources()
    tokens = (token.source for token in reader.tokens.all())
    return {*topology.sources, *ordered, *reported, *reader.sources.stops(), *tokens}


def _must_exist(name: str, known: Iterable[str]) -> None:
    if not name.strip():
        raise InvalidInput("a source's name is needed: see `enforcer source list`")
    if name == EVERYBODY:
        return
    every = _OUR_OWN.union(known) - {EVERYBODY}
    if name not in every:
        raise NotFound(
            f"no order ever came from a source {name!r}, it has no token, and the inventory states"
            f" no limits for it{did_you_mean(name, sorted(every))}: see `enforcer source list`"
        )


def _view(name: str, topology: Topology, work: _Work) -> SourceView:
    limits, stopped = limits_of(topology, name), work.stops.get(name)
    if stopped is None and name not in PEOPLE:
        stopped = work.stops.get(EVERYBODY)
    return SourceView(
        name=name,
        longest=limits.longest,
        active_limit=limits.active,
        per_minute=limits.per_minute,
        widest4=limits.widest4,
        widest6=limits.widest6,
        active=work.active.get(name, 0),
        last_minute=work.last_minute.get(name, 0),
        stopped=stopped is not None,
        stopped_by=stopped.by if stopped else None,
        stopped_why=stopped.why if stopped else None,
        stopped_since=stopped.since if stopped else None,
        stopped_with_all=stopped is not None and stopped.everybody,
    )
