# SPDX-License-Identifier: GPL-2.0-or-later
"""The sources of orders: what they do, what they may, and the kill switch."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.core.orders import BlockAddress
from enforcer.core.topology import SourceLimits
from enforcer.errors import InvalidInput, NotFound, OrderRefused
from tests.unit.usecases.desks import GUARDED, entries, equip
from tests.unit.usecases.office import ANN, HOUR, Office

BOT = Actor("bot", "detector")


def order(office: Office, last: int, actor: Actor = BOT) -> OrderView:
    demand = BlockAddress(ip_network(f"8.8.8.{last}"))
    return office.app.place(actor, PlaceOrder(demand=demand, reason="scan", duration=HOUR))


def test_sources_tell_what_they_do_and_may(office: Office) -> None:
    limits = {
        "*": SourceLimits("*", longest=3600, active=50),
        "api": SourceLimits("api", per_minute=5, widest4=None),
    }
    equip(office, replace(GUARDED, sources=limits))
    first = order(office, 1)
    order(office, 2)
    office.clock.advance(61)
    order(office, 3)
    office.app.lift(ANN, LiftOrder(order=first.id, reason="clean"))
    shown = {view.name: view for view in office.app.sources(ANN)}
    assert list(shown) == ["*", "api", "detector"]
    detector = shown["detector"]
    assert (detector.active, detector.last_minute, detector.stopped) == (2, 1, False)
    assert (detector.longest, detector.active_limit, detector.widest4) == (3600, 50, 24)
    assert (shown["api"].per_minute, shown["api"].widest4, shown["api"].longest) == (5, None, None)
    assert (shown["*"].active, shown["*"].active_limit) == (0, 50)


def test_a_stopped_source_places_nothing_until_it_is_started(office: Office) -> None:
    standing = order(office, 1)
    view = office.app.source_stop(ANN, "detector", "runs wild")
    assert (view.stopped, view.stopped_by, view.stopped_why) == (True, "ann", "runs wild")
    assert view.stopped_since == office.clock.now()
    with pytest.raises(OrderRefused, match=r"by ann .*\(runs wild\)") as refused:
        order(office, 2)
    assert refused.value.code == "source-stopped"
    assert office.app.order(ANN, standing.id).lifted is None, "what stands goes on"
    order(office, 3, ANN)
    assert not office.app.source_start(ANN, "detector").stopped
    order(office, 2)


def test_each_throw_of_the_switch_is_recorded_once(office: Office) -> None:
    order(office, 1)
    for _ in range(2):
        office.app.source_stop(ANN, "detector", "runs wild")
    again = office.app.source_stop(Actor("eve", "cli"), "detector", "me too")
    assert (again.stopped_by, again.stopped_why) == ("ann", "runs wild")
    for _ in range(2):
        office.app.source_start(ANN, "detector")
    (stopped,) = entries(office, "source.stopped")
    (started,) = entries(office, "source.started")
    assert (stopped.subject, stopped.payload["reason"]) == ("detector", "runs wild")
    assert started.subject == "detector"


def test_a_typing_error_does_not_look_like_a_stopped_source(office: Office) -> None:
    order(office, 1)
    with pytest.raises(NotFound, match="did you mean detector"):
        office.app.source_stop(ANN, "detcetor", "runs wild")
    with pytest.raises(NotFound, match="did you mean detector"):
        office.app.source_start(ANN, "detcetor")
    assert entries(office, "source.stopped") == []


def test_what_has_limits_can_be_stopped_before_its_first_order(office: Office) -> None:
    equip(office, replace(GUARDED, sources={"feed": SourceLimits("feed")}))
    for name in ("feed", "api"):
        assert office.app.source_stop(ANN, name, "not yet").stopped


def test_the_switch_needs_a_reason_and_one_source(office: Office) -> None:
    with pytest.raises(InvalidInput, match="--reason"):
        office.app.source_stop(ANN, "cli", " ")
    with pytest.raises(InvalidInput, match="--reason"):
        office.app.source_stop(ANN, "*", " ")
    with pytest.raises(InvalidInput, match="a source's name is needed"):
        office.app.source_stop(ANN, "", "runs wild")
    with pytest.raises(InvalidInput, match="a source's name is needed"):
        office.app.source_start(ANN, " ")


def test_one_switch_stops_every_automated_source_and_no_person(office: Office) -> None:
    order(office, 1)
    office.app.source_stop(ANN, "detector", "runs wild")
    assert office.app.source_stop(ANN, "*", "a wrong feed").stopped
    assert office.app.control(ANN).sources_stopped == "by ann: a wrong feed"
    never_seen = Actor("bot", "another-detector")
    with pytest.raises(OrderRefused, match=r"every automated source.*start --all") as refused:
        order(office, 2, never_seen)
    assert refused.value.code == "source-stopped"
    for source in ("cli", "web", "api"):
        order(office, 10 + len(source) + ord(source[0]), Actor("ann", source))
    shown = {view.name: view for view in office.app.sources(ANN)}
    assert shown["detector"].stopped and not shown["detector"].stopped_with_all
    assert not shown["cli"].stopped
    (alarm,) = office.app.alarms(ANN)
    assert (alarm.kind, alarm.subject) == ("sources-stopped", "*")
    assert [e.subject for e in entries(office, "source.stopped")] == ["detector", "*"]
    assert not office.app.source_start(ANN, "*").stopped
    assert office.app.control(ANN).sources_stopped is None
    assert [one.cleared is not None for one in office.app.alarms(ANN, False)] == [True]
    order(office, 3, never_seen)
    with pytest.raises(OrderRefused, match="the source 'detector'"):
        order(office, 4)


def test_one_source_alone_is_not_started_while_all_are_stopped(office: Office) -> None:
    order(office, 1)
    office.app.source_stop(ANN, "*", "a wrong feed")
    assert {v.name: v.stopped_with_all for v in office.app.sources(ANN)}["detector"]
    with pytest.raises(InvalidInput, match="start --all"):
        office.app.source_start(ANN, "detector")
    with pytest.raises(OrderRefused):
        order(office, 2)
