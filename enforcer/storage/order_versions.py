# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders as they stood: one immutable row per change of what an order says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from enforcer.core.orders import Order
from enforcer.storage.often import often
from enforcer.storage.order_rows import order_of
from enforcer.storage.tables import order_versions
from enforcer.storage.times import from_us, to_us

ADD_VERSION = often(insert(order_versions))
DROP_VERSION = delete(order_versions).where(
    order_versions.c.number == bindparam("gone"), order_versions.c.seq == bindparam("gone_seq")
)
"""For an order that one entry changed twice."""

_IN_ONE_STATEMENT = 5_000

_of_order = (
    select(order_versions.c.seq, order_versions.c.at_us, order_versions.c.body)
    .where(order_versions.c.number == bindparam("of"))
    .order_by(order_versions.c.seq)
)
_until = (
    select(order_versions.c.number, func.max(order_versions.c.seq).label("seq"))
    .where(order_versions.c.at_us <= bindparam("instant"))
    .group_by(order_versions.c.number)
)


@dataclass(frozen=True, slots=True)
class OrderVersion:
    """An order as it stood from audit entry `seq`, made at `at`, until its next version."""

    seq: int
    at: datetime
    order: Order


class OrderVersionReader:
    """Past orders as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, number: int) -> list[OrderVersion]:
        """Every version of one order, oldest first. Raises StorageError for a damaged one."""
        rows = self._connection.execute(_of_order, {"of": number})
        return [OrderVersion(seq, from_us(at), order_of(body)) for seq, at, body in rows]

    def at(self, numbers: Sequence[int], instant: datetime) -> Iterator[OrderVersion]:
        """Those of the orders that there were at `instant`, as they stood then, by number.

        Raises StorageError for a damaged one.
        """
        given = {"instant": to_us(instant)}
        for start in range(0, len(numbers), _IN_ONE_STATEMENT):
            some = numbers[start : start + _IN_ONE_STATEMENT]
            newest = _until.where(order_versions.c.number.in_(some)).subquery()
            wanted = (
                select(order_versions.c.seq, order_versions.c.at_us, order_versions.c.body)
                .join(
                    newest,
                    (newest.c.number == order_versions.c.number)
                    & (newest.c.seq == order_versions.c.seq),
                )
                .order_by(order_versions.c.number)
            )
            for seq, at, body in self._connection.execute(wanted, given):
                yield OrderVersion(seq, from_us(at), order_of(body))


def version_row(number: int, seq: int, at_us: int, body: str) -> dict[str, Any]:
    """One row of the table."""
    return {"number": number, "seq": seq, "at_us": at_us, "body": body}
