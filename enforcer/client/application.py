# SPDX-License-Identifier: GPL-2.0-or-later
"""`Application` by the API of a server: who is asking is whoever the token says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    CommentOrder,
    LiftOrder,
    OrderFilter,
    PlaceOrder,
    Reconfirm,
)
from enforcer.application.desk_views import PlaceResult
from enforcer.application.requests import amend_body, change_end_body, place_body
from enforcer.application.route_views import WhyRouteView
from enforcer.application.views import (
    ControlView,
    DoctorCheck,
    EventView,
    OrderView,
    Preview,
    WhyView,
)
from enforcer.client.connection import Connection, read
from enforcer.client.desk import HttpDesk
from enforcer.client.paths import part
from enforcer.client.record import HttpRecord
from enforcer.clock import Clock, SystemClock

_PORTION = 1000
_LONGEST_WAIT = 20.0
"""Seconds of one request; the server takes at most 30."""


class HttpApplication(HttpDesk, HttpRecord):
    """Implements `Application`. Raises as it, and ServerUnreachable, Unauthenticated."""

    def __init__(self, connection: Connection, clock: Clock | None = None) -> None:
        super().__init__(connection)
        self._clock = clock or SystemClock()

    # ------------------------------------------------------------------ orders

    def place(self, actor: Actor, command: PlaceOrder) -> OrderView:
        """See `Application.place`."""
        return read(OrderView, self._server.post("/orders", place_body(command)))

    def place_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """See `Application.place_many`."""
        return self._many(commands, dry_run=False)

    def check_many(self, actor: Actor, commands: Sequence[PlaceOrder]) -> Sequence[PlaceResult]:
        """See `Application.check_many`."""
        return self._many(commands, dry_run=True)

    def preview(self, actor: Actor, command: PlaceOrder, fresh: bool = False) -> Preview:
        """See `Application.preview`."""
        answer = self._server.post("/orders/preview", place_body(command), {"fresh": fresh})
        return read(Preview, answer)

    def change_end(self, actor: Actor, command: ChangeEnd) -> OrderView:
        """See `Application.change_end`."""
        way = "extend" if command.extend else "shorten"
        return self._order_post(command.order, f"/{way}", change_end_body(command))

    def lift(self, actor: Actor, command: LiftOrder) -> OrderView:
        """See `Application.lift`."""
        return self._order_post(command.order, "/lift", {"reason": command.reason})

    def amend(self, actor: Actor, command: AmendOrder) -> OrderView:
        """See `Application.amend`."""
        path = f"/orders/{part(command.order)}"
        return read(OrderView, self._server.post(path, amend_body(command), method="PATCH"))

    def comment(self, actor: Actor, command: CommentOrder) -> EventView:
        """See `Application.comment`."""
        path = f"/orders/{part(command.order)}/comments"
        return read(EventView, self._server.post(path, {"text": command.text}))

    def reconfirm(self, actor: Actor, command: Reconfirm) -> OrderView:
        """See `Application.reconfirm`."""
        return self._order_post(command.order, "/reconfirm", {"reason": command.reason})

    def review(self, actor: Actor, order_id: str, reason: str) -> OrderView:
        """See `Application.review`."""
        return self._order_post(order_id, "/review", {"reason": reason})

    def order(self, actor: Actor, order_id: str) -> OrderView:
        """See `Application.order`."""
        return self._server.one(OrderView, f"/orders/{part(order_id)}")

    def orders(self, actor: Actor, which: OrderFilter) -> Sequence[OrderView]:
        """See `Application.orders`."""
        asked = {
            "active": which.active,
            "status": which.statuses,
            "kind": which.kinds,
            "customer": which.customer,
            "source": which.source,
            "text": which.text,
            "before": which.before,
        }
        return self._server.all(OrderView, "/orders", asked, which.limit)

    def history(self, actor: Actor, order_id: str) -> Sequence[EventView]:
        """See `Application.history`."""
        return self._server.all(EventView, f"/orders/{part(order_id)}/history")

    def wait(self, actor: Actor, order_id: str, timeout: timedelta) -> OrderView:
        """See `Application.wait`."""
        deadline = self._clock.monotonic() + timeout.total_seconds()
        while True:
            began = self._clock.monotonic()
            asked = min(_LONGEST_WAIT, max(0.0, deadline - began))
            path = f"/orders/{part(order_id)}/wait"
            view = self._server.one(OrderView, path, {"timeout": asked})
            now = self._clock.monotonic()
            # An answer before its time says that waiting changes nothing more.
            if now - began < asked or now >= deadline:
                return view

    # --------------------------------------------------------------- proposals

    def proposals(self, actor: Actor, state: str | None = "waiting") -> Sequence[ProposalView]:
        """See `Application.proposals`."""
        return self._server.all(ProposalView, "/proposals", {"state": state or "all"})

    def proposal(self, actor: Actor, proposal_id: str) -> ProposalView:
        """See `Application.proposal`."""
        return self._server.one(ProposalView, f"/proposals/{part(proposal_id)}")

    def approve(self, actor: Actor, proposal_id: str, reason: str) -> OrderView:
        """See `Application.approve`."""
        return read(OrderView, self._decide(proposal_id, "approve", reason))

    def reject(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.reject`."""
        return read(ProposalView, self._decide(proposal_id, "reject", reason))

    def withdraw(self, actor: Actor, proposal_id: str, reason: str) -> ProposalView:
        """See `Application.withdraw`."""
        return read(ProposalView, self._decide(proposal_id, "withdraw", reason))

    # -------------------------------------------------------------- controller

    def pause(self, actor: Actor, reason: str) -> ControlView:
        """See `Application.pause`."""
        return read(ControlView, self._server.post("/control/pause", {"reason": reason}))

    def freeze(self, actor: Actor, reason: str) -> ControlView:
        """See `Application.freeze`."""
        return read(ControlView, self._server.post("/control/freeze", {"reason": reason}))

    def resume(self, actor: Actor) -> ControlView:
        """See `Application.resume`."""
        return read(ControlView, self._server.post("/control/resume"))

    def control(self, actor: Actor) -> ControlView:
        """See `Application.control`."""
        return self._server.one(ControlView, "/control")

    def why(self, actor: Actor, address: str, at: datetime | None = None) -> WhyView:
        """See `Application.why`."""
        asked = {"address": address, "at": None if at is None else at.isoformat()}
        return self._server.one(WhyView, "/why", asked)

    def why_route(self, actor: Actor, prefix: str) -> WhyRouteView:
        """See `Application.why_route`."""
        return self._server.one(WhyRouteView, "/why-route", {"prefix": prefix})

    def doctor(self, actor: Actor) -> Sequence[DoctorCheck]:
        """See `Application.doctor`."""
        return self._server.all(DoctorCheck, "/doctor")

    # ------------------------------------------------------------------ inside

    def _order_post(self, order: str, what: str, body: dict[str, object]) -> OrderView:
        return read(OrderView, self._server.post(f"/orders/{part(order)}{what}", body))

    def _decide(self, proposal: str, what: str, reason: str) -> object:
        return self._server.post(f"/proposals/{part(proposal)}/{what}", {"reason": reason})

    def _many(self, commands: Sequence[PlaceOrder], dry_run: bool) -> list[PlaceResult]:
        results: list[PlaceResult] = []
        for begin in range(0, len(commands), _PORTION):
            rows = [place_body(command) for command in commands[begin : begin + _PORTION]]
            answer = self._server.post("/orders/bulk", {"orders": rows}, {"dry_run": dry_run})
            found = [read(PlaceResult, row) for row in answer["items"]]
            results += [row.model_copy(update={"line": row.line + begin}) for row in found]
        return results


_: type[Application] = HttpApplication
