# SPDX-License-Identifier: GPL-2.0-or-later
"""An `Application` in memory, for tests of entry points: no database, no devices.

Orders are kept and can be changed; what a real controller would find out is set by the
test: `settles_as` is what `wait` ends with, `fails` is raised by every call, and the views
of devices, lists and the controller are attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    LiftOrder,
    OrderFilter,
    PlaceOrder,
    Reconfirm,
)
from enforcer.application.desk_views import PlaceResult
from enforcer.application.route_views import WhyRouteView
from enforcer.application.views import (
    ControlView,
    DevicePreview,
    DeviceStatus,
    DeviceView,
    DoctorCheck,
    DriftView,
    EventView,
    InventoryReport,
    NeighborPreview,
    OrderView,
    PassView,
    Preview,
    WhyView,
)
from enforcer.core.orders import order_id
from enforcer.core.prefixes import parse_network
from enforcer.errors import NotFound, OrderRefused
from enforcer.wire import demand_to_wire
from tests.fakes.approvals import FakeApprovals
from tests.fakes.desk import FakeDesk
from tests.fakes.record import FakeRecord
from tests.fakes.views import NOW, a_drift, a_pass, a_why_order, a_why_route, target_of

_GONE = ("lifted", "expired", "removed")


class FakeApplication(FakeDesk, FakeRecord, FakeApprovals):
    """See the module; `refuses` has the refusal of each target that may not be blocked."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)
        self.settles_as = "enforced"
        self.withheld: list[str] = []
        self.refuses: dict[str, OrderRefused] = {}
        self.collateral: list[str] = []
        self.warnings = ["198.51.100.0/24 has no owner"]
        self.drifts: dict[str, DriftView] = {}
        self.passes: dict[str, PassView] = {}
        self.neighbors: list[NeighborPreview] = []
        self.route = a_why_route()
        self.checks = [DoctorCheck(check="database", ok=True, detail="at head")]
        self.checked = InventoryReport(ok=True, devices=2, customers=1)
        self.state = ControlView(
            state="running",
            since=None,
            by=None,
            reason=None,
            controller="C0FFEE",
            epoch=3,
            leader=True,
            head=41,
        )
        self._orders: dict[str, OrderView] = {}
        self._by_key: dict[str, str] = {}
        self._waits: list[BaseException] = []
        self.interrupts = False
        """Whether the second `place_many` is interrupted as Ctrl-C does it."""

    def names_of(self, name: str) -> list[str]:
        """The calls of `name` so far."""
        return [called for called, _, _ in self.calls if called == name]

    def interrupt_wait(self) -> None:
        """Let the next `wait` be interrupted as Ctrl-C does it."""
        self._waits.append(KeyboardInterrupt())

    # ------------------------------------------------------------------ orders

    def place(self, actor: Actor, command: PlaceOrder) -> OrderView:
        """Keep an order; the same idempotency key gives the same one."""
        self._called("place", actor, command)
        self._propose(actor, command)
        return self._placed(actor, command)

    def place_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """Each by itself: what is refused does not stop the rest."""
        self._called("place_many", actor, commands)
        if self.interrupts and len(self.names_of("place_many")) > 1:
            raise KeyboardInterrupt
        results = []
        for line, command in enumerate(commands, 1):
            try:
                results.append(PlaceResult(line=line, order=self._placed(actor, command)))
            except OrderRefused as error:
                results.append(PlaceResult(line=line, code=error.code, message=str(error)))
        return results

    def check_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """What would be refused is; each warning is said once."""
        self._called("check_many", actor, commands)
        results, said = [], list(self.warnings)
        for line, command in enumerate(commands, 1):
            target = target_of(command.demand)
            if refusal := self.refuses.get(target):
                answer = PlaceResult(line=line, code=refusal.code, message=str(refusal))
            else:
                hit = [f"also hits {name}" for name in self.collateral]
                words = [f"{target} would be blocked on edge1", "hits acme", *hit, *said]
                answer = PlaceResult(line=line, message="; ".join(words))
                said.clear()
            results.append(answer)
        return results

    def _placed(self, actor: Actor, command: PlaceOrder) -> OrderView:
        if refusal := self.refuses.get(target_of(command.demand)):
            raise refusal
        if command.idempotency_key in self._by_key:
            return self._orders[self._by_key[command.idempotency_key]]
        number = len(self._orders) + 1
        view = self._view(order_id(number), number, actor, command)
        self._orders[view.id] = view
        if command.idempotency_key is not None:
            self._by_key[command.idempotency_key] = view.id
        return view

    def preview(self, actor: Actor, command: PlaceOrder, fresh: bool = False) -> Preview:
        """One device with two commands; its age is gone when asked freshly."""
        self._called("preview", actor, (command, fresh))
        if refusal := self.refuses.get(target_of(command.demand)):
            raise refusal
        start, end = self._span(command)
        return Preview(
            target=target_of(command.demand),
            start=start,
            end=end,
            devices=[
                DevicePreview(
                    device="edge1",
                    adds=2,
                    removes=0,
                    commands=[
                        "add element inet enforcer from4 { 192.0.2.7 timeout 7260s comment"
                        ' "0001-8 phishing page, reported by a third party" }',
                        "add element inet enforcer to4 { 192.0.2.7 timeout 7260s }",
                    ],
                    undo=["delete element inet enforcer from4 { 192.0.2.7 }"],
                    state_age=None if fresh else 12.0,
                )
            ],
            customers=["acme"],
            withheld=self.withheld,
            warnings=self.warnings,
            collateral=self.collateral,
            neighbors=self.neighbors,
        )

    def change_end(self, actor: Actor, command: ChangeEnd) -> OrderView:
        """Move the end of an order that has not ended."""
        self._called("change_end", actor, command)
        end = command.end
        if command.duration is not None:
            end = self.now + command.duration
        return self._changed(command.order, end=end, open_ended=command.open_ended)

    def lift(self, actor: Actor, command: LiftOrder) -> OrderView:
        """End an order now."""
        self._called("lift", actor, command)
        return self._changed(
            command.order, lifted=self.now, lift_reason=command.reason, status="removing"
        )

    def amend(self, actor: Actor, command: AmendOrder) -> OrderView:
        """Change what is written about an order."""
        self._called("amend", actor, command)
        stated = {
            "reason": command.reason,
            "ticket": command.ticket,
            "policy": command.policy and asdict(command.policy),
        }
        changes = {key: value for key, value in stated.items() if value is not None}
        return self._changed(command.order, **changes)

    def reconfirm(self, actor: Actor, command: Reconfirm) -> OrderView:
        """The order stays."""
        self._called("reconfirm", actor, command)
        return self._found(command.order)

    def order(self, actor: Actor, order_id: str) -> OrderView:
        """One order."""
        self._called("order", actor, order_id)
        return self._found(order_id)

    def orders(self, actor: Actor, which: OrderFilter) -> Sequence[OrderView]:
        """Orders, newest first."""
        self._called("orders", actor, which)
        found = [view for view in reversed(self._orders.values()) if _matches(view, which)]
        return found[: which.limit]

    def history(self, actor: Actor, order_id: str) -> Sequence[EventView]:
        """One event: it was placed."""
        self._called("history", actor, order_id)
        view = self._found(order_id)
        return [
            EventView(
                sequence=view.number,
                at=view.created,
                kind="order.placed",
                actor=view.issuer,
                source=view.source,
                subject=view.id,
                device=None,
                detail={"reason": view.reason},
            )
        ]

    def wait(self, actor: Actor, order_id: str, timeout: timedelta) -> OrderView:
        """At once as `settles_as` says."""
        self._called("wait", actor, (order_id, timeout))
        if self._waits:
            raise self._waits.pop()
        statuses = [DeviceStatus(device="edge1", status=self.settles_as, verified_at=self.now)]
        return self._changed(order_id, status=self.settles_as, devices=statuses)

    # ----------------------------------------------------------------- devices

    def devices(self, actor: Actor) -> Sequence[DeviceView]:
        """The devices that were set."""
        self._called("devices", actor, None)
        return self.device_views

    def device(self, actor: Actor, name: str) -> DeviceView:
        """One of them."""
        self._called("device", actor, name)
        return self._device(name)

    def device_plan(self, actor: Actor, name: str) -> Preview:
        """A plan without commands."""
        self._called("device_plan", actor, name)
        self._device(name)
        planned = DevicePreview(device=name, adds=0, removes=0, commands=[], undo=[])
        return Preview(
            target=f"device {name}",
            start=self.now,
            end=None,
            devices=[planned],
            customers=[],
            withheld=[],
        )

    def device_drift(self, actor: Actor, name: str) -> DriftView:
        """The drift that was set, else none."""
        self._called("device_drift", actor, name)
        self._device(name)
        return self.drifts.get(name) or a_drift(name)

    def device_reconcile(self, actor: Actor, name: str) -> PassView:
        """The pass that was set, else a clean one."""
        self._called("device_reconcile", actor, name)
        self._device(name)
        return self.passes.get(name) or a_pass(name)

    def device_adopt(self, actor: Actor, name: str) -> DeviceView:
        """The device, now ours."""
        self._called("device_adopt", actor, name)
        return self._device(name).model_copy(update={"owner": "C0FFEE, epoch 3"})

    # ----------------------------------------------------- controller and lists

    def pause(self, actor: Actor, reason: str) -> ControlView:
        """Paused."""
        return self._steered("pause", actor, "paused", reason)

    def freeze(self, actor: Actor, reason: str) -> ControlView:
        """Frozen."""
        return self._steered("freeze", actor, "frozen", reason)

    def resume(self, actor: Actor) -> ControlView:
        """Running."""
        return self._steered("resume", actor, "running", None)

    def control(self, actor: Actor) -> ControlView:
        """The state that was set."""
        self._called("control", actor, None)
        return self.state

    def why(self, actor: Actor, address: str, at: datetime | None = None) -> WhyView:
        """Every order that is kept is said to cover the address; the past is unknown."""
        self._called("why", actor, (address, at))
        network = parse_network(address)
        found = [a_why_order(view) for view in self._orders.values()]
        blocked = "all" if found else "none"
        return WhyView(
            address=str(network),
            at=at or self.now,
            certainty="unknown" if at else "verified",
            blocked_from=blocked,
            blocked_to=blocked,
            orders=found,
            customer="acme" if found else None,
            tenants=["shop"] if found else [],
            shared=["192.0.2.9/32: a mail host for 40 domains"] if found else [],
        )

    def why_route(self, actor: Actor, prefix: str) -> WhyRouteView:
        """The answer that was set, about the prefix that is asked for."""
        self._called("why_route", actor, prefix)
        return self.route.model_copy(update={"prefix": str(parse_network(prefix))})

    def inventory_check(self, actor: Actor) -> InventoryReport:
        """The report that was set."""
        self._called("inventory_check", actor, None)
        return self.checked

    def doctor(self, actor: Actor) -> Sequence[DoctorCheck]:
        """The checks that were set."""
        self._called("doctor", actor, None)
        return self.checks

    # ------------------------------------------------------------------ inside

    def _steered(self, name: str, actor: Actor, state: str, reason: str | None) -> ControlView:
        self._called(name, actor, reason)
        changes = {"state": state, "since": self.now, "by": actor.name, "reason": reason}
        self.state = self.state.model_copy(update=changes)
        return self.state

    def _found(self, order: str) -> OrderView:
        if order not in self._orders:
            raise NotFound(f"there is no order '{order}': 'enforcer order list' shows them")
        return self._orders[order]

    def _changed(self, order: str, **changes: object) -> OrderView:
        self._orders[order] = self._found(order).model_copy(update=changes)
        return self._orders[order]

    def _span(self, command: PlaceOrder) -> tuple[datetime, datetime | None]:
        start = command.start or self.now + (command.start_after or timedelta(0))
        return start, start + command.duration if command.duration else command.end

    def _view(self, printed: str, number: int, actor: Actor, command: PlaceOrder) -> OrderView:
        start, end = self._span(command)
        scope = command.scope
        return OrderView(
            id=printed,
            number=number,
            kind=command.demand.kind,
            target=target_of(command.demand),
            status="scheduled" if start > self.now else "enforcing",
            demand=dict(demand_to_wire(command.demand)),
            reason=command.reason,
            ticket=command.ticket,
            policy=asdict(command.policy) if command.policy else None,
            issuer=actor.name,
            source=actor.source,
            created=self.now,
            start=start,
            end=end,
            open_ended=command.open_ended,
            lifted=None,
            lift_reason=None,
            scope={
                "devices": list(scope.devices),
                "roles": list(scope.roles),
                "sites": list(scope.sites),
            },
            devices=[DeviceStatus(device="edge1", status="enforcing")],
            withheld=self.withheld,
        )


def _matches(view: OrderView, which: OrderFilter) -> bool:
    return (
        (which.active is None or which.active == (view.status not in _GONE))
        and (not which.statuses or view.status in which.statuses)
        and (not which.kinds or view.kind in which.kinds)
        and (which.customer is None or view.target == which.customer)
        and which.source in (None, view.source)
        and (which.text is None or which.text in view.reason)
        and (which.before is None or view.id < which.before)
    )


_: type[Application] = FakeApplication
