# SPDX-License-Identifier: GPL-2.0-or-later
"""`show ip bgp summary`, `show bgp ipv6 unicast summary`, `show ip bgp neighbors`."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios.bgp import bound, local_as
from lab.emulators.cisco_ios.words import Refusal
from lab.emulators.neighbors import Neighbor

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.router import Router

_COLUMNS = "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd"

_FILTERS = (
    ("distribute-list", "in", "Incoming update network filter list is"),
    ("distribute-list", "out", "Outgoing update network filter list is"),
    ("prefix-list", "in", "Incoming update prefix filter list is"),
    ("prefix-list", "out", "Outgoing update prefix filter list is"),
    ("filter-list", "in", "Incoming update AS path filter list is"),
    ("filter-list", "out", "Outgoing update AS path filter list is"),
    ("route-map", "in", "Route map for incoming advertisements is"),
    ("route-map", "out", "Route map for outgoing advertisements is"),
)


def summary(router: Router, version: int) -> str:
    """The summary of one address family [corpus show_ip_bgp_summary]."""
    number = local_as(router.configuration)
    if not number:
        raise Refusal("% BGP not active\n")
    identifier = next(
        (str(neighbor.address) for neighbor in router.neighbors if neighbor.address.version == 4),
        "0.0.0.0",
    )
    lines = [
        f"BGP router identifier {identifier}, local AS number {number}",
        "BGP table version is 9, main routing table version 9",
        "",
        _COLUMNS,
    ]
    for neighbor in router.neighbors:
        if neighbor.address.version == version:
            lines += _row(router, neighbor)
    return "\n".join(lines)


def _row(router: Router, neighbor: Neighbor) -> list[str]:
    address = str(neighbor.address).upper()
    since = _ago(neighbor.since, router.clock.now())
    state = str(neighbor.prefixes)
    if not neighbor.established:
        state = "Idle (Admin)" if str(neighbor.address) in router.bgp.shut else "Idle"
    rest = f"4 {neighbor.remote_as:12} {26:7} {27:7} {9:8} {0:4} {0:4} {since:<8} {state:>8}"
    if len(address) > 15:
        return [address, f"{'':16}{rest}"]
    return [f"{address:<16}{rest}"]


def _ago(since: datetime, now: datetime) -> str:
    seconds = max(0, int((now - since).total_seconds()))
    if seconds < 86400:
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 86400}d{seconds // 3600 % 24:02}h"


def neighbors(router: Router, address: str | None = None) -> str:
    """State and bound filters of one or all neighbors [DOC on the form].

    What is bound is shown, whether or not it is in force yet.
    """
    if address is None:
        return "\n".join(
            line for neighbor in router.neighbors for line in _neighbor(router, neighbor)
        )
    try:
        neighbor = router.neighbors[str(ip_address(address))]
    except (KeyError, ValueError):
        raise Refusal("% No such neighbor or address family\n") from None
    return "\n".join(_neighbor(router, neighbor))


def _neighbor(router: Router, neighbor: Neighbor) -> list[str]:
    address, own = str(neighbor.address), local_as(router.configuration)
    link = "internal" if neighbor.remote_as == own else "external"
    since = _ago(neighbor.since, router.clock.now())
    state = f"Established, up for {since}" if neighbor.established else f"Idle, down for {since}"
    lines = [f"BGP neighbor is {address.upper()},  remote AS {neighbor.remote_as}, {link} link"]
    if address in router.bgp.shut:
        lines.append(" Administratively shut down")
    lines += ["  BGP version 4, remote router ID 0.0.0.0", f"  BGP state = {state}"]
    for version, title in ((4, "IPv4"), (6, "IPv6")):
        found = [
            f"  {text} {name}"
            for kind, way, text in _FILTERS
            if (name := bound(router.configuration, address, version, way, kind))
        ]
        if found or version == neighbor.address.version:
            lines += [f" For address family: {title} Unicast", *found]
    return lines
