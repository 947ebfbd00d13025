# SPDX-License-Identifier: GPL-2.0-or-later
"""What is refused of a change, and that nothing is changed then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.application import Application
from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    LiftOrder,
    OrderFilter,
    PlaceOrder,
    Reconfirm,
)
from enforcer.core.orders import BlockAddress
from enforcer.core.times import LONGEST
from enforcer.core.topology import Topology
from enforcer.errors import ConfigurationInvalid, InvalidInput, OrderRefused
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import ANN, HOUR, Office

DEMAND = BlockAddress(ip_network("192.0.2.7"))
Change = Callable[[Application, str], object]


def lifted(app: Application, order: str, reason: str = "done") -> object:
    return app.lift(ANN, LiftOrder(order=order, reason=reason))


def extended(app: Application, order: str, reason: str = "more") -> object:
    command = ChangeEnd(order=order, extend=True, duration=9 * HOUR, reason=reason)
    return app.change_end(ANN, command)


def amended(app: Application, order: str, reason: str = "else") -> object:
    return app.amend(ANN, AmendOrder(order=order, reason=reason))


@pytest.mark.parametrize("change", [lifted, extended, amended])
def test_with_a_broken_inventory_nothing_is_changed(office: Office, change: Change) -> None:
    placed = office.place(DEMAND)

    def broken() -> Topology:
        raise ConfigurationInvalid("inventory.yaml: line 3: a typo")

    app = LocalApplication(replace(office.world, load_topology=broken))
    with pytest.raises(ConfigurationInvalid, match="typo"):
        change(app, placed.id)
    assert office.app.order(ANN, placed.id) == placed
    assert len(office.app.history(ANN, placed.id)) == 1
    change(office.app, placed.id)
    assert len(office.app.history(ANN, placed.id)) == 2


def test_an_end_that_no_device_can_hold_is_refused(office: Office) -> None:
    beyond = datetime(9999, 12, 31, tzinfo=UTC)
    with pytest.raises(OrderRefused, match="--open-ended") as refused:
        office.place(DEMAND, duration=None, end=beyond)
    assert refused.value.code == "end-too-far"
    placed = office.place(DEMAND)
    with pytest.raises(OrderRefused, match="--open-ended") as refused:
        office.app.change_end(ANN, ChangeEnd(order=placed.id, extend=True, end=beyond))
    assert refused.value.code == "end-too-far"
    longest = ChangeEnd(order=placed.id, extend=True, duration=LONGEST)
    assert office.app.change_end(ANN, longest).end == office.clock.now() + LONGEST


def test_an_end_beyond_the_calendar_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInput, match="beyond the calendar"):
        office.place(DEMAND, start=datetime(9999, 12, 31, tzinfo=UTC), duration=timedelta(days=9))


def placed_because(app: Application, order: str, reason: str) -> object:
    return app.place(ANN, PlaceOrder(demand=DEMAND, reason=reason, duration=HOUR))


def paused(app: Application, order: str, reason: str) -> object:
    return app.pause(ANN, reason)


def frozen(app: Application, order: str, reason: str) -> object:
    return app.freeze(ANN, reason)


@pytest.mark.parametrize("act", [placed_because, lifted, extended, amended, paused, frozen])
def test_reasons_are_short_texts(
    office: Office, act: Callable[[Application, str, str], object]
) -> None:
    order = office.place(DEMAND).id
    with pytest.raises(InvalidInput, match="--reason has 501 characters"):
        act(office.app, order, "x" * 501)
    with pytest.raises(InvalidInput, match="--reason has characters that are not UTF-8"):
        act(office.app, order, "caf\udce9")
    for unseen in ("\x1b[2J", "a\nb", "a\tb", "\u202egnirts", "\u2066x", "\x9b1m"):
        with pytest.raises(InvalidInput, match="not seen"):
            act(office.app, order, unseen)
    act(office.app, order, "é" * 500)


@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_refused(office: Office, key: str) -> None:
    with pytest.raises(InvalidInput, match="--key"):
        office.place(DEMAND, idempotency_key=key)


def test_a_status_that_there_is_not_is_said_so(office: Office) -> None:
    office.place(DEMAND)
    with pytest.raises(InvalidInput, match="'nosuch': choose of scheduled, enforcing, enforced"):
        office.app.orders(ANN, OrderFilter(statuses=("nosuch",)))
    assert len(office.app.orders(ANN, OrderFilter(statuses=("enforcing",)))) == 1


# -- what is refused of a change is recorded ----------------------------------------------------

_HOURS = {"extend": True, "duration": 9 * HOUR}


def _over(office: Office, order: str) -> None:
    lifted(office.app, order)


def _nothing(office: Office, order: str) -> None:
    return None


@pytest.mark.parametrize(
    ("before", "changes", "code"),
    [
        (_over, _HOURS, "already-ended"),
        (_nothing, {"extend": True, "end": datetime(2020, 1, 1, tzinfo=UTC)}, "end-in-past"),
        (_nothing, {"extend": True, "end": datetime(9999, 1, 1, tzinfo=UTC)}, "end-too-far"),
        (_nothing, {"extend": True, "duration": HOUR}, "end-not-later"),
        (_nothing, {"extend": False, "duration": 9 * HOUR}, "end-not-earlier"),
    ],
)
def test_a_change_that_is_refused_is_recorded_under_the_order(
    office: Office, before: Callable[[Office, str], None], changes: dict[str, Any], code: str
) -> None:
    placed = office.place(DEMAND)
    before(office, placed.id)
    known = office.app.order(ANN, placed.id)
    with pytest.raises(OrderRefused) as refused:
        office.app.change_end(ANN, ChangeEnd(order=placed.id, reason="as asked", **changes))
    assert refused.value.code == code
    last = office.app.history(ANN, placed.id)[-1]
    assert (last.kind, last.actor, last.detail["codes"]) == ("order.refused", "ann", [code])
    assert last.detail["reason"] == "as asked"
    assert office.app.order(ANN, placed.id) == known
    assert office.app.audit_verify(ANN).ok


def test_an_end_before_the_start_is_recorded_too(office: Office) -> None:
    placed = office.place(DEMAND, start_after=9 * HOUR)
    with pytest.raises(OrderRefused, match="before the start"):
        office.app.change_end(ANN, ChangeEnd(order=placed.id, extend=False, duration=HOUR))
    assert office.app.history(ANN, placed.id)[-1].detail["codes"] == ["end-before-start"]


@pytest.mark.parametrize(
    ("before", "code"), [(_over, "already-ended"), (_nothing, "nothing-to-reconfirm")]
)
def test_so_is_a_reconfirmation_that_is_refused(
    office: Office, before: Callable[[Office, str], None], code: str
) -> None:
    placed = office.place(DEMAND)
    before(office, placed.id)
    with pytest.raises(OrderRefused):
        office.app.reconfirm(ANN, Reconfirm(order=placed.id, reason="it stays"))
    assert office.app.history(ANN, placed.id)[-1].detail["codes"] == [code]


def test_a_change_is_recorded_with_what_was_not_there_as_nothing(office: Office) -> None:
    placed = office.place(DEMAND)
    office.app.amend(ANN, AmendOrder(order=placed.id, ticket="T-1"))
    (entry,) = [e for e in office.app.history(ANN, placed.id) if e.kind == "order.amended"]
    assert (entry.detail["was"], entry.detail["is"]) == ({"ticket": None}, {"ticket": "T-1"})


def test_the_state_of_the_controller_counts_the_open_alarms(office: Office) -> None:
    now = office.clock.now()
    with office.database.write() as work:
        for device in ("edge1", "edge2"):
            work.raise_alarm("braked", ANN, at=now, subject=device, said="look")
    assert office.app.control(ANN).alarms == 2
    with office.database.write() as work:
        work.clear_alarm("braked", ANN, at=now, subject="edge1", why="over")
    assert office.app.control(ANN).alarms == 1
