# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the orders that are stored are the orders that the audit chain tells of.

An entry about an order names the digest of what was stored with it. So an order that was
edited, added or removed behind the program's back shows, in the present and in the past.
Orders from before digests were kept (schema 0001) are known to the chain by number alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from enforcer.core.orders import order_id, order_number
from enforcer.errors import StorageError
from enforcer.storage.chain import DIGESTS, SINCE, Link
from enforcer.storage.order_rows import columns_of, customers_of, digest_of, order_of
from enforcer.storage.records import VerifyResult, broken
from enforcer.storage.tables import (
    audit,
    order_customers,
    order_targets,
    order_versions,
    orders,
)
from enforcer.storage.target_keys import keys_of

_STEP = 5_000
_IN_ONE_STATEMENT = 1_000
_MARK = b'"' + DIGESTS.encode() + b'":{'

_versions = select(order_versions.c.number, order_versions.c.seq, order_versions.c.body)
_undated = (
    select(order_versions.c.number, order_versions.c.seq)
    .join(audit, audit.c.seq == order_versions.c.seq)
    .where(audit.c.at_us != order_versions.c.at_us)
    .order_by(order_versions.c.seq)
    .limit(1)
)
_orphaned = (
    select(order_versions.c.number, func.max(order_versions.c.seq).label("seq"))
    .outerjoin(orders, orders.c.number == order_versions.c.number)
    .where(orders.c.number.is_(None))
    .group_by(order_versions.c.number)
    .order_by(order_versions.c.number)
    .limit(1)
)
_customers = select(order_customers.c.number, order_customers.c.customer).order_by(
    order_customers.c.number
)
_targets = select(order_targets.c.number, order_targets.c.key).order_by(order_targets.c.number)
_count = select(func.count()).select_from(order_versions)


class StoredOrders:
    """Compares as the chain is walked, page by page; holds one page at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._first: int | None = None
        self._told = 0

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """The first order that is not stored as an entry in `page` says it was."""
        told = {pair: digest for link in page for pair, digest in _told(link.seq, link.body)}
        if not told:
            return None
        if self._first is None:
            self._first = min(seq for seq, _ in told)
        self._told += len(told)
        found = self._digests(told)
        for (seq, number), digest in sorted(told.items()):
            if found.get((seq, number)) != digest:
                what = "was changed" if (seq, number) in found else "is missing"
                return broken(seq, f"tells of order {order_id(number)}, whose version {what}")
        return None

    def end(self, head: int) -> VerifyResult | None:
        """After the last page: orders or versions that no entry tells of, or that differ."""
        return self._inserted() or self._undated() or self._orphaned() or self._present(head)

    def _digests(self, told: dict[tuple[int, int], str]) -> dict[tuple[int, int], str]:
        low, high = min(seq for seq, _ in told), max(seq for seq, _ in told)
        numbers = sorted({number for _, number in told})
        found: dict[tuple[int, int], str] = {}
        for start in range(0, len(numbers), _IN_ONE_STATEMENT):
            some = numbers[start : start + _IN_ONE_STATEMENT]
            wanted = _versions.where(
                order_versions.c.number.in_(some), order_versions.c.seq.between(low, high)
            )
            for number, seq, body in self._connection.execute(wanted):
                found[seq, number] = digest_of(body)
        return found

    def _inserted(self) -> VerifyResult | None:
        """A version since digests are kept that no entry names."""
        first = self._first
        later = _count if first is None else _count.where(order_versions.c.seq >= first)
        stored = self._connection.execute(later).scalar_one()
        if first is None or stored == self._told:
            return None
        told = self._all_told(first)
        since = _versions.where(order_versions.c.seq >= first).order_by(order_versions.c.seq)
        with closing(self._connection.execute(since)) as rows:
            for number, seq, _ in rows:
                if (seq, number) not in told:
                    name = order_id(number)
                    return broken(seq, f"does not tell of order {name}, which has a version of it")
        return broken(first, "is followed by versions of orders that nothing tells of")

    def _all_told(self, first: int) -> set[tuple[int, int]]:
        """(position, order) of every version that some entry tells of, from `first` on."""
        entries = select(audit.c.seq, audit.c.body).where(audit.c.seq >= first)
        rows = self._connection.execute(entries)
        return {pair for seq, body in rows for pair, _ in _told(seq, body)}

    def _undated(self) -> VerifyResult | None:
        """A version with another time than its entry: the time decides what stood when."""
        row = self._connection.execute(_undated).first()
        if row is None:
            return None
        name = order_id(row.number)
        return broken(row.seq, f"tells of order {name}, whose version has another time")

    def _orphaned(self) -> VerifyResult | None:
        """Versions of an order that is not there."""
        row = self._connection.execute(_orphaned).first()
        if row is None:
            return None
        return broken(row.seq, f"tells of order {order_id(row.number)}, which is missing")

    def _present(self, head: int) -> VerifyResult | None:
        """An order that is not stored as its newest version, or has none, or other columns."""
        newest = (
            select(order_versions.c.number, func.max(order_versions.c.seq).label("seq"))
            .group_by(order_versions.c.number)
            .subquery()
        )
        wanted = (
            select(orders, order_versions.c.seq, order_versions.c.body.label("version"))
            .outerjoin(newest, newest.c.number == orders.c.number)
            .outerjoin(
                order_versions,
                (order_versions.c.number == orders.c.number)
                & (order_versions.c.seq == newest.c.seq),
            )
            .order_by(orders.c.number)
        )
        streamed = self._connection.execute(wanted, execution_options={"yield_per": _STEP})
        named = self._connection.execute(_customers, execution_options={"yield_per": _STEP})
        found = self._connection.execute(_targets, execution_options={"yield_per": _STEP})
        with closing(streamed) as result, closing(named) as names, closing(found) as keys:
            customers, targets = _Named(names), _Named(keys)
            for row in result.mappings():
                number = row["number"]
                if why := _wrong(row, customers.of(number), targets.of(number)):
                    seq = row["seq"] or min(number, head)
                    return broken(seq, f"{why[0]} of order {order_id(number)}{why[1]}")
            for what, some in (("customer", customers), ("target", targets)):
                if some.stray():
                    return broken(head, f"is followed by a {what} of an order that is not there")
        return None


class _Named:
    """What rows of (number, text) say of orders, asked for in the order of their numbers."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._left = groupby(rows, key=lambda row: row.number)
        self._next = next(self._left, None)
        self._strays = False

    def of(self, number: int) -> set[Any]:
        while self._next is not None and self._next[0] < number:
            self._strays = True
            self._next = next(self._left, None)
        if self._next is None or self._next[0] != number:
            return set()
        found = {row[1] for row in self._next[1]}
        self._next = next(self._left, None)
        return found

    def stray(self) -> bool:
        """At the end: whether there were rows of orders that nobody asked for."""
        return self._strays or self._next is not None


def _wrong(row: RowMapping, customers: set[str], targets: set[bytes]) -> tuple[str, str] | None:
    """What the entry of an order's newest version does, and why that is wrong; None: it is not."""
    if row["version"] is None:
        return "does not tell", ""
    if digest_of(row["body"]) != digest_of(row["version"]):
        return "tells", ", which was changed since"
    try:
        order = order_of(row["body"])
        columns = columns_of(order, row["body"])
    except StorageError:
        return "tells", ", which cannot be read"
    if any(row[name] != value for name, value in columns.items()):
        return "tells", ", whose columns were changed"
    if customers != customers_of(order.demand):
        return "tells", ", whose customers were changed"
    if targets != keys_of(order.demand):
        return "tells", ", whose targets were changed"
    return None


def _told(seq: int, body: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """((position, order), digest) for each version of an order that an entry tells of."""
    # Most entries name no order, and reading JSON costs more than all the rest of the walk.
    if _MARK not in body:
        return
    payload = json.loads(body)["payload"]
    said, since = payload.get(DIGESTS), payload.get(SINCE, {})
    if not isinstance(said, dict):
        return
    for name, digest in said.items():
        number = order_number(name)
        if number is not None:
            yield (since.get(name, seq), number), digest
