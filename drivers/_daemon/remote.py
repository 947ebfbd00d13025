# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs on another host, over one SSH connection."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drivers._ssh.commands import Answer, Exec
from drivers._ssh.login import Client
from enforcer.clock import Clock


class SshRun:
    """Runs programs there. `sudo`: by ``sudo -n``."""

    def __init__(self, client: Client, clock: Clock, sudo: bool = False) -> None:
        self._client = client
        self._clock = clock
        self._before = [*(("sudo", "-n", "--") if sudo else ()), "env", "LC_ALL=C"]

    def __call__(self, argv: Sequence[str], stdin: bytes, seconds: float) -> Answer:
        """See `Shell.run`."""
        command = shlex.join([*self._before, *argv])
        return Exec.run(self._client, command, stdin, seconds, self._clock)
