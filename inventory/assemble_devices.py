# SPDX-License-Identifier: GPL-2.0-or-later
"""A device's entry becomes a device."""

from __future__ import annotations

from collections.abc import Mapping

from enforcer.core.topology import (
    Blackholing,
    Device,
    Interface,
    MaintenanceWindow,
    Mode,
    Neighbor,
    Witness,
)
from inventory.device_schema import DAYS, DeviceEntry, RtbhEntry, WindowEntry


def device_of(name: str, entry: DeviceEntry, others: Mapping[str, DeviceEntry]) -> Device:
    """The device called `name`; `others`: all entries, of which it may name some."""
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
        neighbors=_neighbors(entry),
        maintenance=tuple(_window(w) for w in entry.maintenance),
        mechanism=entry.mechanism,
        urpf=entry.urpf,
        options=dict(entry.options),
        bgp=entry.bgp is not False,
        blackholing=None if entry.rtbh is None else _blackholing(entry.rtbh, others),
        filters=entry.filters,
    )


def _neighbors(entry: DeviceEntry) -> tuple[Neighbor, ...]:
    return tuple(
        Neighbor(n.address, n.asn or 0, n.behind, n.vrf, n.name, tuple(sorted(set(n.families))))
        for n in entry.neighbors
    )


def _blackholing(entry: RtbhEntry, others: Mapping[str, DeviceEntry]) -> Blackholing:
    return Blackholing(
        communities=tuple(dict.fromkeys(entry.communities)),
        next_hops={str(a.version): str(a) for a in entry.next_hops},
        upstreams=dict(entry.upstreams),
        canaries={str(n.version): str(n.network_address) for n in entry.canaries},
        witnesses=tuple(_witness(n, others[n]) for n in entry.witnesses if n in others),
        trusted=tuple(dict.fromkeys(map(str, entry.trusted))),
    )


def _witness(name: str, entry: DeviceEntry) -> Witness:
    return Witness(
        name, entry.platform, dict(entry.transport), entry.credentials, _neighbors(entry)
    )


def _window(entry: WindowEntry) -> MaintenanceWindow:
    days = frozenset(DAYS.index(day) for day in entry.days)
    return MaintenanceWindow(days, entry.start, entry.end, entry.reason)
