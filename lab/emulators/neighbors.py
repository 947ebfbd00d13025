# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP adjacencies of an emulated router: up until its own configuration cuts them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address

from lab.emulators.clock import EmulatorClock, Timer
from lab.emulators.packets import Address

ESTABLISHED = "Established"
IDLE = "Idle"


@dataclass
class Neighbor:
    """One BGP adjacency.

    Attributes:
        address: the neighbor.
        remote_as: its AS number.
        established: whether the session is up.
        since: when it last changed.
        prefixes: routes received (shown in summaries).
    """

    address: Address
    remote_as: int
    since: datetime
    prefixes: int = 100
    established: bool = True
    cut: Callable[[], bool] | None = None
    hold_seconds: float = 180.0
    _timer: Timer | None = field(default=None, repr=False)

    @property
    def state(self) -> str:
        """`Established` or `Idle`."""
        return ESTABLISHED if self.established else IDLE


@dataclass
class Neighbors:
    """The adjacencies of one router, by address.

    `running` gives the running configuration; adjacencies whose cut condition holds go down
    when the hold time has passed on the router's clock and come back as soon as it is over.
    """

    clock: EmulatorClock
    running: Callable[[], str]
    _by_address: dict[Address, Neighbor] = field(default_factory=dict)
    _watched: bool = False
    _unseen: bool = False

    def __post_init__(self) -> None:
        self.clock.before_advance.append(self.settle)

    def add(self, address: str, remote_as: int, prefixes: int = 100) -> Neighbor:
        """An established adjacency."""
        neighbor = Neighbor(ip_address(address), remote_as, self.clock.now(), prefixes)
        self._by_address[neighbor.address] = neighbor
        return neighbor

    def remove(self, address: str) -> None:
        """The adjacency is no longer configured."""
        neighbor = self._by_address.pop(ip_address(address), None)
        if neighbor is not None and neighbor._timer is not None:
            neighbor._timer.cancel()

    def goes_down_while(
        self, address: str, condition: str | Callable[[], bool], hold_seconds: float = 180.0
    ) -> None:
        """The adjacency dies `hold_seconds` after `condition` became true.

        Args:
            address: the neighbor (see `add`).
            condition: a regular expression that some line of the running configuration matches
                (`re.MULTILINE`), or a question to the router, for example
                `lambda: not router.would_pass(bgp_packet, "Gi0/0", "in")`.
            hold_seconds: BGP's hold time, on the router's clock.
        """
        neighbor = self._by_address[ip_address(address)]
        if isinstance(condition, str):
            pattern = re.compile(condition, re.MULTILINE)
            neighbor.cut = lambda: pattern.search(self.running()) is not None
        else:
            neighbor.cut = condition
        neighbor.hold_seconds = hold_seconds
        self._watched = True
        self.observe()

    def observe(self) -> None:
        """The configuration changed; `settle` judges it, once for many changes."""
        self._unseen = self._watched

    def settle(self) -> None:
        """Start or stop hold timers after changes.

        Called before anybody looks at a state, before time is advanced, and by the server's tick.
        """
        if not self._unseen:
            return
        self._unseen = False
        for neighbor in list(self._by_address.values()):
            if neighbor.cut is None:
                continue
            if not neighbor.cut():
                self._recover(neighbor)
            elif neighbor.established and neighbor._timer is None:
                neighbor._timer = self.clock.call_later(
                    neighbor.hold_seconds, functools.partial(self._lose, neighbor)
                )

    def _recover(self, neighbor: Neighbor) -> None:
        if neighbor._timer is not None:
            neighbor._timer.cancel()
            neighbor._timer = None
        self._turn(neighbor, established=True)

    def _lose(self, neighbor: Neighbor) -> None:
        neighbor._timer = None
        self._turn(neighbor, established=False)

    def set_state(self, address: str, *, established: bool) -> None:
        """The adjacency goes up or down now, for a reason outside this router."""
        self._turn(self._by_address[ip_address(address)], established=established)

    def _turn(self, neighbor: Neighbor, *, established: bool) -> None:
        if neighbor.established != established:
            neighbor.established = established
            neighbor.since = self.clock.now()

    def state(self, address: str) -> str:
        """`Established` or `Idle`; `KeyError` for a neighbor that does not exist."""
        return self[address].state

    def __getitem__(self, address: str) -> Neighbor:
        self.settle()
        self.clock.fire_due()
        return self._by_address[ip_address(address)]

    def __contains__(self, address: object) -> bool:
        return isinstance(address, str) and ip_address(address) in self._by_address

    def __iter__(self) -> Iterator[Neighbor]:
        self.settle()
        self.clock.fire_due()
        return iter(list(self._by_address.values()))
