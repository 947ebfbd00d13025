# SPDX-License-Identifier: GPL-2.0-or-later
"""Placing an order: whatever is refused leaves an audit entry and no order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd, LiftOrder, PlaceOrder
from enforcer.core import guardrails
from enforcer.core.device_control import DeviceControl
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    PolicyClause,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import Leaving, SourceLimits
from enforcer.errors import InvalidInput, OrderRefused
from tests.fakes.clock import START
from tests.unit.usecases.desks import GUARDED, entries, equip, limit, payloads
from tests.unit.usecases.office import ANN, ESSENTIALS, HOUR, Office
from tests.unit.usecases.route_codes import ROUTE_CODES

GOOD = BlockAddress(ip_network("8.8.8.8"))
SMTP = (PortRange(25, 25),)
TWICE = Selection(customers=("twice",))
V4, V6 = Selection((ip_network("8.8.8.8"),)), Selection((ip_network("2001:db8:9::1"),))
HERE = Scope(devices=("edge1",))


def block(prefix: str) -> BlockAddress:
    return BlockAddress(ip_network(prefix))


def nothing(office: Office) -> None:
    """The guarded inventory is enough."""


def full(office: Office) -> None:
    office.limit("edge1", 0)


def stopped(office: Office) -> None:
    office.place(GOOD)
    office.app.source_stop(ANN, "cli", "runs wild")


def paused(office: Office) -> None:
    office.app.pause(ANN, "maintenance")


def frozen(office: Office) -> None:
    office.app.freeze(ANN, "maintenance")


def used_key(office: Office) -> None:
    office.place(block("8.8.4.4"), idempotency_key="k")


def no_more_than(**limits: int) -> Callable[[Office], None]:
    return lambda office: limit(office, **limits)


NOW = START
REFUSED: list[tuple[str, Callable[[Office], None], Demand, dict[str, Any]]] = [
    ("unknown-customer", nothing, CutFeed("nobody", "essentials"), {}),
    ("unknown-service-set", nothing, CutFeed("twice", "nosuch"), {}),
    ("unknown-list", nothing, BlockList("nosuch"), {}),
    ("unknown-device", nothing, GOOD, {"scope": Scope(devices=("edge9",))}),
    ("empty-target", nothing, BlockPort(Selection(), (6,), SMTP), {}),
    ("default-route", nothing, block("::/0"), {}),
    ("special-purpose", nothing, block("224.0.0.5"), {}),
    ("protected", nothing, block("203.0.113.9"), {}),
    ("too-wide", nothing, block("11.0.0.0/23"), {}),
    ("collateral", nothing, block("198.18.7.1"), {}),
    ("family-mismatch", nothing, BlockFlow(V4, V6), {}),
    ("bad-protocol", nothing, BlockPort(TWICE, (999,), SMTP), {}),
    ("bad-port-range", nothing, BlockPort(TWICE, (6,), (PortRange(9, 8),)), {}),
    ("protocol-without-ports-given-ports", nothing, BlockPort(TWICE, (47,), SMTP), {}),
    ("flow-needs-protocol-for-ports", nothing, BlockFlow(V4, V4, (), SMTP), {}),
    ("protocol-missing", nothing, BlockPort(TWICE, (), SMTP), {}),
    ("ports-missing", nothing, BlockPort(TWICE, (6,), ()), {}),
    ("suspension-needs-exceptions", nothing, SuspendCustomer("twice", Selection()), {}),
    (
        "shutdown-spares-nothing",
        nothing,
        SuspendCustomer("twice", ESSENTIALS, "shutdown"),
        {},
    ),
    ("end-missing", nothing, GOOD, {"duration": None}),
    (
        "end-in-past",
        nothing,
        GOOD,
        {"duration": None, "start": NOW - 2 * HOUR, "end": NOW - HOUR},
    ),
    ("end-too-far", nothing, GOOD, {"duration": None, "end": datetime(9999, 1, 1, tzinfo=UTC)}),
    ("end-before-start", nothing, GOOD, {"duration": None, "start": NOW + HOUR, "end": NOW + HOUR}),
    ("too-long-for-source", no_more_than(longest=60), GOOD, {}),
    ("dynamic-pool", nothing, block("198.18.8.1"), {}),
    ("vrf-unsupported", nothing, replace(GOOD, vrf="red"), {}),
    ("no-attachment", nothing, SuspendCustomer("host", ESSENTIALS, "interface"), {}),
    ("shared-interface", nothing, SuspendCustomer("anna", ESSENTIALS, "interface"), {}),
    ("carries-management", nothing, SuspendCustomer("console", Selection(), "shutdown"), {}),
    (
        "no-device-in-scope",
        nothing,
        GOOD,
        {"scope": Scope(devices=("edge1",), sites=("south",))},
    ),
    ("unsupported-on-device", nothing, block("198.18.9.9"), {"scope": HERE}),
    ("over-capacity", full, GOOD, {}),
    ("source-stopped", stopped, GOOD, {}),
    ("frozen", frozen, GOOD, {}),
    ("paused", paused, GOOD, {}),
    ("too-many-active", no_more_than(active=0), GOOD, {}),
    ("too-fast", no_more_than(per_minute=0), GOOD, {}),
    ("key-reused", used_key, GOOD, {"idempotency_key": "k"}),
]
UNSAID = {"end-and-open-ended", "owner-changed"}
"""A command that says both ends is not understood; a new order has no owner before it."""


@pytest.fixture
def guarded(office: Office) -> Office:
    equip(office, GUARDED)
    return office


@pytest.mark.parametrize("code, prepare, demand, changes", REFUSED)
def test_a_refusal_stores_no_order_and_one_audit_entry(
    guarded: Office,
    code: str,
    prepare: Callable[[Office], None],
    demand: Demand,
    changes: dict[str, Any],
) -> None:
    prepare(guarded)
    before = guarded.app.orders(ANN, guarded.everything)
    with pytest.raises(OrderRefused) as refused:
        guarded.place(demand, **changes)
    assert refused.value.code == code
    assert guarded.app.orders(ANN, guarded.everything) == before
    (entry,) = entries(guarded, "order.refused")
    assert (entry.actor, entry.source, entry.subject) == ("ann", "cli", None)
    assert entry.payload["codes"] == [code]
    assert entry.payload["reason"] == "test"


def test_every_code_is_refused_here() -> None:
    table = (guardrails.__doc__ or "").split("=" * 58)[2].splitlines()
    documented = {line.split()[0] for line in table if line[:1].isalpha()}
    assert documented - ROUTE_CODES - {code for code, *_ in REFUSED} == UNSAID


def test_with_everything_guarded_a_plain_order_passes(guarded: Office) -> None:
    guarded.place(GOOD)
    (said,) = payloads(guarded, "order.placed")
    assert {"demand", "start", "end", "reason"} <= said.keys()
    assert not {"confirmed", "hit"} & said.keys()


def test_a_confirmation_is_recorded_with_the_names_of_those_who_are_hit(guarded: Office) -> None:
    demand = block("198.18.7.0/29")
    with pytest.raises(OrderRefused, match="shared by cust1 and twice"):
        guarded.place(demand)
    guarded.place(demand, confirm_collateral=True)
    (said,) = payloads(guarded, "order.placed")
    assert said["hit"] == ["cust1", "twice"]
    assert said["confirmed"] == {
        "collateral": ["198.18.7.0/29 is in farm, shared by cust1 and twice"]
    }


def test_a_wide_order_is_placed_when_confirmed_and_the_protected_part_withheld(
    guarded: Office,
) -> None:
    demand = block("203.0.113.0/24")
    with pytest.raises(OrderRefused, match="--confirm-wide") as refused:
        guarded.place(demand)
    assert refused.value.code == "protected"
    view = guarded.place(demand, confirm_wide=True)
    assert view.withheld == ["203.0.113.0/25: our servers"]
    assert payloads(guarded, "order.placed")[0]["confirmed"] == {"wide": True}
    guarded.app.wait(ANN, view.id, HOUR)
    for box in guarded.boxes.values():
        assert {str(row) for row in box.rows()} and not any(
            "203.0.113.0" in str(row) for row in box.rows()
        )


def test_the_same_key_gives_the_same_order_whatever_changed_since(guarded: Office) -> None:
    first = guarded.place(GOOD, idempotency_key="k")
    paused(guarded)
    limit(guarded, active=0, per_minute=0, longest=1)
    again = guarded.place(GOOD, idempotency_key="k")
    assert again.id == first.id
    assert entries(guarded, "order.refused") == []


def test_who_placed_enough_may_place_again_when_a_minute_is_over(guarded: Office) -> None:
    limit(guarded, per_minute=2)
    for last in (1, 2):
        guarded.place(block(f"8.8.8.{last}"))
    with pytest.raises(OrderRefused, match="placed 2 orders within a minute"):
        guarded.place(block("8.8.8.3"))
    guarded.clock.advance(61)
    guarded.place(block("8.8.8.3"))


def test_orders_that_ended_or_were_lifted_make_room_for_others(guarded: Office) -> None:
    limit(guarded, active=1)
    guarded.place(block("8.8.8.1"), start_after=HOUR)
    with pytest.raises(OrderRefused, match="has 1 orders in force or to come and may have 1"):
        guarded.place(block("8.8.8.2"))
    guarded.app.place(Actor("bot", "detector"), command(block("8.8.8.2")))
    guarded.clock.advance(timedelta(hours=3).total_seconds())
    second = guarded.place(block("8.8.8.3"))
    with pytest.raises(OrderRefused, match="may have 1"):
        guarded.place(block("8.8.8.4"))
    guarded.app.lift(ANN, LiftOrder(order=second.id, reason="clean"))
    guarded.place(block("8.8.8.4"))


def command(demand: Demand, **changes: Any) -> PlaceOrder:
    made = PlaceOrder(demand=demand, reason="test", duration=HOUR)
    return made.model_copy(update=changes)


def test_many_at_the_same_time_do_not_slip_past_the_limit(guarded: Office) -> None:
    """Each in a thread of its own: checked one by one, where the orders are stored."""
    limit(guarded, active=3)
    said: list[str] = []

    def one(last: int) -> None:
        try:
            guarded.app.place(ANN, command(block(f"8.8.8.{last}")))
            said.append("placed")
        except OrderRefused as refused:
            said.append(refused.code)

    threads = [Thread(target=one, args=(last,)) for last in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["placed"] * 3 + ["too-many-active"] * 5


@pytest.mark.parametrize("changes", [{"ticket": "a\udcff"}, {"idempotency_key": "\udcff"}])
def test_what_is_no_text_is_not_understood(guarded: Office, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="not UTF-8"):
        guarded.place(GOOD, **changes)
    clause = PolicyClause("aup", "1", "\udcff")
    with pytest.raises(InvalidInput, match="--policy"):
        guarded.place(GOOD, policy=clause)


# ------------------------------------------------------------------ extending


def longer(office: Office, order: str, hours: int | None) -> object:
    later = {"open_ended": True} if hours is None else {"duration": hours * HOUR}
    return office.app.change_end(ANN, ChangeEnd(order=order, extend=True, **later))


@pytest.mark.parametrize("hours", [3, None])
def test_an_order_is_not_extended_beyond_what_its_source_may_order(
    guarded: Office, hours: int | None
) -> None:
    limit(guarded, longest=7200)
    placed = guarded.place(GOOD, duration=HOUR)
    with pytest.raises(OrderRefused) as refused:
        longer(guarded, placed.id, hours)
    assert refused.value.code == "too-long-for-source"
    assert guarded.app.order(ANN, placed.id).end == placed.end
    (entry,) = entries(guarded, "order.refused")
    assert (entry.subject, entry.payload["codes"]) == (placed.id, ["too-long-for-source"])
    longer(guarded, placed.id, 2)


def test_an_address_of_a_pool_is_not_extended_beyond_its_lease(guarded: Office) -> None:
    placed = guarded.place(block("198.18.8.1"), duration=HOUR / 2)
    with pytest.raises(OrderRefused, match="dynamic pool dial") as refused:
        longer(guarded, placed.id, 2)
    assert refused.value.code == "dynamic-pool"
    longer(guarded, placed.id, 1)


def test_a_stopped_source_extends_nothing_and_may_shorten(guarded: Office) -> None:
    placed = guarded.place(GOOD, duration=2 * HOUR)
    guarded.app.source_stop(ANN, "cli", "runs wild")
    with pytest.raises(OrderRefused) as refused:
        longer(guarded, placed.id, 9)
    assert refused.value.code == "source-stopped"
    guarded.app.change_end(ANN, ChangeEnd(order=placed.id, extend=False, duration=HOUR))
    guarded.app.source_start(ANN, "cli")
    longer(guarded, placed.id, 9)


# ------------------------------------------------------------------ previews


def preview(office: Office, demand: Demand, **changes: Any) -> Any:
    return office.app.preview(ANN, command(demand, **changes))


def test_a_preview_shows_who_is_hit_and_what_must_be_confirmed(guarded: Office) -> None:
    shown = preview(guarded, block("198.18.0.0/24"))
    sentence = "198.18.0.0/24 is used by blog (tenant of host) and shop (tenant of host)"
    assert shown.collateral == [sentence]
    assert shown.customers == ["host"]
    assert any("[collateral]" in w and "--confirm-collateral" in w for w in shown.warnings)
    sure = preview(guarded, block("198.18.0.0/24"), confirm_collateral=True)
    assert sure.collateral == [sentence]
    assert not any("would be refused" in warning for warning in sure.warnings)
    assert guarded.app.orders(ANN, guarded.everything) == []
    assert entries(guarded, "order.refused") == []


def test_a_preview_of_a_customer_shows_its_tenants(guarded: Office) -> None:
    shown = preview(guarded, SuspendCustomer("host", ESSENTIALS))
    assert shown.collateral == ["the tenants of host are hit too: blog and shop"]
    assert not any("would be refused" in warning for warning in shown.warnings)


def test_a_preview_shows_what_is_withheld(guarded: Office) -> None:
    shown = preview(guarded, block("203.0.113.0/24"))
    assert shown.withheld == ["203.0.113.0/25: our servers"]
    assert any("[protected]" in warning for warning in shown.warnings)


@pytest.mark.parametrize("prepare, code", [(paused, "paused"), (stopped, "source-stopped")])
def test_a_preview_tells_what_would_refuse_the_order_now(
    guarded: Office, prepare: Callable[[Office], None], code: str
) -> None:
    prepare(guarded)
    assert any(f"would be refused: [{code}]" in w for w in preview(guarded, GOOD).warnings)


@pytest.mark.parametrize("stop", ["pause", "freeze"])
def test_a_preview_says_that_an_order_waits_only_where_it_does(guarded: Office, stop: str) -> None:
    getattr(guarded.app, stop)(ANN, "maintenance")
    refused = preview(guarded, GOOD).warnings
    assert any("would be refused: [" in said for said in refused)
    assert not any("the order waits until" in said for said in refused)
    later = guarded.clock.now() + HOUR
    waits = preview(guarded, GOOD, start=later).warnings
    assert any("the order waits until `enforcer resume`" in said for said in waits)
    assert not any("would be refused: [" in said for said in waits)


def test_a_preview_tells_of_a_paused_device(guarded: Office) -> None:
    control = DeviceControl(paused=True, paused_by="ann", paused_why="new optics")
    with guarded.database.write() as work:
        work.device_controls.save("edge2", control)
    said = "edge2 is paused by ann (new optics)"
    assert any(said in w for w in preview(guarded, GOOD).warnings)
    assert not any(said in w for w in preview(guarded, GOOD, scope=HERE).warnings)


def test_a_preview_is_refused_where_nothing_can_be_confirmed(guarded: Office) -> None:
    with pytest.raises(OrderRefused, match="our servers"):
        preview(guarded, block("203.0.113.9"))
    assert entries(guarded, "order.refused") == [], "a look is no attempt"


def test_who_left_the_inventory_may_be_ordered_about_and_the_preview_says_so(
    guarded: Office,
) -> None:
    gone = replace(GUARDED.customers["twice"], leaving=Leaving.GONE)
    customers = {**GUARDED.customers, "twice": gone}
    equip(guarded, replace(GUARDED, customers=customers, sources={"cli": SourceLimits("cli")}))
    suspend = SuspendCustomer("twice", ESSENTIALS)
    assert any("twice left the inventory" in w for w in preview(guarded, suspend).warnings)
    guarded.place(suspend)
