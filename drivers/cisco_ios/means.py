# SPDX-License-Identifier: GPL-2.0-or-later
"""What a conversation with a router works with, and what a writing needs of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers._ssh.terminal import Terminal
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.options import Options
from drivers.cisco_ios.planning import Setup
from drivers.cisco_ios.shared import Shared
from enforcer.clock import Clock


@dataclass(frozen=True)
class Means:
    """What a session works with. `proof`: why a fresh login fails; "" it does not."""

    setup: Setup
    options: Options
    clock: Clock
    shared: Shared
    proof: Callable[[], str]


class Conversation(Protocol):
    """An open session, as the writing of a batch sees it. `text`: what `look` read last."""

    terminal: Terminal
    means: Means
    device: str
    text: str

    def look(self) -> Box:
        """The box as it is now."""
        ...

    def token(self, box: Box) -> str:
        """Equal for boxes that agree in all that concerns us."""
        ...

    def archive_now(self) -> bool:
        """Whether the box can roll back by itself; asked anew."""
        ...
