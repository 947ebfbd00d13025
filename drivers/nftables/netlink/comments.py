# SPDX-License-Identifier: GPL-2.0-or-later
"""Comments of many elements: the few distinct ones, and which element has which."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.constants import (
    NFTNL_UDATA_SET_ELEM_COMMENT,
    NFTNL_UDATA_SET_ELEM_FLAGS,
)
from enforcer.core.rules import Integers

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_FOLD = np.uint64(29)


def distinct_comments(
    words: NDArray[np.uint32], at: Integers, size: int
) -> tuple[NDArray[np.intp], list[str]]:
    """Which comment each element has, and the comments' texts.

    Args:
        words: the whole buffer.
        at: where each element's user data begins, in words; shape (N,), N >= 1.
        size: length in bytes of the user data, equal for all.
    """
    columns = [words[at + i] for i in range((size + 3) // 4)]
    if size % 4:
        columns[-1] = columns[-1] & np.frombuffer((b"\xff" * (size % 4)).ljust(4, b"\0"), np.uint32)
    if all((c == c[0]).all() for c in columns):
        return np.zeros(len(at), np.intp), [_text(_bytes(columns, 0, size))]
    which, samples = _group(columns)
    return which, [_text(_bytes(columns, int(i), size)) for i in samples]


def _bytes(columns: list[NDArray[np.uint32]], row: int, size: int) -> bytes:
    return b"".join(c[row].tobytes() for c in columns)[:size]


def _group(columns: list[NDArray[np.uint32]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Group equal rows by a 64-bit mix of their words; a collision falls back to the rows."""
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed = (mixed ^ column) * _MULTIPLIER
        mixed ^= mixed >> _FOLD
    _, samples, which = np.unique(mixed, return_index=True, return_inverse=True)
    if all((c[samples][which] == c).all() for c in columns):
        return which, samples
    table = np.stack(columns, axis=1)
    _, samples, which = np.unique(table, axis=0, return_index=True, return_inverse=True)
    return which.reshape(-1), samples


def _text(userdata: bytes) -> str:
    """The comment in an element's user data, "" for none; foreign bytes as "?" and hexadecimal."""
    comment, position = "", 0
    while position < len(userdata):
        kind, size = userdata[position], (userdata[position + 1 : position + 2] or b"\0")[0]
        value = userdata[position + 2 : position + 2 + size]
        body = value.rstrip(b"\0")
        if kind == NFTNL_UDATA_SET_ELEM_COMMENT and len(value) == size > len(body):
            comment = body.decode("ascii", errors="backslashreplace")
        elif kind != NFTNL_UDATA_SET_ELEM_FLAGS or len(value) != size:
            return "?" + userdata.hex()
        position += 2 + size
    return comment


def userdata_text(userdata: bytes, wanted: int) -> str:
    """The string in the TLV of type `wanted`, "" when it is absent or cut short."""
    position = 0
    while position + 2 <= len(userdata):
        kind, size = userdata[position], userdata[position + 1]
        value = userdata[position + 2 : position + 2 + size]
        if kind == wanted and len(value) == size:
            return value.rstrip(b"\0").decode("ascii", errors="backslashreplace")
        position += 2 + size
    return ""
