# SPDX-License-Identifier: GPL-2.0-or-later
"""Where each element of a dump begins and how long it is. Pure, fail closed.

Most lists are of one size, or of two that take turns (the starts and ends of ranges): that is
supposed, and seen to be so in all elements at once. Others are walked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.constants import NFTA_LIST_ELEM, NLA_HEADER, NLA_TYPE_MASK
from drivers.nftables.netlink.errors import MalformedReply
from drivers.nftables.netlink.shapes import unknown_element
from enforcer.core.rules import Integers

_FEW_LISTS = 64
"""Below this many messages walking them one by one is faster than all in step."""


def spans(buffer: bytes, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
    """Offset and size (header included) of every element, in the order of the buffer.

    `starts`, `stops`: where the lists of elements begin and end, ascending. Raises
    MalformedReply for anything but whole elements.
    """
    filled = starts < stops
    starts, stops = starts[filled], stops[filled]
    if not len(starts):
        return starts, stops
    offsets, sizes, strange = _supposed(buffer, starts, stops)
    if not strange.any():
        return offsets, sizes
    walk = _walk_each if int(strange.sum()) < _FEW_LISTS else _walk_together
    walked = walk(buffer, starts[strange], stops[strange])
    offsets, sizes = (np.concatenate(pair) for pair in zip((offsets, sizes), walked, strict=True))
    order = np.argsort(offsets, kind="stable")
    return offsets[order], sizes[order]


def _supposed(
    buffer: bytes, starts: Integers, stops: Integers
) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Elements of the lists that are as supposed, and which lists are not."""
    words = np.frombuffer(buffer, np.uint32)
    heads = words[starts // 4]
    size = (heads & np.uint32(0xFFFF)).astype(np.int64)
    strange = _bad(heads, size, stops - starts)
    second = np.where(strange | (starts + size >= stops), starts, starts + size)
    others = words[second // 4]
    other = (others & np.uint32(0xFFFF)).astype(np.int64)
    strange |= _bad(others, other, stops - second)
    both = np.where(strange, 1, size + other)
    rest = (stops - starts) % both
    strange |= (rest != 0) & (rest != size)
    count = np.where(strange, 0, 2 * ((stops - starts) // both) + (rest > 0))
    of = np.repeat(np.arange(len(starts)), count)
    ordinal = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    odd = (ordinal & 1).astype(np.bool_)
    offsets = starts[of] + (ordinal >> 1) * both[of] + np.where(odd, size[of], 0)
    wrong = words[offsets // 4] != np.where(odd, others[of], heads[of])
    strange[of[wrong]] = True
    if wrong.any():
        kept = ~strange[of]
        of, offsets, odd = of[kept], offsets[kept], odd[kept]
    return offsets, np.where(odd, other[of], size[of]), strange


def _bad(heads: NDArray[np.uint32], size: Integers, left: Integers) -> NDArray[np.bool_]:
    """Which headers are of nothing that fits into what is `left` of their lists."""
    kind = (heads >> np.uint32(16)) & np.uint32(NLA_TYPE_MASK)
    bad: NDArray[np.bool_] = (kind != NFTA_LIST_ELEM) | (size < NLA_HEADER)
    bad |= (size % 4 != 0) | (size > left)
    return bad


def _walk_each(buffer: bytes, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
    halfwords = memoryview(buffer).cast("H")
    offsets: list[int] = []
    for position, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        at = position
        while at < stop:
            size = halfwords[at // 2]
            strange = halfwords[at // 2 + 1] & NLA_TYPE_MASK != NFTA_LIST_ELEM
            if strange or size < NLA_HEADER or size % 4 or size > stop - at:
                raise _no_element()
            offsets.append(at)
            at += size
    found = np.array(offsets, np.int64)
    return found, np.frombuffer(buffer, np.uint16)[found // 2].astype(np.int64)


def _walk_together(buffer: bytes, starts: Integers, stops: Integers) -> tuple[Integers, Integers]:
    halfwords = np.frombuffer(buffer, np.uint16)
    position, stop = starts[starts < stops], stops[starts < stops]
    steps: list[Integers] = []
    while len(position):
        size = halfwords[position // 2].astype(np.int64)
        strange = halfwords[position // 2 + 1] & NLA_TYPE_MASK != NFTA_LIST_ELEM
        strange |= (size < NLA_HEADER) | (size % 4 != 0) | (size > stop - position)
        if strange.any():
            raise _no_element()
        steps.append(position)
        position = position + size
        going = position < stop
        position, stop = position[going], stop[going]
    found = np.sort(np.concatenate(steps)) if steps else np.zeros(0, np.int64)
    return found, halfwords[found // 2].astype(np.int64)


def _no_element() -> MalformedReply:
    return unknown_element("the list holds something that is no whole element")
