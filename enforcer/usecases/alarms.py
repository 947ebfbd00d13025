# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms: what people must know of or decide."""

from __future__ import annotations

from enforcer.application.desk_views import AlarmView
from enforcer.usecases.world import World


def alarms(world: World, open_only: bool) -> list[AlarmView]:
    """See `Application.alarms`."""
    raise NotImplementedError
