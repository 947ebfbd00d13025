# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person, and comments, in the fake application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.commands import CommentOrder, PlaceOrder
from enforcer.application.views import EventView, OrderView
from enforcer.core.orders import order_id
from enforcer.errors import AwaitingApproval, Forbidden, InvalidInput, NotFound
from enforcer.wire import demand_to_wire
from tests.fakes.calls import FakeCalls
from tests.fakes.views import NOW, target_of


class FakeApprovals(FakeCalls):
    """`needs_approval` has why an order about a target needs a second person."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)
        self.needs_approval: dict[str, list[str]] = {}
        self.proposal_views: dict[str, ProposalView] = {}
        self._proposed: dict[str, PlaceOrder] = {}

    def _placed(self, actor: Actor, command: PlaceOrder) -> OrderView:
        raise NotImplementedError

    def _found(self, order: str) -> OrderView:
        raise NotImplementedError

    def comment(self, actor: Actor, command: CommentOrder) -> EventView:
        """An entry about an order that there is."""
        self._called("comment", actor, command)
        return EventView(
            sequence=7,
            at=self.now,
            kind="order.commented",
            actor=actor.name,
            source=actor.source,
            subject=self._found(command.order).id,
            device=None,
            detail={"text": command.text},
        )

    def proposals(self, actor: Actor, state: str | None = "waiting") -> Sequence[ProposalView]:
        """Newest first."""
        self._called("proposals", actor, state)
        found = reversed(self.proposal_views.values())
        return [view for view in found if state in (None, view.state)]

    def proposal(self, actor: Actor, proposal_id: str) -> ProposalView:
        """One of them."""
        self._called("proposal", actor, proposal_id)
        return self._proposal(proposal_id)

    def approve(self, actor: Actor, proposal_id: str, reason: str) -> OrderView:
        """Its order, in the proposer's name."""
        self._called("approve", actor, (proposal_id, reason))
        view = self._proposal(proposal_id)
        if view.issuer == actor.name:
            raise Forbidden("you proposed it yourself: somebody else has to approve it")
        order = self._placed(Actor(view.issuer, view.source), self._proposed[proposal_id])
        self._decided(actor, proposal_id, "approved", reason, order.id)
        return order

    def reject(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """Rejected."""
        self._called("reject", actor, (proposal_id, reason))
        return self._decided(actor, proposal_id, "rejected", reason)

    def withdraw(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """Withdrawn, by the one who proposed it."""
        self._called("withdraw", actor, (proposal_id, reason))
        if self._proposal(proposal_id).issuer != actor.name:
            raise Forbidden("somebody else proposed it: reject it instead")
        return self._decided(actor, proposal_id, "withdrawn", reason)

    def review(self, actor: Actor, order_id: str, reason: str) -> OrderView:
        """The order, looked at."""
        self._called("review", actor, (order_id, reason))
        return self._found(order_id)

    def _propose(self, actor: Actor, command: PlaceOrder) -> None:
        """Raises AwaitingApproval where the target needs it, unless it is an emergency."""
        target = target_of(command.demand)
        why = self.needs_approval.get(target)
        if why is None or command.emergency:
            return
        number = len(self.proposal_views) + 1
        view = ProposalView(
            id=order_id(number),
            number=number,
            state="waiting",
            what="place",
            command={"demand": demand_to_wire(command.demand), "reason": command.reason},
            target=target,
            kind=command.demand.kind,
            why=why,
            reason=command.reason,
            ticket=command.ticket,
            issuer=actor.name,
            source=actor.source,
            created=self.now,
            decided=None,
            decided_by=None,
            order=None,
        )
        self.proposal_views[view.id] = view
        self._proposed[view.id] = command
        raise AwaitingApproval(view.id, f"{target} needs a second person: {'; '.join(why)}")

    def _proposal(self, proposal_id: str) -> ProposalView:
        if proposal_id not in self.proposal_views:
            raise NotFound(f"there is no proposal '{proposal_id}'")
        return self.proposal_views[proposal_id]

    def _decided(
        self, actor: Actor, proposal_id: str, state: str, said: str, order: str | None = None
    ) -> ProposalView:
        view = self._proposal(proposal_id)
        if view.state != "waiting":
            raise InvalidInput(f"it was {view.state} by {view.decided_by} already")
        changes = {
            "state": state,
            "decided": self.now,
            "decided_by": actor.name,
            "said": said,
            "order": order,
        }
        self.proposal_views[proposal_id] = view.model_copy(update=changes)
        return self.proposal_views[proposal_id]
