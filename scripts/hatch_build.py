# SPDX-License-Identifier: GPL-2.0-or-later
"""Build hook: a wheel carries `migrations` inside `enforcer.storage`; an editable install does not.

`force-include` in pyproject.toml would copy them into an editable install as well, where the copy
goes stale with the next edit.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class IncludeMigrations(BuildHookInterface[Any]):
    """Adds `migrations` to a standard wheel as `enforcer/storage/_migrations`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend what hatchling includes; `version` is "standard" or "editable"."""
        if version != "editable":
            source = Path(self.root) / "migrations"
            build_data["force_include"][str(source)] = "enforcer/storage/_migrations"
