# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults that tests plan for an emulated router; each counts how often it fired."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

When = Literal["before", "after"]

DROP = "drop"
DROP_DURING_COMMIT = "drop_during_commit"
SLOW_LINE = "slow_line"
SLOW_COMMIT = "slow_commit"
SYSLOG = "syslog"
HALF_LINE = "half_line"
REFUSE = "refuse"
AAA = "aaa"
FULL = "full"
TRUNCATE = "truncate"
UNREACHABLE = "unreachable"


@dataclass
class _AtLine:
    """Something that happens at the k-th line from now on; `left` lines to go."""

    left: int
    configuration_only: bool

    def reached(self, configuring: bool) -> bool:
        if self.configuration_only and not configuring:
            return False
        self.left -= 1
        return self.left == 0

    def begun(self, configuring: bool) -> bool:
        """True for the k-th line and every one after it."""
        if self.configuration_only and not configuring:
            return False
        self.left -= 1
        return self.left <= 0


@dataclass(frozen=True)
class Accident:
    """What befalls one typed line.

    Attributes:
        text: the line as the router receives it (half of it may be lost).
        refusal: what the router answers instead of doing the line; None: it does it.
        drop: lose the TCP session before or after the line is done; None: keep it.
        syslog: lines printed between the command and its result.
    """

    text: str
    refusal: str | None = None
    drop: When | None = None
    syslog: tuple[str, ...] = ()


@dataclass
class FaultPlan:
    """What goes wrong at one router. All methods may be called while sessions are open.

    Line counts start at the call and count configuration lines only (lines typed while
    `Shell.configuring`), unless `configuration_only=False`. Each planned line fault happens once.

    Attributes:
        fired: how often each fault happened, by the constants of this module (`DROP`, ...).
    """

    fired: Counter[str] = field(default_factory=Counter)
    _drops: list[tuple[_AtLine, When]] = field(default_factory=list)
    _halves: list[_AtLine] = field(default_factory=list)
    _syslog: list[tuple[_AtLine | None, str]] = field(default_factory=list)
    _refusals: list[tuple[re.Pattern[str], str, list[int]]] = field(default_factory=list)
    _aaa: tuple[_AtLine, list[int]] | None = None
    _truncations: list[tuple[re.Pattern[str], int, list[int]]] = field(default_factory=list)
    _commit_drops: list[bool] = field(default_factory=list)
    _line_seconds: float = 0.0
    _commit_seconds: float = 0.0
    _entries: int | None = None
    _unreachable: re.Pattern[str] | Callable[[], bool] | None = None
    _planned: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def drop_session(
        self, line: int, when: When = "after", *, configuration_only: bool = True
    ) -> None:
        """Lose the TCP session before or after the router does the `line`-th line (from 1)."""
        with self._lock:
            self._drops.append((_AtLine(line, configuration_only), when))
            self._planned = True

    def drop_during_commit(self, *, applied: bool = True) -> None:
        """Lose the session in the next commit or save; `applied`: it succeeds all the same."""
        with self._lock:
            self._commit_drops.append(applied)

    def slow_lines(self, seconds: float) -> None:
        """Every line takes `seconds` of real time before the router answers it; 0: at once."""
        self._line_seconds = seconds

    def slow_commit(self, seconds: float) -> None:
        """Every commit or save takes `seconds` of silence in real time; 0: at once."""
        self._commit_seconds = seconds

    def interleave_syslog(
        self, text: str, line: int | None = None, *, configuration_only: bool = False
    ) -> None:
        """Print `text` between a line and its result: at the `line`-th line, None: at each."""
        with self._lock:
            at = None if line is None else _AtLine(line, configuration_only)
            self._syslog.append((at, text))
            self._planned = True

    def lose_half_line(self, line: int, *, configuration_only: bool = True) -> None:
        """The router receives only the first half of the `line`-th line (from 1)."""
        with self._lock:
            self._halves.append(_AtLine(line, configuration_only))
            self._planned = True

    def refuse(self, pattern: str, text: str, times: int = -1) -> None:
        """Answer `text` to lines that match `pattern` (`re.search`) and do not do them.

        Args:
            pattern: a regular expression on the typed line.
            text: the router's answer.
            times: after so many refusals lines pass again; -1: never.
        """
        with self._lock:
            self._refusals.append((re.compile(pattern), text, [times]))
            self._planned = True

    def refuse_authorization(
        self, from_line: int, lines: int = -1, *, configuration_only: bool = True
    ) -> None:
        """AAA refuses `lines` lines (-1: all) from the `from_line`-th on, as the platform says."""
        with self._lock:
            self._aaa = (_AtLine(from_line, configuration_only), [lines])
            self._planned = True

    def full_at(self, entries: int | None) -> None:
        """TCAM holds `entries` filter entries (as the platform counts them); None: no limit."""
        self._entries = entries

    def truncate_output(self, pattern: str, lines: int, times: int = -1) -> None:
        """Print only the first `lines` lines of the output of commands that match `pattern`."""
        with self._lock:
            self._truncations.append((re.compile(pattern), lines, [times]))

    def unreachable_while(self, condition: str | Callable[[], bool] | None) -> None:
        """NEW connections fail while `condition` holds; open sessions stay.

        Args:
            condition: a regular expression that some line of the running configuration matches
                (`re.MULTILINE`), or a question, for example
                `lambda: not router.would_pass(our_ssh_packet, "Gi0/0", "in")`; None: reachable.
        """
        if isinstance(condition, str):
            self._unreachable = re.compile(condition, re.MULTILINE)
        else:
            self._unreachable = condition

    def clear(self) -> None:
        """Nothing is planned any more; `fired` keeps its counts."""
        fired = self.fired
        with self._lock:
            lock = self._lock
            self.__init__()  # type: ignore[misc]  # back to the defaults of every field
            self.fired, self._lock = fired, lock

    # ------------------------------------------------------------ asked by the server

    def befall(self, text: str, configuring: bool, unauthorized: str) -> Accident:
        """What happens to the typed line `text`; `unauthorized` are the platform's AAA words."""
        if not self._planned:
            return Accident(text)
        with self._lock:
            syslog = self._due_syslog(configuring)
            drop = self._due_drop(configuring)
            refusal = self._due_refusal(text, configuring, unauthorized)
            halved = sum(half.reached(configuring) for half in self._halves)
            if halved:
                self.fired[HALF_LINE] += halved
                text = text[: len(text) // 2]
            return Accident(text, refusal, drop, syslog)

    def _due_drop(self, configuring: bool) -> When | None:
        due: When | None = None
        for at, when in self._drops:
            if at.reached(configuring):
                due = when
                self.fired[DROP] += 1
        return due

    def _due_syslog(self, configuring: bool) -> tuple[str, ...]:
        due = tuple(text for at, text in self._syslog if at is None or at.reached(configuring))
        if due:
            self.fired[SYSLOG] += len(due)
        return due

    def _due_refusal(self, text: str, configuring: bool, unauthorized: str) -> str | None:
        if self._aaa is not None:
            at, times = self._aaa
            begun = at.begun(configuring)
            if begun and times[0] != 0:
                times[0] -= 1
                self.fired[AAA] += 1
                return unauthorized
        for pattern, answer, left in self._refusals:
            if left[0] != 0 and pattern.search(text):
                left[0] -= 1
                self.fired[REFUSE] += 1
                return answer
        return None

    def line_seconds(self) -> float:
        """Seconds that a line takes."""
        if self._line_seconds:
            self.fired[SLOW_LINE] += 1
        return self._line_seconds

    def commit_seconds(self) -> float:
        """Seconds of silence that a commit takes."""
        if self._commit_seconds:
            self.fired[SLOW_COMMIT] += 1
        return self._commit_seconds

    def commit_drop(self) -> bool | None:
        """None: this commit keeps its session; True: lost but applied; False: lost before."""
        with self._lock:
            if not self._commit_drops:
                return None
            self.fired[DROP_DURING_COMMIT] += 1
            return self._commit_drops.pop(0)

    def cut(self, command: str, output: str) -> str:
        """`output` of `command`, truncated where that is planned."""
        with self._lock:
            for pattern, lines, left in self._truncations:
                if left[0] != 0 and pattern.search(command):
                    left[0] -= 1
                    self.fired[TRUNCATE] += 1
                    return "\n".join(output.split("\n")[:lines])
        return output

    # ------------------------------------------------------------ asked by the router

    def is_full(self, entries: int) -> bool:
        """True (and counted) when a table of `entries` entries does not fit any more."""
        if self._entries is None or entries <= self._entries:
            return False
        self.fired[FULL] += 1
        return True

    def limits_entries(self) -> bool:
        """True when a limit is set: only then need a platform count its entries."""
        return self._entries is not None

    def limits_reachability(self) -> bool:
        """True when new connections may fail: only then is the configuration rendered for it."""
        return self._unreachable is not None

    def is_unreachable(self, running: str) -> bool:
        """True (and counted) when a new connection fails under the configuration `running`."""
        condition = self._unreachable
        if condition is None:
            return False
        if not (condition.search(running) if isinstance(condition, re.Pattern) else condition()):
            return False
        self.fired[UNREACHABLE] += 1
        return True
