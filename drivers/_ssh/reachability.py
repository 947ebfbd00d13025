# SPDX-License-Identifier: GPL-2.0-or-later
"""Proof of management: that a device can be logged in to, now and anew."""

from __future__ import annotations

from drivers._ssh.dialect import Dialect
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.terminal import Terminal
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource
from enforcer.errors import EnforcerError


def can_log_in(
    options: SshOptions,
    credentials: CredentialSource,
    dialect: Dialect,
    clock: Clock,
    *,
    gate: Gate = GATE,
) -> str:
    """Open a fresh connection, see a prompt, hang up. "" yes; else why not, in one sentence.

    Takes one of the device's two places beside the session that armed a timer. Raises nothing.
    """
    try:
        Terminal.open(options.device, options, credentials, dialect, clock, gate=gate).close()
    except EnforcerError as error:
        return str(error)
    return ""
