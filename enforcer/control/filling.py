# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads the order book from the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import structlog

from enforcer.control.book import Holds, OrderBook
from enforcer.core.device_control import DeviceControl
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Order
from enforcer.storage.database import Database
from enforcer.storage.inventories import InventoryReader
from enforcer.storage.lists import ListReader

log = structlog.get_logger()

_HISTORY = timedelta(days=7)
"""Orders that ended longer ago than this are not loaded at start: the first full pass
removes whatever of them still stands, because it is no longer desired."""


def fill(book: OrderBook, database: Database, now: datetime, held: bool = True) -> int:
    """Load every order that is not long over into `book`; returns the change sequence.

    `held`: devices that the brake holds are compiled as it says; else as if it let all pass.
    """
    with database.read() as reader:
        head = reader.audit.head()[0]
        orders = reader.orders.unfinished(now, _HISTORY)
        lists = new_lists(book, reader.lists, orders)
        holds = holds_of(reader.device_controls.all(), reader.inventories) if held else {}
    if holds:
        book.reload(book.topology, holds)
    book.advance(orders, lists, head)
    return head


def holds_of(controls: Mapping[str, DeviceControl], inventories: InventoryReader) -> Holds:
    """What the brake holds, with the inventories that it holds devices to.

    A hold without an inventory stands for itself: such a device is not written to at all.
    """
    found = {}
    for name, control in controls.items():
        hold = control.hold
        if hold is None or hold.all:
            continue
        version = inventories.with_digest(hold.inventory)
        if version is None:
            log.error("the inventory that a hold names is not there", device=name)
            continue
        found[name] = (hold, inventories.content(version))
    return found


def new_lists(
    book: OrderBook, reader: ListReader, orders: Iterable[Order], newer: bool = True
) -> dict[str, ListContent]:
    """Versions that `book` does not hold yet, of the lists that it or `orders` name.

    `newer`: also of lists of which it holds an older one.
    """
    named = book.named_lists() | {
        o.demand.list_name for o in orders if isinstance(o.demand, BlockList)
    }
    held = book.list_versions()
    found: dict[str, ListContent] = {}
    for name in sorted(named if newer else named - held.keys()):
        version = reader.current_version(name)
        if version is not None and version != held.get(name):
            content = reader.current(name)
            if content is not None:
                found[name] = content
    return found
