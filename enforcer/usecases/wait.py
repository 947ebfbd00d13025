# SPDX-License-Identifier: GPL-2.0-or-later
"""Wait until an order is settled; without a running controller, do its work here."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.views import OrderView
from enforcer.errors import AnotherControllerActive
from enforcer.usecases.devices import reconcile_here
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World, existing

_POLL_SECONDS = 0.02
SETTLED = frozenset({"scheduled", "enforced", "expired", "lifted", "withheld", "unsupported"})
"""Statuses that more waiting does not change."""


def wait(world: World, order_id: str, timeout: timedelta) -> OrderView:
    """The order when it is settled, or as it is after `timeout`."""
    deadline = world.clock.monotonic() + timeout.total_seconds()
    view = _view(world, order_id)
    while view.status not in SETTLED:
        if not world.led():
            _work(world, view)
        left = deadline - world.clock.monotonic()
        view = _view(world, order_id)
        if left <= 0:
            return view
        if view.status not in SETTLED:
            world.clock.sleep(min(_POLL_SECONDS, left))
    return view


def _work(world: World, view: OrderView) -> None:
    """Reconcile the order's devices here; a controller that starts meanwhile does it instead."""
    names = [device.device for device in view.devices if device.device in world.topology.devices]
    if not names:
        return
    try:
        reconcile_here(world, names)
    except AnotherControllerActive:
        return


def _view(world: World, order_id: str) -> OrderView:
    with world.database.read() as reader:
        order = existing(reader, order_id)
    return Presenter(world).order(order)
