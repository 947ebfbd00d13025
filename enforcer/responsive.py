# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program does that runs for long and lets nobody wait."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from enforcer.clock import Clock
from enforcer.garbage import set_aside

SWITCH_SECONDS = 0.001
"""After so long a thread gives way to another one that waits: Python's own 5 ms would stand
between an order and its enforcement each time that somebody else's answer is being made."""


@contextmanager
def responsive(clock: Clock) -> Iterator[None]:
    """While the block runs threads take turns soon, and no search for garbage takes long."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with set_aside(clock):
            yield
    finally:
        sys.setswitchinterval(before)
