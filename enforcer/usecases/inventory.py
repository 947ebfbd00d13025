# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory in force: show it, compare it with the files, put the files in force.

A reload is worked out against one inventory in force and committed only if that is still the
newest: preview and outcome come from the same two inventories.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from enforcer.application.actor import Actor
from enforcer.application.desk_views import Change, InventoryDiff, InventoryView, ProtectedView
from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.inventory_change import merge, other_boxes
from enforcer.core.inventory_differences import Difference, changes
from enforcer.core.orders import Order, is_over
from enforcer.core.shrunk_protection import shrunk, shrunk_sentence
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Topology
from enforcer.errors import ConfigurationInvalid, StorageError
from enforcer.storage.inventories import CONTENT, content_of
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from enforcer.usecases.drivable import proposed
from enforcer.usecases.in_force import InForce, read_in_force
from enforcer.usecases.inventory_alarms import (
    BAD,
    FILES,
    update_alarms,
    update_shrinking,
    warnings,
)
from enforcer.usecases.inventory_effects import RELOAD, Effect, by_reload, effects
from enforcer.usecases.inventory_plain import plain
from enforcer.usecases.inventory_references import lost_names
from enforcer.usecases.owner_changes import OwnerChange, owner_changes, shorten
from enforcer.usecases.reasons import check_reason
from enforcer.usecases.world import World
from enforcer.wire import JSONValue

log = structlog.get_logger()

BRAKED = "braked"
_UNREADABLE = (
    "the inventory in force could not be read any more, so what it kept beyond the files is lost"
)
_TRIES = 10
_SAID = 10
_LINES = 100
"""How many lines of changes or problems an audit entry has; totals say how many there were."""


@dataclass(frozen=True)
class _Proposal:
    """What the files would change. `head`: the change sequence up to which orders were seen.

    `problems`: why it must not be put in force at all. `unreadable`: what is in force cannot be
    read any more, so that nothing can be compared.
    """

    standing: InForce
    after: Topology
    changes: list[Difference]
    effects: list[Effect]
    owners: list[OwnerChange]
    lost: list[str]
    head: int
    now: datetime
    problems: list[str]
    unreadable: bool = False

    @property
    def before(self) -> Topology | None:
        known = self.standing.version is not None and not self.unreadable
        return self.standing.topology if known else None

    @property
    def needed(self) -> bool:
        """Whether a new row is needed at all."""
        return self.before is None or self.before.digest != self.after.digest

    @property
    def shrunk(self) -> list[str]:
        """Protected, shared and pools' space that is guarded no longer."""
        return shrunk(self.before, self.after) if self.before is not None else []

    def view(self, sequence: int | None = None, applied: bool = False) -> InventoryDiff:
        owners = [change.sentence(self.now) for change in self.owners]
        return InventoryDiff(
            ok=True,
            changes=[Change(**one._asdict()) for one in self.changes],
            devices=[effect.view() for effect in self.effects],
            warnings=[
                *([_UNREADABLE] if self.unreadable else []),
                *([shrunk_sentence(guarded)] if (guarded := self.shrunk) else []),
                *owners,
                *self.lost,
                *(said for effect in self.effects for said in effect.warnings),
                *warnings(self.after),
            ],
            applied=applied,
            sequence=sequence if applied else self.standing.seq,
        )


def show(world: World) -> InventoryView:
    """See `Application.inventory_show`."""
    standing = world.in_force()
    topology, version = standing.topology, standing.version
    return InventoryView(
        sequence=standing.seq,
        since=version.at if version is not None else None,
        origin=version.origin if version is not None else "the files, never put in force",
        digest=topology.digest,
        devices=[plain(d) for _, d in sorted(topology.devices.items())],
        customers=[plain(c) for _, c in sorted(topology.customers.items())],
        service_sets=[plain(s) for _, s in sorted(topology.service_sets.items())],
        protected=[
            ProtectedView(prefix=str(p.prefix), reason=p.reason, origin=p.origin)
            for p in topology.protected
        ],
        pools=[plain(pool) for pool in topology.pools],
        shared=[plain(space) for space in topology.shared],
        feeds=[plain(feed) for _, feed in sorted(topology.feeds.items())],
        sources=[plain(limits) for _, limits in sorted(topology.sources.items())],
    )


def diff(world: World) -> InventoryDiff:
    """See `Application.inventory_diff`."""
    try:
        loaded = proposed(world)
    except ConfigurationInvalid as error:
        return InventoryDiff(ok=False, problems=_problems(error), sequence=_sequence(world))
    proposal = _propose(world, loaded)
    if proposal.problems:
        seq = proposal.standing.seq
        return InventoryDiff(ok=False, problems=proposal.problems, sequence=seq)
    return proposal.view()


def reload(world: World, actor: Actor, reason: str) -> InventoryDiff:
    """See `Application.inventory_reload`.

    Raises InvalidInput for a bad reason, StorageError.
    """
    check_reason(reason)
    for _ in range(_TRIES):
        try:
            # Anew each time: who was quicker may have had newer files.
            loaded = proposed(world)
        except ConfigurationInvalid as error:
            return _refused(world, actor, _problems(error), reason)
        proposal = _propose(world, loaded)
        if proposal.problems:
            return _refused(world, actor, proposal.problems, reason)
        with world.database.write() as work:
            newest = work.inventories.newest()
            if (newest.seq if newest is not None else None) != proposal.standing.seq:
                continue
            sequence = _commit(work, world, actor, proposal, reason)
        world.ring()
        return proposal.view(sequence, applied=sequence is not None)
    raise StorageError("the inventory in force changed again and again meanwhile: reload again")


def _propose(world: World, loaded: Topology) -> _Proposal:
    now = world.clock.now()
    with world.database.read() as reader:
        standing, unreadable = _standing(reader, loaded)
        known = standing.version is not None and not unreadable
        before = standing.topology if known else None
        after = merge(before, loaded)
        head = reader.audit.head()[0]
        controls = reader.device_controls.all()
        facts = reader.devices.all_facts()
        orders = reader.orders.unfinished(now, timedelta(0))
        owners = _owner_changes(reader, before, after, orders, now)
    running = [order for order in orders if not is_over(order, now)]
    same = before is not None and before.digest == after.digest
    return _Proposal(
        standing,
        after,
        changes(before, after),
        [] if same else effects(world, before, after, controls),
        owners,
        lost_names(before, after, running),
        head,
        now,
        _other_boxes(before, loaded, facts),
        unreadable,
    )


def _other_boxes(
    before: Topology | None, loaded: Topology, facts: Mapping[str, DeviceFacts]
) -> list[str]:
    """Where nothing was ever proved, a mistake in the address may be put right."""
    if before is None:
        return []
    return [
        said
        for name, said in other_boxes(before, loaded)
        if facts.get(name, DeviceFacts()).verified_at is not None
    ]


def _standing(reader: Reader, loaded: Topology) -> tuple[InForce, bool]:
    """What is in force, and whether that is unreadable: then the files stand for it."""
    try:
        return read_in_force(reader, lambda: loaded), False
    except StorageError:
        newest = reader.inventories.newest()
        if newest is None:
            raise
        return InForce(loaded, newest), True


def _owner_changes(
    reader: Reader, before: Topology | None, after: Topology, orders: list[Order], now: datetime
) -> list[OwnerChange]:
    if before is None:
        return []
    known: dict[int, Topology] = {}

    def placed(instant: datetime) -> Topology | None:
        version = reader.inventories.in_force_at(instant)
        if version is None:
            return None
        if version.seq not in known:
            known[version.seq] = reader.inventories.content(version)
        return known[version.seq]

    return owner_changes(before, after, orders, now, placed)


# -- committing --------------------------------------------------------------------------------


def _commit(
    work: UnitOfWork, world: World, actor: Actor, proposal: _Proposal, reason: str
) -> int | None:
    """Everything that follows from the new inventory; its row's sequence, None: none is needed."""
    now = world.clock.now()
    why = "the files could be loaded"
    work.clear_alarm(BAD, actor, at=now, subject=FILES, why=why)
    update_shrinking(work, actor, now, proposal.shrunk)
    if not proposal.needed:
        return None
    sequence = work.record("inventory.loaded", actor, at=now, payload=_summary(proposal, reason))
    origin = f"reload: {reason}" if reason else "reload"
    work.inventories.add(sequence, proposal.after, at=now, origin=origin)
    update_alarms(work, actor, now, proposal.after)
    shorten(work, actor, now, _with_newer_orders(work, proposal, now))
    # Holds come last: every order that this transaction changed is kept to the old basis too.
    _hold(work, actor, now, proposal, work.next_sequence() - 1)
    return sequence


def _with_newer_orders(work: UnitOfWork, proposal: _Proposal, now: datetime) -> list[OwnerChange]:
    """The owner changes by the orders as they are now: some were changed meanwhile."""
    newer = work.orders.changed_since(proposal.head)
    if not newer:
        return proposal.owners
    numbers = {order.number for order in newer}
    kept = [change for change in proposal.owners if change.order.number not in numbers]
    return [*kept, *_owner_changes(work, proposal.before, proposal.after, newer, now)]


def _summary(proposal: _Proposal, reason: str) -> dict[str, JSONValue]:
    lines = [" ".join(filter(None, one)) for one in proposal.changes]
    moved: dict[str, JSONValue] = {
        effect.device: {
            "adds": effect.view().adds,
            "removes": effect.view().removes,
            "braked": effect.braked,
        }
        for effect in proposal.effects
    }
    return {
        "digest": proposal.after.digest,
        "before": proposal.before.digest if proposal.before is not None else None,
        "reason": reason,
        "changes": [*lines[:_LINES]],
        "changed": len(lines),
        "devices": moved,
        CONTENT: content_of(proposal.after),
    }


def _hold(work: UnitOfWork, actor: Actor, now: datetime, proposal: _Proposal, seq: int) -> None:
    """Keep what the brake stops to the inventory before; let go what no longer differs.

    A device that is held already keeps its older basis.
    """
    before = proposal.before
    if proposal.unreadable:
        _hold_all(work, actor, now, proposal.after, seq)
    for effect in proposal.effects if before is not None else ():
        control = work.device_controls.get(effect.device)
        if control.hold is not None and not by_reload(control.hold):
            continue  # Nothing is written there at all until the release.
        if effect.braked and before is not None:
            held = _held(control, now, seq, before.digest, effect)
            work.device_controls.save(effect.device, replace(control, hold=held))
            said = (
                f"{effect.device}: {held.changes} rows would move and no order explains it:"
                f" look at `enforcer device show {effect.device}`, then let it pass with"
                f" `enforcer device release {effect.device}`"
            )
            if effect.loud:
                work.raise_alarm(BRAKED, actor, at=now, subject=effect.device, said=said)
        elif effect.held and control.hold is not None:
            work.device_controls.save(effect.device, replace(control, hold=None))
            why = "the inventory no longer moves anything there"
            work.clear_alarm(BRAKED, actor, at=now, subject=effect.device, why=why)


def _hold_all(work: UnitOfWork, actor: Actor, now: datetime, after: Topology, seq: int) -> None:
    """Nobody can say what would move: nothing is written before a person has looked."""
    for name in sorted(after.devices):
        control = work.device_controls.get(name)
        hold = Hold(now, seq, "", 0, _UNREADABLE, all=True)
        work.device_controls.save(name, replace(control, hold=hold))
        said = (
            f"{name}: {_UNREADABLE}: nothing is written there until a person has looked at"
            f" `enforcer device plan {name}` and given `enforcer device release {name}`"
        )
        work.raise_alarm(BRAKED, actor, at=now, subject=name, said=said)


def _held(control: DeviceControl, now: datetime, seq: int, digest: str, effect: Effect) -> Hold:
    why = f"{RELOAD} ({effect.view().adds} to add, {effect.view().removes} to remove)"
    if effect.whole:
        why += ", the device itself is another, so nothing at all is written there"
    changes = effect.tally.differing
    if control.hold is not None:
        return replace(control.hold, changes=changes, why=why, all=effect.whole)
    return Hold(now, seq, digest, changes, why, all=effect.whole)


# -- files that cannot be loaded ---------------------------------------------------------------


def _problems(error: ConfigurationInvalid) -> list[str]:
    found = getattr(error, "problems", None) or [str(error)]
    return [str(problem) for problem in found]


def _sequence(world: World) -> int | None:
    with world.database.read() as reader:
        newest = reader.inventories.newest()
    return newest.seq if newest is not None else None


def _refused(world: World, actor: Actor, problems: list[str], reason: str) -> InventoryDiff:
    now = world.clock.now()
    log.error("inventory cannot be loaded: what is in force stays", problems=problems[:_SAID])
    with world.database.write() as work:
        payload: dict[str, JSONValue] = {
            "problems": [*problems[:_LINES]],
            "count": len(problems),
            "reason": reason,
        }
        work.record("inventory.refused", actor, at=now, payload=payload)
        said = (
            f"the inventory's files cannot be loaded ({problems[0]}), so what was in force stays:"
            " correct them (`enforcer inventory check`), then `enforcer inventory reload`"
        )
        work.raise_alarm(BAD, actor, at=now, subject=FILES, said=said)
    return InventoryDiff(ok=False, problems=problems, sequence=_sequence(world))
