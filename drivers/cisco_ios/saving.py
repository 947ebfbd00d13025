# SPDX-License-Identifier: GPL-2.0-or-later
"""``write memory``, believed only when the box says that it did."""

from __future__ import annotations

import re

from drivers._ssh.terminal import Terminal
from enforcer.errors import DeviceError

_SAVED = re.compile(r"\[OK\]|^Copy complete", re.MULTILINE)
_TIMEOUT = 120.0


def save(terminal: Terminal, device: str) -> None:
    """Raises DeviceError where the box does not say [OK]: a question is never answered."""
    said = terminal.dialog("write memory", (), "", _TIMEOUT, refuse=False)
    if not _SAVED.search(said):
        shown = " ".join(said.split())[:200]
        raise DeviceError(
            device,
            f"the change stands, but `write memory` answered {shown!r} instead of [OK]: a reboot"
            " would lose it; save by hand and look why",
        )
