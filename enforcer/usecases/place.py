# SPDX-License-Identifier: GPL-2.0-or-later
"""Place an order: resolve its times, check it against the guardrails, store it, ring."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.core.draft import Draft, Known
from enforcer.core.guardrails import check
from enforcer.core.orders import Order, order_id
from enforcer.errors import InvalidInput, OrderRefused
from enforcer.storage.errors import DuplicateKey
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from enforcer.usecases.capacity import over_capacity
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.world import World
from enforcer.wire import demand_to_wire


def place(world: World, actor: Actor, command: PlaceOrder) -> Order:
    """Store an order and its audit entry in one transaction, then ring the controller.

    The same idempotency key gives the order that was placed with it, unless the demand
    differs. Raises InvalidInput, OrderRefused (which leaves an audit entry, no order).
    """
    draft = draft_of(command, world.clock.now())
    need_reason(command.reason, "an order needs a reason")
    if command.idempotency_key is not None and not command.idempotency_key.strip():
        raise InvalidInput("the idempotency key is empty: give --key a value, or leave it out")
    refuse_or_pass(world, actor, command, draft)
    world.step("placing")
    try:
        with world.database.write() as work:
            order = _placed_before(work, command) or _store(work, world, actor, command, draft)
            world.step("placed")
    except DuplicateKey:
        with world.database.read() as reader:
            order = _placed_before(reader, command) or _vanished(command)
    world.step("committed")
    world.ring()
    return order


def draft_of(command: PlaceOrder, now: datetime) -> Draft:
    """The command with its times resolved; raises InvalidInput for contradictions."""
    if command.start is not None and command.start_after is not None:
        raise InvalidInput("give the start as an instant or as a delay, not both")
    ends = (command.end is not None, command.duration is not None, command.open_ended)
    if sum(ends) > 1:
        raise InvalidInput("give exactly one of an end, a duration, or open-ended")
    start = command.start or (now + command.start_after if command.start_after else now)
    try:
        end = start + command.duration if command.duration is not None else command.end
    except OverflowError:
        raise InvalidInput("the end is beyond the calendar: give an earlier start") from None
    return Draft(command.demand, start, end, command.scope, command.open_ended)


def refuse_or_pass(world: World, actor: Actor, command: PlaceOrder, draft: Draft) -> None:
    """Raise OrderRefused for the first thing that speaks against `draft`, and record it."""
    now = world.clock.now()
    with world.database.read() as reader:
        known = Known(frozenset(reader.lists.names()))
    able = world.capabilities()
    refusals = check(draft, world.topology, known, now, able)
    refusals = refusals or tuple(over_capacity(world, draft, able))
    if not refusals:
        return
    with world.database.write() as work:
        work.record(
            "order.refused",
            actor,
            at=now,
            payload={
                "demand": demand_to_wire(command.demand),
                "codes": [r.code for r in refusals],
                "reason": command.reason,
            },
        )
    first = refusals[0]
    message = "; ".join(dict.fromkeys(r.message for r in refusals))
    raise OrderRefused(first.code, message)


def _placed_before(reader: Reader, command: PlaceOrder) -> Order | None:
    if command.idempotency_key is None:
        return None
    order = reader.orders.by_key(command.idempotency_key)
    if order is not None and order.demand != command.demand:
        raise OrderRefused(
            "key-reused",
            f"the idempotency key {command.idempotency_key!r} belongs to order {order.id}, "
            "which asks for something else: use a new key",
        )
    return order


def _vanished(command: PlaceOrder) -> Order:
    raise InvalidInput(f"the idempotency key {command.idempotency_key!r} is in use: try again")


def _store(
    work: UnitOfWork, world: World, actor: Actor, command: PlaceOrder, draft: Draft
) -> Order:
    number = work.next_sequence()
    now = world.clock.now()
    order = replace(
        draft.order(),
        number=number,
        changed=number,
        reason=command.reason.strip(),
        issuer=actor.name,
        source=actor.source,
        created=now,
        ticket=command.ticket,
        policy=command.policy,
        idempotency_key=command.idempotency_key,
    )
    work.record(
        "order.placed",
        actor,
        at=now,
        subject=order_id(number),
        payload={
            "demand": demand_to_wire(order.demand),
            "start": order.start.isoformat(),
            "end": order.end.isoformat() if order.end else None,
            "reason": order.reason,
        },
    )
    work.orders.add(order)
    return order
