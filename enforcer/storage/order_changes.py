# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders changed in a stretch of the change sequence, and as what they stood at its end."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from enforcer.storage.tables import audit, order_versions, orders

CHANGED_BETWEEN = (
    select(orders.c.number, orders.c.changed, orders.c.body)
    .where(orders.c.changed > bindparam("after"), orders.c.changed <= bindparam("until"))
    .order_by(orders.c.changed, orders.c.number)
)
_among = (orders.c.number > bindparam("after"), orders.c.number <= bindparam("until"))
# Orders of one transaction have one time.
_with_few = (
    select(orders.c.created_us)
    .where(*_among)
    .group_by(orders.c.created_us)
    .having(func.count() <= bindparam("few"))
)
PLACED_BETWEEN = (
    select(orders.c.body)
    .where(*_among, orders.c.changed == orders.c.number, orders.c.created_us.in_(_with_few))
    .order_by(orders.c.number.desc())
)

_times = select(func.min(audit.c.at_us), func.max(audit.c.at_us)).where(
    audit.c.seq > bindparam("after"), audit.c.seq <= bindparam("until")
)
# By sequence versions have no index, but each has the time of its entry. The sum keeps databases
# from beginning with all orders that changed later, which may be all there are.
_changed_again = (
    select(order_versions.c.body)
    .join(orders, orders.c.number == order_versions.c.number)
    .where(
        order_versions.c.at_us >= bindparam("low"),
        order_versions.c.at_us <= bindparam("high"),
        order_versions.c.seq > bindparam("after"),
        order_versions.c.seq <= bindparam("until"),
        orders.c.changed + 0 > bindparam("until"),
    )
    .order_by(order_versions.c.seq)
)
_changes = (
    select(orders.c.changed)
    .where(orders.c.changed > bindparam("after"))
    .order_by(orders.c.changed, orders.c.number)
)
_placed = (
    select(orders.c.number).where(orders.c.number > bindparam("after")).order_by(orders.c.number)
)


def changed_again(connection: Connection, after: int, until: int) -> list[str]:
    """The bodies of orders that changed after `after` and not after `until`, and later again.

    As they stood after each of those changes, oldest first.
    """
    given = {"after": after, "until": until}
    low, high = connection.execute(_times, given).one()
    if low is None:
        return []
    found = connection.execute(_changed_again, {**given, "low": low, "high": high})
    return list(found.scalars())


def nth_change(connection: Connection, after: int, count: int) -> int | None:
    """The change by which `count` orders (from 1) were placed, or last changed, after `after`.

    None: they are fewer.
    """
    nth = (one.offset(count - 1).limit(1) for one in (_changes, _placed))
    found = [connection.execute(one, {"after": after}).scalar() for one in nth]
    return min((one for one in found if one is not None), default=None)
