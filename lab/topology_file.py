# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a containerlab topology file and refuses what clabns does not do.

Shapes and inheritance follow containerlab's topology definition file (manual, "Topology
definition" and "Nodes"): a value is looked up on the node, then its group, then its kind, then
the defaults; ``binds`` (by destination), ``env``, ``labels``, ``sysctls`` and ``exec`` of all
levels are merged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from lab.errors import TopologyRefused
from lab.topology_kinds import LINUX, PLAYED, check_played
from lab.topology_links import LinkSpec, read_links
from lab.topology_values import (
    Where,
    address,
    boolean,
    known_keys,
    mapping,
    network,
    text,
    text_list,
    text_map,
)

TOP_KEYS = frozenset({"name", "prefix", "mgmt", "topology"})
MGMT_KEYS = frozenset({"network", "ipv4-subnet", "external-access"})
TOPOLOGY_KEYS = frozenset({"defaults", "kinds", "groups", "nodes", "links"})
NODE_KEYS = frozenset(
    {
        "binds",
        "cmd",
        "credentials",
        "env",
        "exec",
        "group",
        "image",
        "kind",
        "labels",
        "mgmt-ipv4",
        "startup-config",
        "sysctls",
    }
)
KINDS = frozenset({LINUX, *PLAYED})
DEFAULT_SUBNET = "172.20.20.0/24"  # containerlab's own default


@dataclass(frozen=True)
class Bind:
    """A file or directory of the host that a node sees at another path."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True)
class NodeSpec:
    """One node after inheritance; ``mgmt_ipv4`` is always set.

    ``startup_config`` is what a router of another vendor boots with; None: its empty one.
    """

    name: str
    kind: str
    image: str
    mgmt_ipv4: IPv4Address
    cmd: str = ""
    exec: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    startup_config: Path | None = None


@dataclass(frozen=True)
class Topology:
    """A whole lab, ready to be deployed; node order is that of the file."""

    name: str
    path: Path
    mgmt_network: str
    mgmt_subnet: IPv4Network
    nodes: Mapping[str, NodeSpec]
    links: tuple[LinkSpec, ...]

    def long_name(self, node: str) -> str:
        """The container's name in containerlab, and the name of the namespace handle."""
        return f"clab-{self.name}-{node}"

    def links_of(self, node: str) -> tuple[LinkSpec, ...]:
        """The links that end at the node, in file order."""
        return tuple(link for link in self.links if node in (link.a.node, link.z.node))


def load_topology(path: Path) -> Topology:
    """Reads a ``*.clab.yml`` file.

    Raises:
        TopologyRefused: the file cannot be read, or asks for what clabns does not implement;
            the message holds the path of the value and what is supported.
    """
    try:
        raw = YAML(typ="safe", pure=True).load(_expanded(path))
    except (OSError, YAMLError) as error:
        raise TopologyRefused(str(path), f"cannot be read as YAML: {error}") from error
    top = mapping(raw, Where(path.name))
    root = Where("")
    known_keys(top, TOP_KEYS, root)
    if top.get("prefix", "clab") != "clab":
        raise TopologyRefused("prefix", "only 'clab' is supported: handles are clab-<lab>-<node>")
    name = text(top.get("name"), root / "name")
    mgmt = mapping(top.get("mgmt") or {}, root / "mgmt")
    known_keys(mgmt, MGMT_KEYS, root / "mgmt")
    if boolean(mgmt.get("external-access", False), root / "mgmt" / "external-access"):
        raise TopologyRefused("mgmt.external-access", "must be false: the lab is sealed")
    subnet = network(mgmt.get("ipv4-subnet", DEFAULT_SUBNET), root / "mgmt" / "ipv4-subnet")
    topology = mapping(top.get("topology"), root / "topology")
    known_keys(topology, TOPOLOGY_KEYS, root / "topology")
    nodes = _nodes(topology, root / "topology", subnet, path.resolve().parent)
    return Topology(
        name=name,
        path=path.resolve(),
        mgmt_network=text(mgmt.get("network", "clab"), root / "mgmt" / "network"),
        mgmt_subnet=subnet,
        nodes=nodes,
        links=read_links(topology.get("links"), root / "topology" / "links", nodes),
    )


def _expanded(path: Path) -> str:
    """The file's text with ``$$`` as ``$``, as containerlab's substitution leaves it.

    Variables are refused: the lab must be the same on every machine.
    """
    kept = path.read_text(encoding="utf-8").split("$$")
    for part in kept:
        if "$" in part:
            line = part[: part.index("$")].count("\n")
            raise TopologyRefused(
                f"{path.name} (about {line + 1} lines after the start or the last '$$')",
                "a variable ('$'): not supported; write the value, or '$$' for a dollar sign",
            )
    return "$".join(kept)


def _nodes(
    topology: Mapping[str, Any], where: Where, subnet: IPv4Network, base: Path
) -> dict[str, NodeSpec]:
    defaults = _level(topology.get("defaults"), where / "defaults")
    kinds = _levels(topology.get("kinds"), where / "kinds")
    for kind in kinds:
        _known_kind(kind, where / "kinds" / kind)
    groups = _levels(topology.get("groups"), where / "groups")
    raw_nodes = _levels(topology.get("nodes"), where / "nodes")
    if not raw_nodes:
        raise TopologyRefused(str(where / "nodes"), "no node; a lab needs one at least")
    taken = {
        address(raw["mgmt-ipv4"], where / "nodes" / name / "mgmt-ipv4")
        for name, raw in raw_nodes.items()
        if "mgmt-ipv4" in raw
    }
    hosts = subnet.hosts()
    next(hosts, None)  # the first is the bridge's own
    free = (host for host in hosts if host not in taken)
    nodes: dict[str, NodeSpec] = {}
    for name, raw in raw_nodes.items():
        here = where / "nodes" / name
        group_name = raw.get("group", defaults.get("group"))
        if group_name is not None and group_name not in groups:
            raise TopologyRefused(str(here / "group"), f"no group {group_name!r} is defined")
        group = groups.get(group_name, {}) if group_name else {}
        kind = text(raw.get("kind", group.get("kind", defaults.get("kind"))), here / "kind")
        _known_kind(kind, here / "kind")
        levels = (defaults, kinds.get(kind, {}), group, raw)
        mgmt = raw["mgmt-ipv4"] if "mgmt-ipv4" in raw else str(next(free, ""))
        if not mgmt:
            raise TopologyRefused("mgmt.ipv4-subnet", f"{subnet} is too small for all nodes")
        nodes[name] = _node(name, kind, levels, here, base, address(mgmt, here / "mgmt-ipv4"))
    return nodes


def _node(
    name: str,
    kind: str,
    levels: tuple[Mapping[str, Any], ...],
    where: Where,
    base: Path,
    mgmt_ipv4: IPv4Address,
) -> NodeSpec:
    flat = {key: value for level in levels for key, value in level.items()}
    check_played(kind, flat, where)
    binds = {
        bind.target: bind
        for level in levels
        for bind in _binds(level.get("binds", []), where / "binds", base)
    }
    merged = {
        key: {k: v for level in levels for k, v in text_map(level.get(key), where / key).items()}
        for key in ("env", "labels", "sysctls")
    }
    for sysctl in merged["sysctls"]:
        if not sysctl.startswith("net."):
            raise TopologyRefused(
                str(where / "sysctls" / sysctl), "only net.* belongs to a namespace"
            )
    return NodeSpec(
        name=name,
        kind=kind,
        image=text(flat.get("image", ""), where / "image", empty=True),
        mgmt_ipv4=mgmt_ipv4,
        cmd=text(flat.get("cmd", ""), where / "cmd", empty=True),
        exec=tuple(
            line for level in levels for line in text_list(level.get("exec"), where / "exec")
        ),
        binds=tuple(binds.values()),
        env=merged["env"],
        labels=merged["labels"],
        sysctls=merged["sysctls"],
        credentials=_credentials(kind, flat, where),
        startup_config=_startup(flat, where, base),
    )


def _credentials(kind: str, flat: Mapping[str, Any], where: Where) -> dict[str, str]:
    """As given, or those with which containerlab starts this kind."""
    own = PLAYED[kind].credentials if kind in PLAYED and "credentials" not in flat else None
    return text_map(own or flat.get("credentials"), where / "credentials")


def _startup(flat: Mapping[str, Any], where: Where, base: Path) -> Path | None:
    if "startup-config" not in flat:
        return None
    path = base / text(flat["startup-config"], where / "startup-config")
    if not path.is_file():
        raise TopologyRefused(str(where / "startup-config"), f"{path}: no such file")
    return path


def _binds(raw: object, where: Where, base: Path) -> list[Bind]:
    binds = []
    for line in text_list(raw, where):
        parts = line.split(":")
        if len(parts) not in (2, 3) or (len(parts) == 3 and parts[2] not in ("ro", "rw")):
            raise TopologyRefused(str(where), f"{line!r} is not SOURCE:TARGET[:ro|:rw]")
        if "__clab" in line:
            raise TopologyRefused(str(where), f"{line!r}: containerlab's magic paths: write a path")
        source = base / Path(parts[0]).expanduser()
        binds.append(Bind(source, parts[1], read_only=parts[2:] == ["ro"]))
    return binds


def _levels(raw: object, where: Where) -> dict[str, Mapping[str, Any]]:
    return {name: _level(value, where / name) for name, value in mapping(raw or {}, where).items()}


def _level(raw: object, where: Where) -> Mapping[str, Any]:
    level = mapping(raw or {}, where)
    known_keys(level, NODE_KEYS, where)
    return level


def _known_kind(kind: str, where: Where) -> None:
    if kind not in KINDS:
        raise TopologyRefused(
            str(where), f"kind {kind!r} is not played here; supported: {', '.join(sorted(KINDS))}"
        )
