# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose orders somebody sees: who may read sees all, a detector those of its own source.

The one place where that is decided. What is another's does not exist for a detector: its number
says nothing, and neither does the answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from enforcer.application.actor import Actor
from enforcer.application.commands import OrderFilter
from enforcer.core.access import Action
from enforcer.core.orders import Order
from enforcer.errors import Forbidden, NotFound
from enforcer.storage.records import AuditEntry
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.comment import COMMENTED
from enforcer.usecases.world import existing


def visible(reader: Reader, actor: Actor, order_id: str) -> Order:
    """The order, where `actor` may see it. Raises InvalidInput, NotFound, Forbidden."""
    order = existing(reader, order_id)
    if _confined(actor) and order.source != actor.source:
        raise NotFound(f"no order {order_id}: see `enforcer order list`")
    return order


def within_reach(actor: Actor, which: OrderFilter) -> OrderFilter:
    """`which`, narrowed to what `actor` may see. Raises Forbidden."""
    if not _confined(actor):
        return which
    if which.source not in (None, actor.source):
        raise Forbidden(f"{actor.name} sees the orders of its own source, '{actor.source}', alone")
    return which.model_copy(update={"source": actor.source})


def told(actor: Actor, entries: Iterable[AuditEntry]) -> list[AuditEntry]:
    """What of an order's history `actor` is told: comments are between people."""
    if not _confined(actor):
        return list(entries)
    return [entry for entry in entries if entry.kind != COMMENTED]


def _confined(actor: Actor) -> bool:
    if actor.may(Action.READ):
        return False
    if not actor.may(Action.OWN):
        raise Forbidden(f"{actor.name} may not do this: it needs the right '{Action.READ}'")
    return True
