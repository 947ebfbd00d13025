# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person: look at it, approve, reject, withdraw, let lapse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.control.evidence import CONTROLLER
from enforcer.core.four_eyes import proposal_number
from enforcer.core.orders import Order, order_id
from enforcer.errors import EnforcerError, Forbidden, InvalidInput, NotFound
from enforcer.storage.errors import DatabaseMoved
from enforcer.storage.proposals import (
    APPROVED,
    LAPSED,
    REJECTED,
    STATES,
    WAITING,
    WITHDRAWN,
    Proposal,
)
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from enforcer.usecases import asked_for, change
from enforcer.usecases.admission import Admission
from enforcer.usecases.approving import Approval, waiting_or_approved
from enforcer.usecases.emergencies import need_right, same_person
from enforcer.usecases.intake import take
from enforcer.usecases.proposing import NEEDED, as_of
from enforcer.usecases.reasons import check_reason, need_reason
from enforcer.usecases.route_losses import RouteLosses
from enforcer.usecases.world import World, existing


def proposals(world: World, state: str | None) -> list[ProposalView]:
    """See `Application.proposals`. Raises InvalidInput for a state that there is not."""
    if state is not None and state not in STATES:
        raise InvalidInput(f"{state!r} is no state of a proposal: {', '.join(STATES)}")
    lapse(world)
    with world.database.read() as reader:
        found = reader.proposals.newest(state)
    return [view(world, one) for one in found]


def proposal(world: World, proposal_id: str) -> ProposalView:
    """See `Application.proposal`."""
    lapse(world)
    with world.database.read() as reader:
        found = _existing(reader, proposal_id)
    return view(world, found)


def approve(world: World, actor: Actor, proposal_id: str, reason: str) -> Order:
    """See `Application.approve`: everything is checked as for a new order of who proposed it.

    One transaction: the order and the approval stand together. What is refused stays proposed.
    Raises Forbidden, NotFound, InvalidInput, OrderRefused (which leaves an audit entry).
    """
    need_right(actor)
    check_reason(reason)
    lapse(world)
    now = world.clock.now()
    with world.database.read() as reader:
        found = _existing(reader, proposal_id)
        if found.state == APPROVED:
            return existing(reader, order_id(found.order or 0))
    _not_own(actor, found)
    approval = Approval(found, actor, reason.strip(), now, world.four_eyes)
    if found.asked.what == asked_for.CHANGE_END:
        return change.change_end(world, approval.proposer, asked_for.changed(found), approval)
    return _place(world, approval)


def _place(world: World, approval: Approval) -> Order:
    command = asked_for.placed(approval.proposal, approval.now)
    admission = Admission(world)
    losses = RouteLosses(admission)
    (outcome,) = take(admission, approval.proposer, (command,), losses, approval)
    if isinstance(outcome, EnforcerError):
        raise outcome
    world.ring()
    return outcome


def reject(world: World, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
    """See `Application.reject`. Raises Forbidden, NotFound, InvalidInput."""
    need_right(actor)
    need_reason(reason, "rejecting needs a reason")
    with world.database.write() as work:
        found = _existing(work, proposal_id)
        _not_own(actor, found)
        found = _end(work, world, actor, found, REJECTED, reason.strip())
    return view(world, found)


def withdraw(world: World, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
    """See `Application.withdraw`. Raises Forbidden, NotFound, InvalidInput."""
    check_reason(reason)
    with world.database.write() as work:
        found = _existing(work, proposal_id)
        if not same_person(actor, found.asked.person, found.issuer):
            raise Forbidden(
                f"proposal {found.id} is {found.asked.person}'s: who may, rejects it instead"
            )
        found = _end(work, world, actor, found, WITHDRAWN, reason.strip())
    return view(world, found)


def lapse(world: World) -> int:
    """End what nobody decided in time; how many there were. Raises StorageError."""
    made_until = world.clock.now() - timedelta(days=world.four_eyes.days)
    with world.database.read() as reader:
        overdue = reader.proposals.overdue(made_until)
    if not overdue:
        return 0
    # Of a database that was moved elsewhere nothing changes any more; it can be looked at.
    with suppress(DatabaseMoved), world.database.write() as work:
        for one in work.proposals.overdue(made_until):
            _lapse(work, world, one)
    return len(overdue)


def _lapse(work: UnitOfWork, world: World, one: Proposal) -> None:
    now = world.clock.now()
    said = f"nobody decided within {world.four_eyes.days:g} days"
    _store(work, CONTROLLER, replace(one, state=LAPSED, decided=now, said=said))


def _end(
    work: UnitOfWork, world: World, actor: Actor, found: Proposal, state: str, said: str
) -> Proposal:
    """Reject or withdraw; a second time changes nothing."""
    if found.state == state:
        return found
    now = world.clock.now()
    known = waiting_or_approved(work, found.number, now, world.four_eyes)
    if known.state != WAITING:
        raise InvalidInput(f"proposal {found.id} was approved: lift the order that it became")
    decided = replace(known, state=state, decided=now, decided_by=actor.name, said=said)
    _store(work, actor, decided)
    return decided


def _store(work: UnitOfWork, actor: Actor, decided: Proposal) -> None:
    now = decided.decided or decided.created
    work.record(
        f"proposal.{decided.state}",
        actor,
        at=now,
        subject=decided.id,
        payload={"reason": decided.said, "issuer": decided.issuer},
    )
    work.proposals.decide(decided)
    why = f"{decided.state}: {decided.said}" if decided.said else decided.state
    work.clear_alarm(NEEDED, actor, at=now, subject=decided.id, why=why)


def _not_own(actor: Actor, found: Proposal) -> None:
    if same_person(actor, found.asked.person, found.issuer):
        raise Forbidden(
            f"proposal {found.id} is your own: somebody else approves or rejects it, or withdraw"
            f" it with `enforcer approval withdraw {found.id}`"
        )


def _existing(reader: Reader, proposal_id: str) -> Proposal:
    number = proposal_number(proposal_id)
    if number is None:
        raise InvalidInput(
            f"{proposal_id!r} is not a proposal's id: copy it from `enforcer approval list`"
        )
    found = reader.proposals.get(number)
    if found is None:
        raise NotFound(f"no proposal {proposal_id}: see `enforcer approval list --all`")
    return found


def view(world: World, stored: Proposal) -> ProposalView:
    """A proposal as it is shown now."""
    one = as_of(stored, world.clock.now(), world.four_eyes)
    asked = one.asked
    return ProposalView(
        id=one.id,
        number=one.number,
        state=one.state,
        what=asked.what,
        command=dict(asked.command),
        target=asked.target,
        kind=asked.kind,
        why=[*asked.why],
        reason=asked.reason,
        ticket=asked.ticket,
        issuer=one.issuer,
        source=one.source,
        created=one.created,
        decided=one.decided,
        decided_by=one.decided_by,
        said=one.said,
        order=None if one.order is None else order_id(one.order),
    )
