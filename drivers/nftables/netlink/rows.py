# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns to the bytes of nested set elements, a numpy row per element.

A row is a packed structured dtype with a slot for everything that any row of the block needs;
what a single row does not need is cut out of the byte matrix by a mask. An interval's row
holds two elements: its start, and its end with the flag INTERVAL_END.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.attributes import attribute, text
from drivers.nftables.netlink.columns import IPV4_KEY, MAX_COMMENT, MAX_TIMEOUT, NewElements
from drivers.nftables.netlink.constants import (
    NFT_SET_ELEM_INTERVAL_END,
    NFTA_COUNTER_BYTES,
    NFTA_COUNTER_PACKETS,
    NFTA_DATA_VALUE,
    NFTA_EXPR_DATA,
    NFTA_EXPR_NAME,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_EXPR,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_TIMEOUT,
    NFTA_SET_ELEM_USERDATA,
    NFTNL_UDATA_SET_ELEM_COMMENT,
    NLA_F_NESTED,
    NLA_HEADER,
)
from drivers.nftables.netlink.few import few_elements, is_few
from enforcer.core.rules import NO_END, Addresses

MAX_LIST_BYTES = 60_000
"""Elements per message: the length of the list attribute is 16 bits wide."""
_BLOCK = 1 << 15

_TIMEOUT_BYTES = NLA_HEADER + 8
_COMMENT_OVERHEAD = NLA_HEADER + 2
_HALVES = np.uint16
_ZEROS = attribute(NFTA_COUNTER_BYTES, bytes(8)) + attribute(NFTA_COUNTER_PACKETS, bytes(8))
_COUNTER = attribute(
    NFTA_SET_ELEM_EXPR,
    text(NFTA_EXPR_NAME, "counter") + attribute(NFTA_EXPR_DATA, _ZEROS, nested=True),
    nested=True,
)
_COUNTER_OCTETS = len(_COUNTER) - 20
_COUNTER_PACKETS = len(_COUNTER) - 8


def element_chunks(elements: NewElements, key_bytes: int, interval: bool) -> Iterator[memoryview]:
    """The bytes of `elements` in order, cut between rows into pieces of `MAX_LIST_BYTES` at most.

    Raises ValueError for a comment longer than `MAX_COMMENT`.
    """
    if is_few(elements):
        if len(elements):
            yield memoryview(few_elements(elements, key_bytes, interval))
        return
    yield from column_chunks(elements, key_bytes, interval)


def column_chunks(elements: NewElements, key_bytes: int, interval: bool) -> Iterator[memoryview]:
    """The same, however few or many they are."""
    for begin in range(0, len(elements), _BLOCK):
        rows, keep = _block(_slice(elements, begin, begin + _BLOCK), key_bytes, interval)
        if keep is None:
            packed = memoryview(rows.tobytes())
            sizes = np.full(len(rows), rows.shape[1])
        else:
            packed = memoryview(rows[keep].tobytes())
            sizes = keep.sum(axis=1)
        yield from _cut(packed, np.cumsum(sizes))


def _cut(packed: memoryview, ends: NDArray[np.int64]) -> Iterator[memoryview]:
    start, row = 0, 0
    while row < len(ends):
        row = int(np.searchsorted(ends, start + MAX_LIST_BYTES, side="right"))
        stop = int(ends[row - 1])
        yield packed[start:stop]
        start = stop


def _slice(e: NewElements, begin: int, end: int) -> NewElements:
    part = slice(begin, end)
    return NewElements(
        e.first[part],
        e.last[part],
        None if e.timeout is None else e.timeout[part],
        None if e.comment is None else e.comment[part],
        None if e.counter is None else e.counter[part],
    )


def _block(
    e: NewElements, key_bytes: int, interval: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
    """The byte matrix of a block and which bytes of it count; None: all of them."""
    timed = _timed(e)
    lengths = _comment_lengths(e)
    sizes = _padded(lengths)
    ended = ~at_top(e.last, key_bytes) if interval else np.zeros(len(e), np.bool_)
    slots = _slots(
        key_bytes,
        e.counter is not None,
        bool(timed.any()),
        int(sizes.max(initial=0)),
        bool(ended.any()),
    )
    rows = np.zeros(len(e), slots)
    _put_start(rows, e, key_bytes, timed, sizes)
    if e.timeout is not None and "timeout" in _names(slots):
        rows["timeout_head"] = (_TIMEOUT_BYTES, NFTA_SET_ELEM_TIMEOUT)
        rows["timeout"] = np.clip(e.timeout, 1, MAX_TIMEOUT)
    if "comment" in _names(slots):
        _put_comment(rows, e, lengths)
    if "end_key" in _names(slots):
        _put_end(rows, e.last, key_bytes)
    return _matrix(rows), _keep(slots, timed, sizes, ended)


def _timed(e: NewElements) -> NDArray[np.bool_]:
    return np.zeros(len(e), np.bool_) if e.timeout is None else e.timeout != NO_END


def _comment_lengths(e: NewElements) -> NDArray[np.int64]:
    if e.comment is None:
        return np.zeros(len(e), np.int64)
    lengths = np.char.str_len(e.comment).astype(np.int64)
    if (widest := int(lengths.max(initial=0))) > MAX_COMMENT:
        raise ValueError(f"a comment of {widest} bytes; nft takes {MAX_COMMENT} at most")
    return lengths


def _padded(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Size of each row's comment attribute with header, NUL and padding; 0: no comment."""
    return np.where(lengths > 0, (_COMMENT_OVERHEAD + lengths + 1 + 3) & ~3, 0)


@cache
def _slots(key_bytes: int, counted: bool, timed: bool, comment: int, ended: bool) -> np.dtype[Any]:
    key: tuple[Any, ...] = (">u4",) if key_bytes == IPV4_KEY else (">u8", 2)
    slots: list[tuple[Any, ...]] = [("head", _HALVES, 2), ("key_head", _HALVES, 4), ("key", *key)]
    if counted:
        slots.append(("counter", np.uint8, len(_COUNTER)))
    if timed:
        slots += [("timeout_head", _HALVES, 2), ("timeout", ">u8")]
    if comment:
        slots += [("comment_head", _HALVES, 2), ("comment_tlv", np.uint8, 2)]
        slots.append(("comment", np.uint8, comment - _COMMENT_OVERHEAD))
    if ended:
        slots += [("end_head", _HALVES, 2), ("end_key_head", _HALVES, 4), ("end_key", *key)]
        slots += [("end_flags_head", _HALVES, 2), ("end_flags", ">u4")]
    return np.dtype(slots)


def _put_start(
    rows: NDArray[Any],
    e: NewElements,
    key_bytes: int,
    timed: NDArray[np.bool_],
    comment_sizes: NDArray[np.int64],
) -> None:
    fixed = NLA_HEADER + 2 * NLA_HEADER + key_bytes
    if e.counter is not None:
        fixed += len(_COUNTER)
        rows["counter"] = np.frombuffer(_COUNTER, np.uint8)
        values = e.counter.astype(">u8").view(np.uint8).reshape(len(e), 2, 8)
        rows["counter"][:, _COUNTER_PACKETS : _COUNTER_PACKETS + 8] = values[:, 0]
        rows["counter"][:, _COUNTER_OCTETS : _COUNTER_OCTETS + 8] = values[:, 1]
    rows["head"][:, 0] = fixed + timed * _TIMEOUT_BYTES + comment_sizes
    rows["head"][:, 1] = NFTA_LIST_ELEM | NLA_F_NESTED
    rows["key_head"] = _key_head(key_bytes)
    rows["key"] = _key(e.first, key_bytes)


def _put_comment(rows: NDArray[Any], e: NewElements, lengths: NDArray[np.int64]) -> None:
    rows["comment_head"][:, 0] = _COMMENT_OVERHEAD + lengths + 1
    rows["comment_head"][:, 1] = NFTA_SET_ELEM_USERDATA
    rows["comment_tlv"][:, 0] = NFTNL_UDATA_SET_ELEM_COMMENT
    rows["comment_tlv"][:, 1] = lengths + 1
    texts = np.ascontiguousarray(e.comment).view(np.uint8).reshape(len(e), -1)
    width = int(lengths.max())
    rows["comment"][:, :width] = texts[:, :width]


def _put_end(rows: NDArray[Any], last: Addresses, key_bytes: int) -> None:
    above = last.copy()
    above[:, 1] += np.uint64(1)
    above[:, 0] += above[:, 1] == 0
    size = NLA_HEADER + 2 * NLA_HEADER + key_bytes + NLA_HEADER + 4
    rows["end_head"] = (size, NFTA_LIST_ELEM | NLA_F_NESTED)
    rows["end_key_head"] = _key_head(key_bytes)
    rows["end_key"] = _key(above, key_bytes)
    rows["end_flags_head"] = (NLA_HEADER + 4, NFTA_SET_ELEM_FLAGS)
    rows["end_flags"] = NFT_SET_ELEM_INTERVAL_END


def _keep(
    slots: np.dtype[Any],
    timed: NDArray[np.bool_],
    comment_sizes: NDArray[np.int64],
    ended: NDArray[np.bool_],
) -> NDArray[np.bool_] | None:
    names = _names(slots)
    widest = int(comment_sizes.max(initial=0))
    uneven_time = "timeout" in names and not timed.all()
    uneven_comment = bool((comment_sizes != widest).any())
    uneven_end = "end_key" in names and not ended.all()
    if not (uneven_time or uneven_comment or uneven_end):
        return None
    keep = np.ones((len(timed), slots.itemsize), np.bool_)
    if uneven_time:
        at = _offset(slots, "timeout_head")
        keep[:, at : at + _TIMEOUT_BYTES] = timed[:, None]
    if uneven_comment:
        at = _offset(slots, "comment_head")
        keep[:, at : at + widest] = np.arange(widest) < comment_sizes[:, None]
    if uneven_end:
        keep[:, _offset(slots, "end_head") :] = ended[:, None]
    return keep


def _names(slots: np.dtype[Any]) -> tuple[str, ...]:
    return slots.names or ()


def _offset(slots: np.dtype[Any], name: str) -> int:
    assert slots.fields is not None
    return int(slots.fields[name][1])


def at_top(last: Addresses, key_bytes: int) -> NDArray[np.bool_]:
    """Ranges that reach the highest address have no end element."""
    low = last[:, 1] == np.uint64(0xFFFFFFFF if key_bytes == IPV4_KEY else 2**64 - 1)
    top: NDArray[np.bool_] = low & ((last[:, 0] == np.uint64(2**64 - 1)) | (key_bytes == IPV4_KEY))
    return top


def _key_head(key_bytes: int) -> tuple[int, int, int, int]:
    value = NLA_HEADER + key_bytes
    return (NLA_HEADER + value, NFTA_SET_ELEM_KEY | NLA_F_NESTED, value, NFTA_DATA_VALUE)


def _key(addresses: Addresses, key_bytes: int) -> NDArray[np.uint64]:
    return addresses[:, 1] if key_bytes == IPV4_KEY else addresses


def _matrix(rows: NDArray[Any]) -> NDArray[np.uint8]:
    return rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)
