# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk of the fake application: inventory, customers, device decisions, sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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
from enforcer.application.views import DeviceView
from enforcer.core.prefixes import parse_network
from enforcer.core.source_names import EVERYBODY
from enforcer.errors import NotFound
from tests.fakes.calls import FakeCalls
from tests.fakes.views import NOW, a_customer, a_source, an_alarm, an_inventory


class FakeDesk(FakeCalls):
    """What it answers are attributes; what changes them is kept."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)
        self.in_force = an_inventory()
        self.coming = InventoryDiff(ok=True)
        self.customer_views = {"acme": a_customer("acme"), "gone": a_customer("gone", "gone")}
        self.source_views = {"cli": a_source("cli"), "api": a_source("api", 40)}
        self.alarm_views = [an_alarm(7), an_alarm(3, cleared=True)]

    def inventory_show(self, actor: Actor) -> InventoryView:
        """The inventory that was set."""
        self._called("inventory_show", actor, None)
        return self.in_force

    def inventory_diff(self, actor: Actor) -> InventoryDiff:
        """The change that was set."""
        self._called("inventory_diff", actor, None)
        return self.coming

    def inventory_reload(self, actor: Actor, reason: str = "") -> InventoryDiff:
        """The same, now in force, unless the files cannot be loaded."""
        self._called("inventory_reload", actor, reason)
        applied = {"applied": self.coming.ok, "sequence": 42 if self.coming.ok else None}
        return self.coming.model_copy(update=applied)

    def customers(self, actor: Actor) -> Sequence[CustomerView]:
        """All that were set."""
        self._called("customers", actor, None)
        return list(self.customer_views.values())

    def customer(self, actor: Actor, name: str) -> CustomerView:
        """One of them."""
        self._called("customer", actor, name)
        return self._customer(name)

    def customer_confirm_gone(self, actor: Actor, name: str, reason: str) -> CustomerView:
        """Forgotten from now on."""
        self._called("customer_confirm_gone", actor, (name, reason))
        self._customer(name)
        return self.customer_views.pop(name)

    def attachment_move(self, actor: Actor, command: MoveAttachment) -> CustomerView:
        """The customer without its old attachment."""
        self._called("attachment_move", actor, command)
        return self._customer(command.customer).model_copy(update={"attachments": ["edge2 eth3"]})

    def device_pause(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Paused by the one who asks."""
        self._called("device_pause", actor, (name, reason))
        return self._changed_device(name, paused=f"by {actor.name}: {reason}")

    def device_resume(self, actor: Actor, name: str) -> DeviceView:
        """No longer paused."""
        self._called("device_resume", actor, name)
        return self._changed_device(name, paused=None)

    def device_release(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Nothing is held or contested any more."""
        self._called("device_release", actor, (name, reason))
        return self._changed_device(name, held=None, contested=[])

    def device_mode(self, actor: Actor, name: str, mode: str, reason: str) -> DeviceView:
        """In that mode."""
        self._called("device_mode", actor, (name, mode, reason))
        return self._changed_device(name, mode="enforce" if mode == "inventory" else mode)

    def device_retire(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Being drained."""
        self._called("device_retire", actor, (name, reason))
        return self._changed_device(name, leaving="draining")

    def protected(self, actor: Actor, address: str | None = None) -> Sequence[ProtectedView]:
        """What is protected in the inventory, or what overlaps an address."""
        self._called("protected", actor, address)
        if address is None:
            return self.in_force.protected
        asked = parse_network(address)
        found = [(parse_network(view.prefix), view) for view in self.in_force.protected]
        return [v for net, v in found if net.version == asked.version and net.overlaps(asked)]

    def sources(self, actor: Actor) -> Sequence[SourceView]:
        """All that were set."""
        self._called("sources", actor, None)
        return list(self.source_views.values())

    def source_stop(self, actor: Actor, name: str, reason: str) -> SourceView:
        """Stopped by the one who asks."""
        self._called("source_stop", actor, (name, reason))
        stop = {"stopped_by": actor.name, "stopped_why": reason, "stopped_since": self.now}
        return self._source(name, stopped=True, **stop)

    def source_start(self, actor: Actor, name: str) -> SourceView:
        """Running again."""
        self._called("source_start", actor, name)
        stop = {"stopped_by": None, "stopped_why": None, "stopped_since": None}
        return self._source(name, stopped=False, **stop)

    def alarms(self, actor: Actor, open_only: bool = True) -> Sequence[AlarmView]:
        """The alarms that were set."""
        self._called("alarms", actor, open_only)
        return [view for view in self.alarm_views if not (open_only and view.cleared)]

    def device_snippets(
        self, actor: Actor, name: str, platform: str, tool: str
    ) -> Sequence[SnippetView]:
        """One rule for each program that is asked for."""
        self._called("device_snippets", actor, (name, platform, tool))
        return [
            SnippetView(
                tool=one,
                platforms=[platform or "cisco_ios"],
                devices=[name or "edge1"],
                file=f"{one}.file",
                text=f"# for {one}\n[a-z]\n",
                patterns=["[a-z]"],
            )
            for one in ([tool] if tool else ["rancid", "oxidized"])
        ]

    # ------------------------------------------------------------------ inside

    def _customer(self, name: str) -> CustomerView:
        if name not in self.customer_views:
            raise NotFound(f"there is no customer '{name}': 'enforcer customer list' shows all")
        return self.customer_views[name]

    def _source(self, name: str, **changes: object) -> SourceView:
        if name not in self.source_views:
            if name == EVERYBODY:
                blank = next(iter(self.source_views.values()))
                self.source_views[name] = blank.model_copy(update={"name": name})
                return self._source(name, **changes)
            raise NotFound(f"there is no source '{name}': 'enforcer source list' shows all")
        self.source_views[name] = self.source_views[name].model_copy(update=changes)
        return self.source_views[name]
