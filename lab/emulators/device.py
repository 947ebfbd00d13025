# SPDX-License-Identifier: GPL-2.0-or-later
"""What every emulated router offers to tests, whatever its platform."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from lab.emulators.clock import EmulatorClock
from lab.emulators.faults import FaultPlan
from lab.emulators.neighbors import Neighbors
from lab.emulators.packets import Direction, Packet, RouteFate
from lab.emulators.shell import Shell


class Session(Protocol):
    """An open connection, as the router keeps it: it can be cut."""

    def drop(self) -> None:
        """Cut the connection now; callable from any thread, and more than once."""
        ...


class Emulator(ABC):
    """One emulated router: configuration state with the platform's own semantics.

    A platform subclasses this and gives the abstract methods; it holds `self.lock` while it reads
    or changes state (sessions run in the server's thread, tests in theirs), calls
    `self.clock.fire_due()` where it is asked for state and `self.changed()` after every change of
    the running configuration.

    Attributes:
        platform: the platform's name as in the inventory (`cisco_ios`).
        unauthorized: what the platform prints when AAA refuses a command.
        hostname: as configured; `load` may change it.
        clock: the router's time; see `EmulatorClock.advance`.
        faults: what goes wrong; settable at any time.
        neighbors: BGP adjacencies.
        max_vty: sessions over SSH at a time; further connections are cut.
        lock: guards all state.
        sessions: open connections; `logins` counts all that ever were.
    """

    platform: ClassVar[str]
    unauthorized: ClassVar[str]

    def __init__(self, hostname: str = "router", clock: EmulatorClock | None = None) -> None:
        self.hostname = hostname
        self.clock = EmulatorClock() if clock is None else clock
        self.faults = FaultPlan()
        self.neighbors = Neighbors(self.clock, self.running)
        self.max_vty = 5
        self.lock = threading.RLock()
        self.sessions: list[Session] = []
        self.logins = 0
        self._up_again: datetime | None = None

    # ------------------------------------------------------------ configuration

    @abstractmethod
    def load(self, text: str) -> None:
        """Set the initial configuration, as running and as startup (or committed) one.

        Args:
            text: in the platform's own syntax, lines separated by `\\n`.

        Raises:
            ValueError: a line that the platform refuses; the message names it.
        """

    @abstractmethod
    def running(self) -> str:
        """The running (Junos, XR: committed) configuration as the box shows it whole."""

    @abstractmethod
    def startup(self) -> str:
        """What the box would boot with, in the form of `running`."""

    @abstractmethod
    def by_hand(self, lines: Iterable[str] | str) -> None:
        """Another person changes the running configuration at once (and commits it).

        Args:
            lines: configuration commands in the platform's syntax, from its top level.

        Raises:
            ValueError: a line that the platform refuses; the message names it.
        """

    @abstractmethod
    def shell(self, user: str, remote: str = "") -> Shell:
        """A new terminal session for `user`, logged in from the address `remote`."""

    def other_operator(self, user: str = "operator") -> Shell:
        """A second operator's session without SSH: to lock, to edit, to commit.

        The fault plan does not touch it. Close it by `Shell.closed()`.
        """
        return self.shell(user)

    @abstractmethod
    def boot(self) -> None:
        """Platform part of `reboot`: the running configuration becomes the startup one."""

    def reboot(self, down_seconds: float = 0.0) -> None:
        """Power cycle: unsaved configuration, counters and candidates are lost, sessions drop.

        Args:
            down_seconds: so long, on the router's clock, new connections fail.
        """
        with self.lock:
            self._up_again = self.clock.now() + timedelta(seconds=down_seconds)
            for session in list(self.sessions):
                session.drop()
            self.boot()
            self.changed()

    def changed(self) -> None:
        """The running configuration changed: adjacencies notice."""
        self.neighbors.observe()

    # ------------------------------------------------------------ what traffic and routes get

    @abstractmethod
    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        """Whether the router lets `packet` through, by its running configuration.

        Through all ACLs or filters bound to `interface` in `direction`; False on a shut-down
        interface. With `direction="in"` routing counts too: False when the best route to the
        destination is a discard route, and, where loose uRPF is configured on `interface`, when
        the best route to the source is one. Moves no counters.

        Args:
            packet: what arrives or leaves.
            interface: the platform's full or abbreviated interface name.
            direction: `in` or `out`, as seen from the router.
        """

    @abstractmethod
    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        """Like `would_pass`, for `count` packets that really come: hit counters move."""

    @abstractmethod
    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> RouteFate:
        """What becomes of the route `prefix` with the AS path `path` at BGP `neighbor`.

        By the filters, route-policy or policy-statements bound to the neighbor, as they are in
        force (on IOS: as of the last `clear ... soft` or session start).

        Args:
            prefix: `192.0.2.0/24` or an IPv6 prefix.
            neighbor: the neighbor's address.
            direction: `in` routes received, `out` routes announced.
            path: AS numbers, the nearest first, the origin last. None: a route received
                originates at the neighbor, a route announced originates here (an empty path).
        """

    def would_accept(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> bool:
        """Whether `route_fate` is `accepted`; False where there is no session."""
        return self.route_fate(prefix, neighbor, direction, path) == "accepted"

    # ------------------------------------------------------------ sessions, asked by the server

    def may_connect(self) -> bool:
        """Whether a new connection to the router's management succeeds now."""
        self.clock.fire_due()
        if self._up_again is not None and self.clock.now() < self._up_again:
            return False
        if self.faults.limits_reachability() and self.faults.is_unreachable(self.running()):
            return False
        return len(self.sessions) < self.max_vty

    def opened(self, session: Session) -> None:
        """A connection was accepted."""
        with self.lock:
            self.sessions.append(session)
            self.logins += 1

    def ended(self, session: Session) -> None:
        """A connection is gone; idempotent."""
        with self.lock:
            if session in self.sessions:
                self.sessions.remove(session)
