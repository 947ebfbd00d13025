# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders about addresses that have a new owner: they end a day later unless reconfirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from enforcer.application.actor import Actor
from enforcer.control.settling import OWNER_CHANGED
from enforcer.core.handover import Handover, handovers, named_addresses
from enforcer.core.orders import Network, Order, is_over
from enforcer.core.times import say_when
from enforcer.core.topology import Topology
from enforcer.storage.unit_of_work import UnitOfWork

GRACE = timedelta(hours=24)
"""How long an order goes on when what it names has a new owner and nobody reconfirms it."""

InForceAt = Callable[[datetime], Topology | None]


@dataclass(frozen=True, slots=True)
class OwnerChange:
    """`order` names `prefix`, of which addresses were `was`'s (None: nobody's), now `now`'s."""

    order: Order
    prefix: str
    was: str | None
    now: str

    def end(self, at: datetime) -> datetime:
        """When the order ends unless somebody reconfirms it."""
        return min(self.order.end or at + GRACE, at + GRACE)

    def sentence(self, at: datetime) -> str:
        """For people, with the way out."""
        return (
            f"order {self.order.id} names {self.prefix}, which belonged to"
            f" {self.was or 'nobody'} and now belongs to {self.now}: it ends at"
            f" {say_when(self.end(at))} unless `enforcer order reconfirm {self.order.id}` is given"
        )


def owner_changes(
    before: Topology, after: Topology, orders: Iterable[Order], now: datetime, placed: InForceAt
) -> list[OwnerChange]:
    """What `after` changes for the orders that are in force at `now`, or to come.

    `placed`: the inventory that was in force at an instant. What belonged to nobody (or to no
    tenant of its customer) before `after` is compared with the owner when the order was placed:
    who got back what was theirs then is no new owner.
    """
    named = [(o, named_addresses(o)) for o in orders if not is_over(o, now)]
    moved = handovers(before, after, (p for _, prefixes in named for p in prefixes))
    if not moved:
        return []
    found = (_change(order, moved, after, placed) for order, _ in named)
    return [change for change in found if change is not None]


def _change(
    order: Order, moved: list[Handover], after: Topology, placed: InForceAt
) -> OwnerChange | None:
    found = _met(order, moved)
    fresh = [handover for _, handover in found if handover.fresh]
    if fresh and len(fresh) == len(found):
        then = placed(order.created)
        if then is not None:
            since = handovers(then, after, named_addresses(order))
            found = _met(order, (one for one in since if any(one.meets(f) for f in fresh)))
    for prefix, handover in sorted(found, key=lambda one: one[1].fresh):
        return OwnerChange(order, str(prefix), handover.was, handover.now)
    return None


def _met(order: Order, moved: Iterable[Handover]) -> list[tuple[Network, Handover]]:
    """What changed hands of the addresses that `order` names."""
    several, named = list(moved), named_addresses(order)
    return [(prefix, one) for prefix in named for one in several if one.overlaps(prefix)]


def shorten(work: UnitOfWork, actor: Actor, at: datetime, changes: Iterable[OwnerChange]) -> None:
    """Let the orders end a day from now at the latest; each is recorded and alarmed."""
    for change in changes:
        order, end = change.order, change.end(at)
        seq = work.record(
            "order.owner-changed",
            actor,
            at=at,
            subject=order.id,
            payload={
                "prefix": change.prefix,
                "was": change.was,
                "now": change.now,
                "from": order.end.isoformat() if order.end else None,
                "to": end.isoformat(),
            },
        )
        work.orders.update(replace(order, end=end, changed=seq))
        said = change.sentence(at)
        work.raise_alarm(OWNER_CHANGED, actor, at=at, subject=order.id, said=said)
