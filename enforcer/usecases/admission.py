# SPDX-License-Identifier: GPL-2.0-or-later
"""What new orders are checked against, read once for any number of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.core import four_eyes, machine_checks
from enforcer.core.alike import Terrain
from enforcer.core.brake import PauseState
from enforcer.core.collateral import Hit, hit_by
from enforcer.core.contributions import contributions
from enforcer.core.draft import Draft, Known, Refusal
from enforcer.core.guardrails import check
from enforcer.core.lists import ListContent
from enforcer.core.orders import Blackhole, BlockAddress, BlockList, Demand
from enforcer.core.placement import Ownership
from enforcer.core.plan import Capability
from enforcer.core.source_limits import Traffic
from enforcer.errors import InvalidInput
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.capacity import Room
from enforcer.usecases.reasons import check_text, need_reason
from enforcer.usecases.world import World

_MINUTE = timedelta(minutes=1)
_REMEMBERED = 10_000
"""Judgements that are kept: a swarm has few kinds of orders, and memory has an end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command with its times resolved, who is hit by it, and what speaks against it.

    `devices`: which would hold it, where some device is paused by itself; else empty.
    `approval`: why it waits for a second person; empty: it does not.
    """

    command: PlaceOrder
    draft: Draft
    hit: Hit
    refusals: tuple[Refusal, ...]
    devices: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plain:
    """Who is hit by a command that nothing speaks against, and where it would be held."""

    hit: Hit
    devices: tuple[str, ...]


Likeness = tuple[object, ...]
"""Everything that the checks of a draft look at, but for which of many like addresses it is."""


def likeness(draft: Draft, terrain: Terrain, now: datetime) -> Likeness | None:
    """Equal for drafts of which the checks say the same at `now`; None: it is like no other."""
    demand = draft.demand
    if not isinstance(demand, BlockAddress | Blackhole) or demand.exceptions:
        return None
    place = terrain.place(demand.prefix)
    if place is None:
        return None
    times = (now, draft.start, draft.end, draft.open_ended)
    given = (draft.confirm_wide, draft.confirm_collateral, draft.confirm_routes)
    exports = demand.exports if isinstance(demand, Blackhole) else None
    where = (exports, demand.direction, demand.vrf, draft.scope, draft.source)
    return (*place, *times, *given, draft.confirm_foreign, *where)


def is_plain(asked: Asked) -> bool:
    """Whether what is said of a command names no address, so that it holds for the like."""
    return not (asked.refusals or asked.approval or asked.hit.needs)


class Counted(NamedTuple):
    """What of a source is limited, and so has to be counted."""

    active: bool = True
    last_minute: bool = True


class Admission:
    """The inventory in force and the devices' abilities, as one use case sees them.

    `swarm`: many commands of one actor come, of which most are alike.
    """

    def __init__(self, world: World, swarm: bool = False) -> None:
        self.world = world
        with world.database.read() as reader:
            self._in_force = world.in_force_of(reader)
            self._owner = reader.control.identity()
            self._paused = bool(paused_devices(reader))
        self.topology = self._in_force.topology
        self._swarm = swarm
        self._judged: dict[Likeness, Plain] = {}

    @property
    def owners(self) -> Ownership:
        """Who owns which addresses."""
        return self._in_force.owners

    def ask(self, actor: Actor, command: PlaceOrder, now: datetime) -> Asked:
        """Check a command, apart from what depends on the moment of storing it.

        Raises InvalidInput for what makes no sense; see `draft_of`.
        """
        need_reason(command.reason, "an order needs a reason")
        _check_texts(command)
        draft = draft_of(command, actor, now)
        alike = likeness(draft, self._terrain, now) if self._swarm else None
        plain = self._judged.get(alike) if alike is not None else None
        if plain is not None:
            refusals = self._room.over_capacity(draft, now)
            return Asked(command, draft, plain.hit, refusals, plain.devices)
        asked = self._judge(actor, command, draft, now)
        if alike is not None and is_plain(asked):
            if len(self._judged) >= _REMEMBERED:
                self._judged.clear()
            self._judged[alike] = Plain(asked.hit, asked.devices)
        return asked

    def _judge(self, actor: Actor, command: PlaceOrder, draft: Draft, now: datetime) -> Asked:
        hit = self.hit(draft.demand)
        known = self._known(draft.demand, hit)
        refusals = self._of_machine(draft, actor, now)
        refusals += check(draft, self.topology, known, now, self._able)
        refusals = refusals or self._room.over_capacity(draft, now)
        final = any(not refusal.confirmable for refusal in refusals)
        approval = () if final else self.approval(draft, hit, actor)
        refusals = refusals or four_eyes.machine(approval, actor.rights)
        devices = self._devices(draft) if self._paused and not refusals else ()
        return Asked(command, draft, hit, refusals, devices, approval)

    def approval(
        self, draft: Draft, hit: Hit, actor: Actor, reader: Reader | None = None
    ) -> tuple[str, ...]:
        """Why `draft` of `actor` waits for a second person; nobody asks that of the shell.

        `reader`: of the transaction that is open, where one is.
        """
        rule = self.world.four_eyes
        if actor.rights is None or not rule.enabled:
            return ()
        content, demand = None, draft.demand
        if isinstance(demand, BlockList):
            if reader is None:
                content = self._content_of(demand).get(demand.list_name)
            else:
                content = reader.lists.current(demand.list_name)
        return four_eyes.reasons(draft, hit, rule, self.topology, self.owners, content)

    def renewed(self, asked: Asked, actor: Actor, reader: Reader) -> Asked:
        """`asked`, measured anew where its list changed since: nobody lets it grow in between."""
        demand = asked.draft.demand
        if actor.rights is None or not isinstance(demand, BlockList):
            return asked
        if demand.list_name not in self._contents:
            return asked
        known = self._contents[demand.list_name]
        measured = None if known is None else known.version
        if measured == reader.lists.current_version(demand.list_name):
            return asked
        approval = self.approval(asked.draft, asked.hit, actor, reader)
        refusals = asked.refusals or four_eyes.machine(approval, actor.rights)
        return replace(asked, approval=approval, refusals=refusals)

    def _of_machine(self, draft: Draft, actor: Actor, now: datetime) -> tuple[Refusal, ...]:
        """What a detector may not ask for."""
        if actor.rights is None or actor.rights.machine is None:
            return ()
        limits = actor.rights.machine
        return tuple(machine_checks.machine(draft, limits, self.topology, self._in_force.own, now))

    def _devices(self, draft: Draft) -> tuple[str, ...]:
        contents = self._content_of(draft.demand)
        return contributions(draft.order(), self.topology, contents, self.owners).devices

    def hit(self, demand: Demand) -> Hit:
        """Who is hit by `demand`, as far as the names in it are known."""
        ground = self._in_force.ground
        return hit_by(demand, self.topology, ground.parties, ground.owners)

    @cached_property
    def _able(self) -> Mapping[str, Capability]:
        return self.world.abilities(self._in_force, self._owner)

    @cached_property
    def _terrain(self) -> Terrain:
        return Terrain.of(self.topology, self._able)

    @cached_property
    def _room(self) -> Room:
        return Room(self.world, self._in_force, self._able)

    @cached_property
    def _contents(self) -> dict[str, ListContent | None]:
        return {}

    @cached_property
    def _lists(self) -> frozenset[str]:
        with self.world.database.read() as reader:
            return frozenset(reader.lists.names())

    def _known(self, demand: Demand, hit: Hit) -> Known:
        known = Known(ground=self._in_force.ground, needs=hit.needs)
        if not isinstance(demand, BlockList):
            return known
        # The names first: of a list that is imported just now nothing is known then.
        lists = self._lists
        contents = self._content_of(demand) if self.topology.protected else {}
        return replace(known, lists=lists, contents=contents)

    def _content_of(self, demand: Demand) -> dict[str, ListContent]:
        if not isinstance(demand, BlockList):
            return {}
        name = demand.list_name
        if name not in self._contents:
            with self.world.database.read() as reader:
                self._contents[name] = reader.lists.current(name)
        content = self._contents[name]
        return {} if content is None else {name: content}


def draft_of(command: PlaceOrder, actor: Actor, now: datetime) -> Draft:
    """The command with its times resolved; raises InvalidInput for contradictions."""
    if command.start is not None and command.start_after is not None:
        raise InvalidInput("give the start as an instant or as a delay, not both")
    ends = (command.end is not None, command.duration is not None, command.open_ended)
    if sum(ends) > 1:
        raise InvalidInput("give exactly one of an end, a duration, or open-ended")
    try:
        start = command.start or (now + command.start_after if command.start_after else now)
        end = start + command.duration if command.duration is not None else command.end
    except OverflowError:
        raise InvalidInput("the end is beyond the calendar: give an earlier start") from None
    return Draft(
        command.demand,
        start,
        end,
        command.scope,
        command.open_ended,
        actor.source,
        command.confirm_wide,
        command.confirm_collateral,
        command.confirm_routes,
        command.confirm_foreign,
    )


def traffic(reader: Reader, source: str, now: datetime, counted: Counted | None = None) -> Traffic:
    """What stands in the way of orders from `source` now; only what is limited is counted.

    Inside a transaction that owns the end of the change sequence it stays true until the end:
    nobody else can place an order meanwhile.
    """
    counted = counted or Counted()
    control = reader.control.state()
    said = f" by {control.by}" if control.by else ""
    said += f" ({control.reason})" if control.reason else ""
    return Traffic(
        stop=reader.sources.stop_of(source),
        active=_counted(reader.orders.unfinished_by_source, now, source, counted.active),
        last_minute=_counted(
            reader.orders.placed_by_source, now - _MINUTE, source, counted.last_minute
        ),
        pause=PauseState(control.state),
        pause_said=said,
        devices=paused_devices(reader),
    )


def _counted(
    count: Callable[[datetime, str], Mapping[str, int]],
    instant: datetime,
    source: str,
    is_limited: bool,
) -> int:
    return count(instant, source).get(source, 0) if is_limited else 0


def paused_devices(reader: Reader) -> dict[str, str]:
    """The devices that are paused by themselves: by whom and why."""
    return {
        name: f"by {control.paused_by} ({control.paused_why})"
        for name, control in reader.device_controls.all().items()
        if control.paused
    }


def _check_texts(command: PlaceOrder) -> None:
    key = command.idempotency_key
    if key is not None and not key.strip():
        raise InvalidInput("the idempotency key is empty: give --key a value, or leave it out")
    check_text(key or "", "--key")
    check_text(command.ticket or "", "--ticket")
    clause = command.policy
    if clause is not None:
        check_text(f"{clause.pack}{clause.version}{clause.clause}", "--policy")
