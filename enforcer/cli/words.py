# SPDX-License-Identifier: GPL-2.0-or-later
"""Times and statuses as people read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from enforcer.core.times import parse_duration, parse_when
from enforcer.errors import InvalidInput

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@dataclass(frozen=True)
class Look:
    """How a status is shown: by an icon, its word and a colour, never by colour alone."""

    icon: str
    ascii_icon: str
    style: str


_GOOD, _BUSY, _WATCH, _BAD, _OVER = "green", "cyan", "yellow", "bold red", "dim"

_LOOKS = {
    "scheduled": Look("◷", "~", _BUSY),
    "enforcing": Look("◌", "~", _BUSY),
    "enforced": Look("●", "*", _GOOD),
    "unverified": Look("?", "?", _WATCH),
    "partial": Look("◐", "%", _WATCH),
    "drifted": Look("≠", "#", _WATCH),
    "withheld": Look("‖", "=", _WATCH),
    "unsupported": Look("⊘", "!", _BAD),
    "failing": Look("✖", "!", _BAD),
    "removing": Look("◌", "~", _BUSY),
    "removed": Look("○", "-", _OVER),
    "expired": Look("○", "-", _OVER),
    "lifted": Look("○", "-", _OVER),
    "refused": Look("✖", "!", _BAD),
    # devices
    "ok": Look("●", "*", _GOOD),
    "not-adopted": Look("⊘", "!", _BAD),
    "braked": Look("‖", "=", _BAD),
    "contested": Look("≠", "#", _BAD),
    "leaving": Look("◌", "~", _WATCH),
    "observe": Look("◌", "o", _BUSY),
    "unknown": Look("?", "?", _WATCH),
    # passes
    "clean": Look("●", "*", _GOOD),
    "repaired": Look("●", "*", _GOOD),
    "applied": Look("●", "*", _GOOD),
    "observed": Look("◌", "o", _BUSY),
    "held": Look("‖", "=", _WATCH),
    "failed": Look("✖", "!", _BAD),
    # the controller
    "running": Look("●", "*", _GOOD),
    "not running": Look("○", "-", _BAD),
    "on": Look("●", "*", _GOOD),
    "paused": Look("‖", "=", _WATCH),
    "frozen": Look("✖", "!", _BAD),
    # sources, signatures, lines of a bulk file
    "stopped": Look("✖", "!", _BAD),
    # accounts and tokens
    "disabled": Look("✖", "!", _OVER),
    "revoked": Look("✖", "!", _OVER),
    "broken": Look("✖", "!", _BAD),
    # proposals
    "waiting": Look("◷", "~", _WATCH),
    "approved": Look("●", "*", _GOOD),
    "withdrawn": Look("○", "-", _OVER),
    "lapsed": Look("○", "-", _OVER),
    "placed": Look("●", "*", _GOOD),
    "would place": Look("◌", "o", _BUSY),
    "invalid": Look("?", "?", _BAD),
    # what becomes of a route
    "accepted": Look("●", "*", ""),
    "rejected": Look("⊘", "!", _WATCH),
    "not announced": Look("○", "-", _OVER),
    "shut": Look("○", "-", _WATCH),
    # how much of the traffic is blocked
    "all": Look("●", "*", _BAD),
    "some": Look("◐", "%", _WATCH),
    "none": Look("○", "-", _GOOD),
}
_PLAIN = Look("·", ".", "")


def look_of(status: str) -> Look:
    """How `status` is shown; an unknown word is shown plainly."""
    return _LOOKS.get(status, _PLAIN)


def plain(text: str) -> str:
    """`text` without control characters, which could rewrite a terminal; lines are kept."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def roughly(duration: timedelta) -> str:
    """The two largest units: ``1h59m``, ``6d23h``, ``12s``; under a second ``0s``."""
    rest = int(abs(duration).total_seconds())
    parts: list[str] = []
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return "".join(parts) or "0s"


def relative(instant: datetime, now: datetime) -> str:
    """``in 2h``, ``5m ago``, ``now``."""
    distance = instant - now
    if abs(distance) < timedelta(seconds=1):
        return "now"
    return f"in {roughly(distance)}" if distance > timedelta(0) else f"{roughly(distance)} ago"


def absolute(instant: datetime) -> str:
    """``2026-11-21 20:00Z``: UTC, seconds only where there are any."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%SZ}" if utc.second else f"{utc:%Y-%m-%d %H:%MZ}"


def both(instant: datetime | None, now: datetime, never: str = "-") -> str:
    """``in 2h (2026-11-21 20:00Z)``, or `never`."""
    return never if instant is None else f"{relative(instant, now)} ({absolute(instant)})"


def counted(count: int, singular: str, plural: str = "") -> str:
    """``1 device``, ``1,234 devices``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def parse_past(text: str, now: datetime) -> datetime:
    """An instant (ISO 8601 with a zone) or how long ago it was: ``2h``, ``7d``.

    Raises InvalidInput for anything else, and for the future.
    """
    if re.fullmatch(r"\s*(\d+[wdhms])+\s*", text, re.ASCII | re.IGNORECASE):
        return now.astimezone(UTC) - parse_duration(text)
    instant = parse_when(text, now)
    if instant > now:
        raise InvalidInput(f"'{plain(text)}' is in the future: give an instant of the past")
    return instant
