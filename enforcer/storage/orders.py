# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders in the database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, or_, select, update

from enforcer.core.orders import Order
from enforcer.errors import NotFound, StorageError
from enforcer.storage.often import often
from enforcer.storage.order_changes import (
    CHANGED_BETWEEN,
    PLACED_BETWEEN,
    changed_again,
    nth_change,
)
from enforcer.storage.order_rows import customers_of, digest_of, order_of, row_of
from enforcer.storage.order_targets import add_targets, change_targets
from enforcer.storage.order_versions import ADD_VERSION, DROP_VERSION, version_row
from enforcer.storage.tables import order_customers, orders
from enforcer.storage.times import to_us

_IN_ONE_STATEMENT = 5_000
_SHORT = 2_048
"""Characters of an order that is worth remembering."""

_bodies = select(orders.c.body)
_by_number = often(_bodies.where(orders.c.number == bindparam("wanted")))
_by_key = often(_bodies.where(orders.c.idempotency_key == bindparam("wanted")))
_with_keys = select(orders.c.idempotency_key, orders.c.body).where(
    orders.c.idempotency_key.in_(bindparam("keys", expanding=True))
)
_changed_since = often(
    _bodies.where(orders.c.changed > bindparam("seq")).order_by(orders.c.changed, orders.c.number)
)
_ending_from = _bodies.where(orders.c.ends_us >= bindparam("instant")).order_by(orders.c.number)
_ended_between = select(orders.c.number).where(
    orders.c.ends_us >= bindparam("low"), orders.c.ends_us <= bindparam("high")
)
_active = (
    select(func.count())
    .select_from(orders)
    .where(
        orders.c.lifted_us.is_(None),
        orders.c.ends_us > bindparam("instant"),
        orders.c.start_us <= bindparam("instant"),
    )
)
_numbered = select(orders.c.number, orders.c.changed, orders.c.body)
# In force or to come: neither lifted nor at its end.
_unfinished_by = (
    select(orders.c.source, func.count().label("orders"))
    .where(orders.c.lifted_us.is_(None), orders.c.ends_us > bindparam("instant"))
    .group_by(orders.c.source)
)
_placed_by = (
    select(orders.c.source, func.count().label("orders"))
    .where(orders.c.created_us > bindparam("instant"))
    .group_by(orders.c.source)
)
_sources = select(orders.c.source).distinct()
_add = often(insert(orders))
_change = (
    update(orders)
    .where(orders.c.number == bindparam("this_number"))
    .values({c.name: bindparam(c.name) for c in orders.c if c.name != "number"})
)
_add_customers = often(insert(order_customers))
_drop_customers = delete(order_customers).where(order_customers.c.number == bindparam("gone"))


class OrderReader:
    """Orders as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> Order | None:
        """The order with this number, as it stands now."""
        return self._one(_by_number, number)

    def by_key(self, idempotency_key: str) -> Order | None:
        """The order that was placed with this key."""
        return self._one(_by_key, idempotency_key)

    def by_keys(self, keys: Sequence[str]) -> dict[str, Order]:
        """By key the orders that were placed with some keys."""
        found: dict[str, Order] = {}
        for start in range(0, len(keys), _IN_ONE_STATEMENT):
            some = keys[start : start + _IN_ONE_STATEMENT]
            for key, body in self._connection.execute(_with_keys, {"keys": some}):
                found[key] = order_of(body)
        return found

    def changed_since(self, seq: int) -> list[Order]:
        """Orders whose last change came after `seq`, in the order of those changes."""
        return self._many(_changed_since, {"seq": seq})

    def changed_between(
        self, after: int, until: int, but: Collection[int] = frozenset()
    ) -> list[Order]:
        """Orders whose last change came after `after` and not after `until`, in that order.

        `but`: numbers of orders that are known as they were placed, and left out if they still
        are that.
        """
        found = self._connection.execute(CHANGED_BETWEEN, {"after": after, "until": until})
        return [_order(body) for n, changed, body in found if n != changed or n not in but]

    def changed_again(self, after: int, until: int) -> dict[int, Order]:
        """By number those that changed then too, but also later: as they stood after `until`."""
        bodies = changed_again(self._connection, after, until)
        return {order.number: order for order in map(_order, bodies)}

    def placed_between(self, after: int, until: int, few: int, limit: int) -> list[Order]:
        """Orders placed then, at most `few` in one transaction, and not changed since.

        The newest `limit` of them, newest first. Both ends are ends of transactions.
        """
        given = {"after": after, "until": until, "few": few}
        return self._many(PLACED_BETWEEN.limit(limit), given)

    def nth_change(self, after: int, count: int) -> int | None:
        """The change by which so many orders (from 1) were placed, or last changed, after
        `after`; None: they are fewer."""
        return nth_change(self._connection, after, count)

    def unfinished(self, now: datetime, keep_after_end: timedelta) -> list[Order]:
        """Orders that have not ended, or ended at most `keep_after_end` ago, by number.

        Orders that have not started yet are among them.
        """
        return self._many(_ending_from, {"instant": to_us(now - keep_after_end)})

    def ended_between(self, low: datetime, high: datetime) -> frozenset[int]:
        """Numbers of the orders that ended, were lifted or are to end in `low`..`high`."""
        span = {"low": to_us(low), "high": to_us(high)}
        return frozenset(self._connection.execute(_ended_between, span).scalars())

    def search(  # noqa: PLR0913 - one for each condition, all by name
        self,
        *,
        numbers: Collection[int] | None = None,
        kinds: Collection[str] | None = None,
        customer: str | None = None,
        source: str | None = None,
        active_at: datetime | None = None,
        text: str | None = None,
        said_of: Collection[int] = (),
        limit: int = 100,
        before_number: int | None = None,
    ) -> list[Order]:
        """The newest `limit` orders that match all that is given, newest first.

        `customer`: named by the target. `active_at`: in force then. `text`: part of the id,
        target, reason, ticket, issuer or lift reason, upper and lower case alike; or the order
        is one of `said_of`, a few thousand at most.
        """
        wanted = _bodies.order_by(orders.c.number.desc())
        if kinds is not None:
            wanted = wanted.where(orders.c.kind.in_(kinds))
        if customer is not None:
            of_customer = select(order_customers.c.number).where(
                order_customers.c.customer == customer
            )
            wanted = wanted.where(orders.c.number.in_(of_customer))
        if source is not None:
            wanted = wanted.where(orders.c.source == source)
        if active_at is not None:
            instant = to_us(active_at)
            wanted = wanted.where(
                orders.c.lifted_us.is_(None),
                orders.c.start_us <= instant,
                orders.c.ends_us > instant,
            )
        if text is not None:
            written = orders.c.search.contains(text.casefold(), autoescape=True)
            wanted = wanted.where(
                or_(written, orders.c.number.in_(said_of)) if said_of else written
            )
        if before_number is not None:
            wanted = wanted.where(orders.c.number < before_number)
        if numbers is None:
            return self._many(wanted.limit(limit), {})
        return self._among(numbers, wanted, limit)

    def count_active(self, now: datetime) -> int:
        """How many orders are in force at `now`."""
        return self._connection.execute(_active, {"instant": to_us(now)}).scalar_one()

    def unfinished_by_source(self, now: datetime, source: str | None = None) -> dict[str, int]:
        """How many orders of each source (or of one) are in force at `now` or to come."""
        return self._by_source(_unfinished_by, now, source)

    def placed_by_source(self, since: datetime, source: str | None = None) -> dict[str, int]:
        """How many orders each source (or one) placed after `since`."""
        return self._by_source(_placed_by, since, source)

    def sources(self) -> list[str]:
        """The sources that ever placed an order, sorted."""
        return sorted(self._connection.execute(_sources).scalars())

    def _by_source(
        self, statement: Select[str, int], instant: datetime, source: str | None
    ) -> dict[str, int]:
        if source is not None:
            statement = statement.where(orders.c.source == source)
        found = self._connection.execute(statement, {"instant": to_us(instant)})
        counts: list[tuple[str, int]] = [(row.source, row.orders) for row in found]
        return dict(counts)

    def _among(self, numbers: Collection[int], wanted: Select[str], limit: int) -> list[Order]:
        """Databases limit a statement's parameters, so ask in portions, newest first."""
        newest_first = sorted(set(numbers), reverse=True)
        found: list[Order] = []
        for start in range(0, len(newest_first), _IN_ONE_STATEMENT):
            portion = newest_first[start : start + _IN_ONE_STATEMENT]
            some = wanted.where(orders.c.number.in_(portion)).limit(limit - len(found))
            found += self._many(some, {})
            if len(found) >= limit:
                break
        return found

    def _one(self, statement: Select[str], wanted: int | str) -> Order | None:
        body = self._connection.execute(statement, {"wanted": wanted}).scalar()
        return None if body is None else _order(body)

    def _many(self, statement: Select[str], given: dict[str, int]) -> list[Order]:
        return [_order(body) for body in self._connection.execute(statement, given).scalars()]


class Record(Protocol):
    """The audit entries of this transaction, as far as orders need them."""

    def recorded(self, seq: int) -> bool:
        """Whether `seq` was recorded in this transaction."""
        ...

    def instant(self, seq: int) -> datetime:
        """The time of entry `seq`."""
        ...

    def stored(self, seq: int, order_id: str, digest: str) -> None:
        """Let entry `seq` say as what the order was stored."""
        ...


class OrderWriter(OrderReader):
    """Orders inside one transaction that writes.

    `record`: an order's change and its audit entry, which names the digest of what is stored,
    stand or fall together. Each order as it stood is kept (`enforcer.storage.order_versions`).
    """

    def __init__(self, connection: Connection, record: Record) -> None:
        super().__init__(connection)
        self._record = record
        self.placed: list[Order] = []
        """What was added."""

    def add(self, order: Order) -> None:
        """Store a new order. Raises DuplicateKey, InvalidInput, StorageError."""
        self.add_many((order,))

    def add_many(self, new: Sequence[Order]) -> None:
        """Store new orders; their numbers were recorded in this transaction.

        Raises DuplicateKey (leave the transaction then), InvalidInput, StorageError.
        """
        for order in new:
            self._require_recorded(order.number, order)
            self._require_recorded(order.changed, order)
        self.placed += new
        for some in _portions(new):
            rows = [row_of(order) for order in some]
            self._connection.execute(_add, rows)
            self._name_customers(some)
            add_targets(self._connection, ((order.number, order.demand) for order in some))
            self._keep(some, rows)

    def update(self, order: Order) -> None:
        """Replace an order; `changed` was recorded in this transaction.

        Raises NotFound, DuplicateKey, InvalidInput, StorageError.
        """
        self.update_many((order,))

    def update_many(self, changed: Sequence[Order]) -> None:
        """Replace orders, all or none. Raises as `update`."""
        for order in changed:
            self._require_recorded(order.changed, order)
        for some in _portions(changed):
            bodies = [row_of(order) for order in some]
            before = self._digests([order.number for order in some])
            rows = [{"this_number": row["number"], **_without_number(row)} for row in bodies]
            if self._connection.execute(_change, rows).rowcount != len(rows):
                numbers = ", ".join(str(order.number) for order in some[:5])
                raise NotFound(f"no such order among {numbers}: list the orders")
            self._connection.execute(_drop_customers, [{"gone": order.number} for order in some])
            self._name_customers(some)
            change_targets(self._connection, {order.number: order.demand for order in some})
            self._keep(some, bodies, before)

    def _digests(self, numbers: Sequence[int]) -> dict[int, tuple[str, int]]:
        """Digest and last change of the orders with these numbers before they change."""
        found = self._connection.execute(_numbered.where(orders.c.number.in_(numbers)))
        return {number: (digest_of(body), changed) for number, changed, body in found}

    def _keep(
        self,
        stored: Sequence[Order],
        rows: Sequence[dict[str, Any]],
        before: Mapping[int, tuple[str, int]] | None = None,
    ) -> None:
        """Keep the orders as they stand from their change on, where anything but that changed."""
        kept = []
        again = []
        for order, row in zip(stored, rows, strict=True):
            digest = digest_of(row["body"])
            known = before.get(order.number) if before is not None else None
            if known is not None and known[0] == digest:
                continue
            if known is not None and known[1] == order.changed:
                again.append({"gone": order.number, "gone_seq": order.changed})
            self._record.stored(order.changed, order.id, digest)
            at = to_us(self._record.instant(order.changed))
            kept.append(version_row(order.number, order.changed, at, row["body"]))
        if again:
            self._connection.execute(DROP_VERSION, again)
        if kept:
            self._connection.execute(ADD_VERSION, kept)

    def _name_customers(self, named: Sequence[Order]) -> None:
        rows = [
            {"customer": customer, "number": order.number}
            for order in named
            for customer in sorted(customers_of(order.demand))
        ]
        if rows:
            self._connection.execute(_add_customers, rows)

    def _require_recorded(self, seq: int, order: Order) -> None:
        if not self._record.recorded(seq):
            raise StorageError(
                f"order {order.number} carries change {seq}, which was not recorded in this"
                " transaction: record it first"
            )


def _order(body: str) -> Order:
    return _read_before(body) if len(body) <= _SHORT else order_of(body)


@lru_cache(maxsize=4096)
def _read_before(body: str) -> Order:
    """The newest orders are read again and again, and the same text is the same order."""
    return order_of(body)


def _portions(all_orders: Sequence[Order]) -> Iterator[Sequence[Order]]:
    """Rows in the making take far more memory than orders."""
    for start in range(0, len(all_orders), _IN_ONE_STATEMENT):
        yield all_orders[start : start + _IN_ONE_STATEMENT]


def _without_number(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "number"}
