# SPDX-License-Identifier: GPL-2.0-or-later
"""An order as a table row: its wire form, and columns that repeat parts of it for queries."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    Order,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.times import NEVER, to_us
from enforcer.wire import decode_order, encode_order

_CHANGED = re.compile(r"\{\"changed\":\d+,")


def digest_of(body: str) -> str:
    """SHA-256 (hexadecimal) of an order's stored body without its member ``changed``.

    So a new version of a list, which moves that member alone, leaves the digest as it is.
    """
    found = _CHANGED.match(body)
    plain = body if found is None else "{" + body[found.end() :]
    return hashlib.sha256(plain.encode()).hexdigest()


def row_of(order: Order) -> dict[str, Any]:
    """The row that stores `order`. Raises InvalidInput when it would not come back the same."""
    body = encode_order(order).decode()
    if decode_order(body) != order:
        raise InvalidInput(f"order {order.number} cannot be stored as it is: report this")
    return columns_of(order, body)


def columns_of(order: Order, body: str) -> dict[str, Any]:
    """The row of `order`, whose wire form is `body`."""
    ends = order.ends
    return {
        "number": order.number,
        "changed": order.changed,
        "kind": order.demand.kind,
        "created_us": to_us(order.created),
        "start_us": to_us(order.start),
        "end_us": None if order.end is None else to_us(order.end),
        "lifted_us": None if order.lifted is None else to_us(order.lifted),
        "ends_us": NEVER if ends is None else to_us(ends),
        "issuer": order.issuer,
        "source": order.source,
        "idempotency_key": order.idempotency_key,
        "search": _search_text(order),
        "body": body,
    }


def order_of(body: str) -> Order:
    """The order stored as `body`. Raises StorageError when it cannot be read."""
    try:
        return decode_order(body)
    except InvalidInput as problem:
        raise StorageError(
            f"a stored order cannot be read ({problem}): it was made by a newer version,"
            " or the database is damaged"
        ) from problem


def customers_of(demand: Demand) -> frozenset[str]:
    """The customers that the target names (exceptions are not the target)."""
    selections, names, _ = _targets(demand)
    return frozenset(names).union(*(s.customers for s in selections))


def _targets(demand: Demand) -> tuple[tuple[Selection, ...], tuple[str, ...], tuple[str, ...]]:
    """What a demand is about: selections, customers, other words."""
    match demand:
        case BlockAddress():
            return (), (), (str(demand.prefix),)
        case BlockPort():
            return (demand.target,), (), ()
        case BlockFlow():
            return (demand.source, demand.destination), (), ()
        case BlockList():
            return (), (), (demand.list_name,)
        case SuspendCustomer():
            return (), (demand.customer,), ()
        case CutFeed():
            return (), (demand.customer,), (demand.news_servers,)
        case Blackhole():
            return (), (), (str(demand.prefix), *demand.exports)
        case DropRoutes() | ShutdownSession():
            named = demand.sessions
            peers = (*(f"AS{asn}" for asn in named.asns), *map(str, named.neighbors))
            return (), named.customers, peers


def _search_text(order: Order) -> str:
    """What a person may look for, folded to lower case, one thing a line."""
    selections, customers, others = _targets(order.demand)
    words = [order.id, *customers, *others]
    for selection in selections:
        words += map(str, selection.prefixes)
        words += (*selection.customers, *selection.service_sets)
    words += [order.reason, order.ticket or "", order.issuer, order.lift_reason or ""]
    return "\n".join(word for word in words if word).casefold()
