# SPDX-License-Identifier: GPL-2.0-or-later
"""A device of the inventory as the pure half needs it. Pure."""

from __future__ import annotations

from drivers.cisco_xr.model import Setup
from drivers.cisco_xr.options import Options
from enforcer.core.edges import carries_management, edge_interfaces
from enforcer.core.rules import Owner
from enforcer.core.topology import Device


def setup_of(device: Device, owner: Owner, options: Options) -> Setup:
    """Where lists are bound on `device` and how routes are used."""
    return Setup(
        owner,
        tuple(i.name for i in edge_interfaces(device)),
        frozenset(i.name for i in device.interfaces if carries_management(device, i)),
        rtbh=device.mechanism == "rtbh",
        loose=device.urpf == "loose",
        route_tag=options.route_tag,
        named=frozenset(i.name for i in device.interfaces),
        neighbors=frozenset(str(n.address) for n in device.neighbors),
    )
