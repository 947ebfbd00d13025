# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts and ends of an rbtree set to inclusive ranges, and which start each came from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.columns import IPV4_KEY
from drivers.nftables.netlink.shapes import unknown_element
from enforcer.core.rules import Addresses, Integers

_TOP = 2**64 - 1
_ONE = np.uint64(1)


def pair_intervals(
    part: Integers,
    key: Addresses,
    key_end: Addresses,
    closed: NDArray[np.bool_],
    is_end: NDArray[np.bool_],
    key_bytes: int,
) -> tuple[Addresses, Addresses, NDArray[np.intp]]:
    """`first`, `last` (inclusive) and the row of the start, sorted by `part`, then `first`.

    A range lasts until the next element, as in the kernel's lookup; without one, until the
    highest address. An end without a start is what the kernel leaves when a range expires, and
    what nft puts below the first range: it stands for nothing. `closed` rows carry their own
    inclusive `key_end`. Raises MalformedReply for two ranges that begin together.
    """
    order = np.lexsort((~is_end, key[:, 1], key[:, 0], part))
    starts = ~is_end[order]
    rows = order[starts]
    following = np.append(order[1:], order[:1])[starts]
    final = np.append(part[order][1:] != part[order][:-1], True)[starts] if len(order) else starts
    first, last = key[rows], key[following]
    if (~final & (first == last).all(axis=1)).any():
        raise unknown_element("two ranges that begin at the same address")
    last[:, 0] -= last[:, 1] == 0
    last[:, 1] -= _ONE
    last[final] = (0, 0xFFFFFFFF) if key_bytes == IPV4_KEY else (_TOP, _TOP)
    own = closed[rows]
    last[own] = key_end[rows][own]
    return first, last, rows
