# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device cannot hold, and why: said aloud, never silently narrowed."""

from __future__ import annotations

import numpy as np

from enforcer.core.addresses import Flags
from enforcer.core.intervals import Pieces, Ranges, inside, merge, outside, rows_of
from enforcer.core.plan import Capability
from enforcer.core.rules import Key, Members, Rule
from enforcer.core.topology import Device


def unsupported(rule: Rule, device: Device, capability: Capability) -> str | None:
    """Why `device` cannot hold `rule` at all, as a sentence; None: it can."""
    if capability.unusable:
        return capability.unusable
    if (rule.family, rule.key) not in capability.keys:
        return f"{device.name} cannot {_what(rule)}."
    if rule.service is not None and not capability.services:
        return f"{device.name} cannot match protocols and ports."
    if rule.peers is not None and not capability.peers:
        return f"{device.name} cannot match both ends of a flow."
    if rule.exempt and not capability.exempt:
        return f"{device.name} cannot except services from a block."
    refused = capability.refuses(rule)
    return f"{device.name} {refused.rstrip('.')}." if refused else None


def _what(rule: Rule) -> str:
    if rule.key is Key.INTERFACE:
        return "shut an interface down"
    if rule.key is Key.SESSION:
        return "shut a BGP session down (state `bgp: false` where its sessions are not to be)"
    if rule.key is Key.BLACKHOLE:
        return f"announce IPv{rule.family} blackholes"
    if rule.by_route:
        return f"drop IPv{rule.family} routes that are {rule.key}"
    return f"match IPv{rule.family} packets by {rule.key}"


def translated(rule: Rule, members: Members, device: Device) -> Flags:
    """Which members overlap addresses that `device` translates (its `nat`); shape (N,).

    Where packets are filtered they no longer, or not yet, carry those addresses: a rule about
    them would stand and never match, so these members are unsupported.
    """
    flags = np.zeros(len(members), np.bool_)
    prefixes = [prefix for prefix in device.nat if prefix.version == rule.family]
    if prefixes and not rule.by_interface and not rule.by_route:
        region = merge(rows_of(prefixes))
        flags[inside(Ranges(members.first, members.last), region).source] = True
    return flags


def barred(rule: Rule, members: Members, capability: Capability) -> Members:
    """The parts of `members` in space that the device cannot block."""
    space = _space(rule, capability)
    if not len(space):
        return Members.none()
    return _parts(members, inside(Ranges(members.first, members.last), space))


def unbarred(rule: Rule, members: Members, capability: Capability) -> Members:
    """`members` without that space: a block of more than it is held as far as it can be."""
    space = _space(rule, capability)
    if not len(space):
        return members
    return _parts(members, outside(Ranges(members.first, members.last), space))


def _parts(members: Members, found: Pieces) -> Members:
    rows = members.take(found.source)
    return Members(found.ranges.first, found.ranges.last, rows.end, rows.order)


def _space(rule: Rule, capability: Capability) -> Ranges:
    found = capability.barred.get(rule.family)
    packets = not rule.by_interface and not rule.by_route
    return found.space if found is not None and packets else Ranges.none()


def barred_reason(rule: Rule, device: Device, capability: Capability) -> str:
    """The sentence for members that `barred` finds."""
    return f"{device.name} {capability.barred[rule.family].why.rstrip('.')}."


def translated_reason(device: Device) -> str:
    """The sentence for members that `translated` marks."""
    return f"{device.name} translates this address, so packets there do not carry it."
