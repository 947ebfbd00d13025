# SPDX-License-Identifier: GPL-2.0-or-later
"""How many sessions a device, and how many logins the AAA servers, have to bear at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enforcer.clock import Clock
from enforcer.errors import DeviceBusy

PER_DEVICE = 2
LOGINS = 10

Where = tuple[str, int]
"""Host and port."""


class Places:
    """A number of places, first come, first served; thread-safe."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def take(self, timeout: float, clock: Clock) -> bool:
        """Wait at most `timeout` seconds for one of them; False: none came free."""
        with self._lock:
            if self._free > 0 and not self._waiting:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        clock.wait(mine, timeout)
        with self._lock:
            # Under the lock: a place may have been handed over just as the wait ended.
            if not mine.is_set():
                self._waiting.remove(mine)
            return mine.is_set()

    def give(self) -> None:
        """Give one back: to whoever waits longest."""
        self.add(1)

    def add(self, number: int) -> None:
        """`number` places more, or fewer: who has one keeps it."""
        with self._lock:
            self._free += number
            while self._free > 0 and self._waiting:
                self._free -= 1
                self._waiting.popleft().set()


class Gate:
    """Sessions a device and logins in all; thread-safe. One for the process: `GATE`."""

    def __init__(self, per_device: int = PER_DEVICE, logins: int = LOGINS) -> None:
        self._per_device = per_device
        self._lock = threading.Lock()
        self._devices: dict[Where, Places] = {}
        self._number = logins
        self._logins = Places(logins)

    def enter(self, device: str, where: Where, timeout: float, clock: Clock) -> Callable[[], None]:
        """One of the places of `where`; the function returned gives it back, once.

        Raises DeviceBusy when none is free within `timeout` seconds.
        """
        with self._lock:
            places = self._devices.setdefault(where, Places(self._per_device))
        if not places.take(timeout, clock):
            raise DeviceBusy(
                device,
                f"our own {self._per_device} sessions to {where[0]} port {where[1]} were in use"
                f" for {timeout:g} s: another pass is still working there; wait for it",
            )
        return _once(places.give)

    @contextmanager
    def login(self, device: str, timeout: float, clock: Clock) -> Iterator[None]:
        """The right to log in now. Raises DeviceBusy when too many others do for `timeout` s."""
        if not self._logins.take(timeout, clock):
            raise DeviceBusy(
                device,
                f"{self._number} logins to other devices were under way for {timeout:g} s:"
                " they are slow, or there are too many at once; it is tried again",
            )
        try:
            yield
        finally:
            self._logins.give()

    def set_logins(self, logins: int) -> None:
        """How many logins may be under way at once from now on, to all devices together."""
        with self._lock:
            self._logins.add(logins - self._number)
            self._number = logins


def _once(give: Callable[[], None]) -> Callable[[], None]:
    given = threading.Lock()

    def back() -> None:
        if given.acquire(blocking=False):
            give()

    return back


GATE = Gate()
"""The one of this process."""
