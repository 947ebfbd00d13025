# SPDX-License-Identifier: GPL-2.0-or-later
"""Keep an order that would end because what it names has a new owner."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import Reconfirm
from enforcer.control.settling import OWNER_CHANGED
from enforcer.core.orders import Order, is_over
from enforcer.core.times import format_when
from enforcer.errors import OrderRefused
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World, existing

_CHANGED, _KEPT = "order.owner-changed", "order.reconfirmed"


def keep(world: World, actor: Actor, command: Reconfirm) -> Order:
    """Give the order back the end that it had before its target changed hands.

    An end that somebody has set since stays. Raises OrderRefused (already-ended,
    nothing-to-reconfirm), InvalidInput, NotFound.
    """
    need_reason(command.reason, "keeping an order against a new owner needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, command.order)
        _check(work, order, now)
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
    world.ring()
    return kept


def _check(work: UnitOfWork, order: Order, now: datetime) -> None:
    if is_over(order, now):
        raise OrderRefused(
            "already-ended",
            f"order {order.id} ended at {format_when(order.ends or now)}: place a new order",
        )
    if not work.alarms.is_open(OWNER_CHANGED, order.id):
        raise OrderRefused(
            "nothing-to-reconfirm",
            f"what order {order.id} names has no new owner: use extend for another end",
        )


def _end_before(work: UnitOfWork, order: Order) -> datetime | None:
    """The end before the first change of owner that nobody has reconfirmed."""
    entries = work.audit.entries(subject=order.id, kinds=(_CHANGED, _KEPT))
    since = max((at for at, e in enumerate(entries) if e.kind == _KEPT), default=-1) + 1
    changes = entries[since:]
    if not changes or changes[-1].payload["to"] != (order.end.isoformat() if order.end else None):
        return order.end
    first = changes[0].payload["from"]
    return datetime.fromisoformat(str(first)) if first is not None else None
