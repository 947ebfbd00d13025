# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says about one BIRD: where its socket and files are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from enforcer.core import change_policy
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

TRANSPORT = frozenset({"birdc", "config", "include", "socket"})
"""What a transport may say beside how to reach the host."""
OPTIONS = frozenset({"confirm"})
BIRDC, SOCKET = "birdcl", "/run/bird/bird.ctl"
"""The line client without line editing, of the same package as birdc, which serves as well."""
CONFIG, INCLUDE = "/etc/bird/bird.conf", "/etc/bird/enforcer.conf"
_CONFIRM = 60
_SHORTEST, _LONGEST = 5, 600


@dataclass(frozen=True, slots=True)
class Setup:
    """One BIRD. `confirm`: seconds after which it takes an unconfirmed change back by itself.

    `config`: the operator's configuration; `include`: our file, which his configuration includes
    once. `neighbors`: addresses of the inventory, as text.
    """

    device: str
    owner: Owner
    socket: str = SOCKET
    birdc: str = BIRDC
    config: str = CONFIG
    include: str = INCLUDE
    neighbors: tuple[str, ...] = ()
    confirm: int = _CONFIRM

    @classmethod
    def of(cls, device: Device, owner: Owner) -> Self:
        """Understand `device`. Raises ConfigurationInvalid naming it and what may stand there."""
        unknown = sorted(device.options.keys() - OPTIONS - change_policy.KEYS)
        if unknown:
            raise ConfigurationInvalid(
                f"{device.name}: options has {', '.join(unknown)}, which BIRD does not know;"
                f" it takes {', '.join(sorted(OPTIONS))}"
            )
        given = device.transport
        return cls(
            device.name,
            owner,
            _path(device, "socket", SOCKET),
            given.get("birdc", BIRDC),
            _path(device, "config", CONFIG),
            _path(device, "include", INCLUDE),
            tuple(dict.fromkeys(str(n.address) for n in device.neighbors)),
            _seconds(device),
        )


def _path(device: Device, key: str, default: str) -> str:
    path = device.transport.get(key, default)
    if not path.startswith("/") or path.endswith("/"):
        raise ConfigurationInvalid(
            f"{device.name}: transport.{key} is {path!r}: give the absolute path of a file"
        )
    return path


def _seconds(device: Device) -> int:
    text = device.options.get("confirm", str(_CONFIRM))
    if not (text.isascii() and text.isdigit() and _SHORTEST <= int(text) <= _LONGEST):
        raise ConfigurationInvalid(
            f"{device.name}: options.confirm is {text!r}: give seconds from {_SHORTEST}"
            f" to {_LONGEST}"
        )
    return int(text)
