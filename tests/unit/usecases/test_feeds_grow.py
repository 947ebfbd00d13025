# SPDX-License-Identifier: GPL-2.0-or-later
"""A feed that brings far more than before while an order follows its list: held, and told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.control.feeds import FeedClock
from enforcer.core.orders import BlockList
from enforcer.core.topology import Feed
from enforcer.errors import OrderRefused
from enforcer.service_settings import FourEyesSettings
from enforcer.usecases import feeds
from tests.unit.usecases.office import ANN, HOUR, Office
from tests.unit.usecases.people import ENGINEER
from tests.unit.usecases.test_feeds import FIVE, URL, Desk, Server

FEED = Feed("botnets", URL, every=3600, stale_after=7200)
WIDE = "8.8.0.0/22\n"
"""As wide as what one person may not order alone."""


@pytest.fixture
def desk(office: Office) -> Desk:
    made = Desk(office, Server(), botnets=FEED)
    made.clock = FeedClock(
        office.database, made.inventory, office.clock, made.server, made._ring,
        rule=FourEyesSettings(),
    )  # fmt: skip
    made.look()
    assert made.versions() == [1]
    return made


def follow(desk: Desk) -> str:
    asked = PlaceOrder(demand=BlockList("botnets"), reason="bots", duration=12 * HOUR)
    return desk.app.place(ANN, asked).id


def brings(desk: Desk, text: str) -> None:
    """The next fetch by the schedule."""
    desk.server.text, desk.server.etag = text, f'"{len(text)}"'
    desk.office.clock.advance(3601)
    desk.look()


def refresh(desk: Desk, actor: Actor) -> int:
    return feeds.refresh(desk.world, actor, "botnets", False, desk.server).version


def test_a_wide_gain_is_held_until_somebody_at_the_shell_takes_it(desk: Desk) -> None:
    order = follow(desk)
    rings = desk.rings
    for _ in range(2):
        brings(desk, FIVE + WIDE)
    assert desk.versions() == [1] and desk.rings == rings
    said = desk.alarms()["feed-grows"]
    assert order in said and "`enforcer list refresh botnets` there takes it" in said
    with desk.office.database.read() as reader:
        refused = [e.kind for e in reader.audit.entries(subject="botnets") if "refused" in e.kind]
    assert len(refused) == 1, "once for one content"
    with pytest.raises(OrderRefused, match="together as wide as an IPv4 /22"):
        refresh(desk, ENGINEER)
    assert refresh(desk, ANN) == 2
    assert desk.alarms() == {}


def test_it_comes_in_by_itself_once_no_order_follows(desk: Desk) -> None:
    order = follow(desk)
    brings(desk, FIVE + WIDE)
    assert desk.versions() == [1]
    desk.app.lift(ANN, LiftOrder(order=order, reason="to be ordered anew"))
    brings(desk, FIVE + WIDE)
    assert desk.versions() == [1, 2] and desk.alarms() == {}


def test_daily_gains_come_in(desk: Desk) -> None:
    """Neither a few addresses to a short list, nor many to a list that has far more."""
    follow(desk)
    brings(desk, FIVE + "8.8.0.0/23\n")
    assert desk.versions() == [1, 2]
    desk.server.text, desk.server.etag = "9.0.0.0/16\n", '"3"'
    assert feeds.refresh(desk.world, ANN, "botnets", True, desk.server).version == 3
    brings(desk, "9.0.0.0/16\n9.9.0.0/20\n")
    assert desk.versions() == [1, 2, 3, 4] and desk.alarms() == {}
    brings(desk, "9.0.0.0/16\n9.9.0.0/20\n2a00::/32\n")
    assert set(desk.alarms()) == {"feed-grows"}, "each family by itself"


def test_it_can_be_switched_off_as_for_people(desk: Desk) -> None:
    off = FourEyesSettings(prefix4=0)
    desk.world = replace(desk.world, four_eyes=off)
    follow(desk)
    desk.server.text, desk.server.etag = FIVE + WIDE, '"9"'
    assert refresh(desk, ENGINEER) == 2


def test_the_alarm_goes_with_the_feed(desk: Desk) -> None:
    follow(desk)
    brings(desk, FIVE + WIDE)
    assert set(desk.alarms()) == {"feed-grows"}
    desk.feeds.clear()
    desk.look()
    assert desk.alarms() == {}
