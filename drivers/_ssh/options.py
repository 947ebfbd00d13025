# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says about how to log in to a device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from enforcer.core.host_keys import SSH_PORT, is_key
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

KEYS = frozenset(
    {
        "agent",
        "enable",
        "host",
        "host_key",
        "key_file",
        "known_hosts",
        "legacy",
        "port",
        "ssh_config",
        "timeout",
        "user",
        "username",
    }
)
"""The keys of a transport over SSH. All but `host` and `port` are in `enforcer.core.boxes`."""

TIMEOUT = 20.0
_LONGEST = 600.0
_PORTS = 65_536
_SWITCH = {"yes": True, "no": False}


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
    port: int = SSH_PORT
    username: str = ""
    known_hosts: str = ""
    host_key: str = ""
    ssh_config: str = ""
    key_file: str = ""
    agent: bool = False
    legacy: bool = False
    timeout: float = TIMEOUT
    credentials: str = ""
    enable: str = ""

    @classmethod
    def of(cls, device: Device, extra: frozenset[str] = frozenset()) -> Self:
        """Understand `device`; `extra` are transport keys that its driver reads itself.

        Raises ConfigurationInvalid naming the device and what may stand there.
        """
        name, given = device.name, device.transport
        _refuse_unknown(name, given, extra)
        if not given.get("host"):
            raise ConfigurationInvalid(f"{name}: transport has no host: say its name or address")
        made = cls(
            device=name,
            host=given["host"],
            port=_port(name, given.get("port", "")),
            username=_username(name, given),
            known_hosts=given.get("known_hosts", ""),
            host_key=_host_key(name, given),
            ssh_config=given.get("ssh_config", ""),
            key_file=given.get("key_file", ""),
            agent=_switch(name, given, "agent"),
            legacy=_switch(name, given, "legacy"),
            timeout=_timeout(name, given.get("timeout", "")),
            credentials=device.credentials,
            enable=given.get("enable", ""),
        )
        made._refuse_no_way_in()
        return made

    def _refuse_no_way_in(self) -> None:
        if not (self.credentials or self.key_file or self.agent or self.ssh_config):
            raise ConfigurationInvalid(
                f"{self.device}: nothing says how to log in: give `credentials` (a reference to"
                " the password), or `key_file` or `agent: yes` in its transport"
            )
        if not (self.username or self.ssh_config):
            raise ConfigurationInvalid(
                f"{self.device}: transport has no username: say as whom to log in"
            )


def _refuse_unknown(name: str, given: Mapping[str, str], extra: frozenset[str]) -> None:
    known = KEYS | extra
    unknown = sorted(given.keys() - known)
    if not unknown:
        return
    close = get_close_matches(unknown[0], sorted(known), n=1)
    raise ConfigurationInvalid(
        f"{name}: transport has {', '.join(unknown)}, which is not known for SSH; it takes"
        f" {', '.join(sorted(known))}" + (f"; did you mean {close[0]}?" if close else "")
    )


def _port(name: str, text: str) -> int:
    if not text:
        return SSH_PORT
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < _PORTS):
        raise ConfigurationInvalid(f"{name}: transport.port is {text!r}: say 1 to {_PORTS - 1}")
    return int(text)


def _username(name: str, given: Mapping[str, str]) -> str:
    said = {given[key] for key in ("user", "username") if key in given}
    if len(said) > 1:
        raise ConfigurationInvalid(f"{name}: transport has two users: keep `username`")
    return said.pop() if said else ""


def _host_key(name: str, given: Mapping[str, str]) -> str:
    text = given.get("host_key", "")
    if not text:
        return ""
    if given.get("known_hosts"):
        raise ConfigurationInvalid(
            f"{name}: transport has host_key and known_hosts: keep the one that counts"
        )
    if not is_key(text):
        raise ConfigurationInvalid(
            f"{name}: transport.host_key is no public key in OpenSSH's form"
            " (ssh-ed25519 AAAA...): copy it from the known_hosts line of the device"
        )
    return " ".join(text.split()[:2])


def _switch(name: str, given: Mapping[str, str], key: str) -> bool:
    text = given.get(key, "no")
    if text not in _SWITCH:
        raise ConfigurationInvalid(f"{name}: transport.{key} is {text!r}: say yes or no")
    return _SWITCH[text]


def _timeout(name: str, text: str) -> float:
    if not text:
        return TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise ConfigurationInvalid(
            f"{name}: transport.timeout is {text!r}: say seconds, at most {_LONGEST:g}"
        )
    return seconds
