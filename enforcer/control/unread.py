# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of orders on their way into the order book: a few at a time, so that nobody waits.

Who places a hundred thousand orders is minutes of everybody else's patience, were they all read
before any of them counts. So they are taken in portions, oldest first, and before each portion
the orders that were placed by themselves since the last look: one that somebody places meanwhile
does not queue behind the others. Only new ones are taken early: to block sooner harms nobody, while
a lift that comes before the order that replaces what it lifts would open a gap. For the same
reason each order comes as it stood where its portion ends, and what has no history here (new
versions of lists, inventories) comes with the last portion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from enforcer.core.orders import Order
from enforcer.storage.unit_of_work import Reader

FEW = 10
"""A transaction with more new orders is one of many that somebody places in bulk: its orders wait
for their turn, and keep nobody's single order from being among the newest that are read early."""
PORTION = 100
"""Orders that are read at once, while others wait; a transaction with more is never divided."""


class Portion(NamedTuple):
    """`orders` changed; with them everything up to the change `head` is known, and what was
    placed up to the change `looked`, which is all there is."""

    orders: tuple[Order, ...]
    head: int
    looked: int

    @property
    def last(self) -> bool:
        """Whether nothing is left to read."""
        return self.head == self.looked


class Unread:
    """What the book has not heard of yet. `head`: up to this change it knows everything."""

    def __init__(self, portion: int = PORTION) -> None:
        self._portion = portion
        self.head = 0
        self._looked = 0
        self._early: set[int] = set()

    def begin(self, head: int) -> None:
        """Everything up to the change `head` is known."""
        self.head = self._looked = head
        self._early.clear()

    def is_done(self, head: int) -> bool:
        """Whether nothing is left of what was committed up to the change `head`."""
        return self.head == head

    def take(self, reader: Reader) -> Portion:
        """The next portion, and what was placed since the last look; see `took`."""
        head = reader.audit.head()[0]
        until = self._end(reader, head)
        changed = reader.orders.changed_between(self.head, until, but=self._early)
        orders = {order.number: order for order in changed}
        if until < head:
            orders |= reader.orders.changed_again(self.head, until)
        for order in self._placed_since(reader, max(self._looked, until), head):
            orders.setdefault(order.number, order)
        return Portion(tuple(orders.values()), until, head)

    def took(self, portion: Portion) -> None:
        """The book knows it now."""
        self.head, self._looked = portion.head, portion.looked
        if portion.last:
            self._early.clear()
        else:
            self._early.update(o.number for o in portion.orders if o.number > self.head)

    def _end(self, reader: Reader, head: int) -> int:
        """Up to which change the next portion goes: whole transactions."""
        if head - self.head <= self._portion:
            # No change is of two orders, so there is no need to count them.
            return head
        last = reader.orders.nth_change(self.head, self._portion)
        return head if last is None else reader.audit.end_of_moment(last, head)

    def _placed_since(self, reader: Reader, after: int, head: int) -> Iterator[Order]:
        """The newest ones, where they are many."""
        if after < head:
            yield from reader.orders.placed_between(after, head, FEW, self._portion)
