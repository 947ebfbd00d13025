# SPDX-License-Identifier: GPL-2.0-or-later
"""A real controller that stops itself, as SIGSTOP does, at the step that a file names.

`python -m tests.pair_entry CONFIG FOLDER [CLOCK]`: FOLDER holds what one process says and is
told. With CLOCK "blind" its clock does not see the time that it was stopped, as that of a
virtual machine which was held.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

from enforcer import bootstrap
from enforcer.clock import SystemClock
from enforcer.settings import load

STEPS, ARMED, READY, LOG = "steps.txt", "armed.txt", "ready.txt", "log.txt"


class HeldClock(SystemClock):
    """A clock that stands still with its process."""

    def __init__(self) -> None:
        self.held = 0.0

    def monotonic(self) -> float:
        """See `SystemClock`."""
        return super().monotonic() - self.held


class Trap:
    """Writes every step down; stops the whole process once at the one that is armed."""

    def __init__(self, folder: Path, clock: HeldClock, blind: bool) -> None:
        self._steps = os.open(folder / STEPS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._armed = folder / ARMED
        self._clock = clock
        self._blind = blind

    def __call__(self, name: str) -> None:
        """The step callback."""
        os.write(self._steps, f"{name}\n".encode())
        if self._armed.read_text() == name:
            self._armed.write_text("")
            began = time.monotonic()
            # To this thread, which stops before it goes on; and with it all others.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
            os.write(self._steps, b"woke\n")
            if self._blind:
                self._clock.held += time.monotonic() - began


def main(config: Path, folder: Path, how: str = "") -> int:
    """Be that controller; its exit code."""
    clock = HeldClock()
    trap = Trap(folder, clock, how == "blind")
    return bootstrap.serve(load(config), trap, ready=(folder / READY).touch, clock=clock)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
