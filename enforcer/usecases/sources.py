# SPDX-License-Identifier: GPL-2.0-or-later
"""Sources of orders: their limits, what they do, the kill switch."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.desk_views import SourceView
from enforcer.usecases.world import World


def sources(world: World) -> list[SourceView]:
    """See `Application.sources`."""
    raise NotImplementedError


def stop(world: World, actor: Actor, name: str, reason: str) -> SourceView:
    """See `Application.source_stop`."""
    raise NotImplementedError


def start(world: World, actor: Actor, name: str) -> SourceView:
    """See `Application.source_start`."""
    raise NotImplementedError
