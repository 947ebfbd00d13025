# SPDX-License-Identifier: GPL-2.0-or-later
"""Wait until an order is settled; without a running controller, do its work here."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.views import OrderView
from enforcer.control.facts import Outcome
from enforcer.core.alarms import backoff
from enforcer.core.brake import PauseState
from enforcer.errors import AnotherControllerActive
from enforcer.usecases.devices import reconcile_here
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World, existing

_POLL_SECONDS = 0.02
SETTLED = frozenset({"scheduled", "enforced", "expired", "lifted", "withheld", "unsupported"})
"""Statuses that more waiting does not change."""


def wait(world: World, order_id: str, timeout: timedelta, works: bool = True) -> OrderView:
    """The order when it is settled, or as it is after `timeout`, or while writes are stopped.

    Unless it `works`, devices are left to the controller.
    """
    deadline = world.clock.monotonic() + timeout.total_seconds()
    view = _view(world, order_id)
    attempt, pause = 0, timedelta(0)
    while not _settled(view) and not _stopped(world, view):
        if works and not world.led():
            attempt += 1
            again = _work(world, view, attempt)
            if again is None:
                return _view(world, order_id)
            pause = again
        left = deadline - world.clock.monotonic()
        view = _view(world, order_id)
        if left <= 0:
            return view
        if not _settled(view):
            world.clock.sleep(min(max(_POLL_SECONDS, pause.total_seconds()), left))
    return view


def _settled(view: OrderView) -> bool:
    """An order that is partial on a device for protected space alone stays so."""
    if view.status == "partial":
        return all(device.status in ("enforced", "partial") for device in view.devices)
    return view.status in SETTLED


def _stopped(world: World, view: OrderView) -> bool:
    """Whether a freeze, or a pause of what adds, keeps the order as it is until a resume."""
    pause = world.pause()
    if pause is PauseState.PAUSED:
        return view.status != "removing"
    return pause is PauseState.FROZEN


def _work(world: World, view: OrderView, attempt: int) -> timedelta | None:
    """Reconcile the order's devices here; how long to wait then, None: trying is no use.

    A controller that starts meanwhile does it instead.
    """
    names = [device.device for device in view.devices if device.device in world.topology.devices]
    if not names:
        return None
    try:
        facts = reconcile_here(world, names)
    except AnotherControllerActive:
        return timedelta(0)
    failed = [f for f in facts.values() if f.outcome is Outcome.FAILED]
    if not failed:
        return timedelta(0)
    if not any(f.retryable for f in failed):
        return None
    return backoff(attempt, True, failed[0].device) or timedelta(0)


def _view(world: World, order_id: str) -> OrderView:
    with world.database.read() as reader:
        order = existing(reader, order_id)
    return Presenter(world).order(order)
