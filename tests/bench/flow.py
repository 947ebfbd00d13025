# SPDX-License-Identifier: GPL-2.0-or-later
"""Probe packets from one node to another, sent by a program of its own.

    python -m tests.bench.flow SOURCE SINK SRC DST RATE

It sends until its standard input ends, and then prints every packet as JSON: when its sending
began and ended (CLOCK_MONOTONIC, which all programs of a machine share) and whether it arrived.
A program of its own, so that sending does not take turns with what is measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType

from lab.errors import NoVerdict
from lab.traffic.crafted import udp
from lab.traffic.stream import Flow, Sent, Stream

RATE = 1000.0
PORT = 9
_END_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Something was done at `began` and left alone until `until`."""

    what: str
    round: int
    began: float
    until: float


def exposed(flow: Flow, instant: float, until: float) -> float:
    """Seconds between the first and the last packet that passed; 0.0 where none did."""
    passed = [p.began for p in flow.packets if instant <= p.began <= until and p.arrived]
    return passed[-1] - passed[0] if passed else 0.0


class BackgroundFlow:
    """The program, running; as a context. `flow` is there once it was left."""

    def __init__(self, source: str, sink: str, src: str, dst: str, rate: float = RATE) -> None:
        words = [sys.executable, "-m", "tests.bench.flow", source, sink, src, dst, str(rate)]
        self._child = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._label = f"{src} > {dst}"
        self._flow: Flow | None = None

    def __enter__(self) -> BackgroundFlow:
        assert self._child.stdout is not None
        if self._child.stdout.readline().strip() != "sending":
            raise NoVerdict(f"{self._label}: the probe packets could not be sent")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        printed, _ = self._child.communicate("", timeout=_END_SECONDS)
        if self._child.returncode == 0:
            packets = (Sent(n, *one) for n, one in enumerate(json.loads(printed)))
            self._flow = Flow(self._label, tuple(packets))

    @property
    def flow(self) -> Flow:
        """The record. Raises NoVerdict: the capture lost packets, or sending failed."""
        if self._flow is None:
            raise NoVerdict(f"{self._label}: no record of the probe packets")
        return self._flow


def main() -> int:
    """The program; returns the exit code."""
    source, sink, src, dst, rate = sys.argv[1:]
    with Stream(source, sink, udp(src, dst, PORT), rate=float(rate)) as stream:
        print("sending", flush=True)
        sys.stdin.read()
    packets = stream.flow().packets
    json.dump([(p.began, p.ended, p.arrived) for p in packets], sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
