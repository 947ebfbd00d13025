# SPDX-License-Identifier: GPL-2.0-or-later
"""Probe packets so dense that the first one dropped tells the time, told of while they flow.

    python -m tests.bench.probes SOURCE SINK DST RATE

Sends a UDP packet each 1/RATE s from a socket in one node to a socket in another, and looks right
after each what has arrived: a packet crosses the lab's virtual links inside the send call. Prints
a line ``dropped T`` when a run of packets did not arrive, with the instant (CLOCK_MONOTONIC, which
all programs of a machine share) before the sending of the first of them, and ``passing T`` when
they arrive again. Ends when its standard input ends. A program of its own, so that sending does
not take turns with what is measured.
"""

from __future__ import annotations

import ctypes
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from queue import Empty, Queue
from types import TracebackType

from lab.errors import NoVerdict
from lab.inside import current
from lab.namespaces import run_in

RATE = 5000.0
PORT = 9
DROPPED, PASSING = "dropped", "passing"
_RUN = 20
"""So many packets in a row must be lost before that counts: none is lost by chance here."""
_PATIENCE = 60.0
_PR_SET_TIMERSLACK = 29


@dataclass(frozen=True, slots=True)
class Turned:
    """From `at` (CLOCK_MONOTONIC seconds) on packets were dropped, or passed."""

    what: str
    at: float


class Probes:
    """The program, running; as a context."""

    def __init__(self, source: str, sink: str, dst: str, rate: float = RATE) -> None:
        words = [sys.executable, "-m", "tests.bench.probes", source, sink, dst, str(rate)]
        self._child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._told: Queue[Turned] = Queue()
        self._listener = threading.Thread(target=self._listen, name="probes", daemon=True)

    def __enter__(self) -> Probes:
        self._listener.start()
        self.until(PASSING, 0.0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.communicate("", timeout=_PATIENCE)
        self._listener.join()

    def until(self, what: str, began: float) -> float:
        """Seconds from `began` until packets did so. Raises NoVerdict: not in time, or before."""
        try:
            turned = self._told.get(timeout=_PATIENCE)
        except Empty:
            raise NoVerdict(f"no packet was {what} within {_PATIENCE:g} s") from None
        if turned.what != what or turned.at < began:
            raise NoVerdict(f"packets were {turned.what} at another time than was expected")
        return turned.at - began

    def still(self) -> None:
        """Raises NoVerdict: something changed that nobody asked for."""
        if not self._told.empty():
            raise NoVerdict(f"packets were {self._told.get().what} when nobody expected it")

    def _listen(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            what, at = line.split()
            self._told.put(Turned(what, float(at)))


def _flow(sending: socket.socket, arriving: socket.socket, to: tuple[str, int], gap: float) -> None:
    """Until standard input ends."""
    ended = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    lost, first, passing = 0, 0.0, False
    due = time.monotonic()
    while not ended.is_set():
        # One that was kept waiting does not catch up by a burst.
        due = max(due + gap, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        began = time.monotonic()
        sending.sendto(b"probe", to)
        if _arrived(arriving):
            lost = 0
            if not passing:
                passing = True
                print(PASSING, began, flush=True)
            continue
        first = first if lost else began
        lost += 1
        if passing and lost >= _RUN:
            passing = False
            print(DROPPED, first, flush=True)


def _arrived(arriving: socket.socket) -> bool:
    found = False
    while True:
        try:
            arriving.recv(64)
            found = True
        except BlockingIOError:
            return found


def main() -> int:
    """The program; returns the exit code."""
    source, sink, dst, rate = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
    inside = current()

    def bound() -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((dst, PORT))
        opened.setblocking(False)
        return opened

    def unbound() -> socket.socket:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    with run_in(inside.netns(sink), bound) as arriving, run_in(inside.netns(source), unbound) as s:
        _flow(s, arriving, (dst, PORT), 1.0 / float(rate))
    return 0


if __name__ == "__main__":
    sys.exit(main())
