# SPDX-License-Identifier: GPL-2.0-or-later
"""One ring at the controller's door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Visit:
    """An optional question and where to answer it ("" : nobody waits)."""

    question: dict[str, Any]
    reply_to: str
