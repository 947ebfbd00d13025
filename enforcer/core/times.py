# SPDX-License-Identifier: GPL-2.0-or-later
"""Durations and instants as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from enforcer.core.prefixes import shown
from enforcer.errors import InvalidInput

LONGEST = timedelta(days=36500)
"""Longer than this is a slip of the finger, or an order without an end."""

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_MAX_DIGITS = 12


def parse_duration(text: str) -> timedelta:
    """``2h``, ``30m``, ``7d``, ``1h30m``: units w d h m s, largest first, each once.

    Raises InvalidInput: no unit, zero, longer than `LONGEST`, or anything else.
    """
    stated = text.strip().lower()
    found = _DURATION.fullmatch(stated)
    if not stated or found is None:
        unit = f"; did you mean {stated}m or {stated}h?" if stated.isdecimal() else ""
        raise InvalidInput(
            f"'{shown(text)}' is not a duration: write it like 30m, 2h, 7d or 1h30m{unit}"
        )
    counts = [count or "0" for count in found.groups()]
    if any(len(count) > _MAX_DIGITS for count in counts):
        raise InvalidInput(_too_long(text))
    seconds = sum(int(count) * size for count, size in zip(counts, _SECONDS.values(), strict=True))
    if seconds > LONGEST.total_seconds():
        raise InvalidInput(_too_long(text))
    if not seconds:
        raise InvalidInput(f"'{shown(text)}' is no time at all: write at least 1s")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """As `parse_duration` reads it, days the largest unit, whole seconds (rounded down).

    Less than a second is ``0s``; a negative one has a leading ``-``.
    """
    if duration < timedelta(0):
        return "-" + format_duration(-duration)
    rest = int(duration.total_seconds())
    parts = []
    for unit in "dhms":
        count, rest = divmod(rest, _SECONDS[unit])
        parts.append(f"{count}{unit}" if count else "")
    return "".join(parts) or "0s"


def parse_when(text: str, now: datetime) -> datetime:
    """An instant, aware and UTC: ``now``, ``+2h``, or ISO 8601 with a zone.

    Raises InvalidInput: a time without a zone (with a suggestion), a date alone, anything else.
    """
    stated = text.strip()
    if stated.lower() == "now":
        return now.astimezone(UTC)
    if stated.startswith("+"):
        return now.astimezone(UTC) + parse_duration(stated[1:])
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError:
        raise InvalidInput(_no_instant(stated, now)) from None
    if instant.tzinfo is None:
        raise InvalidInput(_no_zone(stated, instant))
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"'{shown(stated)}' is beyond the calendar") from None


def format_when(instant: datetime) -> str:
    """ISO 8601 in UTC with ``Z``; fractions of a second only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def say_when(instant: datetime) -> str:
    """As `format_when`, to the second (rounded down): for sentences that people read."""
    return format_when(instant.replace(microsecond=0))


def _too_long(text: str) -> str:
    return (
        f"'{shown(text)}' is longer than {LONGEST.days} days:"
        " write a shorter one, or ask for an open end"
    )


def _no_instant(stated: str, now: datetime) -> str:
    example = format_when(now.replace(microsecond=0) + timedelta(hours=2))
    hint = f"; did you mean +{stated}?" if stated and _DURATION.fullmatch(stated) else ""
    return f"'{shown(stated)}' is not a time: write +2h or an instant such as {example}{hint}"


def _no_zone(stated: str, instant: datetime) -> str:
    return (
        f"'{shown(stated)}' has no time zone: write {instant.isoformat()}Z for UTC,"
        f" or add your offset, such as {instant.isoformat()}+01:00"
    )
