# SPDX-License-Identifier: GPL-2.0-or-later
"""The way to one device: opens terminals."""

from __future__ import annotations

from dataclasses import dataclass

from drivers._ssh.dialect import XR
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.reachability import second_session
from drivers._ssh.terminal import Terminal
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource


@dataclass(frozen=True)
class Link:
    """Where and as whom to log in."""

    options: SshOptions
    credentials: CredentialSource
    clock: Clock
    gate: Gate

    def open(self) -> Terminal:
        """A new terminal at an exec prompt; raises as `Terminal.open`."""
        name = self.options.device
        return Terminal.open(name, self.options, self.credentials, XR, self.clock, gate=self.gate)

    def second(self) -> Terminal:
        """One that is to prove a change before its timer takes it back; see `second_session`."""
        return second_session(self.options, self.credentials, XR, self.clock, gate=self.gate)
