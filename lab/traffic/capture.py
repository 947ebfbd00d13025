# SPDX-License-Identifier: GPL-2.0-or-later
"""Which tagged packets reached a node, and when."""

import select
import socket
import threading
import time
from types import TracebackType

from lab.errors import NoVerdict
from lab.traffic.sockets import CAPTURE_BUFFER, PACKET_OUTGOING, capture_drops, open_capture
from lab.traffic.tags import find_tag

LINGER = 0.2  # seconds that a stopped capture allows for packets on their way
STORM = 5.0  # seconds after which a stopped capture that still hears packets gives up


class Capture:
    """Records the packets of one run that arrive at a node, until it is left.

    It listens from its making on, and reads what it heard from its entering on; ``buffer`` is
    the kernel's queue in bytes.

    Attributes:
        arrived: sequence number -> CLOCK_MONOTONIC seconds of the first arrival.
    """

    def __init__(self, node: str, run: bytes, buffer: int = CAPTURE_BUFFER) -> None:
        self.node = node
        self.arrived: dict[int, float] = {}
        self._run = run
        self._socket = open_capture(node, buffer)
        self._stop = threading.Event()
        self._more = threading.Condition()
        self._drops = 0
        self._thread = threading.Thread(target=self._record, name=f"capture {node}", daemon=True)

    def __enter__(self) -> "Capture":
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
        self._drops += capture_drops(self._socket)
        self._socket.close()

    def wait_for(self, sequences: set[int], timeout: float) -> bool:
        """Waits until all of them have arrived; False after ``timeout`` seconds."""
        with self._more:
            return self._more.wait_for(lambda: sequences <= self.arrived.keys(), timeout)

    def complete(self) -> dict[int, float]:
        """What arrived, once the capture was left.

        Raises:
            NoVerdict: the kernel dropped packets of the capture, or it never fell silent, so a
                missing packet may have arrived all the same.
        """
        if self._drops:
            raise NoVerdict(f"the capture at {self.node} lost {self._drops} packets; measure again")
        return self.arrived

    def _record(self) -> None:
        end = float("inf")
        while True:
            if end == float("inf") and self._stop.is_set():
                end = time.monotonic() + LINGER
            over = time.monotonic() > end
            if time.monotonic() > end + STORM:
                self._drops += 1
                return
            readable, _, _ = select.select([self._socket], [], [], 0 if over else LINGER / 4)
            if not readable:
                if over:  # all that came before this moment has been read
                    return
                continue
            packet, (_, _, kind, _, _) = self._socket.recvfrom(65535, socket.MSG_DONTWAIT)
            at = time.monotonic()
            tag = find_tag(packet) if kind != PACKET_OUTGOING else None
            if tag is not None and tag.run == self._run:
                with self._more:
                    self.arrived.setdefault(tag.sequence, at)
                    self._more.notify_all()
