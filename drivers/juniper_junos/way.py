# SPDX-License-Identifier: GPL-2.0-or-later
"""How to get to the router's command line."""

from __future__ import annotations

from dataclasses import dataclass

from drivers._ssh.dialect import JUNOS
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.reachability import can_log_in, second_session
from drivers._ssh.terminal import Terminal
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource


@dataclass(frozen=True, slots=True)
class Way:
    """The login of one device."""

    device: str
    options: SshOptions
    credentials: CredentialSource
    clock: Clock
    gate: Gate

    def open(self) -> Terminal:
        """Log in. Raises as `Terminal.open`."""
        return Terminal.open(
            self.device, self.options, self.credentials, JUNOS, self.clock, gate=self.gate
        )

    def second(self) -> Terminal:
        """A terminal that is to prove a change before its timer takes it back."""
        return second_session(self.options, self.credentials, JUNOS, self.clock, gate=self.gate)

    def login(self) -> str:
        """Whether a fresh login works now: "" yes, else why not."""
        return can_log_in(self.options, self.credentials, JUNOS, self.clock, gate=self.gate)
