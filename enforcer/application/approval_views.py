# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person, as it is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enforcer.application.views import View


class ProposalView(View):
    """Something that needs a second person, and what became of it."""

    id: str
    number: int
    state: str
    """waiting; approved, rejected, withdrawn; lapsed (nobody decided in time)."""
    what: str
    """place or change_end."""
    command: dict[str, Any]
    """What was asked for, as it was sent."""
    target: str
    """The same for people."""
    kind: str
    """The order's kind."""
    why: list[str]
    """Why it needs a second person, one sentence each."""
    reason: str
    ticket: str | None
    issuer: str
    source: str
    created: datetime
    decided: datetime | None
    decided_by: str | None
    said: str = ""
    """What the one who decided wrote."""
    order: str | None
    """The id of the order that it became, or is about."""
