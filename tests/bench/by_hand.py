# SPDX-License-Identifier: GPL-2.0-or-later
"""The same enforcement as an nft script, as a careful person would write it. Pure.

Per rule one hash set of hosts and one interval set of ranges, with the timeouts, comments and
counters that the driver writes. Neither set is split: who writes a script has no reason to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.nftables.netlink.columns import IPV4_KEY, IPV6_KEY, SetRef
from enforcer.core.addresses import equal
from enforcer.core.orders import order_id
from enforcer.core.rules import NO_END, Key, Members, Rule
from enforcer.driver_api import GRACE_MS
from tests.bench.addresses import text_of

TABLE = "bench"
FRESH = f"add table inet {TABLE}; delete table inet {TABLE}\n"
"""Removes the table whether or not it is there."""

HOSTS_EACH = 12_500
RANGES_EACH = 3_000

_SIDES = {Key.SOURCE: "saddr", Key.DESTINATION: "daddr"}


@dataclass(frozen=True, eq=False, slots=True)
class HandSet:
    """One set: all members are addresses (hash set), or all are ranges (interval set)."""

    name: str
    rule: Rule
    members: Members
    interval: bool

    @property
    def reference(self) -> SetRef:
        """For raw netlink."""
        key_bytes = IPV4_KEY if self.rule.family == 4 else IPV6_KEY
        return SetRef(TABLE, self.name, key_bytes, self.interval)


Sets = Sequence[HandSet]


def sets_of(addresses: Mapping[Rule, Members]) -> Sets:
    """The sets for plain rules (no service, peers or exceptions)."""
    found: list[HandSet] = []
    for rule, members in addresses.items():
        base = f"{rule.key}{rule.family}"
        single = equal(members.first, members.last)
        found.append(HandSet(f"{base}_hosts", rule, members.take(single), False))
        found.append(HandSet(f"{base}_ranges", rule, members.take(~single), True))
    return found


def shards_of(addresses: Mapping[Rule, Members]) -> Sets:
    """The same members spread over sets of the size that the driver aims at.

    A big set costs more than its parts: an rbtree's commit takes time in proportion to it.
    """
    return [
        HandSet(f"{one.name}_{at}", one.rule, one.members.take(np.arange(at, until)), one.interval)
        for one in sets_of(addresses)
        for at, until in _runs(len(one.members), RANGES_EACH if one.interval else HOSTS_EACH)
    ]


def _runs(count: int, each: int) -> Iterator[tuple[int, int]]:
    for at in range(0, count, each):
        yield at, min(at + each, count)


def script(sets: Sets, now_ms: int, filled: bool = True) -> str:
    """The whole file for ``nft -f``; `filled` False: the sets stay empty."""
    return FRESH + "".join(_lines(sets, now_ms, filled))


def _lines(sets: Sets, now_ms: int, filled: bool) -> Iterator[str]:
    yield f"table inet {TABLE} {{\n"
    for one in sets:
        flags, family = "interval, timeout" if one.interval else "timeout", one.rule.family
        yield f"set {one.name} {{ type ipv{family}_addr; flags {flags}; counter;\n"
        if filled and len(one.members):
            yield f"elements = {{ {', '.join(elements(one.members, family, now_ms))} }}\n"
        yield "}\n"
    yield "chain forward { type filter hook forward priority -150; policy accept;\n"
    for one in sets:
        protocol = "ip" if one.rule.family == 4 else "ip6"
        yield f"{protocol} {_SIDES[one.rule.key]} @{one.name} drop\n"
    yield "}\n}\n"


def elements(members: Members, family: int, now_ms: int) -> Iterator[str]:
    """Each member as nft writes it, with its timeout in whole seconds and the order's id."""
    names = {number: order_id(number) for number in np.unique(members.order).tolist()}
    firsts, lasts = text_of(members.first, family), text_of(members.last, family)
    for first, last, end, order in zip(
        firsts, lasts, members.end.tolist(), members.order.tolist(), strict=True
    ):
        span = first if first == last else f"{first}-{last}"
        timeout = "" if end == NO_END else f" timeout {(end + GRACE_MS - now_ms) // 1000}s"
        yield f'{span}{timeout} comment "{names[order]}"'
