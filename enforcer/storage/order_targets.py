# SPDX-License-Identifier: GPL-2.0-or-later
"""What stored orders are about, without reading the orders: for a first, wide sieve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from enforcer.storage.tables import orders
from enforcer.storage.times import to_us

_targets = select(orders.c.number, orders.c.kind, orders.c.search).where(
    orders.c.ends_us > bindparam("after"), orders.c.created_us <= bindparam("until")
)


class OrderTargets:
    """Orders as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lines(self, after: datetime, until: datetime) -> Iterator[tuple[int, str, list[str]]]:
        """(number, kind, lines) of each order made by `until` that has not ended by `after`.

        The lines are lower case: the id, then what the order is about (for a block of one
        prefix that prefix alone), then what people wrote about it.
        """
        given = {"after": to_us(after), "until": to_us(until)}
        for number, kind, search in self._connection.execute(_targets, given):
            yield number, kind, search.split("\n")
