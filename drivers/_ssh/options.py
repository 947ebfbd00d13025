# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says about how to log in to a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from enforcer.core.topology import Device


@dataclass(frozen=True, slots=True)
class SshOptions:
    """A device's `transport` and `credentials`, understood. Holds references, never a secret.

    `device`: its name, for messages. `username`: "" when the ssh config says it. `known_hosts`,
    `ssh_config`, `key_file`: paths as written (relative: to the settings file); "" not given.
    `host_key`: type and base64. `timeout`: seconds to connect and log in, each step.
    `credentials`, `enable`: references (``file:``, ``env:``) of the passwords, "" none.
    """

    device: str
    host: str
    port: int = 22
    username: str = ""
    known_hosts: str = ""
    host_key: str = ""
    ssh_config: str = ""
    key_file: str = ""
    agent: bool = False
    legacy: bool = False
    timeout: float = 20.0
    credentials: str = ""
    enable: str = ""

    @classmethod
    def of(cls, device: Device, extra: frozenset[str] = frozenset()) -> Self:
        """Understand `device`; `extra` are transport keys that its driver reads itself.

        Raises ConfigurationInvalid naming the device and what may stand there.
        """
        raise NotImplementedError
