# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that containerlab leaves in its lab directory, for tools that read them there."""

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from lab.topology_file import Topology
from lab.topology_links import Endpoint


def write_exports(topology: Topology, directory: Path, pids: Mapping[str, int]) -> None:
    """Writes ``topology-data.json`` and ``nornir-simple-inventory.yml`` into the lab directory."""
    data = json.dumps(topology_data(topology, pids), indent=2)
    (directory / "topology-data.json").write_text(data + "\n", encoding="utf-8")
    out = StringIO()
    YAML(typ="safe", pure=True).dump(nornir_inventory(topology), out)
    (directory / "nornir-simple-inventory.yml").write_text(out.getvalue(), encoding="utf-8")


def topology_data(topology: Topology, pids: Mapping[str, int]) -> dict[str, Any]:
    """containerlab's ``topology-data.json``; ``pid`` of a node is our addition."""
    return {
        "name": topology.name,
        "type": "clab",
        "clab": {
            "config": {
                "prefix": "clab",
                "mgmt": {
                    "network": topology.mgmt_network,
                    "ipv4-subnet": str(topology.mgmt_subnet),
                },
            }
        },
        "nodes": {
            name: {
                "index": str(index),
                "shortname": name,
                "longname": topology.long_name(name),
                "fqdn": f"{name}.{topology.name}.io",
                "group": "",
                "kind": node.kind,
                "image": node.image,
                "mgmt-ipv4-address": str(node.mgmt_ipv4),
                "mgmt-ipv4-prefix-length": topology.mgmt_subnet.prefixlen,
                "labels": dict(node.labels),
                "pid": pids[name],
            }
            for index, (name, node) in enumerate(topology.nodes.items())
        },
        "links": [{"endpoints": {"a": _end(link.a), "z": _end(link.z)}} for link in topology.links],
    }


def nornir_inventory(topology: Topology) -> dict[str, Any]:
    """containerlab's nornir SimpleInventory: a flat map of hosts; platform is the kind."""
    return {
        name: {
            "username": node.credentials.get("username", ""),
            "password": node.credentials.get("password", ""),
            "platform": node.kind,
            "hostname": str(node.mgmt_ipv4),
            "groups": [
                value
                for label, value in sorted(node.labels.items())
                if label.startswith("nornir-group")
            ],
        }
        for name, node in topology.nodes.items()
    }


def _end(end: Endpoint) -> dict[str, str]:
    return {"node": end.node, "interface": end.interface, "mac": end.mac}
