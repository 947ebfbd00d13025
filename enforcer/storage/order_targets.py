# SPDX-License-Identifier: GPL-2.0-or-later
"""Which stored orders are about an address, a name or a list, without reading the orders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select

from enforcer.core.orders import Demand, Network
from enforcer.storage.often import often
from enforcer.storage.tables import order_targets, orders
from enforcer.storage.target_keys import LISTS, keys_of, wanted
from enforcer.storage.times import to_us

_IN_ONE_STATEMENT = 5_000

_run = select(order_targets.c.number).where(
    order_targets.c.key.between(bindparam("low"), bindparam("high"))
)
_exact = select(order_targets.c.number).where(
    order_targets.c.key.in_(bindparam("keys", expanding=True))
)
_lists = select(order_targets.c.key, order_targets.c.number).where(
    order_targets.c.key.between(LISTS, LISTS + b"\xff")
)
_alive = select(orders.c.number).where(
    orders.c.number.in_(bindparam("numbers", expanding=True)),
    orders.c.ends_us > bindparam("after"),
    orders.c.created_us <= bindparam("until"),
)
_known = select(order_targets.c.number, order_targets.c.key).where(
    order_targets.c.number.in_(bindparam("numbers", expanding=True))
)
_add = often(insert(order_targets))
_drop = delete(order_targets).where(
    order_targets.c.key == bindparam("old_key"), order_targets.c.number == bindparam("old_number")
)


class OrderTargets:
    """Orders as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def about(self, asked: Network, names: Collection[str]) -> set[int]:
        """Numbers of the orders about a prefix that overlaps `asked`, or about one of `names`.

        Of orders of all times; those that drop no packet are never among them.
        """
        keys = wanted(asked, names)
        run = self._connection.execute(_run, {"low": keys.low, "high": keys.high})
        found = set(run.scalars())
        for some in _portions(keys.exact):
            found.update(self._connection.execute(_exact, {"keys": some}).scalars())
        return found

    def by_list(self) -> dict[str, list[int]]:
        """By the name of a list the numbers of the orders of all times that block it."""
        found: dict[str, list[int]] = {}
        for key, number in self._connection.execute(_lists):
            found.setdefault(key[len(LISTS) :].decode(), []).append(number)
        return found

    def alive(self, numbers: Collection[int], after: datetime, until: datetime) -> list[int]:
        """Those of `numbers` made by `until` that had not ended by `after`, ascending."""
        given = {"after": to_us(after), "until": to_us(until)}
        found: list[int] = []
        for some in _portions(sorted(numbers)):
            rows = self._connection.execute(_alive, {**given, "numbers": some})
            found.extend(rows.scalars())
        return sorted(found)


def add_targets(connection: Connection, new: Iterable[tuple[int, Demand]]) -> None:
    """Index new orders, given as (number, demand)."""
    rows = [{"key": key, "number": n} for n, demand in new for key in sorted(keys_of(demand))]
    if rows:
        connection.execute(_add, rows)


def change_targets(connection: Connection, changed: Mapping[int, Demand]) -> None:
    """Index orders that may be about something else now; most are about the same."""
    known: dict[int, set[bytes]] = {number: set() for number in changed}
    for some in _portions(list(changed)):
        for number, key in connection.execute(_known, {"numbers": some}):
            known[number].add(key)
    moved = {n: demand for n, demand in changed.items() if known[n] != keys_of(demand)}
    gone = [{"old_key": key, "old_number": n} for n in moved for key in known[n]]
    if gone:
        connection.execute(_drop, gone)
    add_targets(connection, moved.items())


def _portions(parts: Sequence[int] | Sequence[bytes]) -> Iterator[Sequence[int] | Sequence[bytes]]:
    """Databases limit a statement's parameters."""
    for start in range(0, len(parts), _IN_ONE_STATEMENT):
        yield parts[start : start + _IN_ONE_STATEMENT]
