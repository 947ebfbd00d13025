# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of containerlab that clabns knows: Linux, and routers that an emulator plays.

Default logins are containerlab's (manual, "Kinds": Cisco IOL, Cisco XRd, Juniper vJunos-router),
so that one inventory fits both the emulated and the real router.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import TopologyRefused
from lab.topology_values import Where

LINUX = "linux"


@dataclass(frozen=True)
class Played:
    """How a vendor's kind is played.

    Attributes:
        emulator: the platform of ``python -m lab.emulators``.
        credentials: ``username`` and ``password`` where the node states none.
    """

    emulator: str
    credentials: Mapping[str, str]


def _login(username: str, password: str) -> dict[str, str]:
    return {"username": username, "password": password}


PLAYED: Mapping[str, Played] = {
    "cisco_iol": Played("cisco_ios", _login("admin", "admin")),
    "cisco_xrd": Played("cisco_xr", _login("clab", "clab@123")),
    "juniper_vjunosrouter": Played("juniper_junos", _login("admin", "admin@123")),
}
_NOT_EMULATED = ("binds", "cmd", "env", "exec", "sysctls")


def check_played(kind: str, values: Mapping[str, Any], where: Where) -> None:
    """Refuses what has no meaning for the kind: an emulated router runs no programs.

    Raises:
        TopologyRefused: with the key, and what to write instead.
    """
    for key in _NOT_EMULATED if kind in PLAYED else ("startup-config",):
        if key in values:
            told = (
                f"kind {kind} is emulated here: it takes 'startup-config', not this; for Linux"
                " nodes write it under 'kinds: linux:' or a group"
                if kind in PLAYED
                else "a Linux node has none: use 'exec'"
            )
            raise TopologyRefused(str(where / key), told)
