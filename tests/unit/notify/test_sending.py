# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits is tried with back-off, given up after so many attempts, and tried again by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from enforcer.application.actor import Actor
from enforcer.core.access import Rights, Role
from enforcer.errors import Forbidden, InvalidInput, NotFound
from enforcer.notify.desk import NoticeDesk
from enforcer.notify.sending import FIRST_WAIT, LONGEST_WAIT, SPREAD, wait_after
from enforcer.notify.texts import Texts
from tests.unit.notify.notice_bench import ANN, MAIL, Bench, FakeChannel


def test_waits_double_up_to_an_hour_and_chance_shortens_them() -> None:
    assert [wait_after(n, lambda: 0.0) for n in (1, 2, 3)] == [
        FIRST_WAIT,
        FIRST_WAIT * 2,
        FIRST_WAIT * 4,
    ]
    assert wait_after(50, lambda: 0.0) == LONGEST_WAIT
    assert wait_after(1, lambda: 0.5) == FIRST_WAIT * (1 - SPREAD / 2)


def test_what_is_sent_is_sent_once(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    channel = FakeChannel()
    assert bench.sender(channel).look() == 1
    assert bench.sender(channel).look() == 0
    (sent,) = bench.stored("sent")
    assert [notice.id for notice in channel.sent] == [sent.id]


def test_a_channel_that_is_away_is_tried_again_then_given_up_then_by_hand(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    channel = FakeChannel(away=True)
    sender = bench.sender(channel, attempts=3)
    tried = 0
    for _ in range(100):
        tried += sender.look()
        bench.clock.advance(5)
    assert tried == 3
    desk = NoticeDesk(bench.database, bench.clock)
    (dead,) = desk.notices(ANN, "dead")
    assert (dead.attempts, dead.error, dead.next) == (3, "nobody answers", None)
    channel.away = False
    again = desk.retry(ANN, dead.id)
    assert (again.state, again.attempts) == ("waiting", 0)
    sender.look()
    assert [notice.id for notice in channel.sent] == [dead.id]
    with pytest.raises(InvalidInput, match="only a dead one"):
        desk.retry(ANN, dead.id)


def test_a_process_that_dies_while_it_sends_leaves_it_to_be_tried_again(bench: Bench) -> None:
    class Dead(BaseException):
        """The process ends here."""

    class Killing(FakeChannel):
        def send(self, notice: object) -> None:
            raise Dead

    bench.place()
    bench.following.look()
    with pytest.raises(Dead):
        bench.sender(Killing()).look()
    channel = FakeChannel()
    assert bench.sender(channel).look() == 0, "not at once: it may have arrived"
    bench.clock.advance(FIRST_WAIT.total_seconds())
    assert bench.sender(channel).look() == 1


def test_who_may_not_is_refused(bench: Bench) -> None:
    desk = NoticeDesk(bench.database, bench.clock)
    viewer = Actor("vera", "web", Rights(frozenset({Role.VIEWER})))
    assert desk.notices(viewer) == []
    with pytest.raises(Forbidden):
        desk.retry(viewer, 1)
    with pytest.raises(NotFound):
        desk.retry(ANN, 1)
    with pytest.raises(InvalidInput, match="waiting, sent, dead"):
        desk.notices(ANN, "lost")


def test_own_templates_take_the_place_of_ours_and_broken_ones_do_not_stop_notices(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    own = tmp_path_factory.mktemp("templates")
    (own / "order.placed.txt").write_text("Sperre {{ order.id }}\n\nvon {{ order.issuer }}\n")
    (own / "order.lifted.txt").write_text("{% if %}")
    (own / "order.refused.txt").write_text("{{ nothing.there }}")
    bench.texts = Texts(own, "https://enforcer.example.net")
    assert [line.partition(":")[0] for line in bench.texts.broken()] == ["order.lifted.txt"]
    (order,) = bench.place()
    bench.record("order.lifted", order.id, reason="over")
    bench.record("order.refused", None, codes=["too-wide"], reason="abuse")
    bench.follower((MAIL,)).look()
    titles = [notice.body["title"] for notice in bench.stored()]
    assert titles == [
        f"Sperre {order.id}",
        f"Lifted: {order.id} 192.0.2.7/32 both",
        "Refused: an order for ann",
    ]


def test_what_somebody_writes_into_a_reason_makes_no_header_and_runs_nothing(bench: Bench) -> None:
    bench.record("source.stopped", "x\nBcc: all@example.net", reason="{{ 7 * 7 }}")
    bench.following.look()
    (notice,) = bench.stored()
    assert notice.body["title"] == "Source x"
    assert "{{ 7 * 7 }}" in notice.body["text"]


def test_sent_notices_are_forgotten_after_a_month(bench: Bench) -> None:
    bench.place(hours=None)
    bench.following.look()
    bench.sender(FakeChannel()).look()
    bench.clock.advance(timedelta(days=31).total_seconds())
    bench.record("alarm.raised", "acme", alarm="customer-gone", said="gone")
    bench.following.look()
    assert bench.events() == ["alarm.raised"]
