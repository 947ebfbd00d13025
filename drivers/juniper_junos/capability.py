# SPDX-License-Identifier: GPL-2.0-or-later
"""What a Junos router can hold. Pure."""

from __future__ import annotations

from drivers.juniper_junos.names import FAMILIES
from drivers.juniper_junos.render import terms
from drivers.juniper_junos.setup import Setup
from enforcer.core.orders import DEFAULT_VRF
from enforcer.core.plan import Capability
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Device

MOST_TERMS = 250
"""Of one rule: an exception cuts a rule into terms, and a filter of some 4,000 terms is the most
that Juniper reports to work (Junos firewall filter guide, application points)."""


_OF_A_FAMILY = (
    Key.SOURCE,
    Key.DESTINATION,
    Key.INPUT_INTERFACE,
    Key.OUTPUT_INTERFACE,
    Key.RECEIVED,
    Key.ANNOUNCED,
)
"""Two of them only to refuse them in better words."""


def capability(device: Device, setup: Setup) -> Capability:
    """Both families by address and by route; interfaces and sessions shut; the default VRF."""
    keys = {(family, key) for family in FAMILIES for key in _OF_A_FAMILY}
    keys |= {(0, Key.INTERFACE), (0, Key.SESSION)}
    vrfs = {str(n.address) for n in device.neighbors if n.vrf != DEFAULT_VRF}

    def refuses(rule: Rule) -> str:
        return _refuses(setup, rule, frozenset(vrfs))

    return Capability(frozenset(keys), capacity=device.capacity, refuses=refuses)


def _refuses(setup: Setup, rule: Rule, elsewhere: frozenset[str]) -> str:
    if rule.key in (Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE):
        return "cannot drop all packets of an interface: suspend by prefixes, or shut it down"
    if rule.by_route:
        if rule.neighbor in elsewhere:
            return f"cannot filter routes of {rule.neighbor}: it is not in the default VRF"
        return ""
    if rule.by_interface:
        return ""
    routed = setup.rtbh and rule.plain and rule.key is Key.DESTINATION and not setup.urpf
    if not setup.edges and not routed:
        return (
            "cannot filter packets: none of its interfaces in the inventory has something behind"
            " it; say what is behind its edge interfaces"
        )
    number = len(terms(rule, setup.v6, setup.counters))
    if number > MOST_TERMS:
        return (
            f"cannot hold these exceptions: they make {number} filter terms of one block, more"
            f" than {MOST_TERMS}; except whole addresses, or fewer services"
        )
    return ""
