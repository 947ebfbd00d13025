# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says of how an FRR is asked and how it is saved."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Self

from drivers._daemon.opening import HostWay
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

KEYS = frozenset({"pathspace", "vtysh"})
"""Transport keys beside how to reach the host."""
_OPTIONS = frozenset({"save"})
_SPACE = re.compile(r"^[A-Za-z0-9_-]+$")


@dataclass(frozen=True, slots=True)
class Options:
    """`vtysh`: how it is called, words. `folder`: of its configuration. `save`: after changes."""

    way: HostWay
    vtysh: tuple[str, ...]
    folder: str
    save: bool = True

    @classmethod
    def of(cls, device: Device) -> Self:
        """Understand `device`. Raises ConfigurationInvalid."""
        given, name = device.transport, device.name
        space = given.get("pathspace", "")
        if space and not _SPACE.match(space):
            raise ConfigurationInvalid(
                f"{name}: transport.pathspace is {space!r}: say what its daemons' -N says"
            )
        unknown = sorted(device.options.keys() - _OPTIONS)
        if unknown:
            raise ConfigurationInvalid(
                f"{name}: options has {', '.join(unknown)}, which frr does not know; it takes save"
            )
        save = device.options.get("save", "always")
        if save not in ("always", "never"):
            raise ConfigurationInvalid(f"{name}: options.save is {save!r}: say always or never")
        words = tuple(shlex.split(given.get("vtysh", "vtysh")))
        if not words:
            raise ConfigurationInvalid(f"{name}: transport.vtysh is empty: say its path")
        return cls(
            HostWay.of(device, KEYS),
            (*words, *(("-N", space) if space else ())),
            f"/etc/frr/{space}" if space else "/etc/frr",
            save == "always",
        )
