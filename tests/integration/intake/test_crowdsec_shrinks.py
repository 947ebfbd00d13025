# SPDX-License-Identifier: GPL-2.0-or-later
"""A local API that lost its decisions frees nobody until a person says that it is right."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress
from enforcer.errors import InvalidInput
from enforcer.intake.crowdsec_poll import pull_now
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import IntakeSettings
from tests.integration.intake.test_crowdsec_poll import LIMITS, RULE, LocalApi, Watch, lapi, watch
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK
from tests.unit.usecases.office import ANN

__all__ = ["lapi", "watch"]

TEN = [f"203.0.113.{n}" for n in range(10, 20)]
ALL_TEN = {f"{one}/32" for one in TEN}


def filled(watch: Watch) -> LocalApi:
    for one in TEN:
        watch.api.add(one)
    return watch.api


def emptied(api: LocalApi) -> None:
    """As a database that is new: it does not know what it told whom."""
    api.standing, api.told = {}, {}


def alarms(watch: Watch) -> dict[str, str]:
    with watch.office.database.read() as reader:
        return {alarm.kind: alarm.said for alarm in reader.alarms.open()}


def kinds(watch: Watch) -> list[str]:
    with watch.office.database.read() as reader:
        return [e.kind for e in reader.audit.entries(subject="crowdsec") if "alarm" in e.kind]


def test_an_emptied_one_lifts_nothing_at_our_start(watch: Watch) -> None:
    api = filled(watch)
    watch.poller().pull_once()
    emptied(api)
    later = watch.poller()
    for _ in range(3):
        later.pull_once()
    assert watch.blocked() == ALL_TEN and later.held == 10
    said = alarms(watch)["decisions-shrink"]
    assert "from 10 to 0" in said and "`enforcer intake poll --confirm-shrink`" in said
    assert kinds(watch) == ["alarm.raised"], "once"
    api.add("203.0.113.99")
    later.pull_once()
    assert watch.blocked() == ALL_TEN | {"203.0.113.99/32"}, "what is new is ordered all the same"
    again = watch.poller()
    again.pull_once()
    assert again.held == 10, "held after another restart, too"


def test_nor_after_an_outage_nor_when_only_one_order_stands(watch: Watch) -> None:
    watch.api.add(TEN[0])
    poller = watch.poller()
    poller.pull_once()
    watch.api.raw = b"broken"
    with pytest.raises(InvalidInput):
        poller.pull_once()
    watch.api.raw = None
    emptied(watch.api)
    poller.pull_once()
    assert watch.blocked() == {f"{TEN[0]}/32"} and set(alarms(watch)) == {"decisions-shrink"}


def test_a_mass_deletion_that_it_tells_of_is_held_too(watch: Watch) -> None:
    api = filled(watch)
    poller = watch.poller()
    poller.pull_once()
    for one in TEN[:6]:
        del api.standing[one]
    poller.pull_once()
    assert api.asked[-1]["startup"] == ["false"]
    assert watch.blocked() == ALL_TEN and "from 10 to 4" in alarms(watch)["decisions-shrink"]
    del api.standing[TEN[9]]
    poller.pull_once()
    assert watch.blocked() == ALL_TEN - {f"{TEN[9]}/32"}, "one by one they go as ever"
    assert set(alarms(watch)) == {"decisions-shrink"}


def test_what_comes_back_is_not_held_any_more(watch: Watch) -> None:
    api = filled(watch)
    watch.poller().pull_once()
    emptied(api)
    poller = watch.poller()
    poller.pull_once()
    filled(watch)
    poller.pull_once()
    assert poller.held == 0 and alarms(watch) == {} and watch.blocked() == ALL_TEN
    assert kinds(watch) == ["alarm.raised", "alarm.cleared"]


def test_a_person_confirms_it_beside_the_service(watch: Watch) -> None:
    api = filled(watch)
    watch.poller().pull_once()
    other = watch.office.place(BlockAddress(ip_network("198.51.100.9")))
    emptied(api)
    service = watch.poller()
    service.pull_once()
    stated = {"url": api.url, "key": "env:TEST_LAPI_KEY", "limits": LIMITS}
    settings = IntakeSettings(rules=(RULE,), adapters={"crowdsec": stated})
    where = (watch.office.world, watch.office.app, settings)
    looked = pull_now(*where, ANN)
    assert (looked.held, looked.taken) == (10, 0) and watch.blocked() != set()
    done = pull_now(*where, ANN, confirm_shrink=True)
    assert (done.held, done.taken) == (0, 10)
    assert watch.blocked() == {"198.51.100.9/32"}, "nobody else's"
    assert watch.office.app.order(ANN, other.id).lifted is None
    assert alarms(watch) == {}
    service.pull_once()
    assert service.held == 0 and alarms(watch) == {}
    with watch.office.database.read() as reader:
        cleared = reader.audit.entries(subject="crowdsec")[-1]
    assert (cleared.kind, cleared.actor) == ("alarm.cleared", ANN.name)
    with pytest.raises(InvalidInput, match="name no local API"):
        pull_now(watch.office.world, watch.office.app, IntakeSettings(rules=(RULE,)), ANN)


def test_what_ran_out_by_itself_is_no_loss(
    office: MakeOffice, lapi: LocalApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of orders that last longer than the decisions said they would."""
    monkeypatch.setenv("TEST_LAPI_KEY", "secret")
    desk = office({**BLOCK, "format": ["crowdsec"], "type": "*", "duration": "1d", "lift": True})
    with Inbox(desk.intake) as inbox:
        watch = Watch(desk, inbox, lapi)
        filled(watch)
        for one in TEN:
            lapi.standing[one]["duration"] = "10m0s"
        watch.poller().pull_once()
        emptied(lapi)
        desk.clock.advance(120)
        watch.poller().pull_once()
        assert set(alarms(watch)) == {"decisions-shrink"} and watch.blocked() == ALL_TEN
        desk.clock.advance(480)
        watch.poller().pull_once()
        assert alarms(watch) == {} and watch.blocked() == set()


def test_orders_that_ended_meanwhile_are_not_held(watch: Watch) -> None:
    api = filled(watch)
    poller = watch.poller()
    poller.pull_once()
    emptied(api)
    poller = watch.poller()
    poller.pull_once()
    assert poller.held == 10
    watch.office.clock.advance(5 * 3600)
    poller.pull_once()
    assert poller.held == 0 and alarms(watch) == {}
