# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that were placed at once although they needed a second person: reviewed afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.core.access import Action
from enforcer.core.orders import Order
from enforcer.errors import Forbidden, NotFound
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World, existing
from enforcer.wire import JSONValue

EMERGENCY = "order.emergency"
"""The kind of the entry that says so, why, and whose account it was."""
REVIEW = "emergency-review"
"""The kind of the alarm that is open until somebody else has looked at it."""


def review_wanted(order: Order, actor: Actor, did: str = "placed") -> str:
    """What the alarm says."""
    return (
        f"{actor.person} {did} order {order.id} as an emergency, without a second person:"
        f" somebody else looks at it, and says so with `enforcer approval review {order.id}`"
    )


def need_emergency(actor: Actor) -> None:
    """Raise Forbidden for whoever may not do at once what needs a second person."""
    if not actor.may(Action.EMERGENCY):
        raise Forbidden(
            f"{actor.name} may not order as an emergency what needs a second person:"
            " leave the emergency out, and it waits for approval"
        )


def record_extended(
    work: UnitOfWork, actor: Actor, at: datetime, order: Order, emergency: str, why: Sequence[str]
) -> None:
    """A later end was set at once: say so, and let somebody else look at it."""
    payload: dict[str, JSONValue] = {
        "emergency": emergency,
        "why": [*why],
        "person": actor.person,
        "end": order.end.isoformat() if order.end else None,
    }
    work.record(EMERGENCY, actor, at=at, subject=order.id, payload=payload)
    said = review_wanted(order, actor, "extended")
    work.raise_alarm(REVIEW, actor, at=at, subject=order.id, said=said)


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
        people = [str(one.payload.get("person")) for one in told]
        if any(same_person(actor, person, order.issuer) for person in people):
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
