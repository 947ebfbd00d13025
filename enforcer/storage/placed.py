# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that this process has just placed, for whoever follows the database in it.

He would ask the database at once for what was in memory a moment before. What is told here is
committed. The positions in the chain say whether anything else came in between; where this
process did anything else since, the database is asked, which tells all of it at one instant.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import ClassVar, NamedTuple
from weakref import WeakValueDictionary

from enforcer.core.orders import Order
from enforcer.storage.records import INTENT, OUTCOME

PLACED = "order.placed"
"""The kind of the entry about an order that was placed."""
UNFOLLOWED = frozenset((INTENT, OUTCOME))
"""Kinds of entries that tell what became of orders: whoever follows orders need not look."""

_TRANSACTIONS = 64
_ORDERS = 16
"""Of more in one transaction the database tells, portion by portion."""


class Placed(NamedTuple):
    """A transaction whose entries are about placing these orders, and about nothing else that
    anybody follows.

    `before`: the chain's position when it began; `head` and `digest`: of its last entry.
    """

    before: int
    head: int
    digest: bytes
    orders: tuple[Order, ...]


def nobody() -> bool:
    """Listens."""
    return False


class JustPlaced:
    """The last such transactions; safe to share between threads."""

    _known: ClassVar[WeakValueDictionary[str, JustPlaced]] = WeakValueDictionary()
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: deque[Placed] = deque(maxlen=_TRANSACTIONS)
        self._other = 0
        self.listener: Callable[[], bool] = nobody
        """Whoever follows the database in this process: takes in what was told, at once; whether
        that was all that there is to do."""

    @classmethod
    def of(cls, database: str) -> JustPlaced:
        """That of everybody in this process who opened `database`."""
        with cls._guard:
            found = cls._known.get(database)
            if found is None:
                found = cls._known[database] = cls()
            return found

    def tell(self, placed: Placed) -> None:
        """It is committed."""
        if len(placed.orders) > _ORDERS:
            self.tell_other(placed.head)
            return
        with self._lock:
            self._last.append(placed)

    def tell_other(self, head: int) -> None:
        """Something else is committed, which led the chain to `head`."""
        with self._lock:
            self._other = max(self._other, head)

    def forget(self) -> None:
        """What was told may not be so any more."""
        with self._lock:
            self._last.clear()
            self._other = 0

    def after(self, position: int) -> tuple[Placed, ...]:
        """All of them that came after `position`, where each follows the one before; oldest first.

        Empty where anything else came in between, or was done here since.
        """
        with self._lock:
            new = [one for one in self._last if one.before >= position]
            if self._other > position:
                return ()
        ends = [position, *(one.head for one in new)]
        whole = all(one.before == end for one, end in zip(new, ends, strict=False))
        return tuple(new) if whole else ()
