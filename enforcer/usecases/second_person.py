# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a change of an order needs a second person, and whose orders a detector may change."""

from __future__ import annotations

from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd
from enforcer.core.access import Action
from enforcer.core.draft import Draft
from enforcer.core.orders import Order
from enforcer.errors import AwaitingApproval, Forbidden, NotFound
from enforcer.storage.proposals import APPROVED
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.admission import Admission
from enforcer.usecases.asked_for import PLACE
from enforcer.usecases.emergencies import EMERGENCY
from enforcer.usecases.proposing import Proposing
from enforcer.usecases.world import World

_NEEDED = "the order needed a second person when it was placed"


class SecondPerson:
    """Under one inventory, for one who asks; made before the transaction."""

    def __init__(self, world: World, actor: Actor) -> None:
        self._rule = world.four_eyes
        self._actor = actor
        self._admission = Admission(world) if actor.rights is not None else None

    def why(self, work: UnitOfWork, order: Order, end: datetime | None) -> tuple[str, ...]:
        """Why a later end waits: it is none, or the order needs a second person, or did."""
        admission = self._admission
        if admission is None or not self._rule.enabled:
            return ()
        source = self._actor.source
        start = max(order.start, admission.world.clock.now())
        draft = Draft(order.demand, start, end, order.scope, end is None, source)
        found = admission.approval(draft, admission.hit(order.demand), self._actor, work)
        return found or ((_NEEDED,) if _needed(work, order) else ())


def _needed(work: UnitOfWork, order: Order) -> bool:
    about = work.proposals.about(order.number)
    if any(one.state == APPROVED and one.asked.what == PLACE for one in about):
        return True
    return bool(work.audit.entries(subject=order.id, kinds=(EMERGENCY,)))


def propose_change(
    work: UnitOfWork,
    world: World,
    actor: Actor,
    order: Order,
    command: ChangeEnd,
    why: tuple[str, ...],
) -> AwaitingApproval:
    """Store the proposal of a later end, with its entry."""
    now = world.clock.now()
    proposing = Proposing(work, actor, now, world.four_eyes)
    note, waits = proposing.change(order, command, why, work.next_sequence())
    if note is not None:
        work.record_many((note,), actor, at=now)
        proposing.store()
    return waits


def only_own(actor: Actor, order: Order) -> None:
    """Refuse a detector that would change what its source did not order.

    What it may not see either is not there for it: NotFound, else Forbidden.
    """
    machine = actor.rights is not None and actor.rights.machine is not None
    if machine and order.source != actor.source:
        if not actor.may(Action.READ):
            raise NotFound(f"no order {order.id}: see `enforcer order list`")
        raise Forbidden(
            f"order {order.id} is from '{order.source}': a detector changes only what its own"
            f" source, '{actor.source}', ordered"
        )


def only_people(actor: Actor, what: str) -> None:
    """Raise Forbidden for a detector."""
    if actor.rights is not None and actor.rights.machine is not None:
        raise Forbidden(f"a detector may not {what}: a person decides that")
