# SPDX-License-Identifier: GPL-2.0-or-later
"""Columns that take no more memory than they need. What they share is never written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from enforcer.core.rules import Integers

_Kind = TypeVar("_Kind", bound=np.generic)
_FEW = 64


def alike(value: int, rows: int) -> Integers:
    """A column of one value, which is kept once."""
    return np.broadcast_to(np.int64(value), (rows,))


def distinct(column: Integers) -> list[int]:
    """Its different values, ascending."""
    return sorted(set(column.tolist())) if len(column) <= _FEW else np.unique(column).tolist()


def end_to_end(parts: Sequence[NDArray[_Kind]]) -> NDArray[_Kind]:
    """The rows of all `parts` (at least one), one after the other.

    Not copied where they are slices of one array and lie there like that.
    """
    whole = _around(parts)
    return np.concatenate(parts) if whole is None else whole


def _around(parts: Sequence[NDArray[_Kind]]) -> NDArray[_Kind] | None:
    """The slice that `parts` are the pieces of, in their order."""
    base = parts[0].base
    if not isinstance(base, np.ndarray) or not _alike_rows(base, parts[0]):
        return None
    start = begin = _address(parts[0]) - _address(base)
    for part in parts:
        apart = part.base is not base or not _alike_rows(part, base)
        if apart or _address(part) - _address(base) != begin:
            return None
        begin += part.nbytes
    row = base.strides[0]
    if start % row:
        return None
    return base[start // row : begin // row]


def _alike_rows(one: NDArray[Any], other: NDArray[Any]) -> bool:
    kinds = (one.dtype, one.ndim, one.shape[1:]) == (other.dtype, other.ndim, other.shape[1:])
    return kinds and one.ndim > 0 and one.flags.c_contiguous and len(one) > 0


def _address(column: NDArray[Any]) -> int:
    return int(column.__array_interface__["data"][0])
