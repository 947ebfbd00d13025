# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders are there: the filtered list, and how many each device holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from difflib import get_close_matches
from typing import get_args

from enforcer.application.commands import OrderFilter
from enforcer.application.views import OrderView
from enforcer.control.book import OrderBook
from enforcer.control.filling import fill
from enforcer.core.orders import Demand, Order, in_force, order_number
from enforcer.core.status import Status
from enforcer.errors import InvalidInput
from enforcer.storage.audit import Which
from enforcer.usecases.comment import COMMENTED
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World, number_of

_PAGE = 500
COMMENTS_READ = 2_000
"""So many of the newest comments are searched: each is read, and they are few."""
_COMMENTS = Which(kinds=(COMMENTED,))
ORDER_KINDS = tuple(
    str(field.default) for one in get_args(Demand) for field in fields(one) if field.name == "kind"
)
_OVER = frozenset({"expired", "lifted"})


def find_orders(world: World, which: OrderFilter, knows: bool = True) -> list[OrderView]:
    """Orders that match `which`, newest first, at most `which.limit`.

    Statuses are derived, so that a filter by status looks at one page after the other.
    Raises InvalidInput for a status or a kind that there is not, and for a customer to one who
    `knows` them: a detector would learn of customers by it.
    """
    _known("status", which.statuses, [str(status) for status in Status])
    _known("kind", which.kinds, ORDER_KINDS)
    found = _found(world, which)
    if knows and not found and which.customer is not None:
        _known_customer(world, which.customer)
    return found


def _found(world: World, which: OrderFilter) -> list[OrderView]:
    presenter = Presenter(world)
    found: list[OrderView] = []
    before = number_of(which.before) if which.before else None
    # No more than is wanted, as long as all of it is: an order is dear to present.
    size = min(which.limit, _PAGE)
    said_of = _commented(world, which.text)
    while len(found) < which.limit:
        page = _page(world, which, before, size, said_of)
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


def _known(what: str, given: Iterable[str], known: Sequence[str]) -> None:
    for asked in given:
        if asked not in known:
            raise InvalidInput(f"there is no {what} {asked!r}: choose of {', '.join(known)}")


def _known_customer(world: World, name: str) -> None:
    """One that left the inventory may have orders still."""
    if name in world.topology.customers:
        return
    with world.database.read() as reader:
        if reader.orders.search(customer=name, limit=1):
            return
    near = get_close_matches(name, world.topology.customers, 5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see `enforcer customer list`"
    raise InvalidInput(f"there is no customer {name!r}: {hint}")


def _commented(world: World, text: str | None) -> frozenset[int]:
    """The orders of which somebody said this, in the newest comments."""
    if not text:
        return frozenset()
    low = text.casefold()
    with world.database.read() as reader:
        comments = reader.audit.page(_COMMENTS, limit=COMMENTS_READ, newest_first=True)
    numbers = (
        order_number(one.subject or "")
        for one in comments
        if low in str(one.payload.get("text", "")).casefold()
    )
    return frozenset(number for number in numbers if number is not None)


def _page(
    world: World, which: OrderFilter, before: int | None, size: int, said_of: Collection[int]
) -> list[Order]:
    with world.database.read() as reader:
        return reader.orders.search(
            kinds=which.kinds or None,
            customer=which.customer,
            source=which.source,
            text=which.text,
            said_of=said_of,
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
