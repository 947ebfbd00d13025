# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms: what people must know of or decide."""

from __future__ import annotations

from enforcer.application.desk_views import AlarmView
from enforcer.usecases.world import World


def alarms(world: World, open_only: bool) -> list[AlarmView]:
    """See `Application.alarms`."""
    with world.database.read() as reader:
        found = reader.alarms.open() if open_only else reader.alarms.newest()
    return [
        AlarmView(
            sequence=alarm.seq,
            kind=alarm.kind,
            subject=alarm.subject,
            said=alarm.said,
            raised=alarm.raised,
            cleared=alarm.cleared,
        )
        for alarm in found
    ]
