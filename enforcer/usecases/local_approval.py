# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of the local application that waits for a second person."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.views import OrderView
from enforcer.errors import NotFound
from enforcer.usecases.world import World


class LocalApproval:
    """Proposals on a local database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def proposals(self, actor: Actor, state: str | None = "waiting") -> Sequence[ProposalView]:
        """See `Application.proposals`."""
        return []

    def proposal(self, actor: Actor, proposal_id: str) -> ProposalView:
        """See `Application.proposal`."""
        raise NotFound(f"no proposal {proposal_id}")

    def approve(self, actor: Actor, proposal_id: str, reason: str) -> OrderView:
        """See `Application.approve`."""
        raise NotFound(f"no proposal {proposal_id}")

    def reject(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.reject`."""
        raise NotFound(f"no proposal {proposal_id}")

    def withdraw(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.withdraw`."""
        raise NotFound(f"no proposal {proposal_id}")

    def review(self, actor: Actor, order_id: str, reason: str) -> OrderView:
        """See `Application.review`."""
        raise NotFound(f"order {order_id} was not placed as an emergency")
