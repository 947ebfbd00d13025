# SPDX-License-Identifier: GPL-2.0-or-later
"""Make proposals instead of orders, inside the transaction that would place them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd
from enforcer.core.draft import Refusal
from enforcer.core.orders import Order
from enforcer.errors import AwaitingApproval
from enforcer.service_settings import FourEyesSettings
from enforcer.storage.proposals import DIGEST, LAPSED, MADE, WAITING, Asked, Proposal
from enforcer.storage.records import Note
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases import asked_for
from enforcer.usecases.admission import Asked as AskedFor
from enforcer.usecases.present import target_text
from enforcer.wire import JSONValue

NEEDED = "approval-needed"
"""The kind of the alarm that a proposal waits; its subject is the proposal's id."""


class Proposing:
    """The proposals of one transaction."""

    def __init__(
        self, work: UnitOfWork, actor: Actor, now: datetime, rule: FourEyesSettings
    ) -> None:
        self._work = work
        self._actor = actor
        self._now = now
        self._rule = rule
        self._made: list[Proposal] = []

    def before(self, asked: AskedFor) -> AwaitingApproval | tuple[Refusal, ...]:
        """What the proposal with the same key says of asking again; none: nothing.

        What was decided already is not proposed again under the same key.
        """
        key, rights = asked.command.idempotency_key, self._actor.rights
        if key is None or rights is None or rights.machine is not None:
            return ()
        known = next((p for p in self._made if p.key == key), None)
        known = known or self._work.proposals.by_key(key)
        if known is None:
            return ()
        if known.asked.command != asked_for.placing(asked.command):
            return (_key_reused(known),)
        known = as_of(known, self._now, self._rule)
        return waits(known) if known.state == WAITING else (_decided(known),)

    def place(self, asked: AskedFor, number: int) -> tuple[Note, AwaitingApproval]:
        """Propose an order; the note of it gets position `number`."""
        command = asked.command
        said = Asked(
            asked_for.PLACE,
            asked_for.placing(command),
            self._actor.person,
            roles_of(self._actor),
            target_text(command.demand),
            command.demand.kind,
            command.reason.strip(),
            command.ticket,
            asked.approval,
        )
        return self._propose(said, number, command.idempotency_key, None)

    def change(
        self, order: Order, command: ChangeEnd, why: tuple[str, ...], number: int
    ) -> tuple[Note | None, AwaitingApproval]:
        """Propose a later end for `order`; the same again is no new proposal."""
        asked = Asked(
            asked_for.CHANGE_END,
            asked_for.changing(command),
            self._actor.person,
            roles_of(self._actor),
            target_text(order.demand),
            order.demand.kind,
            command.reason.strip() or order.reason,
            order.ticket,
            why,
        )
        for known in self._work.proposals.about(order.number):
            still = as_of(known, self._now, self._rule).state == WAITING
            same = (known.asked.person, known.asked.command) == (asked.person, asked.command)
            if still and same:
                return None, waits(known)
        return self._propose(asked, number, None, order)

    def _propose(
        self, asked: Asked, number: int, key: str | None, order: Order | None
    ) -> tuple[Note, AwaitingApproval]:
        actor = self._actor
        made = Proposal(
            number,
            asked,
            actor.name,
            actor.source,
            self._now,
            key=key,
            order=None if order is None else order.number,
        )
        self._made.append(made)
        payload: dict[str, JSONValue] = {
            "what": asked.what,
            "kind": asked.kind,
            "target": asked.target,
            "why": [*asked.why],
            "reason": asked.reason,
            "person": asked.person,
            DIGEST: asked.digest,
        }
        if order is not None:
            payload["order"] = order.id
        return Note(MADE, payload, made.id), waits(made)

    def store(self) -> None:
        """After their notes were recorded: store them, and tell people."""
        self._work.proposals.add_many(self._made)
        for made in self._made:
            said = (
                f"{made.asked.person} proposes {made.asked.kind} {made.asked.target}"
                f" ({'; '.join(made.asked.why)}): somebody else approves or rejects it,"
                f" `enforcer approval show {made.id}`"
            )
            self._work.raise_alarm(NEEDED, self._actor, at=self._now, subject=made.id, said=said)


def as_of(proposal: Proposal, now: datetime, rule: FourEyesSettings) -> Proposal:
    """The proposal as it is now: one that waited too long has lapsed, stored or not."""
    if proposal.state != WAITING or proposal.created + timedelta(days=rule.days) > now:
        return proposal
    lapsed = proposal.created + timedelta(days=rule.days)
    return replace(proposal, state=LAPSED, decided=lapsed)


def roles_of(actor: Actor) -> tuple[str, ...]:
    """The roles behind a proposal, sorted."""
    return tuple(sorted(map(str, actor.rights.roles))) if actor.rights is not None else ()


def waits(proposal: Proposal) -> AwaitingApproval:
    """What is said of a proposal that waits."""
    return AwaitingApproval(
        proposal.id,
        f"nothing is placed yet: {'; '.join(proposal.asked.why)}, so proposal {proposal.id} waits"
        f" until another person lets it pass (`enforcer approval approve {proposal.id}`)",
    )


def _decided(known: Proposal) -> Refusal:
    by = f" by {known.decided_by}" if known.decided_by else ""
    said = f" ({known.said})" if known.said else ""
    return Refusal(
        "not-approved",
        f"proposal {known.id} with the idempotency key {known.key!r} is {known.state}{by}{said}:"
        " use a new key to ask again",
    )


def _key_reused(known: Proposal) -> Refusal:
    return Refusal(
        "key-reused",
        f"the idempotency key {known.key!r} belongs to proposal {known.id}, which asks for"
        " something else: use a new key",
    )
