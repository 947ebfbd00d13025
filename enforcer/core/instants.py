# SPDX-License-Identifier: GPL-2.0-or-later
"""Instants as the columns hold them: whole milliseconds since the Unix epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from enforcer.core.rules import NO_END

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(instant: datetime) -> int:
    """Milliseconds since the epoch of an aware `instant`, rounded down; exact, no floats."""
    return (instant - _EPOCH) // _MILLISECOND


def end_ms(ends: datetime | None) -> int:
    """`to_ms`, or `NO_END` for None."""
    return NO_END if ends is None else to_ms(ends)


def from_ms(milliseconds: int) -> datetime:
    """The instant, aware UTC. Raises OverflowError for `NO_END`."""
    return _EPOCH + timedelta(milliseconds=milliseconds)
