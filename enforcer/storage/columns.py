# SPDX-License-Identifier: GPL-2.0-or-later
"""Address ranges as compressed columns: a chunk holds up to 65,536 ranges of one family.

A chunk is one zstd frame with checksum. Inside, little-endian, one column after the other:
the step from the first address before (from 0 in the first row) and the distance from first
to last. IPv4: two columns of uint32. IPv6: four of uint64 (high and low half of each).
Arithmetic wraps, so that every order of rows comes back as it was; sorted rows are small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import zstandard
from numpy.typing import NDArray

from enforcer.core.rules import Addresses
from enforcer.errors import InvalidInput, StorageError

ROWS = 65_536

_LEVEL = 1
_V4 = np.dtype("<u4")
_V6 = np.dtype("<u8")

_Column: TypeAlias = NDArray[Any]


def packed(family: int, first: Addresses, last: Addresses) -> Iterator[tuple[int, bytes]]:
    """(rows, chunk) for each chunk of the ranges `first`..`last`, both of shape (N, 2).

    Raises InvalidInput when the columns do not fit each other or the family.
    """
    if first.shape != last.shape or first.ndim != 2 or first.shape[1] != 2:
        raise InvalidInput(
            f"the columns of a list have shapes {first.shape} and {last.shape}: give (N, 2) twice"
        )
    if family == 4 and (_beyond_v4(first) or _beyond_v4(last)):
        raise InvalidInput("an IPv4 list holds addresses above 2^32 - 1: put them under IPv6")
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    for start in range(0, len(first), ROWS):
        columns = _halves(family, first[start : start + ROWS], last[start : start + ROWS])
        yield len(columns[0]), compressor.compress(b"".join(c.tobytes() for c in columns))


def unpacked(family: int, rows: int, chunk: bytes) -> tuple[Addresses, Addresses]:
    """`first` and `last` of a chunk. Raises StorageError when it is damaged."""
    kind, count = (_V4, 2) if family == 4 else (_V6, 4)
    try:
        content = zstandard.ZstdDecompressor().decompress(chunk)
    except zstandard.ZstdError as problem:
        raise StorageError(
            f"a stored list is damaged ({problem}): import the list again"
        ) from problem
    if len(content) != rows * count * kind.itemsize:
        raise StorageError("a stored list has lost rows: import the list again")
    steps = np.frombuffer(content, kind).reshape(count, rows)
    first = np.zeros((rows, 2), np.uint64)
    last = np.zeros((rows, 2), np.uint64)
    # IPv4 fills the low half alone.
    halves = (1,) if family == 4 else (0, 1)
    for column, half in enumerate(halves):
        low = np.cumsum(steps[column], dtype=kind)
        first[:, half] = low
        last[:, half] = low + steps[column + len(halves)]
    return first, last


def _beyond_v4(column: Addresses) -> bool:
    return bool(column[:, 0].any() or (column[:, 1] >> np.uint64(32)).any())


def _halves(family: int, first: Addresses, last: Addresses) -> list[_Column]:
    kind, halves = (_V4, (1,)) if family == 4 else (_V6, (0, 1))
    firsts = [first[:, half].astype(kind) for half in halves]
    lasts = [last[:, half].astype(kind) for half in halves]
    return [
        *(np.diff(column, prepend=column.dtype.type(0)) for column in firsts),
        *(np.subtract(high, low) for low, high in zip(firsts, lasts, strict=True)),
    ]
