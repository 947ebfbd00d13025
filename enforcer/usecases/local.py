# SPDX-License-Identifier: GPL-2.0-or-later
"""The application in this process: each call is one use case on one database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    CommentOrder,
    LiftOrder,
    OrderFilter,
    PlaceOrder,
    Reconfirm,
)
from enforcer.application.desk_views import PlaceResult, SnippetView
from enforcer.application.route_views import WhyRouteView
from enforcer.application.views import (
    ControlView,
    DeviceView,
    DoctorCheck,
    DriftView,
    EventView,
    InventoryReport,
    OrderView,
    PassView,
    Preview,
    WhyView,
)
from enforcer.core.access import Action
from enforcer.core.brake import PauseState
from enforcer.core.draft import Draft
from enforcer.core.orders import Order
from enforcer.core.session_checks import wanted_by
from enforcer.errors import ConfigurationInvalid
from enforcer.usecases import (
    change,
    check_many,
    comment,
    devices,
    doctor,
    drivable,
    place,
    place_many,
    preview,
    snippets,
    steering,
    wait,
    why,
    why_route,
)
from enforcer.usecases.find_orders import find_orders
from enforcer.usecases.local_approval import LocalApproval
from enforcer.usecases.local_desk import LocalDesk
from enforcer.usecases.local_record import LocalRecord
from enforcer.usecases.own import told, visible, within_reach
from enforcer.usecases.present import Presenter, event_view
from enforcer.usecases.session_warnings import session_warnings
from enforcer.usecases.world import World


class LocalApplication(LocalApproval, LocalDesk, LocalRecord):
    """Implements `Application` on a local database."""

    def _view(self, order: Order) -> OrderView:
        return Presenter(self._world).order(order)

    def _answerable(self) -> World:
        """The world, with its inventory loaded: what cannot be answered must not be done.

        Raises ConfigurationInvalid.
        """
        world = self._world
        _ = world.topology
        return world

    def place(self, actor: Actor, command: PlaceOrder) -> OrderView:
        """See `Application.place`."""
        order = place.place(self._world, actor, command)
        draft = Draft(order.demand, order.start, order.end, order.scope)
        view = self._view(order)
        if wanted_by(draft) is None:
            return view
        said = list(session_warnings(draft, self._world.topology))
        return view.model_copy(update={"warnings": said})

    def preview(self, actor: Actor, command: PlaceOrder, fresh: bool = False) -> Preview:
        """See `Application.preview`."""
        return preview.preview(self._world, actor, command, fresh)

    def change_end(self, actor: Actor, command: ChangeEnd) -> OrderView:
        """See `Application.change_end`."""
        return self._view(change.change_end(self._answerable(), actor, command))

    def lift(self, actor: Actor, command: LiftOrder) -> OrderView:
        """See `Application.lift`."""
        return self._view(change.lift(self._answerable(), actor, command))

    def amend(self, actor: Actor, command: AmendOrder) -> OrderView:
        """See `Application.amend`."""
        return self._view(change.amend(self._answerable(), actor, command))

    def comment(self, actor: Actor, command: CommentOrder) -> EventView:
        """See `Application.comment`."""
        return comment.comment(self._world, actor, command)

    def order(self, actor: Actor, order_id: str) -> OrderView:
        """See `Application.order`."""
        with self._world.database.read() as reader:
            order = visible(reader, actor, order_id)
        return self._view(order)

    def orders(self, actor: Actor, which: OrderFilter) -> Sequence[OrderView]:
        """See `Application.orders`."""
        return find_orders(self._world, within_reach(actor, which), actor.may(Action.READ))

    def history(self, actor: Actor, order_id: str) -> Sequence[EventView]:
        """See `Application.history`."""
        with self._world.database.read() as reader:
            order = visible(reader, actor, order_id)
            entries = reader.audit.entries(subject=order.id)
        return [event_view(entry) for entry in told(actor, entries)]

    def wait(self, actor: Actor, order_id: str, timeout: timedelta) -> OrderView:
        """See `Application.wait`."""
        with self._world.database.read() as reader:
            visible(reader, actor, order_id)
        return wait.wait(self._world, order_id, timeout, actor.may(Action.PLACE))

    def devices(self, actor: Actor) -> Sequence[DeviceView]:
        """See `Application.devices`."""
        return devices.every(self._world)

    def device(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device`."""
        return devices.view(self._world, name)

    def device_plan(self, actor: Actor, name: str) -> Preview:
        """See `Application.device_plan`."""
        return devices.plan(self._world, name)

    def device_drift(self, actor: Actor, name: str) -> DriftView:
        """See `Application.device_drift`."""
        return devices.drift(self._world, name)

    def device_snippets(
        self, actor: Actor, name: str, platform: str, tool: str
    ) -> Sequence[SnippetView]:
        """See `Application.device_snippets`."""
        return snippets.snippets(self._world, name, platform, tool)

    def device_reconcile(self, actor: Actor, name: str) -> PassView:
        """See `Application.device_reconcile`."""
        return devices.reconcile(self._world, actor, name)

    def device_adopt(self, actor: Actor, name: str) -> DeviceView:
        """See `Application.device_adopt`."""
        devices.adopt(self._world, actor, name)
        return devices.decided(self._world, name)

    def pause(self, actor: Actor, reason: str) -> ControlView:
        """See `Application.pause`."""
        return steering.steer(self._world, actor, PauseState.PAUSED, reason)

    def freeze(self, actor: Actor, reason: str) -> ControlView:
        """See `Application.freeze`."""
        return steering.steer(self._world, actor, PauseState.FROZEN, reason)

    def resume(self, actor: Actor) -> ControlView:
        """See `Application.resume`."""
        return steering.steer(self._world, actor, PauseState.RUNNING, "")

    def control(self, actor: Actor) -> ControlView:
        """See `Application.control`."""
        return steering.control(self._world)

    def why(self, actor: Actor, address: str, at: datetime | None = None) -> WhyView:
        """See `Application.why`."""
        return why.why(self._world, address, at)

    def why_route(self, actor: Actor, prefix: str) -> WhyRouteView:
        """See `Application.why_route`."""
        return why_route.why_route(self._world, prefix)

    def place_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """See `Application.place_many`."""
        return place_many.place_many(self._world, actor, commands)

    def check_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """See `Application.check_many`."""
        return check_many.check_many(self._world, actor, commands)

    def reconfirm(self, actor: Actor, command: Reconfirm) -> OrderView:
        """See `Application.reconfirm`."""
        return self._view(change.reconfirm(self._answerable(), actor, command))

    def inventory_check(self, actor: Actor) -> InventoryReport:
        """See `Application.inventory_check`."""
        try:
            topology = drivable.proposed(self._world)
        except ConfigurationInvalid as error:
            problems = getattr(error, "problems", None) or [str(error)]
            return InventoryReport(ok=False, problems=[str(problem) for problem in problems])
        return InventoryReport(
            ok=True,
            devices=len(topology.devices),
            customers=len(topology.customers),
            service_sets=len(topology.service_sets),
            protected=len(topology.protected),
        )

    def doctor(self, actor: Actor) -> Sequence[DoctorCheck]:
        """See `Application.doctor`."""
        return doctor.doctor(self._world)


_: type[Application] = LocalApplication
