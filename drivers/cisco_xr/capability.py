# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rules a device with IOS-XR can hold, by what the inventory says of it. Pure."""

from __future__ import annotations

from drivers.cisco_xr.model import Setup
from drivers.cisco_xr.render import outside_of_safe, parts_of
from enforcer.core.clauses import Clause, clauses
from enforcer.core.plan import Barred, Capability
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Device

NO_DISCOVERY = (
    "cannot block link-local and multicast addresses of IPv6, nor what is not in use, since"
    " neighbor discovery would be lost beside a list of the operator's: block ::/1 and fc00::/7,"
    " or parts of them"
)
MOST_LINES = 200
"""Of one rule in one list."""
_FILTERED = (Key.SOURCE, Key.DESTINATION, Key.RECEIVED, Key.ANNOUNCED)


def capability(device: Device, setup: Setup) -> Capability:
    """Lists and routes of both families, neighbors' routes, interfaces and sessions as a whole."""
    keys = {(family, key) for family in (4, 6) for key in _FILTERED}
    keys |= {(0, Key.INTERFACE), (0, Key.SESSION)}
    neighbors = frozenset(
        str(n.address) for n in device.neighbors if n.vrf == "default" or not n.vrf
    )

    def refuses(rule: Rule) -> str:
        return _refuses(rule, setup, neighbors)

    return Capability(
        frozenset(keys),
        capacity=device.capacity,
        refuses=refuses,
        barred={6: Barred(outside_of_safe(), NO_DISCOVERY)},
    )


def _refuses(rule: Rule, setup: Setup, neighbors: frozenset[str]) -> str:
    if rule.by_route:
        if rule.neighbor in neighbors:
            return ""
        return (
            f"cannot filter the routes of {rule.neighbor or 'no neighbor'}: the inventory has no"
            " such BGP neighbor of it in the default VRF; state it under its neighbors"
        )
    if rule.key not in (Key.SOURCE, Key.DESTINATION):
        return ""
    if setup.rtbh and rule.plain and rule.key is Key.DESTINATION and not setup.loose:
        return ""
    if any(clause.but for clause in clauses(rule)):
        return (
            "cannot except one service from a block of every protocol, since a list of IOS-XR"
            " cannot say 'any protocol but': except the address as a whole, or block by protocol"
        )
    odd = [c.protocol for c in clauses(rule) if _ported(c) and c.protocol not in (6, 17)]
    if odd:
        return (
            f"cannot match the ports of protocol {odd[0]}, only those of TCP and UDP: block the"
            " protocol as a whole"
        )
    lines = len(parts_of(rule).lines)
    if lines > MOST_LINES:
        return (
            f"cannot hold it: its exceptions need {lines} lines in every list and {MOST_LINES} are"
            " allowed; use fewer exceptions, or whole addresses"
        )
    if not setup.edges:
        return (
            "cannot filter packets: the inventory names no interface with something behind it that"
            " is not management; state `behind` of its edge interfaces"
        )
    return ""


def _ported(clause: Clause) -> bool:
    return clause.member_ports is not None or clause.peer_ports is not None
