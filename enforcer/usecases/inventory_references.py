# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that orders use and a new inventory no longer knows."""

from __future__ import annotations

from collections.abc import Iterable

from enforcer.core.demands import missing_names
from enforcer.core.orders import BlockList, Order
from enforcer.core.topology import Topology

_SHOWN = 20


def lost_names(before: Topology | None, after: Topology, orders: Iterable[Order]) -> list[str]:
    """One sentence for each order that names what `before` knew and `after` does not.

    Customers are kept until a person confirms, so this is about service sets: what was
    excepted by name is excepted no longer.
    """
    if before is None:
        return []
    gone = before.service_sets.keys() - after.service_sets.keys()
    if not gone:
        return []
    found = []
    for order in orders:
        if isinstance(order.demand, BlockList) and not order.demand.exceptions:
            continue
        had = missing_names(order.demand, before, {})
        lost = [name for name in missing_names(order.demand, after, {}) if name not in had]
        if lost:
            found.append(
                f"order {order.id} names {', '.join(lost)}, which the files no longer state: put"
                " it back, or what the order means by it is empty"
            )
    return found[:_SHOWN] + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])
