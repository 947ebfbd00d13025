# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep an order that would end because what it names has a new owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import Reconfirm
from enforcer.control.settling import OWNER_CHANGED
from enforcer.core.draft import Refusal
from enforcer.core.orders import Order, is_over
from enforcer.core.times import say_when
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from enforcer.usecases.intake import record_refused_change, refused
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World, existing

_CHANGED, _KEPT = "order.owner-changed", "order.reconfirmed"


def keep(world: World, actor: Actor, command: Reconfirm) -> Order:
    """Give the order back the end that it had before its target changed hands.

    An end that somebody has set since stays. Raises OrderRefused (already-ended,
    nothing-to-reconfirm), which leaves an audit entry; InvalidInput, NotFound.
    """
    need_reason(command.reason, "keeping an order against a new owner needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, command.order)
        refusals = _against(work, order, now)
        if refusals:
            record_refused_change(work, actor, now, order, command.reason, refusals)
        else:
            order = _kept(work, actor, now, order, command)
    if refusals:
        raise refused(refusals)
    world.ring()
    return order


def disowned(reader: Reader, order: Order) -> tuple[Refusal, ...]:
    """Code owner-changed: what `order` names has a new owner and nobody has reconfirmed it."""
    if not reader.alarms.is_open(OWNER_CHANGED, order.id):
        return ()
    said = (
        f"what order {order.id} names has another owner than when it was placed: reconfirm it"
        f" first (`enforcer order reconfirm {order.id}`), if it is to stay"
    )
    return (Refusal("owner-changed", said),)


def _kept(work: UnitOfWork, actor: Actor, now: datetime, order: Order, command: Reconfirm) -> Order:
    end = _end_before(work, order)
    seq = work.record(
        "order.reconfirmed",
        actor,
        at=now,
        subject=order.id,
        payload={
            "reason": command.reason,
            "from": order.end.isoformat() if order.end else None,
            "to": end.isoformat() if end else None,
        },
    )
    kept = replace(order, end=end, changed=seq)
    work.orders.update(kept)
    why = f"reconfirmed: {command.reason}"
    work.clear_alarm(OWNER_CHANGED, actor, at=now, subject=order.id, why=why)
    return kept


def _against(work: UnitOfWork, order: Order, now: datetime) -> tuple[Refusal, ...]:
    if is_over(order, now):
        ended = say_when(order.ends or now)
        said = f"order {order.id} ended at {ended}: place a new order"
        return (Refusal("already-ended", said),)
    if not work.alarms.is_open(OWNER_CHANGED, order.id):
        said = f"what order {order.id} names has no new owner: use extend for another end"
        return (Refusal("nothing-to-reconfirm", said),)
    return ()


def _end_before(work: UnitOfWork, order: Order) -> datetime | None:
    """The end before the first change of owner that nobody has reconfirmed."""
    entries = work.audit.entries(subject=order.id, kinds=(_CHANGED, _KEPT))
    since = max((at for at, e in enumerate(entries) if e.kind == _KEPT), default=-1) + 1
    changes = entries[since:]
    if not changes or changes[-1].payload["to"] != (order.end.isoformat() if order.end else None):
        return order.end
    first = changes[0].payload["from"]
    return datetime.fromisoformat(str(first)) if first is not None else None
