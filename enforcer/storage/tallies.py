# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers for `/metrics`, and orders near their end: counted by the database itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select

from enforcer.core.orders import Order
from enforcer.storage.order_rows import order_of
from enforcer.storage.service_tables import proposals
from enforcer.storage.tables import alarms, intents, orders
from enforcer.storage.times import to_us

_state = case(
    (orders.c.lifted_us.is_not(None), "lifted"),
    (orders.c.ends_us <= bindparam("now_us"), "expired"),
    (orders.c.start_us > bindparam("now_us"), "scheduled"),
    else_="in_force",
).label("state")
_orders = select(_state, func.count()).group_by(_state)
_ending = (
    select(orders.c.body)
    .where(
        orders.c.ends_us > bindparam("low_us"),
        orders.c.ends_us <= bindparam("high_us"),
        orders.c.lifted_us.is_(None),
    )
    .order_by(orders.c.ends_us, orders.c.number)
    .limit(bindparam("most"))
)
_alarms = (
    select(alarms.c.kind, func.count()).where(alarms.c.cleared_us.is_(None)).group_by(alarms.c.kind)
)
_waiting = select(func.count()).select_from(proposals).where(proposals.c.state == "waiting")
_open = select(func.count()).select_from(intents).where(intents.c.closed_by.is_(None))


class TallyReader:
    """Counts as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def orders(self, now: datetime) -> dict[str, int]:
        """Orders by state: scheduled, in_force, expired, lifted."""
        rows = self._connection.execute(_orders, {"now_us": to_us(now)})
        return {row[0]: row[1] for row in rows}

    def ending(self, low: datetime, high: datetime, most: int) -> list[Order]:
        """Orders that were not lifted and end after `low`, at `high` at the latest; by end."""
        given = {"low_us": to_us(low), "high_us": to_us(high), "most": most}
        return [order_of(body) for body in self._connection.execute(_ending, given).scalars()]

    def open_alarms(self) -> dict[str, int]:
        """Open alarms by kind."""
        return {row[0]: row[1] for row in self._connection.execute(_alarms)}

    def waiting_proposals(self) -> int:
        """Proposals that wait for a second person."""
        return int(self._connection.execute(_waiting).scalar_one())

    def open_intents(self) -> int:
        """Writes to devices of which nobody knows yet what became of them."""
        return int(self._connection.execute(_open).scalar_one())
