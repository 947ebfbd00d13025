# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices are made of the audit chain: none is lost, none twice, and floods become one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.core.orders import order_id
from enforcer.core.status import DeviceFacts
from enforcer.notify.events import EVENTS, event_of, unknown, wanted
from enforcer.notify.following import WATCH, Following
from enforcer.notify.gathering import GATHER, SHOWN, SINGLE
from enforcer.notify.texts import NAMES, OURS
from enforcer.notify.watching import BUCKETS, OrderState, mind_of
from enforcer.service_settings import NotifySettings
from enforcer.storage.notices import DEAD, SENT
from tests.fakes.clock import START
from tests.unit.notify.notice_bench import ANN, MAIL, Bench, FakeChannel


def test_what_happened_before_a_channel_was_there_is_not_told(bench: Bench) -> None:
    bench.place()
    late = NotifySettings(name="late", url="json://127.0.0.1")
    following = bench.follower((MAIL, late))
    following.look()
    assert [n.channel for n in bench.stored()] == ["mail"]
    bench.place()
    following.look()
    assert [n.channel for n in bench.stored()] == ["mail", "mail", "late"]


def test_an_order_is_told_once_however_often_one_looks(bench: Bench) -> None:
    (order,) = bench.place()
    for _ in range(3):
        bench.following.look()
    bench.follower((MAIL,)).look()
    (notice,) = bench.stored()
    assert (notice.event, notice.seq) == ("order.placed", order.number)
    assert order.id in notice.body["title"]
    assert f"https://enforcer.example.net/orders/{order.id}" in notice.body["text"]
    assert "By ann (cli)" in notice.body["text"]


def test_a_process_that_dies_while_it_stores_loses_and_repeats_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead(BaseException):
        """The process ends here."""

    class Dying(Following):
        def _keep(self, *given: object) -> None:
            super()._keep(*given)  # type: ignore[arg-type]  # passed on as it came
            raise Dead

    bench.place(number=2)
    dying = Dying(
        bench.database, (MAIL,), bench.orders, bench.texts, bench.clock, timedelta(hours=1)
    )
    with pytest.raises(Dead):
        dying.look()
    assert not bench.stored()
    bench.follower((MAIL,)).look()
    bench.follower((MAIL,)).look()
    assert bench.events() == ["order.placed"] * 2


def test_ten_thousand_orders_are_one_notice_with_the_number(bench: Bench) -> None:
    placed = bench.place(number=10_000)
    while bench.following.look():
        pass
    (notice,) = bench.stored()
    assert notice.body["title"] == "10,000 x order.placed"
    assert f"and {10_000 - SHOWN:,} more" in notice.body["text"]
    assert placed[0].id in notice.body["text"]
    assert notice.next == bench.clock.now() + GATHER


def test_a_slow_flood_is_gathered_after_the_first_few(bench: Bench) -> None:
    for _ in range(SINGLE + 7):
        bench.place()
        bench.following.look()
        bench.clock.advance(1)
    *single, many = bench.stored()
    assert len(single) == SINGLE
    assert many.body["flood"]["count"] == 7
    bench.clock.advance(GATHER.total_seconds() + 60)
    bench.place()
    bench.following.look()
    assert len(bench.stored()) == SINGLE + 2, "what is due is not added to"


def test_what_is_being_sent_is_not_added_to(bench: Bench) -> None:
    bench.place(number=SINGLE + 1)
    bench.following.look()
    channel = FakeChannel()
    bench.clock.advance(GATHER.total_seconds())
    bench.sender(channel).look()
    bench.place(number=SINGLE + 1)
    bench.following.look()
    counts = [notice.body["flood"]["count"] for notice in bench.stored()]
    assert counts == [SINGLE + 1, SINGLE + 1]
    assert [notice.state for notice in bench.stored()] == [SENT, "waiting"]


def test_a_channel_is_told_only_what_it_asked_for(bench: Bench) -> None:
    pager = NotifySettings(name="pager", url="json://127.0.0.1", events=("alarm.*", "brake.held"))
    following = bench.follower((MAIL, pager))
    following.look()
    bench.place()
    bench.record("alarm.raised", "acme", alarm="customer-gone", said="acme left the files")
    bench.record("alarm.raised", "edge1", alarm="braked", said="900 rows would move")
    following.look()
    told = [(n.channel, n.event) for n in bench.stored()]
    assert told.count(("pager", "order.placed")) == 0
    assert {("pager", "alarm.raised"), ("pager", "brake.held")} <= set(told)
    assert sum(n.event == "alarm.raised" for n in bench.stored() if n.channel == "pager") == 1


def test_what_waits_for_a_channel_that_is_gone_is_given_up(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    other = bench.follower((NotifySettings(name="other", url="json://127.0.0.1"),))
    other.begin()
    (notice,) = bench.stored()
    assert notice.state == DEAD
    assert "not configured" in notice.body["error"]


def test_an_order_is_enforced_when_it_is_first_proved_everywhere(bench: Bench) -> None:
    (order,) = bench.place()
    state = OrderState(order.number, "enforcing", False, START)
    bench.orders.known[order.number] = state
    bench.following.look()
    assert bench.events() == ["order.placed"]
    proved = replace(
        state,
        status="enforced",
        proved=True,
        at=START + timedelta(seconds=1.5),
        devices=("edge1", "edge2"),
    )
    bench.orders.known[order.number] = proved
    prove(bench, "edge1")
    bench.following.look()
    bench.following.look()
    assert bench.events() == ["order.placed", "order.enforced"]
    told = bench.stored()[-1]
    assert "Proved on edge1, edge2 after 1.5 s" in told.body["text"]
    assert told.body["entry"] == order.number
    mind = mind_of(cursor_body(bench))
    assert not mind.waiting
    assert mind.buckets[BUCKETS.index(2.0)] == 1
    assert mind.seconds == 1.5


def test_an_order_that_fails_is_told_once_and_followed_on(bench: Bench) -> None:
    (order,) = bench.place()
    failing = OrderState(
        order.number, "failing", False, START, devices=("edge2",), why="edge2: refused"
    )
    bench.orders.known[order.number] = failing
    for turn in range(3):
        prove(bench, f"edge{turn}")
        bench.following.look()
    assert bench.events() == ["order.placed", "order.failing"]
    assert "edge2: refused" in bench.stored()[-1].body["text"]
    bench.orders.known[order.number] = replace(failing, status="enforced", proved=True, at=START)
    prove(bench, "edge9")
    bench.following.look()
    assert bench.events()[-1] == "order.enforced"


def test_orders_are_not_asked_again_while_no_device_has_changed(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    asked = len(bench.orders.asked)
    bench.following.look()
    assert len(bench.orders.asked) == asked


def test_an_end_is_told_ahead_once_and_when_it_is_there(bench: Bench) -> None:
    (order,) = bench.place(hours=25)
    bench.place(hours=2)
    bench.following.look()
    bench.clock.advance(3600 + 1)
    for _ in range(3):
        bench.following.look()
    told = [(n.event, n.body["told"]["subject"]) for n in bench.stored()[2:]]
    assert told == [("order.expiring", order.id)], "a short order is not announced: it is known"
    bench.clock.advance(24 * 3600)
    for _ in range(2):
        bench.follower((MAIL,)).look()
    assert sorted(n.event for n in bench.stored()[3:]) == ["order.expired"] * 2


def test_drift_that_stays_and_drift_that_is_repaired(bench: Bench) -> None:
    prove(bench, "edge1", drift=3)
    bench.following.look()
    prove(bench, "edge1", drift=0)
    bench.following.look()
    with bench.database.write() as work:
        intent = work.open_intent(
            ANN, at=bench.clock.now(), device="edge2", payload={"why": "drift: a rule is missing"}
        )
        other = work.open_intent(
            ANN, at=bench.clock.now(), device="edge2", payload={"why": "an order begins"}
        )
    bench.following.look()
    with bench.database.write() as work:
        for one in (intent, other):
            said = {"result": "applied", "said": "edge2: 1 added"}
            work.close_intent(one, ANN, at=bench.clock.now(), device="edge2", payload=said)
    bench.following.look()
    assert bench.events() == ["drift.found", "drift.repaired"] * 2
    counts = mind_of(cursor_body(bench)).counts
    assert counts["drift.found edge1"] == counts["drift.repaired edge2"] == 1


def test_every_event_has_a_template_and_every_template_an_event() -> None:
    assert sorted(f"{name}.txt" for name in NAMES) == sorted(p.name for p in OURS.iterdir())


def test_patterns() -> None:
    assert wanted("alarm.raised", ("alarm.*",))
    assert not wanted("order.placed", ("alarm.*",))
    assert unknown(("*", "order.*", "order.plaecd")) == ["order.plaecd"]
    assert set(EVENTS) >= {"order.placed", "order.enforced", "brake.held", "approval.needed"}


def test_entries_that_tell_nobody_anything_make_no_notice(bench: Bench) -> None:
    bench.record("login.ok", "ann")
    bench.record("alarm.raised", "P-1", alarm="approval-needed", said="somebody must decide")
    bench.following.look()
    assert not bench.stored()
    with bench.database.read() as reader:
        assert [event_of(entry) for entry in reader.audit.entries(limit=100)] == [None] * 2


def test_a_channel_whose_events_fit_nothing_still_reads_on(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    with bench.database.read() as reader:
        cursors = [reader.notices.cursor(name) for name in (WATCH, "mail")]
        head = reader.audit.head()[0]
    assert [cursor and cursor.seq for cursor in cursors] == [head, head]


def test_every_kind_of_entry_can_be_told_with_nothing_in_it(bench: Bench) -> None:
    """An entry of an older version may lack what a template asks for."""
    from enforcer.notify.events import KINDS

    for number, kind in enumerate(kind for kind in KINDS if not kind.startswith("device.i")):
        if kind != "device.outcome":
            bench.record(kind, order_id(number + 1))
    bench.following.look()
    assert len(bench.stored()) >= len(KINDS) - 6


def prove(bench: Bench, device: str, drift: int = 0) -> None:
    """A pass over a device was recorded."""
    with bench.database.write() as work:
        facts = DeviceFacts(verified_at=bench.clock.now(), drift_open=drift)
        work.devices.save_facts(device, facts)


def cursor_body(bench: Bench) -> dict[str, object]:
    """What is kept in mind."""
    with bench.database.read() as reader:
        cursor = reader.notices.cursor(WATCH)
    assert cursor is not None
    return dict(cursor.body)
