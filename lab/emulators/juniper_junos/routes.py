# SPDX-License-Identifier: GPL-2.0-or-later
"""Discard routes and loose uRPF of the emulated Junos.

The routing table holds what is configured: static and interface routes; whatever they do not
cover counts as reachable. Loose uRPF drops a packet whose source's best route is a discard route
only with `forwarding-options rpf-loose-mode-discard` [feature 3671]; the statement's name is a
GUESS, see `JunosOptions.rpf_discard_knob`.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface

from lab.emulators.juniper_junos.checkout import families
from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.values import Network, network
from lab.emulators.packets import Address


def _routes(root: Node) -> Iterator[tuple[Network, bool]]:
    """Every route with whether it discards."""
    options = root.get("routing-options")
    if options is not None:
        tables = [options, *(rib for rib in options.listed("rib"))]
        for table in tables:
            static = table.get("static")
            for route in static.listed("route") if static is not None else ():
                discards = bool(route.get("discard") or route.get("reject"))
                yield network(route.key[0]), discards
    for _interface, _unit, _family, node in families(root):
        for address in node.listed("address"):
            yield ip_interface(address.key[0]).network, False


def discarded(root: Node, address: Address) -> bool:
    """Whether the best route to `address` is a discard route."""
    best: tuple[int, bool] | None = None
    for route, discards in _routes(root):
        if address in route and (best is None or route.prefixlen > best[0]):
            best = (route.prefixlen, discards)
    return best is not None and best[1]


def loose_check_drops(root: Node, family: Node, source: Address, options: JunosOptions) -> bool:
    """Whether loose uRPF on an interface's `family` drops packets from `source`."""
    if family.value("rpf-check", "mode") != "loose":
        return False
    knob = root.get("forwarding-options", "rpf-loose-mode-discard", "family", family.key[0])
    if options.rpf_discard_knob and knob is None:
        return False
    return discarded(root, source)
