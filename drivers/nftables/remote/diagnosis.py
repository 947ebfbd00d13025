# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a remote router with nftables."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

from drivers.nftables.remote.parse import Unreadable, held
from drivers.nftables.remote.shell import Shell
from enforcer.core.rules import HOLD_MARKER
from enforcer.core.topology import Device
from enforcer.driver_api import Diagnosis
from enforcer.errors import DeviceError

Open = Callable[[], AbstractContextManager[Shell]]
_SAMPLE = json.dumps(
    {"nftables": [{"add": {"table": {"family": "inet", "name": "enforcer_doctor"}}}]}
).encode()


def diagnose(device: Device, open_: Open) -> tuple[Diagnosis, ...]:
    """Login first, then nft, its rights, the marker."""
    try:
        with open_() as shell:
            return tuple(_checks(device, shell))
    except DeviceError as error:
        advice = "see docs/ssh.md: transport, host key, credentials, and transport.nft"
        return (Diagnosis("reachable", False, error.message, advice),)


def _checks(device: Device, shell: Shell) -> list[Diagnosis]:
    version = shell.nft("--version").decode("utf-8", "replace").strip()
    found = [Diagnosis("reachable", True, f"logged in; {version}")]
    # -c: checked by the kernel, not committed.
    shell.nft("-c", "-j", "-f", "-", stdin=_SAMPLE)
    found.append(Diagnosis("commands", True, "nft takes our transactions (checked, not made)"))
    try:
        marked = held(shell.nft("-j", "-nn", "list", "tables"))
    except Unreadable as error:
        return [*found, Diagnosis("commands", False, f"not understood: {error}", "install nft 1.0")]
    if marked:
        said = f"a table is called {HOLD_MARKER}: nothing is written"
        found.append(Diagnosis("marker", False, said, f"nft delete table inet {HOLD_MARKER}"))
    return [*found, *_interfaces(device, shell)]


def _interfaces(device: Device, shell: Shell) -> list[Diagnosis]:
    wanted = {interface.name for interface in device.interfaces}
    if not wanted:
        return []
    there = set(shell.interfaces())
    missing = sorted(wanted - there)
    if missing:
        said = f"not there: {', '.join(missing)}"
        return [Diagnosis("interfaces", False, said, "correct their names in the inventory")]
    return [Diagnosis("interfaces", True, f"{len(wanted)} of the inventory are there")]
