# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a pass spends its time: the loop's steps and the driver's calls, on one line.

`Timeline.watched` stands between the loop and a driver and notes when each call ends; nothing
is changed on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from enforcer.driver_api import Driver

_Answer = TypeVar("_Answer")

PARTS = {
    "reading": "fill the order book",
    "read": "read the device",
    "end": "compare",
    "findings begin": "compile",
    "findings": "compare",
    "plan begin": "compare",
    "plan": "plan",
    "intent-writing": "record",
    "intent-committed": "record",
    "staging": "record",
    "staged": "write",
    "read-back": "read back",
    "confirmed": "compare",
    "swept": "read back",
    "outcome-writing": "record",
    "outcome-committed": "record",
}
"""Which part of a pass has just ended when a step is announced; every other step ends none."""


@dataclass
class Timeline:
    """Marks of one thread of work, in sequence."""

    marks: list[tuple[float, str]] = field(default_factory=list)

    def step(self, name: str) -> None:
        """Note a step."""
        self.marks.append((time.monotonic(), name))

    def begin(self) -> None:
        """Forget what was before."""
        self.marks = [(time.monotonic(), "begin")]

    def parts(self) -> dict[str, float]:
        """Seconds by part, since `begin`; what no part claims is "other"."""
        found = dict.fromkeys((*PARTS.values(), "other"), 0.0)
        for (before, _), (at, name) in zip(self.marks, self.marks[1:], strict=False):
            found[PARTS.get(name, "other")] += at - before
        return {part: seconds for part, seconds in found.items() if seconds > 0.0}

    def watched(self, driver: Driver) -> Driver:
        """`driver`, with its calls on the line."""
        return cast(Driver, Watched(driver, self.step))


class Watched:
    """Stands before a driver; its pure calls announce their beginning and end."""

    def __init__(self, driver: Driver, step: Callable[[str], None]) -> None:
        self._driver = driver
        self._step = step

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driver, name)
        return self._announced(name, found) if name in ("findings", "plan") else found

    def _announced(self, name: str, call: Callable[..., _Answer]) -> Callable[..., _Answer]:
        def announced(*arguments: Any) -> _Answer:
            self._step(f"{name} begin")
            answer = call(*arguments)
            self._step(name)
            return answer

        return announced
