# SPDX-License-Identifier: GPL-2.0-or-later
"""Build hook: a wheel carries `migrations` inside `enforcer.storage`, and GoBGP's messages.

An editable install carries neither: both are read from the tree.

`force-include` in pyproject.toml would copy them into an editable install as well, where the copy
goes stale with the next edit.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STUBS = "drivers/gobgp/_stubs"


class IncludeMigrations(BuildHookInterface[Any]):
    """Adds `migrations` to a standard wheel as `enforcer/storage/_migrations`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Extend what hatchling includes; `version` is "standard" or "editable"."""
        if version != "editable":
            source = Path(self.root) / "migrations"
            build_data["force_include"][str(source)] = "enforcer/storage/_migrations"
            stubs = Path(self.root) / STUBS
            if not (stubs / "gobgp_pb2.py").exists():
                raise FileNotFoundError(f"{STUBS} is not there yet: run scripts/gobgp-stubs first")
            # They are ignored by version control, and so by hatchling.
            build_data["artifacts"].append(f"/{STUBS}/*.py")
