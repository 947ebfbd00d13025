# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that were placed at once although they needed a second person: reviewed afterwards."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.core.access import Action
from enforcer.core.orders import Order
from enforcer.errors import Forbidden, NotFound
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World, existing

EMERGENCY = "order.emergency"
"""The kind of the entry that says so, why, and whose account it was."""
REVIEW = "emergency-review"
"""The kind of the alarm that is open until somebody else has looked at it."""


def review_wanted(order: Order, actor: Actor) -> str:
    """What the alarm says."""
    return (
        f"{actor.person} placed order {order.id} as an emergency, without a second person:"
        f" somebody else looks at it, and says so with `enforcer approval review {order.id}`"
    )


def review(world: World, actor: Actor, order_id: str, reason: str) -> Order:
    """See `Application.review`; what was reviewed already stays as it is."""
    need_reason(reason, "a review needs a reason")
    need_right(actor)
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, order_id)
        told = work.audit.entries(subject=order.id, kinds=(EMERGENCY,))
        if not told:
            raise NotFound(f"order {order.id} was not placed as an emergency")
        if same_person(actor, str(told[0].payload.get("person")), order.issuer):
            raise Forbidden(f"order {order.id} is your own emergency: somebody else reviews it")
        if work.alarms.is_open(REVIEW, order.id):
            work.record(
                "order.reviewed", actor, at=now, subject=order.id, payload={"reason": reason}
            )
            why = f"reviewed by {actor.name}: {reason}"
            work.clear_alarm(REVIEW, actor, at=now, subject=order.id, why=why)
    return order


def need_right(actor: Actor) -> None:
    """Raise Forbidden for whoever may not be a second person."""
    machine = actor.rights is not None and actor.rights.machine is not None
    if machine or not actor.may(Action.APPROVE):
        raise Forbidden(f"{actor.name} may not do this: it needs the right '{Action.APPROVE}'")


def same_person(actor: Actor, person: str, issuer: str) -> bool:
    """Whether `actor` is who asked: by account, or by the name in the record."""
    names = {actor.person.casefold(), actor.name.casefold()}
    return not names.isdisjoint({person.casefold(), issuer.casefold()})
