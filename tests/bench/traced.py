# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of enforcer with the instant of each step of an order's way.

    python -m tests.bench.traced FILE ARGUMENTS...

Does what ``enforcer ARGUMENTS`` does, and appends to FILE one line per step: CLOCK_MONOTONIC
seconds and the step's name. ``interpreter`` and ``command`` are this program's own: Python had
started; the command line was understood and its application is about to be made.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enforcer.application import Application
    from enforcer.settings import Settings

Step = Callable[[str], None]


def tracer(file: str) -> Step:
    """A step function that appends to `file`; each line is one write."""
    out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def step(name: str) -> None:
        os.write(out, f"{time.monotonic():.6f} {name}\n".encode())

    return step


def words_of(trace: Path, words: list[str]) -> list[str]:
    """The command line of this program."""
    return [sys.executable, "-m", "tests.bench.traced", str(trace), *words]


def read_trace(file: Path, since: int = 0) -> list[tuple[float, str]]:
    """The steps in a file from a byte on, by time."""
    with file.open("rb") as lines:
        lines.seek(since)
        words = (line.split() for line in lines.read().decode().splitlines())
        return sorted((float(at), name) for at, name in words)


class Traced:
    """The seams of the command line, with a step function."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def application(self, settings: Settings) -> Application:
        """As the real one."""
        self._step("command")
        from enforcer import bootstrap

        return bootstrap.application(settings, self._step)

    def serve(self, settings: Settings) -> int:
        """As the real one."""
        from enforcer import bootstrap, running

        if settings.service.mode == "none" or not settings.service.web.listen:
            return bootstrap.serve(settings, self._step)
        return running.run(settings, step=self._step)


def main() -> None:
    """The program; exits with the command's code."""
    file, *sys.argv[1:] = sys.argv[1:]
    step = tracer(file)
    step("interpreter")
    from enforcer.cli.main import build
    from enforcer.cli.wiring import Wiring

    traced = Traced(step)
    build(wiring=Wiring(application=traced.application, serve=traced.serve))()


if __name__ == "__main__":
    main()
