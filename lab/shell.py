# SPDX-License-Identifier: GPL-2.0-or-later
"""Running the programs that build the lab, and waiting for what they begin."""

import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from lab.errors import LabCommandFailed


def run(
    command: Sequence[str], *, text: str = "", timeout: float = 30.0, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; ``text`` is its standard input, ``timeout`` in seconds.

    Raises:
        LabCommandFailed: it is missing, it ran out of time, or (with ``check``) it said no.
    """
    shown = shlex.join(command)
    try:
        done = subprocess.run(
            command, input=text, text=True, capture_output=True, timeout=timeout, check=False
        )
    except FileNotFoundError as error:
        raise LabCommandFailed(f"{command[0]}: not found; install the lab's packages") from error
    except subprocess.TimeoutExpired as error:
        raise LabCommandFailed(f"{shown}: no end after {timeout} s") from error
    if check and done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise LabCommandFailed(f"{shown}: exit {done.returncode}: {said}")
    return done


def wait_until(
    condition: Callable[[], bool], what: str, *, timeout: float = 10.0, every: float = 0.05
) -> float:
    """Polls until the condition holds; returns the seconds it took.

    Raises:
        LabCommandFailed: it did not hold within ``timeout`` seconds.
    """
    start = time.monotonic()
    pause = threading.Event()
    while not condition():
        if time.monotonic() - start > timeout:
            raise LabCommandFailed(f"{what}: not so within {timeout} s")
        pause.wait(every)
    return time.monotonic() - start
