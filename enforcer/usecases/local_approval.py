# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the local application that waits for a second person."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.views import OrderView
from enforcer.usecases import emergencies, proposals
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World


class LocalApproval:
    """Proposals on a local database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def proposals(self, actor: Actor, state: str | None = "waiting") -> Sequence[ProposalView]:
        """See `Application.proposals`."""
        return proposals.proposals(self._world, state)

    def proposal(self, actor: Actor, proposal_id: str) -> ProposalView:
        """See `Application.proposal`."""
        return proposals.proposal(self._world, proposal_id)

    def approve(self, actor: Actor, proposal_id: str, reason: str) -> OrderView:
        """See `Application.approve`."""
        order = proposals.approve(self._world, actor, proposal_id, reason)
        return Presenter(self._world).order(order)

    def reject(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.reject`."""
        return proposals.reject(self._world, actor, proposal_id, reason)

    def withdraw(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.withdraw`."""
        return proposals.withdraw(self._world, actor, proposal_id, reason)

    def review(self, actor: Actor, order_id: str, reason: str) -> OrderView:
        """See `Application.review`."""
        order = emergencies.review(self._world, actor, order_id, reason)
        return Presenter(self._world).order(order)
