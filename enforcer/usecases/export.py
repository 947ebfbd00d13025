# SPDX-License-Identifier: GPL-2.0-or-later
"""What is enforced, or one list, in the forms that others read."""

from __future__ import annotations

from collections.abc import Iterator

from enforcer.application.commands import ExportEnforced
from enforcer.usecases.world import World


def export(world: World, command: ExportEnforced) -> Iterator[str]:
    """See `Application.export`."""
    raise NotImplementedError
