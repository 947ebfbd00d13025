# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefixes of a block list as sorted numpy columns, and which of them are nobody's to block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enforcer.core.rules import Addresses, Integers
from enforcer.core.special_purpose import NEVER

NONE = -1
Touched = NDArray[np.int8]
"""For each prefix the number of a space in `NEVER`, or `NONE`."""
Words = NDArray[np.uint64]

_ONE, _SIX, _LENGTH_MASK, _HALF = map(np.uint64, (1, 6, 63, 64))
_INDEX_BITS = 26
"""What an IPv4 prefix with its length leaves of 64 bits: room for this many bits of a row."""


@dataclass(frozen=True, eq=False, slots=True)
class Prefixes:
    """Rows of one family as read: `first` has shape (N,) for IPv4 and (N, 2) for IPv6.

    `line`: the line that each row comes from.
    """

    first: Words
    length: Words
    line: Integers

    def __len__(self) -> int:
        return len(self.length)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Prefixes:
        """The prefixes at `rows`."""
        return Prefixes(self.first[rows], self.length[rows], self.line[rows])


@dataclass(frozen=True, eq=False, slots=True)
class Columns:
    """Sorted rows of one family, each prefix once, as inclusive ranges of shape (N, 2).

    `line`: where each was first stated; `again`: lines that only repeat an earlier one, and
    `same`: for each of those the row that it repeats.
    """

    first: Addresses
    last: Addresses
    line: Integers
    again: Integers
    same: NDArray[np.intp]


def v4_prefixes(packed: list[bytes], lengths: bytearray, line: Integers) -> Prefixes:
    """From packed addresses; `lengths` and `line` row by row."""
    first = np.frombuffer(b"".join(packed), ">u4").astype(np.uint64)
    return Prefixes(first, np.frombuffer(lengths, np.uint8).astype(np.uint64), line)


def v6_prefixes(packed: list[bytes], lengths: bytearray, line: Integers) -> Prefixes:
    """As `v4_prefixes`."""
    first = np.frombuffer(b"".join(packed), ">u8").astype(np.uint64).reshape(-1, 2)
    return Prefixes(first, np.frombuffer(lengths, np.uint8).astype(np.uint64), line)


def joined(rows: Prefixes, more: Prefixes) -> Prefixes:
    """Both, one after the other."""
    return Prefixes(
        np.concatenate((rows.first, more.first)),
        np.concatenate((rows.length, more.length)),
        np.concatenate((rows.line, more.line)),
    )


def v4_touched(rows: Prefixes) -> Touched:
    """Which of `NEVER` each prefix shares an address with.

    Two prefixes share one exactly if they agree in the bits of the shorter one.
    """
    touched = np.full(len(rows), NONE, np.int8)
    for number, (space, _) in enumerate(NEVER):
        if space.version == 4:
            rest = np.uint64(32) - np.minimum(rows.length, np.uint64(space.prefixlen))
            start = np.uint64(int(space.network_address))
            touched[(rows.first ^ start) >> rest == 0] = number
    return touched


def v6_touched(rows: Prefixes) -> Touched:
    """As `v4_touched`."""
    first, length = rows.first, rows.length
    touched = np.full(len(rows), NONE, np.int8)
    for number, (space, _) in enumerate(NEVER):
        if space.version == 6:
            common = np.minimum(length, np.uint64(space.prefixlen))
            start = np.frombuffer(space.network_address.packed, ">u8").astype(np.uint64)
            high = (first[:, 0] ^ start[0]) & ~_host_mask(np.minimum(common, _HALF))
            low = (first[:, 1] ^ start[1]) & ~_host_mask(np.maximum(common, _HALF) - _HALF)
            touched[(high | low) == 0] = number
    return touched


def v4_columns(rows: Prefixes) -> Columns:
    """Sorted by first address, then length; of equal ones the first stated is kept."""
    if len(rows) >> _INDEX_BITS:
        by = np.lexsort((rows.length, rows.first))
        keys = rows.first[by] << _SIX | rows.length[by]
    else:
        # One plain sort of prefix, length and row together is five times as fast as sorting
        # the rows by the prefixes.
        shift = np.uint64(_INDEX_BITS)
        keys = (rows.first << _SIX | rows.length) << shift | np.arange(len(rows), dtype=np.uint64)
        keys.sort()
        by = (keys & ((_ONE << shift) - _ONE)).astype(np.intp)
        keys >>= shift
    fresh = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    line, again, same = _lines(rows.line[by], fresh)
    keys = keys[fresh]
    first, length = keys >> _SIX, keys & _LENGTH_MASK
    last = first | ((_ONE << (np.uint64(32) - length)) - _ONE)
    nothing = np.zeros(len(keys), np.uint64)
    return Columns(
        np.stack((nothing, first), axis=1), np.stack((nothing, last), axis=1), line, again, same
    )


def v6_columns(rows: Prefixes) -> Columns:
    """As `v4_columns`."""
    by = np.lexsort((rows.length, rows.first[:, 1], rows.first[:, 0]))
    first, length = rows.first[by], rows.length[by]
    fresh = np.ones(len(first), np.bool_)
    fresh[1:] = (first[1:] != first[:-1]).any(axis=1) | (length[1:] != length[:-1])
    line, again, same = _lines(rows.line[by], fresh)
    first, length = first[fresh], length[fresh]
    high = first[:, 0] | _host_mask(np.minimum(length, _HALF))
    low = first[:, 1] | _host_mask(np.maximum(length, _HALF) - _HALF)
    return Columns(first, np.stack((high, low), axis=1), line, again, same)


def _lines(line: Integers, fresh: NDArray[np.bool_]) -> tuple[Integers, Integers, NDArray[np.intp]]:
    if fresh.all():
        return line, np.zeros(0, np.int64), np.zeros(0, np.intp)
    again = np.flatnonzero(~fresh)
    return line[fresh], line[again], np.cumsum(fresh)[again] - 1


def _host_mask(length: Words) -> Words:
    """The host bits below a prefix `length` of 0..64 in 64 bits."""
    # Shifting 64 bits by 64 is undefined, so the last one goes by itself.
    half = (_ONE << (_HALF - np.maximum(length, _ONE))) - _ONE
    return np.where(length == 0, ~np.uint64(0), half)
