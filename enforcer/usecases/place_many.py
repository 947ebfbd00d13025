# SPDX-License-Identifier: GPL-2.0-or-later
"""Place many orders at once: each line by itself, in few transactions, one ring."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.usecases.world import World


def place_many(world: World, actor: Actor, commands: Sequence[PlaceOrder]) -> list[PlaceResult]:
    """See `Application.place_many`."""
    raise NotImplementedError
