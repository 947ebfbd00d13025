# SPDX-License-Identifier: GPL-2.0-or-later
"""A batch as netlink messages, with what only the moment of writing knows: time and counters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from drivers.nftables.ids import encode_orders
from drivers.nftables.netlink import encode
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.columns import Counters, NewElements
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.few import FEW
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import mark_text
from drivers.nftables.reading import MARK_SET
from drivers.nftables.work import SetChange, Work
from enforcer.core.addresses import Flags
from enforcer.core.intervals import Ranges, match
from enforcer.core.rules import NO_END, Integers, Members, Owner
from enforcer.driver_api import GRACE_MS

FLEETING_MS = 2_000
"""An element this near to its own expiry is not deleted: had it just gone, the kernel would
refuse the whole batch (ENOENT), urgent additions included."""


def mark_messages(owner: Owner) -> Iterator[Message]:
    """Replace the mark, whatever it was."""
    zero = np.zeros((1, 2), np.uint64)
    comment = np.array([mark_text(owner).encode("ascii", "replace")])
    yield encode.flush_elements(MARK_SET)
    yield from encode.add_elements(MARK_SET, NewElements(zero, zero, comment=comment))


def element_messages(
    kernel: NftSocket, work: Work, now_ms: int, counters: bool
) -> Iterator[Message]:
    """Deletions and additions of all sets of `work`."""
    for change in work.changes:
        if not len(change.remove):
            yield from encode.add_elements(change.target, new_elements(change.add, now_ms))
            continue
        replaced = match(change.add, _sorted(change.remove)) >= 0
        kept = counters and not work.rebuild and bool(replaced.any())
        counted = _counted(kernel, change, replaced) if kept else None
        gone = deletable(change, now_ms)
        if len(gone):
            yield from encode.delete_elements(change.target, NewElements(gone.first, gone.last))
        if len(change.add):
            yield from _additions(change, counted, replaced, now_ms)


def deletable(change: SetChange, now_ms: int) -> Members:
    """The rows to delete: not those that are about to expire and are not written anew."""
    remove = change.remove
    ends = remove.end
    timed = ends != NO_END
    lasts = ~timed | (np.where(timed, ends, 0) + GRACE_MS - now_ms >= FLEETING_MS)
    again = match(remove, _sorted(change.add)) >= 0
    return remove.take(lasts | again)


def _additions(
    change: SetChange, counted: Counters | None, replaced: Flags, now_ms: int
) -> Iterator[Message]:
    if counted is None:
        yield from encode.add_elements(change.target, new_elements(change.add, now_ms))
        return
    fresh, anew = change.add.take(~replaced), change.add.take(replaced)
    if len(fresh):
        yield from encode.add_elements(change.target, new_elements(fresh, now_ms))
    yield from encode.add_elements(change.target, new_elements(anew, now_ms, counted))


def new_elements(members: Members, now_ms: int, counted: Counters | None = None) -> NewElements:
    """Members as elements: the order's id as comment, its end and the grace time as timeout."""
    if len(members) <= FEW:
        ends = [end if end == NO_END else end + GRACE_MS - now_ms for end in members.end.tolist()]
        timeout = np.array(ends, np.int64)
    else:
        timeout = _timeouts(members.end, now_ms)
    comment = encode_orders(members.order)
    return NewElements(members.first, members.last, timeout, comment, counted)


def _timeouts(end: Integers, now_ms: int) -> Integers:
    timed = end != NO_END
    return np.where(timed, np.where(timed, end, 0) + GRACE_MS - now_ms, NO_END)


def _counted(kernel: NftSocket, change: SetChange, replaced: Flags) -> Counters:
    """What the elements to be written anew have counted so far; zero for one that is gone."""
    anew = change.add.take(replaced)
    counted = np.zeros((len(anew), 2), np.uint64)
    keys, there = NewElements(anew.first, anew.last), np.ones(len(anew), np.bool_)
    with suppress(NotThere):
        if not change.target.interval:
            present, found = kernel.lookup(change.target, keys, there)
            counted[present] = found.counter
        elif (asked := kernel.lookup_ranges(change.target, keys, there)) is not None:
            counted[asked[0]] = asked[1].counter
        else:
            found = kernel.elements(change.target)
            at = match(anew, Ranges(found.first, found.last))
            counted[at >= 0] = found.counter[at[at >= 0]]
    return counted


def _sorted(members: Members) -> Members:
    order = np.lexsort((members.first[:, 1], members.first[:, 0]))
    return members.take(order)
