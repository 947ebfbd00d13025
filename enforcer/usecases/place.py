# SPDX-License-Identifier: GPL-2.0-or-later
"""Place an order: check it against the guardrails, store it, ring."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import Order
from enforcer.errors import EnforcerError
from enforcer.storage.errors import DuplicateKey
from enforcer.usecases.admission import Admission
from enforcer.usecases.intake import take
from enforcer.usecases.route_losses import RouteLosses
from enforcer.usecases.world import World


def place(world: World, actor: Actor, command: PlaceOrder) -> Order:
    """Store an order and its audit entry in one transaction, which rings the controller.

    The same idempotency key gives the order that was placed with it, unless the demand
    differs. Raises InvalidInput, OrderRefused (which leaves an audit entry, no order),
    AwaitingApproval (which leaves a proposal), Forbidden.
    """
    admission = Admission(world)
    losses = RouteLosses(admission)
    try:
        (outcome,) = take(admission, actor, (command,), losses)
    except DuplicateKey:
        # Somebody was quicker with the same key: now it can be found.
        (outcome,) = take(admission, actor, (command,), losses)
    if isinstance(outcome, EnforcerError):
        raise outcome
    return outcome
