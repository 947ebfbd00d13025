# SPDX-License-Identifier: GPL-2.0-or-later
"""`time-range`: `absolute [start ...] [end ...]`; an entry outside it is inactive [DOC].

The router's own clock decides, skew and all, in UTC. `periodic` lines are kept but not
evaluated: with an `absolute` line beside them that line decides. A range without lines, or one
that does not exist, is inactive [GUESS].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from lab.emulators.cisco_ios.words import Incomplete, Refusal, Words

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass
class TimeRange:
    """One time-range: `start` and `end` of its absolute line, and other lines as typed."""

    name: str
    start: datetime | None = None
    end: datetime | None = None
    others: list[str] = field(default_factory=list)

    def active(self, now: datetime) -> bool:
        """Whether entries that name it count at `now`."""
        if self.start is None and self.end is None:
            return False
        return (self.start is None or self.start <= now) and (self.end is None or now < self.end)

    def absolute(self, words: Words) -> None:
        """Read what follows `absolute`."""
        start: datetime | None = None
        end: datetime | None = None
        while words:
            if words.expect("start", "end") == "start":
                start = _instant(words)
            else:
                end = _instant(words)
        if start is None and end is None:
            raise Incomplete
        if start is not None and end is not None and end <= start:
            raise Refusal("% End time is earlier than start time\n")  # [GUESS]
        self.start, self.end = start, end

    def lines(self) -> list[str]:
        """Its lines, without indentation."""
        parts = [
            f" {word} {_shown(instant)}"
            for word, instant in (("start", self.start), ("end", self.end))
            if instant is not None
        ]
        return (["absolute" + "".join(parts)] if parts else []) + self.others


def _shown(instant: datetime) -> str:
    month = _MONTHS[instant.month - 1]
    return f"{instant:%H:%M} {instant.day:02d} {month} {instant.year}"


def _instant(words: Words) -> datetime:
    """`HH:MM DAY MONTH YEAR`."""
    clock = words.take()
    hour, _, minute = clock.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):
        raise words.invalid(back=1)
    day = words.number(1, 31)
    typed = words.take()
    months = [
        index
        for index, month in enumerate(_MONTHS, 1)
        if len(typed) >= 3 and month.lower().startswith(typed.lower())
    ]
    if len(months) != 1:
        raise words.invalid(back=1)
    year = words.number(1993, 2035)
    try:
        return datetime(year, months[0], day, int(hour), int(minute), tzinfo=UTC)
    except ValueError:
        raise words.invalid(back=3) from None
