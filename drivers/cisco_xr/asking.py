# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to a device that change nothing, in exec mode or from within a trial."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from drivers._ssh.dialect import XR
from drivers._ssh.terminal import Terminal
from drivers.cisco_xr.model import Box
from drivers.cisco_xr.parse import PROTOCOLS, SECTIONS, box
from drivers.cisco_xr.parse_bgp import established, established_in_vrfs
from drivers.cisco_xr.parse_commit import Commit, newest, pending
from drivers.cisco_xr.parse_tree import NOTHING
from enforcer.errors import CommandRejected, DeviceBusy, ParseFailed

READ_TIMEOUT = 120.0


class Asking:
    """Asks over one terminal; `prefix` is ``do`` while it is in configuration mode.

    `routed`: discard routes are used, so that it matters who redistributes them.
    """

    def __init__(self, device: str, terminal: Terminal, *, routed: bool = False) -> None:
        self._device = device
        self.terminal = terminal
        self.prefix = ""
        self._asked = (*SECTIONS, *PROTOCOLS) if routed else SECTIONS

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

    def refuse_pending(self) -> None:
        """Raises DeviceBusy while a commit waits for its confirmation, whosever it is.

        Its timer may still take it back: what is read meanwhile is no proof.
        """
        user = pending(self._device, self.ask("show configuration sessions detail"))
        if user:
            last = self.newest()
            said = "" if last is None else f", the newest is {last.label} by {last.user}"
            raise DeviceBusy(
                self._device,
                f"a commit of {user} waits for its confirmation and may yet be rolled back{said};"
                " it is read again once that is over",
            )

    def box(self) -> Box:
        """The configuration as far as it concerns us. Raises ParseFailed, CommandRejected."""
        return box(self._device, "\n".join(self._sections()))

    def _sections(self) -> Iterator[str]:
        for section in self._asked:
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
        """BGP neighbors that are up now, as address and family, and VRF."""
        found: set[str] = set()
        for family in ("ipv4", "ipv6"):
            answer = self.ask(f"show bgp {family} unicast summary", refuse=False)
            found |= {f"{n} {family}" for n in established(self._device, answer)}
            answer = self.ask(f"show bgp vrf all {family} unicast summary", refuse=False)
            found |= {f"{n} {family} vrf {vrf}" for vrf, n in established_in_vrfs(answer)}
        return frozenset(found)

    def refresh(self, commands: Iterable[str]) -> None:
        """Ask neighbors for their routes again; a refusal is no failure: the commit stands."""
        for command in commands:
            self.ask(command, refuse=False)
