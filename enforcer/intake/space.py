# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose addresses are whose, as the rules of intake ask."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from enforcer.core.intervals import ends_of
from enforcer.core.orders import Network
from enforcer.core.parties import parties_of
from enforcer.core.topology import Topology

_FAMILIES = (4, 6)


class InventorySpace:
    """Implements `Space` of `enforcer.core.intake_rules`; made once per inventory.

    Ours is what customers, shared spaces and dynamic pools of the inventory have.
    """

    def __init__(self, topology: Topology) -> None:
        self._parties = parties_of(topology)
        self._spans = {
            family: _merged(ends_of(n) for n in _ours(topology) if n.version == family)
            for family in _FAMILIES
        }
        self._starts = {family: [span[0] for span in self._spans[family]] for family in _FAMILIES}

    def ours(self, network: Network) -> bool:
        """Whether all of `network` is our own or our customers'."""
        first, last = ends_of(network)
        at = bisect_right(self._starts[network.version], first) - 1
        return at >= 0 and last <= self._spans[network.version][at][1]

    def customers(self, network: Network) -> frozenset[str]:
        """The customers that use any of `network`."""
        users = self._parties.using(network.version, *ends_of(network))
        shared = (self._parties.spaces[name].users for name in users.shared)
        named = {party.customer for party in users.parties}
        return frozenset(named.union(*shared))


def _ours(topology: Topology) -> Iterator[Network]:
    for customer in topology.customers.values():
        yield from customer.prefixes
    for space in topology.shared:
        yield from space.prefixes
    for pool in topology.pools:
        yield from pool.prefixes


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
