# SPDX-License-Identifier: GPL-2.0-or-later
"""One decision of a person about the inventory in force, as one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.core.topology import Topology
from enforcer.storage.inventories import CONTENT, content_of
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.in_force import read_in_force
from enforcer.usecases.inventory_alarms import update_alarms
from enforcer.usecases.world import World

Edit = Callable[[Topology], Topology]
Also = Callable[[UnitOfWork, datetime], None]


def _nothing(work: UnitOfWork, now: datetime) -> None:
    """Nothing beside the inventory itself."""


def change_in_force(
    world: World, actor: Actor, note: Note, edit: Edit, also: Also = _nothing
) -> Topology:
    """Put the edited inventory in force, recorded as `note`; returns it.

    `edit` is given the newest inventory inside the transaction (before any was put in force:
    what the files say) and may refuse by raising; where it changes nothing, nothing is stored.
    `also`: what else belongs into the transaction.
    """
    now = world.clock.now()
    with world.database.write() as work:
        before = read_in_force(work, world.load_topology).topology
        after = edit(before)
        if after.digest == before.digest:
            return after
        payload = {**note.payload, CONTENT: content_of(after)}
        seq = work.record(
            note.kind, actor, at=now, subject=note.subject, device=note.device, payload=payload
        )
        about = " ".join(filter(None, (note.kind, note.subject, note.device)))
        work.inventories.add(seq, after, at=now, origin=about)
        update_alarms(work, actor, now, after)
        also(work, now)
    world.ring()
    return after
