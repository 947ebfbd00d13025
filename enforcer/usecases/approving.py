# SPDX-License-Identifier: GPL-2.0-or-later
"""An approval, inside the transaction that does what was proposed: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.core.access import Rights, Role
from enforcer.core.orders import Order
from enforcer.errors import InvalidInput, StorageError
from enforcer.service_settings import FourEyesSettings
from enforcer.storage.proposals import APPROVED, DIGEST, WAITING, Proposal
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.proposing import NEEDED, as_of
from enforcer.wire import JSONValue


@dataclass(frozen=True, slots=True)
class Approval:
    """`approver` lets `proposal` pass; what it says is done as its issuer asked for it."""

    proposal: Proposal
    approver: Actor
    reason: str
    now: datetime
    rule: FourEyesSettings

    @property
    def proposer(self) -> Actor:
        """Who asked, with the source and the roles of then."""
        asked = self.proposal.asked
        rights = Rights(frozenset(role for role in Role if role in asked.roles))
        return Actor(self.proposal.issuer, self.proposal.source, rights, asked.person)

    @property
    def said(self) -> dict[str, JSONValue]:
        """What the entry of the order's change says of it."""
        return {"proposal": self.proposal.id, "approved_by": self.approver.name}

    def begin(self, work: UnitOfWork) -> Order | None:
        """The order, where somebody was quicker; None: it still waits.

        Raises InvalidInput where it does not wait any more, or its issuer's account was
        disabled, StorageError where it is not what
        the record tells of.
        """
        known = waiting_or_approved(work, self.proposal.number, self.now, self.rule)
        if known.state == APPROVED and known.order is not None:
            return work.orders.get(known.order)
        account = work.users.get(known.asked.person)
        if account is not None and account.disabled is not None:
            raise InvalidInput(
                f"the account {account.name}, which proposed {known.id}, is disabled: reject it,"
                " and order it yourself if it is right"
            )
        told = work.audit.entries(after=known.number - 1, limit=1)
        digest = told[0].payload.get(DIGEST) if told and told[0].seq == known.number else None
        if digest != known.asked.digest or known.asked != self.proposal.asked:
            raise StorageError(
                f"proposal {known.id} is not what the record tells of: approve nothing, and run"
                " `enforcer audit verify`"
            )
        return None

    def finish(self, work: UnitOfWork, order: Order) -> None:
        """It was done: say so, and who did what."""
        proposal = self.proposal
        payload: dict[str, JSONValue] = {
            "order": order.id,
            "issuer": proposal.issuer,
            "reason": self.reason,
        }
        work.record(
            "proposal.approved", self.approver, at=self.now, subject=proposal.id, payload=payload
        )
        decided = replace(
            proposal,
            state=APPROVED,
            order=order.number,
            decided=self.now,
            decided_by=self.approver.name,
            said=self.reason,
        )
        work.proposals.decide(decided)
        why = f"approved by {self.approver.name}"
        work.clear_alarm(NEEDED, self.approver, at=self.now, subject=proposal.id, why=why)


def waiting_or_approved(
    work: UnitOfWork, number: int, now: datetime, rule: FourEyesSettings
) -> Proposal:
    """The proposal as it is stored now. Raises InvalidInput where it was ended otherwise."""
    found = work.proposals.get(number)
    if found is None:
        raise StorageError("a proposal was taken away behind our back: `enforcer audit verify`")
    known = as_of(found, now, rule)
    if known.state not in (WAITING, APPROVED):
        by = f" by {known.decided_by}" if known.decided_by else ""
        raise InvalidInput(f"proposal {known.id} was {known.state}{by}: ask for the same again")
    return known
