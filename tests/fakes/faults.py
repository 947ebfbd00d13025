# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong with a fake device next; armed by the test, met by the driver."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from enum import StrEnum

from enforcer.core.rules import Actual
from enforcer.driver_api import Applied
from enforcer.errors import DeviceError, DeviceUnreachable


class Point(StrEnum):
    """Where in a conversation something can go wrong."""

    CONNECT = "connect"
    FINGERPRINT = "fingerprint"
    READ = "read"
    READ_BACK = "read-back"
    STAGE = "stage"
    STAGED = "staged"
    CONFIRM = "confirm"
    WATCH = "watch"
    ROUTES = "routes"


Failure = type[DeviceError]
Act = Callable[[], None]


class Faults:
    """Thread-safe. Whatever is armed at a point is met in the order in which it was armed."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._next: defaultdict[Point, deque[Act]] = defaultdict(deque)
        self._always: dict[Point, Act] = {}
        self._lie: Callable[[Actual], Actual] | None = None
        self._cut: int | None = None
        self._confirmations: deque[Applied] = deque()
        self.met: list[Point] = []
        """Every point that was passed, in order: what the driver really did."""

    # -- arming --------------------------------------------------------------------------

    def fail(self, at: Point, failure: Failure, times: int = 1) -> None:
        """Raise `failure` the next `times` times (DeviceUnreachable, DeviceBusy, ...)."""
        for _ in range(times):
            self.act(at, self._raising(failure))

    def keep_failing(self, at: Point, failure: Failure) -> None:
        """Raise `failure` every time, until `recover`."""
        with self._lock:
            self._always[at] = self._raising(failure)

    def recover(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._always.clear()
            self._next.clear()
            self._confirmations.clear()
            self._lie = self._cut = None

    def act(self, at: Point, act: Act) -> None:
        """Do something of the test's own at that point, once: somebody else writes, a reboot."""
        with self._lock:
            self._next[at].append(act)

    def hang(self, at: Point) -> threading.Event:
        """Hang there once, until the event that this returns is set."""
        release = threading.Event()

        def wait() -> None:
            release.wait()

        self.act(at, wait)
        return release

    def lie(self, tell: Callable[[Actual], Actual]) -> None:
        """Answer every reading with `tell(what is there)`, until `recover`."""
        with self._lock:
            self._lie = tell

    def cut_after(self, commands: int) -> None:
        """Lose the line once, when a device that is not ATOMIC has taken so many commands."""
        with self._lock:
            self._cut = commands

    def confirm_with(self, answer: Applied) -> None:
        """The next confirmation answers this; ABANDONED really takes the batch back."""
        with self._lock:
            self._confirmations.append(answer)

    # -- being met -----------------------------------------------------------------------

    def meet(self, at: Point) -> None:
        """Called by the fake at each point."""
        with self._lock:
            self.met.append(at)
            waiting = self._next[at]
            act = waiting.popleft() if waiting else self._always.get(at)
        if act is not None:
            act()

    def told(self, actual: Actual) -> Actual:
        """What the device says instead of the truth."""
        with self._lock:
            lie = self._lie
        return lie(actual) if lie else actual

    def take_cut(self) -> int | None:
        """After how many commands the line is lost; None: not at all."""
        with self._lock:
            cut, self._cut = self._cut, None
            return cut

    def confirmation(self) -> Applied:
        """The answer to a confirmation."""
        with self._lock:
            return self._confirmations.popleft() if self._confirmations else Applied.APPLIED

    def lost(self) -> DeviceError:
        """The error of a lost line."""
        return DeviceUnreachable(self._device, "the line was lost: see the fault that was armed")

    def _raising(self, failure: Failure) -> Act:
        def fail() -> None:
            raise failure(self._device, f"armed by the test: {failure.__name__}")

        return fail
