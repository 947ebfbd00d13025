# SPDX-License-Identifier: GPL-2.0-or-later
"""Extend, shorten, lift, amend: the target of an order never changes, its end may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.commands import AmendOrder, ChangeEnd, LiftOrder, Reconfirm
from enforcer.core import four_eyes, machine_checks
from enforcer.core.demand_checks import too_far
from enforcer.core.draft import Draft, Refusal
from enforcer.core.guardrails import lasting
from enforcer.core.orders import Order, is_over
from enforcer.core.source_limits import stopped
from enforcer.core.times import LONGEST, say_when
from enforcer.errors import InvalidInput
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.approving import Approval
from enforcer.usecases.emergencies import need_emergency, record_extended
from enforcer.usecases.intake import record_refused_change, refused
from enforcer.usecases.reasons import check_reason, need_reason
from enforcer.usecases.reconfirm import disowned, keep
from enforcer.usecases.second_person import (
    SecondPerson,
    only_own,
    only_people,
    propose_change,
)
from enforcer.usecases.world import World, existing
from enforcer.wire import JSONValue


def change_end(
    world: World, actor: Actor, command: ChangeEnd, approval: Approval | None = None
) -> Order:
    """Give an order a new end.

    Raises OrderRefused (already-ended, end-in-past, end-too-far, wrong way; for a later end also
    owner-changed, source-stopped, too-long-for-source, dynamic-pool, machine-too-long,
    needs-approval), which leaves an audit entry; AwaitingApproval, which leaves a proposal, but
    with `approval` or as an emergency; Forbidden, InvalidInput.
    """
    check_reason(command.reason)
    check_reason(command.emergency)
    now = world.clock.now()
    end = _new_end(command, now)
    second = SecondPerson(world, actor) if command.extend and approval is None else None
    with world.database.write() as work:
        done = approval.begin(work) if approval is not None else None
        if done is not None:
            return done
        order = existing(work, command.order)
        only_own(actor, order)
        refusals = _ended(order, now) or _wrong_end(order, end, command.extend, now)
        if command.extend and not refusals:
            refusals = (*disowned(work, order), *_against_longer(work, world, actor, order, end))
        why = second.why(work, order, end) if second is not None and not refusals else ()
        refusals = refusals or four_eyes.machine(why, actor.rights)
        waits = None
        if refusals:
            record_refused_change(work, actor, now, order, command.reason, refusals)
        elif why and not command.emergency.strip():
            waits = propose_change(work, world, actor, order, command, why)
        else:
            order = _end_at(work, actor, now, order, command, end, approval)
            if why:
                need_emergency(actor)
                record_extended(work, actor, now, order, command.emergency.strip(), why)
    if refusals:
        raise refused(refusals)
    if waits is not None:
        raise waits
    world.ring()
    return order


def lift(world: World, actor: Actor, command: LiftOrder) -> Order:
    """End an order now; an order that has ended stays as it is."""
    need_reason(command.reason, "lifting needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, command.order)
        only_own(actor, order)
        if is_over(order, now):
            return order
        lifted = _store(
            work,
            actor,
            now,
            "order.lifted",
            replace(order, lifted=now, lift_reason=command.reason),
            {"reason": command.reason},
        )
    world.ring()
    return lifted


def amend(world: World, actor: Actor, command: AmendOrder) -> Order:
    """Correct what was written about an order; what is enforced stays the same."""
    news: dict[str, Any] = {
        field: value
        for field in ("reason", "ticket", "policy")
        if (value := getattr(command, field)) is not None
    }
    if not news:
        raise InvalidInput("nothing to amend: give --reason, --ticket or --policy")
    if command.reason is not None:
        need_reason(command.reason, "an order needs a reason")
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, command.order)
        only_own(actor, order)
        was = {field: _written(getattr(order, field)) for field in news}
        amended = replace(order, **news)
        return _store(
            work,
            actor,
            now,
            "order.amended",
            amended,
            {"was": was, "is": {field: _written(value) for field, value in news.items()}},
        )


def _written(value: object) -> str | None:
    return None if value is None else str(value)


def reconfirm(world: World, actor: Actor, command: Reconfirm) -> Order:
    """Keep an order that would end because its target changed hands."""
    only_people(actor, "say that an order stays although its target changed hands")
    return keep(world, actor, command)


def _store(
    work: UnitOfWork,
    actor: Actor,
    now: datetime,
    kind: str,
    order: Order,
    payload: Mapping[str, JSONValue],
) -> Order:
    sequence = work.record(kind, actor, at=now, subject=order.id, payload=payload)
    changed = replace(order, changed=sequence)
    work.orders.update(changed)
    return changed


def _new_end(command: ChangeEnd, now: datetime) -> datetime | None:
    given = (command.end is not None, command.duration is not None, command.open_ended)
    if sum(given) != 1:
        raise InvalidInput("give exactly one of an instant, a duration, or open-ended")
    if command.duration is not None:
        return now + command.duration
    return command.end


def _end_at(
    work: UnitOfWork,
    actor: Actor,
    now: datetime,
    order: Order,
    command: ChangeEnd,
    end: datetime | None,
    approval: Approval | None,
) -> Order:
    changed = _store(
        work,
        actor,
        now,
        "order.extended" if command.extend else "order.shortened",
        replace(order, end=end),
        {
            "from": order.end.isoformat() if order.end else None,
            "to": end.isoformat() if end else None,
            "reason": command.reason,
            **(approval.said if approval is not None else {}),
        },
    )
    if approval is not None:
        approval.finish(work, changed)
    return changed


def _ended(order: Order, now: datetime) -> tuple[Refusal, ...]:
    if order.ends is None or not is_over(order, now):
        return ()
    word = "lifted" if order.lifted is not None else "expired"
    said = f"order {order.id} {word} at {say_when(order.ends)}: place a new order instead"
    return (Refusal("already-ended", said),)


def _wrong_end(
    order: Order, end: datetime | None, extend: bool, now: datetime
) -> tuple[Refusal, ...]:
    """What speaks against `end` whoever asks: at most one sentence."""
    if end is not None and end <= now:
        said = "the new end is already past: lift the order instead"
        return (Refusal("end-in-past", said),)
    if end is not None and end - now > LONGEST:
        return (Refusal("end-too-far", too_far(end)),)
    if end is not None and end <= order.start:
        said = f"the new end is before the start ({say_when(order.start)})"
        return (Refusal("end-before-start", said),)
    ends = _or_never(order.end)
    later = end is None or (order.end is not None and end > order.end)
    if extend and not (later and order.end is not None):
        said = f"order {order.id} already ends {ends}: use shorten for an earlier end"
        return (Refusal("end-not-later", said),)
    if not extend and (end is None or (order.end is not None and end >= order.end)):
        said = f"order {order.id} ends {ends}: use extend for a later end"
        return (Refusal("end-not-earlier", said),)
    return ()


def _against_longer(
    work: UnitOfWork, world: World, actor: Actor, order: Order, end: datetime | None
) -> tuple[Refusal, ...]:
    """What speaks against a later end, as it would against a new order from `actor`."""
    source = actor.source
    draft = Draft(order.demand, order.start, end, order.scope, end is None, source)
    stop = work.sources.stop_of(source)
    machine = actor.rights.machine if actor.rights is not None else None
    too_long = () if machine is None else machine_checks.lasting(order.start, end, machine)
    return (*too_long, *stopped(source, stop), *lasting(draft, world.topology))


def _or_never(end: datetime | None) -> str:
    return f"at {say_when(end)}" if end is not None else "never (open-ended)"
