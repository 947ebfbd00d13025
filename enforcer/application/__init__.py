# SPDX-License-Identifier: GPL-2.0-or-later
"""The application as its entry points (CLI, later API and web) see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from enforcer.application.actor import Actor
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    ImportList,
    LiftOrder,
    OrderFilter,
    PlaceOrder,
)
from enforcer.application.views import (
    AuditCheck,
    ControlView,
    DeviceView,
    DoctorCheck,
    DriftView,
    EventView,
    InventoryReport,
    ListView,
    OrderView,
    PassView,
    Preview,
    WhyView,
)


class Application(Protocol):
    """Commands in, views out; every call carries who is asking.

    Raises InvalidInput, NotFound, OrderRefused, ConfigurationInvalid, StorageError and
    DeviceError (see `enforcer.errors`); after an error nothing was changed.
    """

    def place(self, actor: Actor, command: PlaceOrder) -> OrderView:
        """Store an order and ring the controller. The same idempotency key: the same order."""
        ...

    def preview(self, actor: Actor, command: PlaceOrder, fresh: bool = False) -> Preview:
        """What `place` would do; stores nothing. `fresh` asks the devices."""
        ...

    def change_end(self, actor: Actor, command: ChangeEnd) -> OrderView:
        """Extend or shorten an order that has not ended."""
        ...

    def lift(self, actor: Actor, command: LiftOrder) -> OrderView:
        """End an order now. Lifting a lifted or expired order changes nothing."""
        ...

    def amend(self, actor: Actor, command: AmendOrder) -> OrderView:
        """Correct reason, ticket or policy clause."""
        ...

    def order(self, actor: Actor, order_id: str) -> OrderView:
        """One order with its status on each device."""
        ...

    def orders(self, actor: Actor, which: OrderFilter) -> Sequence[OrderView]:
        """Orders, newest first."""
        ...

    def history(self, actor: Actor, order_id: str) -> Sequence[EventView]:
        """Everything recorded about one order, oldest first."""
        ...

    def wait(self, actor: Actor, order_id: str, timeout: timedelta) -> OrderView:
        """Return when the order is settled (enforced everywhere, or gone everywhere).

        With a running controller its work is followed; without one the calling process
        reconciles under the same lock. After `timeout` the view tells how far it got.
        """
        ...

    def devices(self, actor: Actor) -> Sequence[DeviceView]:
        """All devices."""
        ...

    def device(self, actor: Actor, name: str) -> DeviceView:
        """One device."""
        ...

    def device_plan(self, actor: Actor, name: str) -> Preview:
        """What the next pass would do, computed against the device as it is now."""
        ...

    def device_drift(self, actor: Actor, name: str) -> DriftView:
        """Read the device now and compare. Writes nothing."""
        ...

    def device_reconcile(self, actor: Actor, name: str) -> PassView:
        """A full pass now: by the running controller, or here under the same lock."""
        ...

    def device_adopt(self, actor: Actor, name: str) -> DeviceView:
        """Take over a device that carries a foreign mark or a newer epoch."""
        ...

    def pause(self, actor: Actor, reason: str) -> ControlView:
        """Stop additions on all devices; removals go on."""
        ...

    def freeze(self, actor: Actor, reason: str) -> ControlView:
        """Stop all writes to all devices."""
        ...

    def resume(self, actor: Actor) -> ControlView:
        """End a pause or a freeze."""
        ...

    def control(self, actor: Actor) -> ControlView:
        """The controller's state."""
        ...

    def why(self, actor: Actor, address: str) -> WhyView:
        """Which orders touch an address or prefix, and whether it is blocked now."""
        ...

    def import_list(self, actor: Actor, command: ImportList) -> ListView:
        """Store a new version of a list; orders that name it follow it at once."""
        ...

    def lists(self, actor: Actor) -> Sequence[ListView]:
        """The current version of every list."""
        ...

    def inventory_check(self, actor: Actor) -> InventoryReport:
        """Load the inventory and say what is wrong with it."""
        ...

    def audit_verify(self, actor: Actor) -> AuditCheck:
        """Walk the whole audit chain."""
        ...

    def doctor(self, actor: Actor) -> Sequence[DoctorCheck]:
        """Check everything that a first installation gets wrong."""
        ...
