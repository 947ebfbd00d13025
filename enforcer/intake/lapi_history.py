# SPDX-License-Identifier: GPL-2.0-or-later
"""What bouncers may hold though it stands no more: told before a restart of ours, and gone since.

Positions of bouncers are kept in memory, so after a restart all of it is told as deleted. It is
worked out from the record: orders that are over, and earlier versions of lists and inventories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, pairwise

import structlog

from enforcer.core.orders import BlockList, Order, SuspendCustomer, is_over
from enforcer.core.topology import Topology
from enforcer.errors import StorageError
from enforcer.intake.lapi_values import Values, is_told
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.in_force import InForce

log = structlog.get_logger()

REMEMBERED = timedelta(days=7)
_MOST_INVENTORIES = 50


def left_behind(
    reader: Reader, present: InForce, orders: Sequence[Order], now: datetime
) -> Iterator[str]:
    """Values that `orders` (unfinished, or over for less than `REMEMBERED`) gave once.

    Some of them may stand still, or never have been told; deleting those changes nothing.
    """
    told = [order for order in orders if is_told(order)]
    yield from _of(Values(reader, present), reader, told, now, over_alone=True)
    for before in _inventories(reader, now):
        changed = told
        if _protected(before.topology) == _protected(present.topology):
            changed = [order for order in told if isinstance(order.demand, SuspendCustomer)]
        yield from _of(Values(reader, before), reader, changed, now, over_alone=False)


def _of(
    values: Values, reader: Reader, orders: Sequence[Order], now: datetime, over_alone: bool
) -> Iterator[str]:
    names = set()
    for order in orders:
        if isinstance(order.demand, BlockList):
            names.add(order.demand.list_name)
        if not over_alone or is_over(order, now):
            yield from values.of(order)
    for name in sorted(names):
        yield from _versions(reader, values, name, now)


def _versions(reader: Reader, values: Values, name: str, now: datetime) -> Iterator[str]:
    """What versions of a list held that were in force within `REMEMBERED`, but for the newest."""
    for older, newer in pairwise(reader.lists.versions(name)):
        if newer.imported_at >= now - REMEMBERED:
            yield from values.of_list(reader.lists.version(name, older.version))


def _inventories(reader: Reader, now: datetime) -> Iterator[InForce]:
    """Those that were in force within `REMEMBERED`, but for the newest."""
    newest_first = reader.inventories.versions()
    for newer, older in islice(pairwise(newest_first), _MOST_INVENTORIES):
        if newer.at < now - REMEMBERED:
            return
        try:
            yield InForce(reader.inventories.content(older), older)
        except StorageError as error:
            log.warning("bouncers may keep what an inventory had", error=str(error))


def _protected(topology: Topology) -> frozenset[object]:
    return frozenset(one.prefix for one in topology.protected)
