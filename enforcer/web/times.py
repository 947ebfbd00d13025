# SPDX-License-Identifier: GPL-2.0-or-later
"""Instants as a person reads them: relative, in the own zone, and in UTC on asking."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from enforcer.core.times import parse_duration, parse_when
from enforcer.errors import InvalidInput

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def zone_of(name: str) -> tzinfo:
    """The zone of that IANA name, UTC where nobody knows it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def roughly(duration: timedelta) -> str:
    """The largest unit, and the next where the first is small: ``1 h 59 min``, ``6 d``."""
    rest = int(abs(duration).total_seconds())
    for place, (unit, size) in enumerate(_UNITS):
        count, rest = divmod(rest, size)
        if not count:
            continue
        if count < 3 and place + 1 < len(_UNITS):
            below, smaller = _UNITS[place + 1]
            if more := rest // smaller:
                return f"{count} {unit} {more} {below}"
        return f"{count} {unit}"
    return "0 s"


def relative(instant: datetime, now: datetime) -> str:
    """``in 2 h``, ``5 min ago``, ``now``."""
    distance = instant - now
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {roughly(distance)}" if distance > timedelta(0) else f"{roughly(distance)} ago"


def local(instant: datetime, zone: tzinfo) -> str:
    """``2026-11-21 21:00`` in `zone`."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def exact(instant: datetime, zone: tzinfo) -> str:
    """The same with seconds and the zone's name."""
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def utc(instant: datetime) -> str:
    """``2026-11-21 20:00:00 UTC``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine(instant: datetime) -> str:
    """ISO 8601 in UTC, to the second: what ``<time datetime>`` takes."""
    return instant.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def for_input(instant: datetime, zone: tzinfo) -> str:
    """What ``<input type=datetime-local>`` takes."""
    return instant.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def parse_local(text: str, zone: tzinfo, now: datetime) -> datetime:
    """An instant that was typed: in `zone` where it names none, or ``+2h``.

    Raises InvalidInput: no time at all, or one that does not exist or happens twice because
    clocks are changed then.
    """
    try:
        stated = datetime.fromisoformat(text.strip())
    except ValueError:
        return parse_when(text, now)
    if stated.tzinfo is not None:
        return stated.astimezone(UTC)
    early, late = (stated.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early != late:
        raise InvalidInput(
            f"clocks are changed around {stated:%Y-%m-%d %H:%M}: add the offset, such as"
            f" {stated:%Y-%m-%dT%H:%M}+00:00, or choose another minute"
        )
    return early


def duration_words(text: str) -> str:
    """``1 hour`` for ``1h``: what a preset says."""
    names = (("d", "day"), ("h", "hour"), ("min", "minute"), ("s", "second"))
    rest = int(parse_duration(text).total_seconds())
    if rest % 604_800 == 0:
        weeks = rest // 604_800
        return f"{weeks} week{'s' if weeks != 1 else ''}"
    parts = []
    for (_, size), (_, name) in zip(_UNITS, names, strict=True):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    return " ".join(parts)
