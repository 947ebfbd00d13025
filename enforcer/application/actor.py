# SPDX-License-Identifier: GPL-2.0-or-later
"""Who does something: every call of the application carries one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` of the person or program, `source` of the call (cli, api, controller)."""

    name: str
    source: str
