# SPDX-License-Identifier: GPL-2.0-or-later
"""Which box a device of the inventory is: two names for one would each undo the other's writes."""

from __future__ import annotations

from collections.abc import Mapping

OPTIONS = frozenset(
    {
        "agent",
        "counters",
        "enable",
        "host_key",
        "key_file",
        "known_hosts",
        "legacy",
        "ssh_config",
        "timeout",
        "user",
        "username",
    }
)
"""What a transport says about how to work there, not about where it is.

Any other key names the box, so that a driver's own keys err on the safe side.
"""

SSH_PORT = "22"
"""The port of a host where none is said; to say it names no other box."""

Box = tuple[str, frozenset[tuple[str, str]]]


def box_of(platform: str, transport: Mapping[str, str]) -> Box | None:
    """Equal for devices that are reached in the same way; None: nothing says how."""
    where = frozenset(
        (key, _plain(key, value)) for key, value in transport.items() if key not in OPTIONS
    )
    where -= {("port", SSH_PORT)} if "host" in transport else frozenset()
    return (platform, where) if where else None


def _plain(key: str, value: str) -> str:
    """One spelling of a host's name: names know no case, and may end with the root's dot."""
    return value.lower().removesuffix(".") if key == "host" else value
