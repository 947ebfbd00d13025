# SPDX-License-Identifier: GPL-2.0-or-later
"""Proof of management: that a device can be logged in to, now and anew."""

from __future__ import annotations

from drivers._ssh.dialect import Dialect
from drivers._ssh.errors import NoPlace
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
        second_session(options, credentials, dialect, clock, gate=gate).close()
    except EnforcerError as error:
        return unproved(error)
    return ""


def second_session(
    options: SshOptions,
    credentials: CredentialSource,
    dialect: Dialect,
    clock: Clock,
    *,
    gate: Gate = GATE,
) -> Terminal:
    """A fresh connection that is to prove a change before its timer takes it back.

    It goes before other logins of this process. One that found no place all the same tells
    nothing about the device: it is tried once more. Raises as `Terminal.open`.
    """
    name = options.device
    try:
        return Terminal.open(name, options, credentials, dialect, clock, gate=gate, proof=True)
    except NoPlace:
        return Terminal.open(name, options, credentials, dialect, clock, gate=gate, proof=True)


def unproved(error: EnforcerError) -> str:
    """What `error`, of a login that was to be a proof, says about the device."""
    if isinstance(error, NoPlace):
        return f"the login that was to prove it was not tried, for {error}"
    return f"it cannot be logged in to any more: {error}"
