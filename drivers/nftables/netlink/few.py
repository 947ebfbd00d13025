# SPDX-License-Identifier: GPL-2.0-or-later
"""Two or three elements as bytes, one after the other: what `rows` does for columns.

Columns cost the same for one element as for a thousand, and one order is one element or two.
"""

from __future__ import annotations

from drivers.nftables.netlink.attributes import attribute
from drivers.nftables.netlink.columns import IPV4_KEY, MAX_COMMENT, MAX_TIMEOUT, NewElements
from drivers.nftables.netlink.constants import (
    NFT_SET_ELEM_INTERVAL_END,
    NFTA_DATA_VALUE,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_TIMEOUT,
    NFTA_SET_ELEM_USERDATA,
    NFTNL_UDATA_SET_ELEM_COMMENT,
)
from enforcer.core.rules import NO_END

FEW = 8
_END = attribute(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END.to_bytes(4, "big"))


def is_few(elements: NewElements) -> bool:
    """Whether `few_elements` takes them."""
    return len(elements) <= FEW and elements.counter is None


def few_elements(elements: NewElements, key_bytes: int, interval: bool) -> bytes:
    """The bytes of `elements` in order. Raises ValueError for a comment that is too long."""
    first, last = elements.first.tolist(), elements.last.tolist()
    timeouts = [NO_END] * len(first) if elements.timeout is None else elements.timeout.tolist()
    comments = [b""] * len(first) if elements.comment is None else elements.comment.tolist()
    parts: list[bytes] = []
    for start, end, timeout, comment in zip(first, last, timeouts, comments, strict=True):
        body = _key(_number(start), key_bytes)
        if timeout != NO_END:
            clipped = min(max(timeout, 1), MAX_TIMEOUT)
            body += attribute(NFTA_SET_ELEM_TIMEOUT, clipped.to_bytes(8, "big"))
        if comment:
            body += attribute(NFTA_SET_ELEM_USERDATA, _comment(comment))
        parts.append(attribute(NFTA_LIST_ELEM, body, nested=True))
        if interval and (above := _number(end) + 1) < 1 << 8 * key_bytes:
            parts.append(attribute(NFTA_LIST_ELEM, _key(above, key_bytes) + _END, nested=True))
    return b"".join(parts)


def _number(halves: list[int]) -> int:
    return halves[0] << 64 | halves[1]


def _key(address: int, key_bytes: int) -> bytes:
    if key_bytes == IPV4_KEY:
        address &= 0xFFFFFFFF
    value = attribute(NFTA_DATA_VALUE, address.to_bytes(key_bytes, "big"))
    return attribute(NFTA_SET_ELEM_KEY, value, nested=True)


def _comment(comment: bytes) -> bytes:
    if len(comment) > MAX_COMMENT:
        raise ValueError(f"a comment of {len(comment)} bytes; nft takes {MAX_COMMENT} at most")
    return bytes((NFTNL_UDATA_SET_ELEM_COMMENT, len(comment) + 1)) + comment + b"\0"
