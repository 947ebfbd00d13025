# SPDX-License-Identifier: GPL-2.0-or-later
"""The index of what orders are about, in memory: every key looked at, as no database does."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from enforcer.core.orders import BlockList, Network, Order
from enforcer.storage.target_keys import keys_of, wanted
from enforcer.usecases.candidates import Span

ALWAYS = Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


class Index:
    """See `enforcer.usecases.candidates.Targets`."""

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = {order.number: order for order in orders}

    def about(self, asked: Network, names: Collection[str]) -> set[int]:
        looked = wanted(asked, names)
        return {
            number
            for number, order in self._orders.items()
            if any(looked.has(key) for key in keys_of(order.demand))
        }

    def by_list(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, order in self._orders.items():
            if isinstance(order.demand, BlockList):
                found.setdefault(order.demand.list_name, []).append(number)
        return found

    def alive(self, numbers: Collection[int], after: datetime, until: datetime) -> list[int]:
        known = [self._orders[number] for number in numbers]
        return sorted(
            order.number
            for order in known
            if (order.ends is None or order.ends > after) and order.created <= until
        )
