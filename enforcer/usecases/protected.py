# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected space: what no order may block, and where that comes from."""

from __future__ import annotations

from enforcer.application.desk_views import ProtectedView
from enforcer.usecases.world import World


def protected(world: World, address: str | None) -> list[ProtectedView]:
    """See `Application.protected`."""
    raise NotImplementedError
