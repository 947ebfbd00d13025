# SPDX-License-Identifier: GPL-2.0-or-later
"""Instants as integers: microseconds since the Unix epoch, UTC.

The resolution of `datetime`, so that a comparison in the database is the comparison in the
core: a rounded end could hide an order that has not ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from enforcer.errors import StorageError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = 2**63 - 1
"""Later than every instant: the end of what has none."""

_MICROSECOND = timedelta(microseconds=1)


def to_us(instant: datetime) -> int:
    """Exact. `instant` is aware."""
    return (instant - EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The inverse of `to_us`, in UTC. Raises StorageError for what cannot be an instant."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except (TypeError, OverflowError) as problem:
        raise StorageError(
            f"the database has {microseconds!r} for an instant: it is damaged; stop the"
            " controller and restore a backup"
        ) from problem
