# SPDX-License-Identifier: GPL-2.0-or-later
"""`show bgp ... summary`, with the adjacencies that the emulator keeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from lab.emulators.cisco_xr.times import up_down
from lab.emulators.cisco_xr.tree import Node
from lab.emulators.cisco_xr.view import View
from lab.emulators.neighbors import Neighbors

_NOT_ACTIVE = "% BGP instance 'default' not active"
_NO_FAMILY = "% None of the requested address families are configured for instance 'default'(29193)"


def bgp_summary(view: View, neighbors: Neighbors, family: int, now: datetime) -> str:
    """`show bgp ipv4 unicast summary` [CAPTURE]; an IPv6 address takes a line of its own [DOC]."""
    bgp = view.bgp()
    if bgp is None:
        return _NOT_ACTIVE
    name = f"address-family ipv{family} unicast"
    if bgp.get(name) is None:
        return _NO_FAMILY
    local = bgp.line.split()[2]
    table = "0xe0000000" if family == 4 else "0xe0800000"
    lines = [
        f"BGP router identifier {_router_id(bgp)}, local AS number {local}",
        "BGP generic scan interval 60 secs",
        "Non-stop routing is enabled",
        "BGP table state: Active",
        f"Table ID: {table}   RD version: 57",
        "BGP table nexthop route policy: ",
        "BGP main routing table version 57",
        "BGP NSR Initial initsync version 2 (Reached)",
        "BGP NSR/ISSU Sync-Group versions 0/0",
        "BGP scan interval 60 secs",
        "",
        "BGP is operating in STANDALONE mode.",
        "",
        "",
        "Process       RcvTblVer   bRIB/RIB   LabelVer  ImportVer  SendTblVer  StandbyVer",
        f"Speaker      {57:>10} {57:>10} {57:>10} {57:>10} {57:>11} {0:>11}",
        "",
        "Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd",
    ]
    for peer in bgp.under("neighbor "):
        if _exchanges(bgp, peer, name):
            lines += _row(bgp, peer, neighbors, now)
    return "\n".join([*lines, ""])


def _router_id(bgp: Node) -> str:
    for child in bgp.under("bgp router-id "):
        return child.line.split()[-1]
    return "0.0.0.0"


def _groups(bgp: Node, peer: Node) -> list[Node]:
    chain = [peer]
    for child in peer.under("use "):
        group = bgp.get(" ".join(child.line.split()[1:]))
        if group is not None:
            chain += _groups(bgp, group)
    return chain


def _exchanges(bgp: Node, peer: Node, name: str) -> bool:
    return any(node.get(name) is not None for node in _groups(bgp, peer))


def _row(bgp: Node, peer: Node, neighbors: Neighbors, now: datetime) -> list[str]:
    address = peer.line.split()[1]
    chain = _groups(bgp, peer)
    remote = next((found.line.split()[1] for n in chain if (found := n.get("remote-as"))), "0")
    state, since = "Idle", timedelta(0)
    if address in neighbors:
        neighbor = neighbors[address]
        since = now - neighbor.since
        state = str(neighbor.prefixes) if neighbor.established else neighbor.state
    if any(node.get("shutdown") is not None for node in chain):
        state = "Idle (Admin)"
    rest = (
        f"{0:>3} {remote:>5} {63:>7} {55:>7} {57:>8} {0:>4} {0:>4} {up_down(since):>8} {state:>10}"
    )
    if len(address) > 15:
        return [address, " " * 16 + rest]
    return [f"{address:<15} {rest}"]
