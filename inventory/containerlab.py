# SPDX-License-Identifier: GPL-2.0-or-later
"""What containerlab leaves in a lab's directory: ``topology-data.json`` and Nornir's hosts.

The format is that of containerlab 0.70 to 0.79 (``core/export_templates/auto.tmpl``): nodes by
name, links with their two ends, since 0.73 below ``endpoints``.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from enforcer.errors import InvalidInput
from inventory import nornir
from inventory.imported import Found
from inventory.reading import first_finding, read_text

TOPOLOGY = "topology-data.json"
IN_A_NAMESPACE = "linux"
"""The kind whose network is the container's namespace; others are reached by address."""

_GROUP_LABEL = "nornir-group"


class _Node(BaseModel):
    kind: str
    longname: str = ""
    ipv4: str = Field(default="", alias="mgmt-ipv4-address")
    ipv6: str = Field(default="", alias="mgmt-ipv6-address")
    labels: dict[str, str] = {}


class _End(BaseModel):
    node: str
    interface: str
    ipv4: str = ""
    ipv6: str = ""


class _Ends(BaseModel):
    a: _End
    z: _End | None = None


class _Link(BaseModel):
    endpoints: _Ends | None = None
    a: _End | None = None
    z: _End | None = None

    @property
    def ends(self) -> list[_End]:
        flat = (self.a, self.z)
        nested = (self.endpoints.a, self.endpoints.z) if self.endpoints else ()
        return [end for end in (*nested, *flat) if end is not None]


class _TopologyFile(BaseModel):
    nodes: dict[str, _Node]
    links: list[_Link] = []


def read(path: Path) -> list[Found]:
    """The nodes of a lab, from its directory or from one of the two files.

    Raises InvalidInput: not there, or not what containerlab writes.
    """
    if path.is_dir():
        path = path / TOPOLOGY
    if path.suffix in (".yml", ".yaml"):
        return nornir.read(path)
    return topology_devices(read_text(path), str(path))


def topology_devices(text: str, file: str) -> list[Found]:
    """The nodes in the text of a ``topology-data.json``. Raises InvalidInput."""
    try:
        topology = _TopologyFile.model_validate_json(text)
    except ValidationError as error:
        why = f"{file} is not what containerlab writes: {first_finding(error)}"
        raise InvalidInput(f"{why}; deploy the lab anew") from None
    interfaces = _interfaces(topology.links)
    return [_found(name, node, interfaces.get(name, {})) for name, node in topology.nodes.items()]


def _interfaces(links: list[_Link]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Addresses by node and interface."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for link in links:
        for end in link.ends:
            addresses = tuple(text for text in (end.ipv4, end.ipv6) if text)
            found.setdefault(end.node, {})[end.interface] = addresses
    return found


def _found(name: str, node: _Node, interfaces: dict[str, tuple[str, ...]]) -> Found:
    addresses = tuple(text for text in (node.ipv4, node.ipv6) if text)
    groups = [v for label, v in sorted(node.labels.items()) if label.startswith(_GROUP_LABEL)]
    role = node.labels.get("role", "")
    if node.kind == IN_A_NAMESPACE:
        transport = {"netns": node.longname or name}
    else:
        transport = {"host": addresses[0]} if addresses else {}
    return Found(
        name=name,
        platform=node.kind,
        longname=node.longname,
        site=node.labels.get("site", ""),
        roles=tuple(word for word in (role, *groups) if word),
        addresses=addresses,
        interfaces=interfaces,
        transport=transport,
    )
