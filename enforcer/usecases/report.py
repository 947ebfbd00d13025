# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything about one order or customer as one document, for a dispute."""

from __future__ import annotations

from enforcer.application.record_views import Report
from enforcer.usecases.world import World


def report(world: World, subject: str) -> Report:
    """See `Application.report`."""
    raise NotImplementedError
