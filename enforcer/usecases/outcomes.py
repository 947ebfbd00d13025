# SPDX-License-Identifier: GPL-2.0-or-later
"""What has become of orders, for notices and measurements: as people see them, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from enforcer.application.views import OrderView
from enforcer.core.orders import Order
from enforcer.errors import InvalidInput
from enforcer.notify.watching import OrderState
from enforcer.usecases.present import Presenter, target_text
from enforcer.usecases.world import World
from enforcer.wire import demand_from_wire

_PROVED = frozenset({"enforced", "partial", "unverified"})
"""Of a device: it was proved to hold all of the order that may stand there."""


class Outcomes:
    """Orders of one database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def states(self, numbers: Collection[int]) -> Sequence[OrderState]:
        """Those of `numbers` that are orders. Raises EnforcerError."""
        orders = self._orders(numbers)
        presenter = Presenter(self._world)
        return [_state(order, presenter.order(order)) for order in orders.values()]

    def described(self, numbers: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """Those of `numbers` that are orders, in the words of templates."""
        return {number: _words(order) for number, order in self._orders(numbers).items()}

    def target(self, demand: Mapping[str, Any]) -> str:
        """What a demand in wire form is about; "": it cannot be told."""
        try:
            return target_text(demand_from_wire(demand))
        except InvalidInput:
            return ""

    def _orders(self, numbers: Collection[int]) -> dict[int, Order]:
        with self._world.database.read() as reader:
            found = reader.orders.search(numbers=numbers, limit=len(numbers)) if numbers else []
        there = {order.number: order for order in found}
        return {number: there[number] for number in numbers if number in there}


def _state(order: Order, view: OrderView) -> OrderState:
    devices = view.devices
    proved = bool(devices) and all(one.status in _PROVED for one in devices)
    failing = [one for one in devices if one.status not in _PROVED]
    return OrderState(
        order.number,
        view.status,
        proved,
        max(order.created, order.start),
        _latest([one.verified_at for one in devices]),
        tuple(one.device for one in (devices if proved else failing)),
        " ".join(one.detail for one in failing[:3]),
    )


def _latest(instants: Sequence[datetime | None]) -> datetime | None:
    return max((one for one in instants if one is not None), default=None)


def _words(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "kind": order.demand.kind,
        "target": target_text(order.demand),
        "issuer": order.issuer,
        "source": order.source,
        "reason": order.reason,
        "ticket": order.ticket,
        "created": order.created,
        "start": order.start,
        "end": order.end,
    }
