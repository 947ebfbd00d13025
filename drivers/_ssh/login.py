# SPDX-License-Identifier: GPL-2.0-or-later
"""A verified, authenticated connection to a device."""

from __future__ import annotations

import paramiko

from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource


class Client(paramiko.SSHClient):
    """A connection that holds one of the device's places in the gate until it is closed."""

    device: str

    def alive(self) -> bool:
        """Whether the connection stands as far as this side knows."""
        raise NotImplementedError

    def close(self) -> None:
        """Close it and give the place back; never raises; may be called twice."""
        raise NotImplementedError


def open_client(
    options: SshOptions,
    credentials: CredentialSource,
    clock: Clock | None = None,
    gate: Gate = GATE,
) -> Client:
    """Connect (through the jump host of the ssh config), verify the host key, log in.

    Raises HostKeyRefused (a DeviceUnreachable) before any credential is sent,
    DeviceUnreachable, AuthenticationFailed, DeviceBusy (no place, or the device's lines are all
    taken), ConfigurationInvalid (a file or secret that cannot be read).
    """
    raise NotImplementedError
