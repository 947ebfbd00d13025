# SPDX-License-Identifier: GPL-2.0-or-later
"""The application as its entry points (CLI, later API and web) see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.commands import (
    AmendOrder,
    AuditFilter,
    ChangeEnd,
    CommentOrder,
    ExportEnforced,
    ImportList,
    KnownHead,
    LiftOrder,
    MoveAttachment,
    OrderFilter,
    PlaceOrder,
    Reconfirm,
)
from enforcer.application.desk_views import (
    AlarmView,
    CustomerView,
    InventoryDiff,
    InventoryView,
    PlaceResult,
    ProtectedView,
    SnippetView,
    SourceView,
)
from enforcer.application.record_views import AuditEntryView, ListDiff, Report, SignatureView
from enforcer.application.route_views import WhyRouteView
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
        """Store an order and ring the controller. The same idempotency key: the same order.

        Raises AwaitingApproval where it needs a second person: it is stored as a proposal.
        """
        ...

    def proposals(self, actor: Actor, state: str | None = "waiting") -> Sequence[ProposalView]:
        """What waits for a second person, or was decided (`state` None: all), newest first."""
        ...

    def proposal(self, actor: Actor, proposal_id: str) -> ProposalView:
        """One proposal."""
        ...

    def approve(self, actor: Actor, proposal_id: str, reason: str) -> OrderView:
        """Do what was proposed, checked anew; never by the one who proposed it (Forbidden)."""
        ...

    def reject(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """Turn a proposal down."""
        ...

    def withdraw(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """Take one's own proposal back."""
        ...

    def review(self, actor: Actor, order_id: str, reason: str) -> OrderView:
        """Say that an order placed as an emergency was looked at; never by its issuer."""
        ...

    def preview(self, actor: Actor, command: PlaceOrder, fresh: bool = False) -> Preview:
        """What `place` would do; stores nothing. `fresh` asks the devices."""
        ...

    def change_end(self, actor: Actor, command: ChangeEnd) -> OrderView:
        """Extend or shorten an order that has not ended. Raises AwaitingApproval as `place`."""
        ...

    def lift(self, actor: Actor, command: LiftOrder) -> OrderView:
        """End an order now. Lifting a lifted or expired order changes nothing."""
        ...

    def amend(self, actor: Actor, command: AmendOrder) -> OrderView:
        """Correct reason, ticket or policy clause."""
        ...

    def comment(self, actor: Actor, command: CommentOrder) -> EventView:
        """Write a comment into the history of an order, which stays as it is; not by detectors."""
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

    def device_snippets(
        self, actor: Actor, name: str, platform: str, tool: str
    ) -> Sequence[SnippetView]:
        """Ignore rules for rancid and oxidized: of a device, of a platform, or of all ("")."""
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

    def why(self, actor: Actor, address: str, at: datetime | None = None) -> WhyView:
        """Which orders touch an address or prefix, and whether it is blocked now, or was `at`."""
        ...

    def why_route(self, actor: Actor, prefix: str) -> WhyRouteView:
        """What becomes of the route for exactly a prefix, on each BGP session, and why.

        Asks the devices; one that cannot tell is told.
        """
        ...

    def place_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """Place each of some orders (a refused one does not stop the rest); one ring."""
        ...

    def check_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """What `place_many` would say of each, in few words; stores nothing.

        Devices are asked for their routes, where a line is about BGP sessions, else for nothing.
        An order is shown only where one was placed with the same key before.
        """
        ...

    def reconfirm(self, actor: Actor, command: Reconfirm) -> OrderView:
        """Keep an order that would end because its target changed hands."""
        ...

    def import_list(self, actor: Actor, command: ImportList) -> ListView:
        """Store a new version of a list; orders that name it follow it at once."""
        ...

    def lists(self, actor: Actor) -> Sequence[ListView]:
        """The current version of every list."""
        ...

    def list_versions(self, actor: Actor, name: str) -> Sequence[ListView]:
        """Every version of one list, newest first."""
        ...

    def list_report(self, actor: Actor, name: str, version: int | None = None) -> Sequence[str]:
        """What was rejected of one version (the newest), line by line, and why."""
        ...

    def list_diff(self, actor: Actor, name: str, old: int, new: int, limit: int = 1000) -> ListDiff:
        """What two versions of a list do not share; at most `limit` ranges of each side."""
        ...

    def list_refresh(self, actor: Actor, name: str, confirm_shrink: bool = False) -> ListView:
        """Fetch a list from its feed now."""
        ...

    def export(self, actor: Actor, command: ExportEnforced) -> Iterator[str]:
        """What is enforced, or one list, line by line, in the form asked for."""
        ...

    def inventory_check(self, actor: Actor) -> InventoryReport:
        """Load the inventory and say what is wrong with it."""
        ...

    def inventory_show(self, actor: Actor) -> InventoryView:
        """The inventory in force."""
        ...

    def inventory_diff(self, actor: Actor) -> InventoryDiff:
        """What a reload would change."""
        ...

    def inventory_reload(self, actor: Actor, reason: str = "") -> InventoryDiff:
        """Put the files in force; files that cannot be loaded change nothing."""
        ...

    def customers(self, actor: Actor) -> Sequence[CustomerView]:
        """All customers, without their orders."""
        ...

    def customer(self, actor: Actor, name: str) -> CustomerView:
        """One customer with the orders about it."""
        ...

    def customer_confirm_gone(self, actor: Actor, name: str, reason: str) -> CustomerView:
        """A customer that left the files may go: what only it held is no longer enforced."""
        ...

    def device_pause(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Stop additions on one device; removals go on."""
        ...

    def device_resume(self, actor: Actor, name: str) -> DeviceView:
        """End the pause of one device."""
        ...

    def device_release(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Let pass what the brake holds on a device, and take up its contested objects again."""
        ...

    def device_mode(self, actor: Actor, name: str, mode: str, reason: str) -> DeviceView:
        """Set a device's mode (observe, enforce) over the files, or back to them (inventory)."""
        ...

    def device_retire(self, actor: Actor, name: str, reason: str) -> DeviceView:
        """Drain a device; it leaves the inventory in force once it is verified empty."""
        ...

    def attachment_move(self, actor: Actor, command: MoveAttachment) -> CustomerView:
        """Let an old attachment go once the new ones are proved."""
        ...

    def protected(self, actor: Actor, address: str | None = None) -> Sequence[ProtectedView]:
        """Protected space, all of it or what overlaps an address or prefix."""
        ...

    def sources(self, actor: Actor) -> Sequence[SourceView]:
        """Every source of orders that has limits, orders or a stop."""
        ...

    def source_stop(self, actor: Actor, name: str, reason: str) -> SourceView:
        """The kill switch: no new orders from a source; ``*``: from no automated one.

        Orders in force stay.
        """
        ...

    def source_start(self, actor: Actor, name: str) -> SourceView:
        """Let a stopped source (``*``: all automated ones) place orders again."""
        ...

    def alarms(self, actor: Actor, open_only: bool = True) -> Sequence[AlarmView]:
        """What people must know of or decide, newest first."""
        ...

    def audit_list(self, actor: Actor, which: AuditFilter) -> Sequence[EventView]:
        """Audit entries."""
        ...

    def audit_show(self, actor: Actor, sequence: int) -> AuditEntryView:
        """One audit entry with its evidence."""
        ...

    def audit_export(self, actor: Actor, which: AuditFilter) -> Iterator[str]:
        """Audit entries as JSON lines that a third party can verify, oldest first."""
        ...

    def audit_sign(self, actor: Actor) -> SignatureView:
        """Sign the head of the chain now with the installation's key."""
        ...

    def audit_signatures(self, actor: Actor) -> Sequence[SignatureView]:
        """All signed heads, newest first, each checked."""
        ...

    def report(self, actor: Actor, subject: str) -> Report:
        """Everything about one order (its id) or customer (its name), for a dispute."""
        ...

    def audit_verify(self, actor: Actor, heads: Sequence[KnownHead] = ()) -> AuditCheck:
        """Walk the whole audit chain, which must hold `heads` too. InvalidInput for no hash."""
        ...

    def doctor(self, actor: Actor) -> Sequence[DoctorCheck]:
        """Check everything that a first installation gets wrong."""
        ...
