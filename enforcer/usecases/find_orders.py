# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders are there: the filtered list, and how many each device holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from enforcer.application.commands import OrderFilter
from enforcer.application.views import OrderView
from enforcer.control.book import OrderBook
from enforcer.control.filling import fill
from enforcer.core.orders import Order, in_force
from enforcer.core.status import Status
from enforcer.errors import InvalidInput
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World, number_of

_PAGE = 500
_OVER = frozenset({"expired", "lifted"})


def find_orders(world: World, which: OrderFilter) -> list[OrderView]:
    """Orders that match `which`, newest first, at most `which.limit`.

    Statuses are derived, so that a filter by status looks at one page after the other.
    Raises InvalidInput for a status that there is not.
    """
    _known(which.statuses)
    presenter = Presenter(world)
    found: list[OrderView] = []
    before = number_of(which.before) if which.before else None
    # No more than is wanted, as long as all of it is: an order is dear to present.
    size = min(which.limit, _PAGE)
    while len(found) < which.limit:
        page = _page(world, which, before, size)
        for order in page:
            view = presenter.order(order)
            if _matches(view, which):
                found.append(view)
                if len(found) == which.limit:
                    return found
        if len(page) < size:
            return found
        before, size = page[-1].number, _PAGE
    return found


def _known(statuses: Iterable[str]) -> None:
    known = [str(status) for status in Status]
    for asked in statuses:
        if asked not in known:
            raise InvalidInput(f"there is no status {asked!r}: choose of {', '.join(known)}")


def _page(world: World, which: OrderFilter, before: int | None, size: int) -> list[Order]:
    with world.database.read() as reader:
        return reader.orders.search(
            kinds=which.kinds or None,
            customer=which.customer,
            source=which.source,
            text=which.text,
            limit=size,
            before_number=before,
        )


def _matches(view: OrderView, which: OrderFilter) -> bool:
    if which.statuses and view.status not in which.statuses:
        return False
    return which.active is None or which.active == (view.status not in _OVER)


def book_of(world: World, now: datetime) -> OrderBook:
    """Every order that is not long over, compiled by what is in force: seconds for many.

    Take it once, and answer all from it.
    """
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    return book


def orders_by_device(book: OrderBook, now: datetime) -> dict[str, int]:
    """How many orders in force each device is to hold."""
    counts: Counter[str] = Counter()
    for entry in book.entries():
        if in_force(entry.order, now):
            counts.update(entry.standing.devices)
    return dict(counts)
