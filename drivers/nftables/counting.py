# SPDX-License-Identifier: GPL-2.0-or-later
"""What members have dropped: the few that are asked about, one by one; else whole sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

import numpy as np

from drivers.nftables.names import TABLE
from drivers.nftables.netlink import objects
from drivers.nftables.netlink.catalogue import Catalogue
from drivers.nftables.netlink.columns import Counters, NewElements, SetRef
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import reference
from drivers.nftables.whereabouts import MEMBERS, Whereabouts, each_address
from enforcer.core.intervals import Ranges, inside, merge
from enforcer.core.rules import Rule
from enforcer.driver_api import Counted


def read_counters(kernel: NftSocket, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
    """The sums for `CountingSession.counters`. Raises MovingRuleset, MalformedReply, NotThere."""
    try:
        told = Catalogue(kernel.replies(objects.ask_sets(TABLE)), TABLE, MEMBERS)
    except NotThere:
        return {}
    there = Whereabouts(told)
    return {
        rule: _summed(_counters(kernel, rule, merge(ranges), there))
        for rule, ranges in wanted.items()
        if there.of(rule)
    }


def _counters(
    kernel: NftSocket, rule: Rule, region: Ranges, there: Whereabouts
) -> Iterator[Counters]:
    """The counters of the elements that count, set by set."""
    addresses = None if rule.by_interface else each_address(region)
    hosts = np.zeros(0 if addresses is None else len(addresses), np.bool_)
    for definition in there.around(rule, region):
        target = reference(definition)
        with suppress(NotThere):
            if rule.by_interface:
                yield kernel.elements(target).counter
            elif addresses is None:
                yield _dumped(kernel, target, region)
            elif not target.interval:
                present, found = kernel.lookup(target, NewElements(addresses, addresses))
                hosts |= present
                yield found.counter
            elif len(left := addresses[~hosts]):
                # No range is around a host.
                asked = kernel.counters_around(target, left)
                yield _dumped(kernel, target, region) if asked is None else asked


def _dumped(kernel: NftSocket, target: SetRef, region: Ranges) -> Counters:
    elements = kernel.elements(target)
    rows = inside(Ranges(elements.first, elements.last), region).source
    return elements.counter[np.unique(rows)]


def _summed(columns: Iterable[Counters]) -> Counted:
    packets = octets = 0
    for column in columns:
        packets += int(column[:, 0].sum())
        octets += int(column[:, 1].sum())
    return Counted(packets, octets)
