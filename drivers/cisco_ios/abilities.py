# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router with IOS can hold, by what the inventory says of it. Pure."""

from __future__ import annotations

from drivers.cisco_ios.ground import Layout
from drivers.cisco_ios.said import lines6, refusal
from enforcer.core.plan import Capability
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Device

KEYS = frozenset(
    {
        *((f, k) for f in (4, 6) for k in (Key.SOURCE, Key.DESTINATION)),
        *((f, k) for f in (4, 6) for k in (Key.RECEIVED, Key.ANNOUNCED)),
        (0, Key.INTERFACE),
        (0, Key.SESSION),
    }
)


def capability(device: Device, layout: Layout, most: int) -> Capability:
    """Both families; of rules by name those that shut interfaces and BGP sessions down.

    `most`: how many lines one IPv6 address of a rule may take.
    """
    neighbors = {str(n.address) for n in device.neighbors}

    def refuses(rule: Rule) -> str:
        if rule.by_route and rule.neighbor not in neighbors:
            return f"has no BGP neighbor {rule.neighbor} in the inventory: add it there"
        if rule.by_route:
            return _by_path(rule)
        if rule.by_interface:
            return ""
        routed = layout.routes and rule.plain
        if not layout.edges and not (routed and (rule.key is Key.DESTINATION or layout.loose)):
            return (
                "has no interface at an edge in the inventory: say what is behind each"
                " (`behind: upstream`, a customer's name)"
            )
        return refusal(rule) or _too_long(rule, most)

    return Capability(KEYS, capacity=device.capacity, refuses=refuses)


def _by_path(rule: Rule) -> str:
    if rule.routes is None or (rule.routes.origin is None and rule.routes.passes is None):
        return ""
    return (
        "cannot drop routes by their AS path, since a prefix-list knows prefixes alone: name the"
        " prefixes, or put an AS path access-list on the neighbor by hand"
    )


def _too_long(rule: Rule, most: int) -> str:
    lines = lines6(rule)
    if lines <= most:
        return ""
    return (
        f"needs {lines} lines for each IPv6 address of this rule, and options.ipv6_lines allows"
        f" {most}: except a /64 or shorter prefixes instead of single addresses"
    )
