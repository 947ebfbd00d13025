# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules of orders had dropped at certain instants: coarse, and forgotten in time.

Not evidence, and in no chain: a device that restarts counts from zero again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select

from enforcer.storage.service_tables import dropped_packets
from enforcer.storage.times import from_us, to_us

FINE = timedelta(days=2)
"""Older samples are kept one an hour."""
KEPT = timedelta(days=30)
_HOUR_US = 3_600_000_000
_MOST = 5_000

_table = dropped_packets.c
_of_order = (
    select(_table.at_us, _table.packets)
    .where(_table.order_number == bindparam("of"))
    .order_by(_table.at_us.desc())
    .limit(_MOST)
)
_newest_at = (
    select(_table.order_number, func.max(_table.at_us).label("at_us"))
    .group_by(_table.order_number)
    .subquery()
)
_newest = select(_table.order_number, _table.packets).join(
    _newest_at,
    (_table.order_number == _newest_at.c.order_number) & (_table.at_us == _newest_at.c.at_us),
)
_add = insert(dropped_packets)
_later = dropped_packets.alias("later")
_coarser = delete(dropped_packets).where(
    _table.at_us < bindparam("fine_us"),
    exists(
        select(_later.c.at_us).where(
            _later.c.order_number == _table.order_number,
            _later.c.at_us > _table.at_us,
            _later.c.at_us < (_table.at_us // _HOUR_US + 1) * _HOUR_US,
        )
    ),
)
_gone = delete(dropped_packets).where(_table.at_us < bindparam("kept_us"))

Sample = tuple[datetime, int]


class DroppedReader:
    """Samples as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, order: int) -> list[Sample]:
        """What was seen of an order, oldest first: when, and how many packets by then."""
        rows = self._connection.execute(_of_order, {"of": order}).all()
        return [(from_us(row.at_us), row.packets) for row in reversed(rows)]

    def newest(self) -> dict[int, int]:
        """By order what was seen last."""
        return {row.order_number: row.packets for row in self._connection.execute(_newest)}


class DroppedWriter(DroppedReader):
    """Samples inside one transaction that writes."""

    def add(self, packets: Mapping[int, int], at: datetime) -> None:
        """What was seen at one instant, by order; an instant that is known already stays."""
        at_us = to_us(at)
        known = select(_table.order_number).where(_table.at_us == at_us)
        there = set(self._connection.execute(known).scalars())
        rows = [
            {"order_number": number, "at_us": at_us, "packets": seen}
            for number, seen in packets.items()
            if number not in there
        ]
        if rows:
            self._connection.execute(_add, rows)

    def prune(self, now: datetime) -> None:
        """Forget what is too old, and keep one of each hour of what is older than `FINE`."""
        self._connection.execute(_gone, {"kept_us": to_us(now - KEPT)})
        self._connection.execute(_coarser, {"fine_us": to_us(now - FINE)})
