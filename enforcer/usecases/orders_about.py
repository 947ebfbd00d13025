# SPDX-License-Identifier: GPL-2.0-or-later
"""Every order there ever was about a customer: by name, or by its addresses and places then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from enforcer.core.lists import ListContent
from enforcer.core.orders import Network
from enforcer.core.placement import Ownership, ownership
from enforcer.core.topology import Topology
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.candidates import Span, candidates, names_around
from enforcer.usecases.touch import attachments_of
from enforcer.usecases.touching import touching

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Reign:
    """An inventory, and from when until when it was in force."""

    topology: Topology
    since: datetime
    until: datetime


def orders_about(reader: Reader, present: Topology, name: str, limit: int) -> set[int]:
    """Numbers of the orders that name the customer, or touched it while they were there.

    Of those that name it the newest `limit`. An order is measured by each inventory that was in
    force from when it was placed until it ended; before the first one was stored by that one,
    and by `present` where there is none. A list counts as it was when the next inventory came.
    """
    found = {order.number for order in reader.orders.search(customer=name, limit=limit)}
    for span in _spans(reader, present):
        customer = span.topology.customers.get(name)
        if customer is not None:
            found |= _touching(reader, span, customer.prefixes, found)
    return found


def _spans(reader: Reader, present: Topology) -> Iterator[_Reign]:
    """Newest first; together they are all time."""
    versions = reader.inventories.versions()
    until = _LAST
    for version in versions:
        since = _FIRST if version is versions[-1] else version.at
        yield _Reign(reader.inventories.content(version), since, until)
        until = version.at
    if not versions:
        yield _Reign(present, _FIRST, _LAST)


def _touching(
    reader: Reader, span: _Reign, prefixes: tuple[Network, ...], known: set[int]
) -> set[int]:
    owners: Ownership | None = None
    found: set[int] = set()
    time = Span(span.since, span.until)
    for prefix in prefixes:
        lists = _ListsThen(reader, span.until, prefix)
        names = names_around(span.topology, prefix, attachments_of(span.topology, prefix))
        passed = candidates(reader.order_targets, prefix, names, lists.get, time)
        numbers = [number for number in passed if number not in known]
        if not numbers:
            continue
        owners = owners or ownership(span.topology)
        orders = reader.orders.search(numbers=numbers, limit=len(numbers))
        touched = touching(orders, prefix, span.topology, owners, lists.get)
        found |= {one.order.number for one in touched}
    return found


class _ListsThen:
    """What lists held around a prefix at one instant, each read once."""

    def __init__(self, reader: Reader, at: datetime, asked: Network) -> None:
        self._reader = reader
        self._at = at
        self._asked = asked
        self._read: dict[str, ListContent | None] = {}

    def get(self, name: str) -> ListContent | None:
        """None: there was no such list."""
        if name not in self._read:
            versions = self._reader.lists.versions(name)
            then = [v.version for v in versions if v.imported_at <= self._at]
            newest = max(then, default=None)
            self._read[name] = (
                None if newest is None else self._reader.lists.near(name, newest, self._asked)
            )
        return self._read[name]
