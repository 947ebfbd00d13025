# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers as text. Pure."""

from __future__ import annotations

from tests.bench.chapters import SECONDS


def significant(number: float) -> str:
    """Three significant digits, as plain digits: 0.0123, 1.23, 12.3, 1,234."""
    if number >= 100:
        return f"{number:,.0f}"
    if number >= 10:
        return f"{number:.1f}"
    return f"{number:.3g}"


def quantity(number: float, unit: str) -> str:
    """Seconds or megabytes, with their unit."""
    return duration(number) if unit == SECONDS else f"{significant(number)} {unit}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{significant(seconds / scale)} {unit}"
    return f"{significant(seconds / 1e-6)} µs"
