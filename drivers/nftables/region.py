# SPDX-License-Identifier: GPL-2.0-or-later
"""Read back what a batch touched, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np

from drivers.nftables.batching import changes_of, interface_change
from drivers.nftables.layout import Layout
from drivers.nftables.netlink.columns import Elements, NewElements
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import to_interfaces, to_members
from drivers.nftables.reading import Another, read_in_pairs
from drivers.nftables.shut import SHUT
from drivers.nftables.work import SetChange
from drivers.nftables.writing import FLEETING_MS
from enforcer.core.addresses import Flags, equal
from enforcer.core.drift import Change, Delta
from enforcer.core.intervals import match
from enforcer.core.rules import InterfaceMember, Members, Rule
from enforcer.driver_api import GRACE_MS

_SLACK_MS = 500
_TIMES_DUMPED = 4
"""Asking for one element costs about as much as dumping so many of a set."""
_FEW = 16
_SOME = 800
"""So many are asked for where the kernel does not tell how many elements a set has."""


def read_region(
    kernel: NftSocket,
    delta: Delta,
    layouts: Mapping[Rule, Layout],
    read_ms: int,
    another: Another,
) -> tuple[dict[Rule, Members], dict[Rule, tuple[InterfaceMember, ...]]]:
    """The members of `delta`, added or removed ones, that are there.

    They are asked for one by one where that costs less than dumping their set; sets of interfaces
    are dumped. A set that is not there holds nothing. Raises MovingRuleset, MalformedReply.
    """
    addresses: dict[Rule, Members] = {}
    interfaces: dict[Rule, tuple[InterfaceMember, ...]] = {}
    for rule, change in delta.addresses.items():
        layout = layouts.get(rule)
        if layout is not None:
            touched = changes_of(rule, layout, change)
            members = _touched(kernel, touched, read_ms, another)
            addresses[rule] = _settled(members, change, read_ms)
    for rule, moved in delta.interfaces.items():
        if rule == SHUT:
            continue
        names = {m.name for m in (*moved.add, *moved.remove)}
        found = None
        with suppress(NotThere):
            found = kernel.elements(interface_change(rule, moved).target)
        interfaces[rule] = tuple(m for m in to_interfaces(found, read_ms) if m.name in names)
    return addresses, interfaces


def _touched(
    kernel: NftSocket, changes: Sequence[SetChange], read_ms: int, another: Another
) -> Members:
    parts: list[Elements] = []
    bulky: list[SetChange] = []
    for change in changes:
        with suppress(NotThere):
            found = _looked_up(kernel, change)
            if found is None:
                bulky.append(change)
            else:
                parts.append(found)
    if not bulky:
        return to_members(parts, read_ms)
    targets = [change.target for change in bulky]
    parts += read_in_pairs(kernel, targets, another).values()
    members = to_members(parts, read_ms)
    kept = np.zeros(len(members), np.bool_)
    for rows in (rows for change in changes for rows in (change.add, change.remove)):
        at = match(rows, members)
        kept[at[at >= 0]] = True
    return members if kept.all() else members.take(kept)


def _looked_up(kernel: NftSocket, change: SetChange) -> Elements | None:
    """What is there of the rows of `change`; None: the set is better dumped.

    Raises NotThere: there is no such set.
    """
    target = change.target
    count = kernel.set_facts(target.table, target.name).count
    asked, likely = rows_of(change)
    if len(asked) > (_SOME if count is None else count // _TIMES_DUMPED + _FEW):
        return None
    if not target.interval:
        return kernel.lookup(target, asked, likely)[1]
    found = kernel.lookup_ranges(target, asked, likely)
    return found[1] if found is not None else None


def rows_of(change: SetChange) -> tuple[NewElements, Flags]:
    """The different rows of a change, by address, and which of them are to be there."""
    first = np.concatenate((change.add.first, change.remove.first))
    last = np.concatenate((change.add.last, change.remove.last))
    # Of equal rows the added one comes first.
    order = np.lexsort((last[:, 1], last[:, 0], first[:, 1], first[:, 0]))
    first, last = first[order], last[order]
    fresh = np.ones(len(first), np.bool_)
    fresh[1:] = ~(equal(first[1:], first[:-1]) & equal(last[1:], last[:-1]))
    added = order < len(change.add)
    return NewElements(first[fresh], last[fresh]), added[fresh]


def _settled(members: Members, change: Change, read_ms: int) -> Members:
    """Without those that were to go and are about to go by themselves."""
    fleeting = members.end + GRACE_MS - read_ms < FLEETING_MS + _SLACK_MS
    if not len(members) or not fleeting.any():
        return members
    added = np.zeros(len(members), np.bool_)
    at = match(change.add, members)
    added[at[at >= 0]] = True
    return members.take(~fleeting | added)
