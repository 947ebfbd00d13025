# SPDX-License-Identifier: GPL-2.0-or-later
"""A device's entry becomes a device."""

from __future__ import annotations

from enforcer.core.topology import Device, Interface, MaintenanceWindow, Mode, Neighbor
from inventory.device_schema import DAYS, DeviceEntry, WindowEntry


def device_of(name: str, entry: DeviceEntry) -> Device:
    """The device called `name`."""
    return Device(
        name=name,
        platform=entry.platform,
        site=entry.site,
        roles=frozenset(entry.roles),
        mode=Mode(entry.mode),
        transport=dict(entry.transport),
        interfaces=tuple(
            Interface(n, i.behind, tuple(i.addresses), i.management)
            for n, i in entry.interfaces.items()
        ),
        hooks=frozenset(entry.hooks),
        nat=tuple(entry.nat),
        capacity=entry.capacity,
        credentials=entry.credentials,
        vrfs=frozenset(entry.vrfs),
        addresses=tuple(entry.addresses),
        next_hops=tuple(entry.next_hops),
        neighbors=tuple(Neighbor(n.address, n.asn or 0, n.behind, n.vrf) for n in entry.neighbors),
        maintenance=tuple(_window(w) for w in entry.maintenance),
        mechanism=entry.mechanism,
        urpf=entry.urpf,
        options=dict(entry.options),
    )


def _window(entry: WindowEntry) -> MaintenanceWindow:
    days = frozenset(DAYS.index(day) for day in entry.days)
    return MaintenanceWindow(days, entry.start, entry.end, entry.reason)
