# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the parts of a stored list lie, so that one address does not load a million."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from sqlalchemy import Connection, and_, bindparam, func, insert, select

from enforcer.core.addresses import to_integers
from enforcer.core.intervals import Ranges, ends_of, inside, rows_of
from enforcer.core.lists import ListContent, content_of
from enforcer.core.orders import Network
from enforcer.core.rules import Addresses
from enforcer.errors import StorageError
from enforcer.storage.columns import ROWS, unpacked
from enforcer.storage.tables import list_bounds, list_chunks, list_versions

_BYTES = 16

_KEY = ("name", "version", "family", "part")
_parts = (
    select(list_chunks.c.part, list_bounds.c.low, list_bounds.c.high)
    .outerjoin(list_bounds, and_(*(list_bounds.c[one] == list_chunks.c[one] for one in _KEY)))
    .where(
        list_chunks.c.name == bindparam("of"),
        list_chunks.c.version == bindparam("v"),
        list_chunks.c.family == bindparam("ip"),
    )
    .order_by(list_chunks.c.part)
)
_chunk = select(list_chunks.c.rows, list_chunks.c.body).where(
    list_chunks.c.name == bindparam("of"),
    list_chunks.c.version == bindparam("v"),
    list_chunks.c.family == bindparam("ip"),
    list_chunks.c.part == bindparam("at"),
)
_stored = select(func.sum(list_chunks.c.rows)).where(
    list_chunks.c.name == bindparam("of"), list_chunks.c.version == bindparam("v")
)
_promised = select(list_versions.c.entries).where(
    list_versions.c.name == bindparam("of"), list_versions.c.version == bindparam("v")
)
_kept = (
    select(list_bounds.c.family, list_bounds.c.part, list_bounds.c.low, list_bounds.c.high)
    .where(list_bounds.c.name == bindparam("of"), list_bounds.c.version == bindparam("v"))
    .order_by(list_bounds.c.family, list_bounds.c.part)
)
_add = insert(list_bounds)


def near(connection: Connection, name: str, version: int, asked: Network) -> ListContent:
    """See `enforcer.storage.lists.ListReader.near`."""
    of = {"of": name, "v": version}
    promised = connection.execute(_promised, of).scalar()
    if promised is not None and (connection.execute(_stored, of).scalar() or 0) != promised:
        raise StorageError(f"list {name} version {version} is incomplete: import it again")
    low, high = (end.to_bytes(_BYTES) for end in ends_of(asked))
    given = {**of, "ip": asked.version}
    found = [Ranges.none()]
    for part, first, last in connection.execute(_parts, given).all():
        if first is None or (first <= high and last >= low):
            rows, body = connection.execute(_chunk, {**given, "at": part}).one()
            ranges = Ranges(*unpacked(asked.version, rows, body))
            found.append(ranges.take(inside(ranges, rows_of((asked,))).source))
    kept = Ranges(
        np.concatenate([one.first for one in found]), np.concatenate([one.last for one in found])
    )
    none = Ranges.none()
    return content_of(*((kept, none) if asked.version == 4 else (none, kept)), version)


def add_bounds(
    connection: Connection, name: str, version: int, family: int, ranges: Ranges
) -> None:
    """Keep where the parts of one family lie, cut as `enforcer.storage.columns.packed` does."""
    key = {"name": name, "version": version, "family": family}
    rows = [
        {**key, "part": part, "low": low, "high": high}
        for part, (low, high) in zip(count(), bounds_of(ranges), strict=False)
    ]
    if rows:
        connection.execute(_add, rows)


def wrong_bounds(connection: Connection, name: str, version: int) -> bool:
    """Whether a part lies elsewhere than was kept of it: an address would not find it."""
    of = {"of": name, "v": version}
    for family, part, low, high in connection.execute(_kept, of).all():
        rows, body = connection.execute(_chunk, {**of, "ip": family, "at": part}).one()
        try:
            ranges = Ranges(*unpacked(family, rows, body))
        except StorageError:
            return True
        if (low, high) != next(bounds_of(ranges)):
            return True
    return False


def bounds_of(ranges: Ranges) -> Iterator[tuple[bytes, bytes]]:
    """The lowest and the highest address of each part."""
    for start in range(0, len(ranges), ROWS):
        low = _least(ranges.first[start : start + ROWS])
        # The greatest is the least one upside down.
        high = ~_least(~ranges.last[start : start + ROWS])
        yield _written(low), _written(high)


def _least(column: Addresses) -> Addresses:
    """Of some addresses the first, as a column of one."""
    top = column[:, 0].min()
    return np.array([[top, column[column[:, 0] == top, 1].min()]], np.uint64)


def _written(address: Addresses) -> bytes:
    return to_integers(address)[0].to_bytes(_BYTES)
