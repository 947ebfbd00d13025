# SPDX-License-Identifier: GPL-2.0-or-later
"""Store a portion of orders in one transaction, each with its audit entry, or its refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.core.draft import Refusal
from enforcer.core.orders import Demand, DropRoutes, Order, order_id
from enforcer.errors import AwaitingApproval, Forbidden, InvalidInput, OrderRefused
from enforcer.storage.placed import PLACED
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.admission import Admission, Asked
from enforcer.usecases.approving import Approval
from enforcer.usecases.emergencies import EMERGENCY, REVIEW, need_emergency, review_wanted
from enforcer.usecases.proposing import Proposing
from enforcer.usecases.route_losses import RouteLosses
from enforcer.usecases.verdicts import Verdicts
from enforcer.wire import JSONValue, demand_to_wire
from enforcer.wire.canonical import canonical

Outcome = Order | InvalidInput | OrderRefused | AwaitingApproval | Forbidden

_NAMED = 100
"""Names of those who are hit that an audit entry has at most, and routes of a refused order."""


def take(
    admission: Admission,
    actor: Actor,
    commands: Sequence[PlaceOrder],
    losses: RouteLosses,
    approval: Approval | None = None,
    swift: bool = False,
) -> list[Outcome]:
    """Place what may be placed, all in one transaction; what became of each, in the order given.

    Limits of the source and idempotency keys count inside the portion too. What needs a second
    person is proposed, but for `approval`, by which that person lets one command pass. The
    caller rings too. `swift`: see `Database.write`; more is to come.
    """
    world = admission.world
    asked = ask_all(admission, actor, commands, losses)
    world.step("placing")
    # The controller need not wait for the disk: see `Database.write`.
    with world.database.write(swift=swift, written=world.ring) as work:
        done = approval.begin(work) if approval is not None else None
        if done is not None:
            return [done]
        portion = _Portion(admission, work, actor, approval)
        portion.expect([one for one in asked if isinstance(one, Asked)])
        outcomes: list[Outcome] = [
            one if isinstance(one, InvalidInput) else portion.take_one(one) for one in asked
        ]
        portion.store()
        if approval is not None and isinstance(outcomes[0], Order):
            approval.finish(work, outcomes[0])
        world.step("placed")
    world.step("committed")
    return outcomes


def refused(refusals: Sequence[Refusal]) -> OrderRefused:
    """The error for everything that speaks against an order; its code is that of the first."""
    message = "; ".join(dict.fromkeys(refusal.message for refusal in refusals))
    return OrderRefused(refusals[0].code, message)


def refusal_note(
    demand: Demand, reason: str, refusals: Sequence[Refusal], subject: str | None = None
) -> Note:
    """The audit entry of a refusal; `subject`: the order that was to be changed."""
    codes: list[JSONValue] = [refusal.code for refusal in refusals]
    payload: dict[str, JSONValue] = {
        "demand": _short(demand),
        "codes": codes,
        "reason": reason,
    }
    return Note("order.refused", payload, subject)


def _short(demand: Demand) -> dict[str, JSONValue]:
    """The demand as it is written; of a long list of routes how many, and the digest of them all.

    Whoever tries again and again does not fill the record.
    """
    wire = demand_to_wire(demand)
    if not isinstance(demand, DropRoutes) or len(demand.prefixes) <= _NAMED:
        return wire
    every = wire.pop("prefixes")
    wire["prefix_count"] = len(demand.prefixes)
    wire["prefixes_sha256"] = hashlib.sha256(canonical(every)).hexdigest()
    return wire


def record_refused_change(
    work: UnitOfWork,
    actor: Actor,
    at: datetime,
    order: Order,
    reason: str,
    refusals: Sequence[Refusal],
) -> None:
    """Write down that an order could not be changed."""
    note = refusal_note(order.demand, reason, refusals, order.id)
    work.record(note.kind, actor, at=at, subject=note.subject, payload=note.payload)


def ask_all(
    admission: Admission, actor: Actor, commands: Sequence[PlaceOrder], losses: RouteLosses
) -> list[Asked | InvalidInput]:
    """As `Admission.ask`, and with what the routers say; what makes no sense is returned."""
    now = admission.world.clock.now()
    asked = [_ask_one(admission, actor, command, now) for command in commands]
    judged = iter(losses.judged([one for one in asked if isinstance(one, Asked)]))
    return [one if isinstance(one, InvalidInput) else next(judged) for one in asked]


def _ask_one(
    admission: Admission, actor: Actor, command: PlaceOrder, now: datetime
) -> Asked | InvalidInput:
    try:
        return admission.ask(actor, command, now)
    except InvalidInput as problem:
        return problem


class _Portion:
    """Notes and orders of one transaction, in the order of their numbers."""

    def __init__(
        self,
        admission: Admission,
        work: UnitOfWork,
        actor: Actor,
        approval: Approval | None = None,
    ) -> None:
        world = admission.world
        self._admission = admission
        self._approval = approval
        # Taking the end of the change sequence first: from here on nobody else places anything.
        self._first = work.next_sequence()
        self._work = work
        self._actor = actor
        self._now = world.clock.now()
        self._verdicts = Verdicts(admission.topology, work, actor, self._now)
        self._notes: list[Note] = []
        self._orders: list[Order] = []
        self._emergencies: list[Order] = []
        self._proposing = Proposing(work, actor, self._now, world.four_eyes)

    def expect(self, asked: Sequence[Asked]) -> None:
        """See `Verdicts.expect`."""
        self._verdicts.expect(asked)

    def take_one(self, asked: Asked) -> Outcome:
        asked = self._admission.renewed(asked, self._actor, self._work)
        verdict = self._verdicts.on(asked)
        if isinstance(verdict, Order):
            return verdict
        before = self._proposing.before(asked) if self._approval is None else ()
        if isinstance(before, AwaitingApproval):
            return before
        verdict = before or verdict
        if verdict:
            self._notes.append(_refused(asked, verdict, self._said()))
            return refused(verdict)
        if asked.approval and self._approval is None:
            return self._by_two(asked)
        return self._place(asked)

    def store(self) -> None:
        if self._notes:
            self._work.record_many(self._notes, self._actor, at=self._now)
        if self._orders:
            self._work.orders.add_many(self._orders)
        self._proposing.store()
        for order in self._emergencies:
            said = review_wanted(order, self._actor)
            self._work.raise_alarm(REVIEW, self._actor, at=self._now, subject=order.id, said=said)

    def _by_two(self, asked: Asked) -> Order | AwaitingApproval | Forbidden:
        """What needs a second person: now, or in an emergency afterwards."""
        why = asked.command.emergency.strip()
        if not why:
            note, waits = self._proposing.place(asked, self._first + len(self._notes))
            self._notes.append(note)
            return waits
        try:
            need_emergency(self._actor)
        except Forbidden as refusal:
            return refusal
        order = self._place(asked)
        payload: dict[str, JSONValue] = {
            "emergency": why,
            "why": [*asked.approval],
            "person": self._actor.person,
        }
        self._notes.append(Note(EMERGENCY, payload, order.id))
        self._emergencies.append(order)
        return order

    def _said(self) -> dict[str, JSONValue]:
        return {} if self._approval is None else self._approval.said

    def _place(self, asked: Asked) -> Order:
        command, number = asked.command, self._first + len(self._notes)
        draft = asked.draft
        order = Order(
            number=number,
            changed=number,
            demand=draft.demand,
            reason=command.reason.strip(),
            issuer=self._actor.name,
            source=self._actor.source,
            created=self._now,
            start=draft.start,
            end=draft.end,
            ticket=command.ticket,
            policy=command.policy,
            scope=draft.scope,
            idempotency_key=command.idempotency_key,
        )
        self._notes.append(_placed(asked, order, self._said()))
        self._orders.append(order)
        self._verdicts.passed(order)
        return order


def _placed(asked: Asked, order: Order, approved: Mapping[str, JSONValue]) -> Note:
    payload: dict[str, JSONValue] = {
        "demand": demand_to_wire(order.demand),
        "start": order.start.isoformat(),
        "end": order.end.isoformat() if order.end else None,
        "reason": order.reason,
        **approved,
    }
    confirmed = _confirmed(asked)
    if confirmed:
        payload["confirmed"] = confirmed
    if asked.hit.names:
        payload["hit"] = [*_some(asked.hit.names)]
    return Note(PLACED, payload, order_id(order.number))


def _confirmed(asked: Asked) -> dict[str, JSONValue]:
    """Which confirmations were given, and what for."""
    said: dict[str, JSONValue] = {}
    if asked.draft.confirm_wide:
        said["wide"] = True
    if asked.draft.confirm_collateral:
        said["collateral"] = [*_some(asked.hit.needs)]
    if asked.draft.confirm_routes:
        said["routes"] = True
    if asked.draft.confirm_foreign:
        said["foreign"] = True
    return said


def _some(names: Iterable[str]) -> list[str]:
    every = list(names)
    more = len(every) - _NAMED
    return [*every[:_NAMED], f"and {more} more"] if more > 0 else every


def _refused(asked: Asked, refusals: Sequence[Refusal], approved: Mapping[str, JSONValue]) -> Note:
    note = refusal_note(asked.command.demand, asked.command.reason, refusals)
    return replace(note, payload={**note.payload, **approved})
