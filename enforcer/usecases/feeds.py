# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists that come from a file or a web address by themselves."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.views import ListView
from enforcer.usecases.world import World


def refresh(world: World, actor: Actor, name: str, confirm_shrink: bool) -> ListView:
    """See `Application.list_refresh`."""
    raise NotImplementedError
