# SPDX-License-Identifier: GPL-2.0-or-later
"""A steady flow of probe packets in the background, judged by when each was sent.

Times are seconds on CLOCK_MONOTONIC (``time.monotonic()``), the same for all processes of the
machine. A packet belongs to a window if its sending began and ended inside it, so a window that
ends before an order is given, or begins after its acknowledgement, has one right answer.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from lab.errors import NoVerdict
from lab.traffic.capture import Capture
from lab.traffic.crafted import Probe
from lab.traffic.sockets import family_of, open_raw
from lab.traffic.tags import TAG, Tag, new_run

DEFAULT_RATE = 250.0  # packets per second: a loaded machine's capture keeps up with it
PATIENCE = 10.0  # seconds after which a window ends however few packets were sent
FEWEST = 10  # packets in a window below which nothing is concluded


class Verdict(Enum):
    """What became of the packets of a window."""

    PASSED = "passed"
    BLOCKED = "blocked"
    MIXED = "mixed"


@dataclass(frozen=True)
class Sent:
    """One packet: number, when its sending began and ended, whether it arrived."""

    number: int
    began: float
    ended: float
    arrived: bool


@dataclass(frozen=True)
class Window:
    """The packets sent between two instants.

    Attributes:
        last_passed: when the last packet that arrived was sent; None if none arrived.
        first_lost: when the first packet that did not arrive was sent; None if all arrived.
    """

    sent: int
    received: int
    lost: int
    last_passed: float | None
    first_lost: float | None

    @property
    def verdict(self) -> Verdict:
        """PASSED if all arrived, BLOCKED if none did.

        Raises:
            NoVerdict: too few packets fell into the window.
        """
        if self.sent < FEWEST:
            raise NoVerdict(f"only {self.sent} packets in the window; wait longer before judging")
        if self.lost == 0:
            return Verdict.PASSED
        return Verdict.BLOCKED if self.received == 0 else Verdict.MIXED


@dataclass(frozen=True)
class Flow:
    """The whole record of a stream; ``label`` names it in messages."""

    label: str
    packets: tuple[Sent, ...]

    def window(self, begin: float = float("-inf"), end: float = float("inf")) -> Window:
        """The packets whose sending lies within the two instants."""
        chosen = [p for p in self.packets if p.began >= begin and p.ended <= end]
        passed = [p.began for p in chosen if p.arrived]
        lost = [p.began for p in chosen if not p.arrived]
        return Window(
            sent=len(chosen),
            received=len(passed),
            lost=len(lost),
            last_passed=max(passed, default=None),
            first_lost=min(lost, default=None),
        )

    def blocked_after(self, instant: float, until: float = float("inf")) -> float | None:
        """Seconds from the instant to the sending of the last packet that still passed.

        Zero if none passed after it; None if the last packet sent before ``until`` passed.
        """
        later = [p for p in self.packets if p.began >= instant and p.ended <= until]
        if not later or later[-1].arrived:
            return None
        return max((p.began - instant for p in later if p.arrived), default=0.0)

    def passes_after(self, instant: float) -> float | None:
        """Seconds from the instant to the sending of the first packet that passed; None: never."""
        passed = [p.began for p in self.packets if p.began >= instant and p.arrived]
        return min(passed) - instant if passed else None


class Stream:
    """Sends one probe again and again from a node and records what reaches another one.

    Use it as a context; ``flow`` gives the record once it was left.
    """

    def __init__(self, source: str, sink: str, probe: Probe, *, rate: float = DEFAULT_RATE) -> None:
        self.probe = probe
        self._run = new_run()
        self._interval = 1.0 / rate
        self._capture = Capture(sink, self._run)
        self._socket = open_raw(source, family_of(probe.dst))
        self._stop = threading.Event()
        self._sent: list[tuple[float, float]] = []
        self._failure: OSError | None = None
        name = f"stream {source} > {sink}"
        self._thread = threading.Thread(target=self._send, name=name, daemon=True)

    def __enter__(self) -> "Stream":
        self._capture.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._capture.__exit__(kind, error, trace)

    def run_for(self, seconds: float) -> tuple[float, float]:
        """Lets the stream flow; returns the two instants as a window.

        A loaded machine gets more time, until enough packets were sent to conclude something.
        """
        begin, sent = time.monotonic(), len(self._sent)
        pause = threading.Event()
        pause.wait(seconds)
        while len(self._sent) < sent + 2 * FEWEST and time.monotonic() < begin + PATIENCE:
            pause.wait(self._interval)
        return begin, time.monotonic()

    def await_last(self, arrives: bool, timeout: float = 10.0) -> float:
        """Waits until the newest packets do (or do not) arrive; returns the instant.

        Only a hint for when to go on: the judgement is ``flow``'s.

        Raises:
            NoVerdict: not within ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        pause = threading.Event()
        grace = 5 * self._interval
        while time.monotonic() < end:
            pause.wait(grace)
            newest = {n for n in range(len(self._sent)) if self._is_recent(n, grace)}
            arrived = len(newest & self._capture.arrived.keys())
            if newest and (arrived == len(newest) if arrives else arrived == 0):
                return time.monotonic()
        wanted = "arrives" if arrives else "stops arriving"
        raise NoVerdict(f"{self.probe.label}: not within {timeout} s that it {wanted}")

    def flow(self) -> Flow:
        """The record, after the stream was left.

        Raises:
            NoVerdict: the capture lost packets, or a packet could not be sent.
        """
        if self._failure is not None:
            raise NoVerdict(f"{self.probe.label}: could not be sent: {self._failure}")
        arrived = self._capture.complete()
        packets = tuple(Sent(n, *times, n in arrived) for n, times in enumerate(self._sent))
        return Flow(self.probe.label, packets)

    def _is_recent(self, number: int, grace: float) -> bool:
        """Sent so long ago that it has arrived if it will, but not long ago."""
        age = time.monotonic() - self._sent[number][1]
        return grace <= age <= 4 * grace

    def _send(self) -> None:
        head = self._head()
        to = (self.probe.dst, 0)
        due = time.monotonic()
        for number in range(1 << 32):
            # A sender that was kept waiting does not catch up by a burst.
            due = max(due + self._interval, time.monotonic())
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            wire = head(number)
            began = time.monotonic()
            try:
                self._socket.sendto(wire, to)
            except OSError as error:
                self._failure = error
                return
            self._sent.append((began, time.monotonic()))

    def _head(self) -> Callable[[int], bytes]:
        """Packets by number, built from one: the tag keeps the checksum right."""
        built = self.probe.wire(Tag(self._run, 0))
        at = built.index(Tag(self._run, 0).wire())
        before, after = built[:at], built[at + TAG.size :]
        return lambda number: before + Tag(self._run, number).wire() + after
