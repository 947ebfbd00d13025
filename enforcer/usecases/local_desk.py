# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk of `LocalApplication`: inventory, customers, device decisions, sources."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import (
    AlarmView,
    CustomerView,
    InventoryDiff,
    InventoryView,
    ProtectedView,
    SourceView,
)
from enforcer.application.views import DeviceView
from enforcer.usecases import (
    alarms,
    customers,
    device_control,
    devices,
    inventory,
    protected,
    retire,
    sources,
)
from enforcer.usecases.world import World


class LocalDesk:
    """Part of `Application`, on a local database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _device(self, name: str) -> DeviceView:
        return devices.decided(self._world, name)

    def inventory_show(self, actor: Actor) -> InventoryView:
        """See `Application.inventory_show`."""
        return inventory.show(self._world)

    def inventory_diff(self, actor: Actor) -> InventoryDiff:
        """See `Application.inventory_diff`."""
        return inventory.diff(self._world)

    def inventory_reload(self, actor: Actor, reason: str = "") -> InventoryDiff:
        """See `Application.inventory_reload`."""
        return inventory.reload(self._world, actor, reason)

    def customers(self, actor: Actor) -> Sequence[CustomerView]:
        """See `Application.customers`."""
        return customers.customers(self._world)

    def customer(self, actor: Actor, name: str) -> CustomerView:
        """See `Application.customer`."""
        return customers.customer(self._world, name)

    def customer_confirm_gone(self, actor: Actor, name: str, reason: str) -> CustomerView:
        """See `Application.customer_confirm_gone`."""
        return customers.confirm_gone(self._world, actor, name, reason)

    def attachment_move(self, actor: Actor, command: MoveAttachment) -> CustomerView:
        """See `Application.attachment_move`."""
        return customers.move(self._world, actor, command)

    def device_pause(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_pause`."""
        device_control.pause(self._world, actor, name, reason)
        return self._device(name)

    def device_resume(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device_resume`."""
        device_control.resume(self._world, actor, name)
        return self._device(name)

    def device_release(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_release`."""
        device_control.release(self._world, actor, name, reason)
        return self._device(name)

    def device_mode(self, actor: Actor, name: str, mode: str, reason: str) -> DeviceView:
        """See `Application.device_mode`."""
        retire.set_mode(self._world, actor, name, mode, reason)
        return self._device(name)

    def device_retire(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_retire`."""
        return retire.retire(self._world, actor, name, reason)

    def protected(self, actor: Actor, address: str | None = None) -> Sequence[ProtectedView]:
        """See `Application.protected`."""
        return protected.protected(self._world, address)

    def sources(self, actor: Actor) -> Sequence[SourceView]:
        """See `Application.sources`."""
        return sources.sources(self._world)

    def source_stop(self, actor: Actor, name: str, reason: str) -> SourceView:
        """See `Application.source_stop`."""
        return sources.stop(self._world, actor, name, reason)

    def source_start(self, actor: Actor, name: str) -> SourceView:
        """See `Application.source_start`."""
        return sources.start(self._world, actor, name)

    def alarms(self, actor: Actor, open_only: bool = True) -> Sequence[AlarmView]:
        """See `Application.alarms`."""
        return alarms.alarms(self._world, open_only)
