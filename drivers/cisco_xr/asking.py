# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to a device that change nothing, in exec mode or from within a trial."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drivers._ssh.dialect import XR
from drivers._ssh.terminal import Terminal
from drivers.cisco_xr.model import Box
from drivers.cisco_xr.parse import SECTIONS, box
from drivers.cisco_xr.parse_bgp import established
from drivers.cisco_xr.parse_commit import Commit, newest
from drivers.cisco_xr.parse_tree import NOTHING
from enforcer.errors import CommandRejected, ParseFailed

READ_TIMEOUT = 120.0


class Asking:
    """Asks over one terminal; `prefix` is ``do`` while it is in configuration mode."""

    def __init__(self, device: str, terminal: Terminal) -> None:
        self._device = device
        self.terminal = terminal
        self.prefix = ""

    def ask(self, command: str, *, refuse: bool = True) -> str:
        """The answer to a command of exec mode."""
        return self.terminal.ask(f"{self.prefix}{command}", timeout=READ_TIMEOUT, refuse=refuse)

    def newest(self) -> Commit | None:
        """The last commit."""
        return newest(self._device, self.ask("show configuration commit list 1"))

    def token(self) -> str:
        """What is another one after every commit, by whomever."""
        commit = self.newest()
        return "nothing was ever committed" if commit is None else commit.token

    def box(self) -> Box:
        """The configuration as far as it concerns us. Raises ParseFailed, CommandRejected."""
        return box(self._device, "\n".join(self._sections()))

    def _sections(self) -> Iterator[str]:
        for section in SECTIONS:
            command = f"show running-config {section}"
            answer = self.ask(command, refuse=False)
            if not answer.strip():
                raise ParseFailed(
                    self._device, f"{command}: no answer, not even that there is none"
                )
            if NOTHING.match(answer):
                continue
            if re.search(XR.refusal, answer):
                said = " ".join(answer.split())[:120]
                raise CommandRejected(
                    self._device,
                    f"refused {command!r}: {said!r}; its user needs the privileges in"
                    " docs/platforms/cisco-xr.md",
                )
            yield answer

    def established(self) -> frozenset[str]:
        """BGP neighbors that are up now, as address and family."""
        found: set[str] = set()
        for family in ("ipv4", "ipv6"):
            answer = self.ask(f"show bgp {family} unicast summary", refuse=False)
            found |= {f"{n} {family}" for n in established(self._device, answer)}
        return frozenset(found)
