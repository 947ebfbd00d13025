# SPDX-License-Identifier: GPL-2.0-or-later
"""What packets and routes get, judged by a committed configuration."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network

from lab.emulators.cisco_xr.ace import Ace, Ends
from lab.emulators.cisco_xr.members import Span
from lab.emulators.cisco_xr.ports import ICMP_TYPES, ICMPV6_TYPES
from lab.emulators.cisco_xr.rpl import Judge
from lab.emulators.cisco_xr.tree import Node
from lab.emulators.cisco_xr.view import View
from lab.emulators.packets import ICMP, ICMPV6, Address, Direction, Packet, RouteFate

SIDES = {"in": "ingress", "out": "egress"}
_NEIGHBOR_DISCOVERY = (135, 136)


def within(number: int, spans: list[Span]) -> bool:
    """Whether `spans`, sorted and without overlap, contain `number`."""
    at = bisect_right(spans, (number, 1 << 129))
    return at > 0 and spans[at - 1][1] >= number


def first_match(view: View, packet: Packet, name: str) -> tuple[int, bool] | None:
    """The entry of the access list `name` that decides: its number and whether it permits.

    None: no such list or an empty one, which filters nothing [GUESS]. Number 0: the implicit end,
    a deny; an IPv6 list lets neighbor discovery through before it [DOC].
    """
    entries = view.access_list(packet.version, name)
    if not entries:
        return None
    for number, entry in entries:
        if _matches(view, entry, packet):
            return number, entry.permit
    discovery = packet.protocol == ICMPV6 and packet.icmp_type in _NEIGHBOR_DISCOVERY
    return 0, discovery


def _matches(view: View, entry: Ace, packet: Packet) -> bool:
    if entry.protocol is not None and entry.protocol != packet.protocol:
        return False
    family = f"network ipv{packet.version}"
    return (
        _place(view, entry.source, packet.source, family)
        and _place(view, entry.destination, packet.destination, family)
        and _fourth_layer(view, entry, packet)
    )


def _place(view: View, ends: Ends, address: Address, family: str) -> bool:
    number = int(address)
    if ends.group:
        return within(number, view.spans(family, ends.group))
    if ends.wildcard is not None:
        return (number ^ ends.wildcard.value) & ~ends.wildcard.wild & 0xFFFFFFFF == 0
    return ends.span is not None and ends.span[0] <= number <= ends.span[1]


def _fourth_layer(view: View, entry: Ace, packet: Packet) -> bool:
    """Ports, flags and ICMP types.

    A later fragment has none of them: it matches a permit by its addresses alone and never a
    deny that looks at ports [DOC].
    """
    if "fragments" in entry.options:
        return packet.fragment
    icmp = {ICMP: ICMP_TYPES, ICMPV6: ICMPV6_TYPES}.get(entry.protocol or 0, {})
    types = [icmp.get(o, int(o) if o.isdecimal() else -1) for o in entry.options] if icmp else []
    types = [number for number in types if number >= 0]
    looks = entry.source.names_ports or entry.destination.names_ports or types
    if packet.fragment:
        return entry.permit or not (looks or "established" in entry.options)
    if "established" in entry.options and not packet.established:
        return False
    if types and packet.icmp_type not in types:
        return False
    return _port(view, entry.source, packet.source_port) and _port(
        view, entry.destination, packet.destination_port
    )


def _port(view: View, ends: Ends, port: int | None) -> bool:
    if not ends.names_ports:
        return True
    spans = sorted(ends.ports) or view.spans("port", ends.port_group)
    return port is not None and within(port, spans)


def bound_list(block: Node, version: int, side: str) -> str:
    """The access list bound to an interface; empty: none."""
    child = block.get(f"ipv{version} access-group {side}")
    return "" if child is None else child.line.split()[2]


def routed(view: View, packet: Packet, block: Node) -> bool:
    """Whether routing lets an arriving packet go on.

    Not where the best route to the destination is a discard route, nor, with loose uRPF on the
    interface, where the best route to the source is one.
    """
    if _discarded(view, packet.destination):
        return False
    return block.get(f"ipv{packet.version} verify") is None or not _discarded(view, packet.source)


def _discarded(view: View, address: Address) -> bool:
    return view.next_hops(address) == {"Null0"}


def fate(
    view: View, prefix: str, neighbor: str, direction: Direction, path: Sequence[int] | None
) -> RouteFate:
    """What the policy of `neighbor` does with `prefix`.

    eBGP without a policy passes nothing, iBGP everything [DOC]; policies may come from a
    neighbor-group. A neighbor that is not configured, or shut down, has no session.
    """
    bgp = view.bgp()
    peer = None if bgp is None else bgp.get(f"neighbor {ip_address(neighbor)}")
    if bgp is None or peer is None:
        return "no session"
    network = ip_network(prefix, strict=True)
    chain = [peer, *_inherited(bgp, peer)]
    if any(node.get("shutdown") is not None for node in chain):
        return "no session"
    policy = _policy(chain, network.version, direction)
    remote = next((found.line.split()[1] for n in chain if (found := n.get("remote-as"))), "")
    if not policy:
        internal = policy is not None and remote == bgp.line.split()[2]
        return "accepted" if internal else "rejected"
    if path is None:
        path = (int(remote),) if direction == "in" and remote.isdecimal() else ()
    judge = Judge(network, view.prefix_set, view.policy, tuple(path), view.path_set)
    return "accepted" if judge.accepts(policy) else "rejected"


def peers(view: View) -> Iterator[tuple[str, int, bool]]:
    """The configured BGP neighbors: address, AS number, whether shut down."""
    bgp = view.bgp()
    if bgp is None:
        return
    for peer in bgp.under("neighbor "):
        chain = [peer, *_inherited(bgp, peer)]
        remote = next((found.line.split()[1] for n in chain if (found := n.get("remote-as"))), "0")
        shut = any(node.get("shutdown") is not None for node in chain)
        yield peer.line.split()[1], int(remote) if remote.isdecimal() else 0, shut


def _inherited(bgp: Node, peer: Node) -> list[Node]:
    groups = []
    for child in peer.under("use "):
        group = bgp.get(" ".join(child.line.split()[1:]))
        if group is not None:
            groups += [group, *_inherited(bgp, group)]
    return groups


def _policy(chain: list[Node], version: int, direction: Direction) -> str | None:
    """The policy in force; empty: none is attached; None: the family is not exchanged."""
    families = [
        family for node in chain if (family := node.get(f"address-family ipv{version} unicast"))
    ]
    if not families:
        return None
    for family in families:
        child = family.get(f"route-policy {direction}")
        if child is not None:
            return child.line.split()[1].split("(")[0]
    return ""
