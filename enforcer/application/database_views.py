# SPDX-License-Identifier: GPL-2.0-or-later
"""What `enforcer database` answers."""

from __future__ import annotations

from enforcer.application.views import View


class DatabaseStatus(View):
    """One database. `url`: without its password."""

    url: str
    kind: str
    """sqlite or postgresql."""
    revision: str
    rows: int
    """In all tables together."""
    head: int
    """The newest position of the audit chain."""
    led: bool
    """Whether a controller runs on it now."""
    leader: str | None
    """Host and process of that controller, where the database knows it."""
    state: str
    """running, paused, frozen."""
    reason: str | None


class DatabaseCopied(View):
    """A database was copied, and frozen."""

    to: str
    rows: int
    entries: int
    """Audit entries that were verified on the target."""
    frozen: str
    """The reason under which the source is frozen now."""
