# SPDX-License-Identifier: GPL-2.0-or-later
"""What devices were told because of one order: writes in its timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from enforcer.application.commands import AuditFilter
from enforcer.application.views import EventView, OrderView
from enforcer.web.desk import Desk
from enforcer.web.device_history import INTENT, OUTCOME, Happening, told

_AROUND = 60
"""Writes and outcomes looked through after each change of the order, and of the newest."""
_CHANGES = 8
_SHOWN = 40


def writes(desk: Desk, order: OrderView, history: Sequence[EventView]) -> list[Happening]:
    """The writes that name the order: after each of its changes, and of late; newest first.

    An intent names the first orders that it is about; where it is about very many, its device's
    page tells of it and this does not.
    """
    if not desk.may("audit"):
        return []
    found: dict[int, EventView] = {}
    for which in _windows(history):
        for event in desk.application.audit_list(desk.actor, which):
            found[event.sequence] = event
    newest_first = [found[sequence] for sequence in sorted(found, reverse=True)]
    return [one for one in told(newest_first) if order.id in one.orders][:_SHOWN]


def _windows(history: Sequence[EventView]) -> Iterator[AuditFilter]:
    first = history[0].sequence if history else 0
    yield AuditFilter(kinds=(INTENT, OUTCOME), after=first, limit=2 * _AROUND)
    for event in history[-_CHANGES:]:
        if not event.kind.endswith(".commented"):
            yield AuditFilter(
                kinds=(INTENT, OUTCOME), after=event.sequence, newest_first=False, limit=_AROUND
            )
