# SPDX-License-Identifier: GPL-2.0-or-later
"""Customers: show them, let one that left go, let an old attachment go."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import CustomerView
from enforcer.usecases.world import World


def customers(world: World) -> list[CustomerView]:
    """See `Application.customers`."""
    raise NotImplementedError


def customer(world: World, name: str) -> CustomerView:
    """See `Application.customer`."""
    raise NotImplementedError


def confirm_gone(world: World, actor: Actor, name: str, reason: str) -> CustomerView:
    """See `Application.customer_confirm_gone`."""
    raise NotImplementedError


def move(world: World, actor: Actor, command: MoveAttachment) -> CustomerView:
    """See `Application.attachment_move`."""
    raise NotImplementedError
