# SPDX-License-Identifier: GPL-2.0-or-later
"""Read back what a batch touched, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from drivers.nftables.layout import Layout
from drivers.nftables.netlink.columns import Elements, NewElements
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import to_interfaces, to_members
from drivers.nftables.planning import changes_of, interface_change
from drivers.nftables.reading import read_sets
from drivers.nftables.shut import SHUT
from drivers.nftables.work import SetChange
from drivers.nftables.writing import FLEETING_MS
from enforcer.core.drift import Change, Delta
from enforcer.core.intervals import match
from enforcer.core.rules import InterfaceMember, Members, Rule
from enforcer.driver_api import GRACE_MS

_SLACK_MS = 500
_FEW = 32
_SOME = 800


def read_region(
    kernel: NftSocket, delta: Delta, layouts: Mapping[Rule, Layout], read_ms: int
) -> tuple[dict[Rule, Members], dict[Rule, tuple[InterfaceMember, ...]]]:
    """The members of `delta`, added or removed ones, that are there.

    A few hosts are asked for one by one; sets of ranges (asking for a range is unreliable where
    ranges touch) and of interfaces are dumped. A set that is not there holds nothing. Raises
    MovingRuleset, MalformedReply.
    """
    addresses: dict[Rule, Members] = {}
    interfaces: dict[Rule, tuple[InterfaceMember, ...]] = {}
    for rule, change in delta.addresses.items():
        layout = layouts.get(rule)
        if layout is not None:
            members = _touched(kernel, changes_of(rule, layout, change), read_ms)
            addresses[rule] = _settled(members, change, read_ms)
    for rule, moved in delta.interfaces.items():
        if rule == SHUT:
            continue
        names = {m.name for m in (*moved.add, *moved.remove)}
        found = to_interfaces(_dump(kernel, interface_change(rule, moved)), read_ms)
        interfaces[rule] = tuple(m for m in found if m.name in names)
    return addresses, interfaces


def _touched(kernel: NftSocket, changes: Sequence[SetChange], read_ms: int) -> Members:
    parts: list[Elements] = []
    for change in changes:
        found = _dump(kernel, change) if _is_bulk(change) else _lookup(kernel, change)
        if found is not None:
            parts.append(found)
    members = to_members(parts, read_ms)
    asked = [rows for change in changes for rows in (change.add, change.remove)]
    kept = np.zeros(len(members), np.bool_)
    for rows in asked:
        at = match(rows, members)
        kept[at[at >= 0]] = True
    return members.take(kept)


def _is_bulk(change: SetChange) -> bool:
    """Asking for a key that is not there costs a request of its own; dumping costs by the set."""
    return change.target.interval or len(change.remove) > _FEW or len(change.add) > _SOME


def _dump(kernel: NftSocket, change: SetChange) -> Elements | None:
    try:
        return read_sets(kernel, [change.target])[change.target.name]
    except NotThere:
        return None


def _lookup(kernel: NftSocket, change: SetChange) -> Elements | None:
    keys = np.unique(np.concatenate((change.add.first, change.remove.first)), axis=0)
    try:
        kernel.set_facts(change.target.table, change.target.name)
    except NotThere:
        return None
    _, found = kernel.lookup(change.target, NewElements(keys, keys))
    return found


def _settled(members: Members, change: Change, read_ms: int) -> Members:
    """Without those that were to go and are about to go by themselves."""
    fleeting = members.end + GRACE_MS - read_ms < FLEETING_MS + _SLACK_MS
    if not len(members) or not fleeting.any():
        return members
    added = np.zeros(len(members), np.bool_)
    at = match(change.add, members)
    added[at[at >= 0]] = True
    return members.take(~fleeting | added)
