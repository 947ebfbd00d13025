# SPDX-License-Identifier: GPL-2.0-or-later
"""Names as parts of paths."""

from __future__ import annotations

from urllib.parse import quote

from enforcer.errors import InvalidInput


def part(name: str) -> str:
    """One segment of a path. Raises InvalidInput for what cannot be one."""
    if not name or name in (".", ".."):
        raise InvalidInput(f"{name!r} is no name: give one")
    return quote(name, safe="")
