# SPDX-License-Identifier: GPL-2.0-or-later
"""The archive, and `configure terminal revert timer`: confirmed changes.

The texts of arming and of the warning are from captures [corpus ios/errors]; the rollback
replaces the WHOLE configuration, other people's changes too [GUESS from the mechanism]; counters
of entries that stay are kept. The other texts are [GUESS].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lab.emulators.clock import EmulatorClock, Timer

WARNING = (
    "Rollback Confirmed Change: Rollback will begin in one minute.\n"
    "Enter “configure confirm” if you wish to keep what you’ve configured"
)
NOT_PENDING = "%No Rollback Confirmed Change pending"  # [live]
PENDING = "%Rollback Confirmed Change: a confirmation is already pending"
NO_ARCHIVE = "%Rollback Confirmed Change: archive is not configured; configure 'archive' 'path'"
WARNING_SECONDS = 60


@dataclass
class Archive:
    """Saved configurations: the newest last.

    Attributes:
        saved: name and text.
        written: how many were ever written (the number in the next name).
    """

    saved: list[tuple[str, str]] = field(default_factory=list)
    written: int = 0

    def save(self, path: str, maximum: int, text: str, now: datetime) -> str:
        """Keep `text` under a name made of `path` and the time; gives the name."""
        name = f"{path}-{stamp(now)}-{self.written}"
        self.written += 1
        self.saved = [*self.saved, (name, text)][-maximum:]
        return name

    def show(self, path: str, maximum: int) -> str:
        """`show archive` [corpus genie_ShowArchive]."""
        lines = [
            f"The maximum archive configurations allowed is {maximum}.",
            f"There are currently {len(self.saved)} archive configurations saved.",
            f"The next archive file will be named {path}-<timestamp>-{self.written}",
            " Archive #  Name",
        ]
        for index in range(maximum):
            name = self.saved[index][0] if index < len(self.saved) else ""
            recent = " <- Most Recent" if index == len(self.saved) - 1 else ""
            lines.append(f"   {index + 1:<8}{name}{recent}".rstrip() + (" " if not name else ""))
        return "\n".join(lines)


def stamp(now: datetime) -> str:
    """`May--4-13-16-19.360`, the time in an archive's name [corpus]."""
    return f"{now:%b}-{now.day:->2}-{now:%H-%M-%S}.{now.microsecond // 1000:03}"


@dataclass
class Rollback:
    """The pending rollback of one router; there is at most one.

    Attributes:
        restore: puts a configuration's text into force.
        armed: when the timer was set, by the router's own clock; `minutes` how long it runs.
        user: who set it.
    """

    clock: EmulatorClock
    restore: Callable[[str], None]
    armed: datetime = field(init=False)
    minutes: int = 0
    user: str = ""
    _text: str = ""
    _name: str = ""
    _timers: list[Timer] = field(default_factory=list)
    _notify: Callable[[str], None] | None = None

    @property
    def pending(self) -> bool:
        """Whether a change waits for its confirmation."""
        return bool(self._timers)

    def __post_init__(self) -> None:
        self.armed = self.clock.wall()

    def arm(
        self, minutes: int, name: str, text: str, notify: Callable[[str], None], user: str = ""
    ) -> None:
        """Go back to `text` in `minutes`, unless confirmed; `notify` tells the session."""
        self._text, self._name, self._notify, self.user = text, name, notify, user
        self.prolong(minutes)

    def prolong(self, minutes: int) -> None:
        """Start the time anew."""
        self._cancel()
        self.armed, self.minutes = self.clock.wall(), minutes
        self._timers = [
            self.clock.call_later(max(0, minutes * 60 - WARNING_SECONDS), self._warn),
            self.clock.call_later(minutes * 60, self._expire),
        ]

    def confirm(self) -> bool:
        """Keep what was configured; False: nothing was pending."""
        pending = self.pending
        self._cancel()
        return pending

    def now(self) -> str:
        """Go back at once; gives what is printed."""
        self._cancel()
        text = f"Rollback Confirmed Change: rolling to:{self._name}"
        if self._notify is not None:
            self._notify(text)
        self.restore(self._text)
        return text

    def forget(self) -> None:
        """The router reloads: timers are gone."""
        self._cancel()

    def _expire(self) -> None:
        self.now()

    def _warn(self) -> None:
        if self._notify is not None:
            self._notify(WARNING)

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []
