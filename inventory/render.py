# SPDX-License-Identifier: GPL-2.0-or-later
"""A topology as YAML text that `inventory.yaml_files.load` reads back to the same topology."""

from __future__ import annotations

import io
from collections.abc import Iterable

from ruamel.yaml import YAML

from enforcer.core.orders import Network
from enforcer.core.prefixes import format_network
from enforcer.core.services import format_ports, format_protocol
from enforcer.core.topology import Customer, Device, ServiceEntry, ServiceSet, Topology

Tree = dict[str, object]

_NEVER_FOLD = 2**20


def render(topology: Topology) -> str:
    """One YAML file; what is at its default is left out (a device's mode never is)."""
    tree: Tree = {
        "settings": {"documentation_space": topology.documentation_space},
        "devices": {name: _device(device) for name, device in topology.devices.items()},
        "customers": {name: _customer(one) for name, one in topology.customers.items()},
        "service_sets": {name: _service_set(one) for name, one in topology.service_sets.items()},
        "protected": [
            {"prefix": format_network(p.prefix), "reason": p.reason} for p in topology.protected
        ],
    }
    yaml = YAML()
    yaml.width = _NEVER_FOLD
    text = io.StringIO()
    yaml.dump(tree, text)
    return text.getvalue()


def _without_empty(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value not in ("", [], {}, None)}


def _networks(networks: Iterable[Network]) -> list[str]:
    return [format_network(network) for network in networks]


def _device(device: Device) -> Tree:
    interfaces = {i.name: {"behind": i.behind} if i.behind else {} for i in device.interfaces}
    return _without_empty(
        {
            "platform": device.platform,
            "site": device.site,
            "roles": sorted(device.roles),
            "mode": str(device.mode),
            "transport": dict(device.transport),
            "interfaces": interfaces,
            "hooks": sorted(device.hooks),
            "nat": _networks(device.nat),
            "capacity": device.capacity,
        }
    )


def _customer(customer: Customer) -> Tree:
    attachments = [{"device": a.device, "interface": a.interface} for a in customer.attachments]
    contacts = [
        {"name": c.name, "channel": c.channel, "address": c.address} for c in customer.contacts
    ]
    return _without_empty(
        {
            "prefixes": _networks(customer.prefixes),
            "attachments": attachments,
            "contacts": contacts,
        }
    )


def _service_set(service_set: ServiceSet) -> Tree:
    return {"entries": [_entry(entry) for entry in service_set.entries]}


def _entry(entry: ServiceEntry) -> Tree:
    return _without_empty(
        {
            "prefixes": _networks(entry.prefixes),
            "protocol": None if entry.protocol is None else format_protocol(entry.protocol),
            "ports": format_ports(entry.ports),
        }
    )
