# SPDX-License-Identifier: GPL-2.0-or-later
"""How many sessions a device, and how many logins the AAA servers, have to bear at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers._ssh.errors import NoPlace
from enforcer.clock import Clock

PER_DEVICE = 2
LOGINS = 10
PROOFS = 2
"""How many of the logins are kept for proofs: a change that cannot be proved is taken back."""

Where = tuple[str, int, str]
"""Host, port, and what it is reached through ("" straight): the same private address behind two
jump hosts is two devices."""


class Places:
    """A number of places, first come, first served; thread-safe."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def take(self, timeout: float, clock: Clock, first: bool = False) -> bool:
        """Wait at most `timeout` seconds for one of them; False: none came free.

        `first`: before all others that wait.
        """
        with self._lock:
            if self._free > 0 and not self._waiting:
                self._free -= 1
                return True
            mine = threading.Event()
            (self._waiting.appendleft if first else self._waiting.append)(mine)
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
    """Sessions a device and logins in all; thread-safe. One for the process: `GATE`.

    A proof (`proof`: a login while a timer runs on the device, to show that it can be managed)
    has a lane of its own: it is the next to get a place of the device, and of the logins `PROOFS`
    are kept for proofs, so that none waits for logins to devices that are slow or gone.
    """

    def __init__(self, per_device: int = PER_DEVICE, logins: int = LOGINS) -> None:
        self._per_device = per_device
        self._lock = threading.Lock()
        self._devices: dict[Where, Places] = {}
        self._number = logins
        ordinary, proofs = _lanes(logins)
        self._logins = Places(ordinary)
        self._proofs = Places(proofs)

    def enter(
        self, device: str, where: Where, timeout: float, clock: Clock, proof: bool = False
    ) -> Callable[[], None]:
        """One of the places of `where`; the function returned gives it back, once.

        Raises NoPlace when none is free within `timeout` seconds.
        """
        with self._lock:
            places = self._devices.setdefault(where, Places(self._per_device))
        if not places.take(timeout, clock, first=proof):
            raise NoPlace(
                device,
                f"our own {self._per_device} sessions to {where[0]} port {where[1]} were in use"
                f" for {timeout:g} s: another pass is still working there; wait for it",
            )
        return _once(places.give)

    @contextmanager
    def login(
        self, device: str, timeout: float, clock: Clock, proof: bool = False
    ) -> Iterator[None]:
        """The right to log in now. Raises NoPlace when too many others do for `timeout` s."""
        lane = self._proofs if proof else self._logins
        if not lane.take(timeout, clock):
            raise NoPlace(
                device,
                f"{self._number} logins to other devices were under way for {timeout:g} s:"
                " they are slow, or there are too many at once; it is tried again",
            )
        try:
            yield
        finally:
            lane.give()

    def set_logins(self, logins: int) -> None:
        """How many logins may be under way at once from now on, to all devices together."""
        with self._lock:
            (ordinary, proofs), (had, had_proofs) = _lanes(logins), _lanes(self._number)
            self._number = logins
            self._logins.add(ordinary - had)
            self._proofs.add(proofs - had_proofs)


def _lanes(logins: int) -> tuple[int, int]:
    """How many of `logins` are ordinary ones, and how many proofs; of each at least one."""
    proofs = max(1, min(PROOFS, logins - 1))
    return max(1, logins - proofs), proofs


def _once(give: Callable[[], None]) -> Callable[[], None]:
    given = threading.Lock()

    def back() -> None:
        if given.acquire(blocking=False):
            give()

    return back


GATE = Gate()
"""The one of this process."""
