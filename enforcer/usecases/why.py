# SPDX-License-Identifier: GPL-2.0-or-later
"""Why is this address blocked? By which orders, where, since when, until when, really?"""

from __future__ import annotations

from datetime import datetime

from enforcer.application.views import WhyOrder, WhyView
from enforcer.control.book import Entry, OrderBook
from enforcer.control.filling import fill
from enforcer.core.intervals import Ranges, rows_of, union
from enforcer.core.orders import Network, in_force, is_over
from enforcer.core.prefixes import parse_network
from enforcer.core.rules import Key
from enforcer.core.status import Status
from enforcer.core.topology import Topology
from enforcer.usecases.present import Presenter
from enforcer.usecases.touch import Touch, attachments_of, touch_of
from enforcer.usecases.world import World

_PROVED = frozenset({Status.ENFORCED, Status.UNVERIFIED, Status.PARTIAL})
"""What blocks; what is only asked for, or differs on the device, is listed and blocks nothing."""


def why(world: World, address: str, at: datetime | None = None) -> WhyView:
    """Orders that touch `address` (or a prefix) now. Raises InvalidInput."""
    asked = parse_network(address)
    now = world.clock.now()
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    presenter = Presenter(world)
    behind = attachments_of(world.topology, asked)
    found: list[WhyOrder] = []
    sums = {Key.SOURCE: _Sum(asked), Key.DESTINATION: _Sum(asked)}
    for entry in book.entries():
        touch = touch_of(entry, asked, behind)
        if touch is None or is_over(entry.order, now):
            continue
        shown = _order(presenter, entry, touch)
        found.append(shown)
        if in_force(entry.order, now) and shown.status in _PROVED:
            for key in touch.keys:
                sums[key].add(touch)
    return WhyView(
        address=str(asked),
        at=now,
        blocked_from=sums[Key.SOURCE].word(),
        blocked_to=sums[Key.DESTINATION].word(),
        orders=sorted(found, key=lambda o: o.since),
        protected=_protected(world.topology, asked),
        customer=_customer(world.topology, asked),
    )


class _Sum:
    """all, some, none of the asked range's traffic in one direction."""

    def __init__(self, asked: Network) -> None:
        self._asked = rows_of((asked,))
        self._whole = Ranges.none()
        self._some = False

    def add(self, touch: Touch) -> None:
        self._some = True
        if not touch.limited:
            self._whole = union((self._whole, touch.ranges))

    def word(self) -> str:
        if not self._some:
            return "none"
        first, last = self._asked.pairs()[0]
        whole = any(low <= first and last <= high for low, high in self._whole.pairs())
        return "all" if whole else "some"


def _order(presenter: Presenter, entry: Entry, touch: Touch) -> WhyOrder:
    view = presenter.order(entry.order, entry.asks)
    return WhyOrder(
        id=view.id,
        relation=touch.relation,
        direction=_direction(touch.keys),
        what=touch.what or "all",
        status=view.status,
        reason=view.reason,
        issuer=view.issuer,
        since=view.start,
        until=view.end,
        devices=view.devices,
    )


def _direction(keys: frozenset[Key]) -> str:
    if keys == {Key.SOURCE}:
        return "from"
    return "to" if keys == {Key.DESTINATION} else "both"


def _protected(topology: Topology, asked: Network) -> list[str]:
    return [
        f"{p.prefix}: {p.reason}"
        for p in topology.protected
        if p.prefix.version == asked.version and p.prefix.overlaps(asked)
    ]


def _customer(topology: Topology, asked: Network) -> str | None:
    owners = [
        (prefix.prefixlen, customer.name)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if prefix.version == asked.version and prefix.overlaps(asked)
    ]
    return max(owners)[1] if owners else None
