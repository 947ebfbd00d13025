# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory in force: show it, compare it with the files, put the files in force."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.desk_views import InventoryDiff, InventoryView
from enforcer.usecases.world import World


def show(world: World) -> InventoryView:
    """See `Application.inventory_show`."""
    raise NotImplementedError


def diff(world: World) -> InventoryDiff:
    """See `Application.inventory_diff`."""
    raise NotImplementedError


def reload(world: World, actor: Actor, reason: str) -> InventoryDiff:
    """See `Application.inventory_reload`."""
    raise NotImplementedError
