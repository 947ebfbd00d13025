# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads the order book from the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from enforcer.control.book import OrderBook
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.storage.database import Database
from enforcer.storage.lists import ListReader

_HISTORY = timedelta(days=7)
"""Orders that ended longer ago than this are not loaded at start: the first full pass
removes whatever of them still stands, because it is no longer desired."""


def fill(book: OrderBook, database: Database, now: datetime) -> int:
    """Load every order that is not long over into `book`; returns the change sequence."""
    with database.read() as reader:
        head = reader.audit.head()[0]
        orders = reader.orders.unfinished(now, _HISTORY)
        lists = new_lists(book, reader.lists, orders)
    book.advance(orders, lists, head)
    return head


def new_lists(
    book: OrderBook, reader: ListReader, orders: Iterable[Order]
) -> dict[str, ListContent]:
    """Versions that `book` does not hold yet, of the lists that it or `orders` name."""
    named = book.named_lists() | {
        o.demand.list_name for o in orders if isinstance(o.demand, BlockList)
    }
    held = book.list_versions()
    found: dict[str, ListContent] = {}
    for name in sorted(named):
        version = reader.current_version(name)
        if version is not None and version != held.get(name):
            content = reader.current(name)
            if content is not None:
                found[name] = content
    return found
