# SPDX-License-Identifier: GPL-2.0-or-later
"""The versions of a list: what each rejected, and how two differ."""

from __future__ import annotations

from enforcer.application.record_views import ListDiff
from enforcer.application.views import ListView
from enforcer.usecases.world import World


def versions(world: World, name: str) -> list[ListView]:
    """See `Application.list_versions`."""
    raise NotImplementedError


def rejects(world: World, name: str, version: int | None) -> list[str]:
    """See `Application.list_report`."""
    raise NotImplementedError


def diff(world: World, name: str, old: int, new: int, limit: int) -> ListDiff:
    """See `Application.list_diff`."""
    raise NotImplementedError
