# SPDX-License-Identifier: GPL-2.0-or-later
"""Links, the management bridge, and what happens to them when a node is rebuilt.

``ip -batch`` speaks netlink; a veth is made straight into both namespaces, so that no name ever
appears in between and two links may use the same interface name.
"""

import fcntl
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from lab.errors import LabCommandFailed
from lab.namespaces import run_in
from lab.shell import run
from lab.topology_file import Topology
from lab.topology_links import Endpoint, LinkSpec

MGMT_INTERFACE = "eth0"
SIOCETHTOOL = 0x8946  # linux/sockios.h
ETHTOOL_STXCSUM = 0x17  # linux/ethtool.h


def make_links(topology: Topology, links: Iterable[LinkSpec]) -> None:
    """Creates the veth pairs between running nodes and brings both ends up."""
    wanted = list(links)
    _batch([_add_line(topology, link) for link in wanted])
    for node in topology.nodes:
        ends = [end for link in wanted for end in (link.a, link.z) if end.node == node]
        if ends:
            finish_ends(topology, node, [end.interface for end in ends])


def make_bridge(topology: Topology) -> None:
    """Creates the management bridge, in the lab's private root only."""
    gateway = next(topology.mgmt_subnet.hosts())
    bridge = bridge_name(topology)
    _batch(
        [
            "link set lo up",
            f"link add name {bridge} type bridge forward_delay 0 stp_state 0",
            f"address add {gateway}/{topology.mgmt_subnet.prefixlen} dev {bridge}",
            f"link set {bridge} up",
        ]
    )


def bridge_name(topology: Topology) -> str:
    """Linux allows 15 characters for an interface's name."""
    return f"br-{topology.mgmt_network}"[:15]


def attach_mgmt(topology: Topology, nodes: Iterable[str]) -> None:
    """Gives each node its ``eth0`` on the management bridge.

    Its hardware address stays the same when the node is rebuilt, as a router's does: otherwise
    the others' caches would keep its new kernel from telling them that their connections are over.
    """
    names = list(nodes)
    order = list(topology.nodes)
    lines = []
    for name in names:
        number = order.index(name)
        port, address = f"mgmt{number}", f"02:00:00:00:{number // 256:02x}:{number % 256:02x}"
        lines += [
            f"link add {port} type veth peer name {MGMT_INTERFACE} address {address} "
            f"netns {topology.long_name(name)}",
            f"link set {port} master {bridge_name(topology)} up",
        ]
    _batch(lines)
    for name in names:
        address = f"{topology.nodes[name].mgmt_ipv4}/{topology.mgmt_subnet.prefixlen}"
        _batch([f"address add {address} dev {MGMT_INTERFACE}"], topology.long_name(name))
        finish_ends(topology, name, [MGMT_INTERFACE])


def cut_links(topology: Topology, node: str) -> None:
    """Takes the node's links down, as a router that loses power does; eth0 is deleted."""
    lines = [f"link set {end.interface} down" for end in _own_ends(topology, node)]
    _batch([*lines, f"link delete {MGMT_INTERFACE}"], topology.long_name(node))


def move_links(topology: Topology, node: str, new_pid: int) -> None:
    """Moves the node's link ends from its old namespace (still at the handle) to a new one.

    The pairs are kept, so the neighbours see a carrier loss and keep their configuration.
    """
    lines = [f"link set {end.interface} netns {new_pid}" for end in _own_ends(topology, node)]
    _batch(lines, topology.long_name(node))


def raise_links(topology: Topology, node: str) -> None:
    """Brings all of a node's link ends up again."""
    finish_ends(topology, node, [end.interface for end in _own_ends(topology, node)])


def finish_ends(topology: Topology, node: str, interfaces: list[str]) -> None:
    """Brings ends up, and has checksums computed in full before a packet leaves.

    A capture on the far end would otherwise see the partial checksums of the kernel's TCP.
    """
    handle = topology.long_name(node)
    run_in(Path("/run/netns", handle), lambda: _checksums_in_software(interfaces))
    _batch([f"link set {interface} up" for interface in interfaces], handle)


def _own_ends(topology: Topology, node: str) -> list[Endpoint]:
    return [end for link in topology.links_of(node) for end in (link.a, link.z) if end.node == node]


def _add_line(topology: Topology, link: LinkSpec) -> str:
    near, far = link.a, link.z
    return (
        f"link add {near.interface} {_address(near)} mtu {link.mtu} "
        f"netns {topology.long_name(near.node)} type veth "
        f"peer name {far.interface} {_address(far)} mtu {link.mtu} "
        f"netns {topology.long_name(far.node)}"
    )


def _address(end: Endpoint) -> str:
    return f"address {end.mac}" if end.mac else ""


def _batch(lines: list[str], netns: str = "") -> None:
    where = ["-n", netns] if netns else []
    run(["ip", *where, "-batch", "-"], text="\n".join(lines) + "\n")


def _checksums_in_software(interfaces: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for interface in interfaces:
            value = bytearray(struct.pack("II", ETHTOOL_STXCSUM, 0))
            _ethtool(control, interface, value)


def _ethtool(control: socket.socket, interface: str, value: bytearray) -> None:
    # struct ifreq holds a pointer to the ethtool_value, which must outlive the call.
    import ctypes

    buffer = (ctypes.c_char * len(value)).from_buffer(value)
    request = struct.pack("16sP", interface.encode(), ctypes.addressof(buffer))
    try:
        fcntl.ioctl(control, SIOCETHTOOL, request)
    except OSError as error:
        raise LabCommandFailed(f"{interface}: checksum offload stays on: {error}") from error
