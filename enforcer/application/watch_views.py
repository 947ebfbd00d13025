# SPDX-License-Identifier: GPL-2.0-or-later
"""What those see who watch the service: whether it is ready, and numbers."""

from __future__ import annotations

from typing import Protocol

from enforcer.application.views import View


class Readiness(View):
    """`ready`: whether it can do its work; `role`: leading, standing by, or "" for neither.

    `said`: what is wrong, empty where nothing is.
    """

    ready: bool
    role: str
    said: str = ""


class Watch(Protocol):
    """Answers probes and scrapes."""

    def ready(self) -> Readiness:
        """Whether the database can be reached and is of our schema, and what this process does."""
        ...

    def metrics(self) -> bytes:
        """Everything, in Prometheus' text format. Raises StorageError."""
        ...
