# SPDX-License-Identifier: GPL-2.0-or-later
"""A device as the inventory's files write it."""

from __future__ import annotations

from enforcer.core.orders import DEFAULT_VRF
from enforcer.core.topology import Blackholing, Device, Interface, MaintenanceWindow, Neighbor
from inventory.device_schema import DAYS
from inventory.trees import Tree, networks, without_empty


def device_tree(device: Device) -> Tree:
    """The entry of `device`; the key is its name."""
    return without_empty(
        {
            "platform": device.platform,
            "site": device.site,
            "roles": sorted(device.roles),
            "mode": str(device.mode),
            "transport": dict(device.transport),
            "credentials": device.credentials,
            "addresses": networks(device.addresses),
            "next_hops": networks(device.next_hops),
            "interfaces": {one.name: _interface(one) for one in device.interfaces},
            "neighbors": [_neighbor(one) for one in device.neighbors],
            "vrfs": sorted(device.vrfs),
            "hooks": sorted(device.hooks),
            "nat": networks(device.nat),
            "capacity": device.capacity,
            "maintenance": [_window(one) for one in device.maintenance],
            "mechanism": "" if device.mechanism == "filter" else device.mechanism,
            "urpf": device.urpf,
            "options": dict(device.options),
            "bgp": None if device.bgp else False,
            "rtbh": None if device.blackholing is None else _rtbh(device.blackholing),
            "filters": device.filters,
        }
    )


def _rtbh(found: Blackholing) -> Tree:
    return without_empty(
        {
            "communities": list(found.communities),
            "next_hops": list(found.next_hops.values()),
            "upstreams": dict(found.upstreams),
            "canaries": list(found.canaries.values()),
            "witnesses": [witness.device for witness in found.witnesses],
            "trusted": list(found.trusted),
        }
    )


def _interface(interface: Interface) -> Tree:
    addresses = [str(address) for address in interface.addresses]
    management = interface.management or None
    return without_empty(
        {"behind": interface.behind, "addresses": addresses, "management": management}
    )


def _neighbor(neighbor: Neighbor) -> Tree:
    return without_empty(
        {
            "address": str(neighbor.address),
            "asn": neighbor.asn or None,
            "behind": neighbor.behind,
            "vrf": "" if neighbor.vrf == DEFAULT_VRF else neighbor.vrf,
            "name": neighbor.name,
            "families": list(neighbor.families),
        }
    )


def _window(window: MaintenanceWindow) -> Tree:
    days = [day for at, day in enumerate(DAYS) if at in window.days]
    return without_empty(
        {
            "days": days if len(days) < len(DAYS) else [],
            "from": _clock_time(window.start),
            "to": _clock_time(window.end),
            "reason": window.reason,
        }
    )


def _clock_time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
