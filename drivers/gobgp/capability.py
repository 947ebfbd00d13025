# SPDX-License-Identifier: GPL-2.0-or-later
"""What a speaker can announce, by what the inventory says of it. Pure."""

from __future__ import annotations

from drivers._witness.opening import KNOWN
from enforcer.core.plan import Capability
from enforcer.core.rules import Key, Rule
from enforcer.core.topology import Blackholing, Device


def capability(device: Device) -> Capability:
    """Blackholes of the families with a next hop and a canary, exported to known upstreams."""
    found = device.blackholing
    why = missing(found)
    if found is None or why:
        return Capability.none(why)
    families = frozenset(
        f for f in (4, 6) if str(f) in found.next_hops and str(f) in found.canaries
    )
    upstreams = frozenset(found.upstreams)

    def refuses(rule: Rule) -> str:
        unknown = sorted(set(rule.exports) - upstreams)
        if not unknown:
            return ""
        return (
            f"cannot export blackholes to {', '.join(unknown)}: state the upstream's community"
            " under rtbh.upstreams in the inventory"
        )

    return Capability(
        frozenset((family, Key.BLACKHOLE) for family in families),
        services=False,
        peers=False,
        exempt=False,
        capacity=device.capacity,
        refuses=refuses,
    )


def missing(found: Blackholing | None) -> str:
    """Why nothing can be announced, with what to do; "": it can."""
    if found is None:
        return "it has no `rtbh` section in the inventory: state next_hops, canaries and witnesses"
    if not found.witnesses:
        return (
            "it has no witness: without a router that can be asked, nobody can prove that"
            " blackholes stay inside; name at least one under rtbh.witnesses"
        )
    unknown = [w.device for w in found.witnesses if w.platform not in KNOWN]
    if unknown:
        return (
            f"its witness {unknown[0]} cannot be asked: witnesses are routers with the platform"
            f" {' or '.join(KNOWN)}"
        )
    if not set(found.next_hops) & set(found.canaries):
        return (
            "it has no family with both a next hop and a canary: state both under rtbh.next_hops"
            " and rtbh.canaries"
        )
    return ""
