# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk of `HttpApplication`: devices, inventory, customers, sources, alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import (
    AlarmView,
    CustomerView,
    InventoryDiff,
    InventoryView,
    ProtectedView,
    SnippetView,
    SourceView,
)
from enforcer.application.views import DeviceView, DriftView, InventoryReport, PassView, Preview
from enforcer.client.connection import Connection, read
from enforcer.client.paths import part


class HttpDesk:
    """Part of `Application`, by the API."""

    def __init__(self, connection: Connection) -> None:
        self._server = connection

    def devices(self, actor: Actor) -> Sequence[DeviceView]:
        """See `Application.devices`."""
        return self._server.all(DeviceView, "/devices")

    def device(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device`."""
        return self._server.one(DeviceView, f"/devices/{part(name)}")

    def device_plan(self, actor: Actor, name: str) -> Preview:
        """See `Application.device_plan`."""
        return self._server.one(Preview, f"/devices/{part(name)}/plan")

    def device_drift(self, actor: Actor, name: str) -> DriftView:
        """See `Application.device_drift`."""
        return self._server.one(DriftView, f"/devices/{part(name)}/drift")

    def device_snippets(
        self, actor: Actor, name: str, platform: str, tool: str
    ) -> Sequence[SnippetView]:
        """See `Application.device_snippets`."""
        asked = {"device": name, "platform": platform, "tool": tool}
        return self._server.all(SnippetView, "/snippets", asked)

    def device_reconcile(self, actor: Actor, name: str) -> PassView:
        """See `Application.device_reconcile`."""
        return read(PassView, self._server.post(f"/devices/{part(name)}/reconcile"))

    def device_adopt(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device_adopt`."""
        return self._device_post(name, "adopt", None)

    def device_pause(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_pause`."""
        return self._device_post(name, "pause", {"reason": reason})

    def device_resume(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device_resume`."""
        return self._device_post(name, "resume", None)

    def device_release(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_release`."""
        return self._device_post(name, "release", {"reason": reason})

    def device_mode(self, actor: Actor, name: str, mode: str, reason: str) -> DeviceView:
        """See `Application.device_mode`."""
        return self._device_post(name, "mode", {"mode": mode, "reason": reason})

    def device_retire(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """See `Application.device_retire`."""
        return self._device_post(name, "retire", {"reason": reason})

    def inventory_check(self, actor: Actor) -> InventoryReport:
        """See `Application.inventory_check`."""
        return self._server.one(InventoryReport, "/inventory/check")

    def inventory_show(self, actor: Actor) -> InventoryView:
        """See `Application.inventory_show`."""
        return self._server.one(InventoryView, "/inventory")

    def inventory_diff(self, actor: Actor) -> InventoryDiff:
        """See `Application.inventory_diff`."""
        return self._server.one(InventoryDiff, "/inventory/diff")

    def inventory_reload(self, actor: Actor, reason: str = "") -> InventoryDiff:
        """See `Application.inventory_reload`."""
        return read(InventoryDiff, self._server.post("/inventory/reload", {"reason": reason}))

    def customers(self, actor: Actor) -> Sequence[CustomerView]:
        """See `Application.customers`."""
        return self._server.all(CustomerView, "/customers")

    def customer(self, actor: Actor, name: str) -> CustomerView:
        """See `Application.customer`."""
        return self._server.one(CustomerView, f"/customers/{part(name)}")

    def customer_confirm_gone(self, actor: Actor, name: str, reason: str) -> CustomerView:
        """See `Application.customer_confirm_gone`."""
        path = f"/customers/{part(name)}/confirm-gone"
        return read(CustomerView, self._server.post(path, {"reason": reason}))

    def attachment_move(self, actor: Actor, command: MoveAttachment) -> CustomerView:
        """See `Application.attachment_move`."""
        path = f"/customers/{part(command.customer)}/move"
        body = command.model_dump(exclude={"customer"})
        return read(CustomerView, self._server.post(path, body))

    def protected(self, actor: Actor, address: str | None = None) -> Sequence[ProtectedView]:
        """See `Application.protected`."""
        return self._server.all(ProtectedView, "/protected", {"address": address})

    def sources(self, actor: Actor) -> Sequence[SourceView]:
        """See `Application.sources`."""
        return self._server.all(SourceView, "/sources")

    def source_stop(self, actor: Actor, name: str, reason: str) -> SourceView:
        """See `Application.source_stop`."""
        path = f"/sources/{part(name)}/stop"
        return read(SourceView, self._server.post(path, {"reason": reason}))

    def source_start(self, actor: Actor, name: str) -> SourceView:
        """See `Application.source_start`."""
        return read(SourceView, self._server.post(f"/sources/{part(name)}/start"))

    def alarms(self, actor: Actor, open_only: bool = True) -> Sequence[AlarmView]:
        """See `Application.alarms`."""
        return self._server.all(AlarmView, "/alarms", {"all": not open_only})

    def _device_post(self, name: str, what: str, body: Mapping[str, Any] | None) -> DeviceView:
        return read(DeviceView, self._server.post(f"/devices/{part(name)}/{what}", body))
