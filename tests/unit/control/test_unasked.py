# SPDX-License-Identifier: GPL-2.0-or-later
"""An order is written without asking the device first whether somebody else has written.

The guard of the write tells. Where nothing is surely written, the device is asked as ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from enforcer.control.case import Request
from enforcer.control.facts import Outcome, PassFacts
from enforcer.core.brake import PauseState
from enforcer.driver_api import Fingerprint, Session
from enforcer.errors import StaleState
from tests.fakes.driver import FakeSession
from tests.fakes.faults import Point
from tests.unit.control.conftest import MakeDesk
from tests.unit.control.desk import Desk, a_member, block, edge, inventory

OTHER = "198.51.100.9"


class Talk:
    """One conversation that stays open between passes, as a worker's does."""

    def __init__(self, desk: Desk, session: Session) -> None:
        self.desk = desk
        self.session = session
        desk.place()
        self.look(full=True)

    def look(self, full: bool = False, guarded: bool = True) -> PassFacts:
        request = Request("test", full, self.desk.pause, guarded=guarded)
        return self.desk.reconciler().run(self.session, request)

    def asked(self) -> bool:
        """Whether the device was asked for its fingerprint since this was last called."""
        met = self.desk.box().faults.met
        asked = Point.FINGERPRINT in met
        met.clear()
        return asked


@pytest.fixture
def talk(desk: Desk) -> Iterator[Talk]:
    yield from _talk(desk)


def _talk(desk: Desk) -> Iterator[Talk]:
    desk.box().foreseeing = True
    with desk.reconciler().driver.connect() as session:
        made = Talk(desk, session)
        made.asked()
        yield made


def test_an_order_is_written_without_a_question(talk: Talk) -> None:
    talk.desk.place(block(f"{OTHER}/32"))
    facts = talk.look()
    assert (facts.outcome, facts.full) == (Outcome.APPLIED, False)
    assert talk.desk.drops(OTHER)
    assert not talk.asked()


def test_a_pass_with_nothing_to_write_finds_out_that_somebody_wrote(talk: Talk) -> None:
    assert (talk.look().outcome, talk.asked()) == (Outcome.CLEAN, True)
    talk.desk.box().flush()
    assert (talk.look().outcome, talk.desk.drops()) == (Outcome.REPAIRED, True)


def test_an_order_is_not_written_onto_what_somebody_else_wrote(talk: Talk) -> None:
    box = talk.desk.box()
    box.remove(*a_member(box))
    before = box.token
    talk.desk.place(block(f"{OTHER}/32"))
    with pytest.raises(StaleState):
        talk.look()
    assert (box.token, talk.desk.results()[-1]) == (before, "not written")
    assert talk.look().outcome is Outcome.REPAIRED
    assert talk.desk.drops() and talk.desk.drops(OTHER)


def test_an_order_that_is_held_back_vouches_for_nothing(talk: Talk) -> None:
    """Nothing is written, so no guard would tell that somebody has taken the rest away."""
    talk.desk.pause = PauseState.PAUSED
    talk.desk.box().flush()
    talk.desk.place(block(f"{OTHER}/32"))
    assert (talk.look().full, talk.asked()) == (True, True)
    assert talk.desk.facts().drift_open


def test_who_writes_unguarded_asks_first(talk: Talk) -> None:
    talk.desk.place(block(f"{OTHER}/32"))
    assert talk.look(guarded=False).outcome is Outcome.APPLIED
    assert talk.asked()


def test_where_writing_may_have_to_wait_the_device_is_asked(make_desk: MakeDesk) -> None:
    slow = replace(edge(), options={"pace": "30"})
    for talk in _talk(make_desk(inventory(slow))):
        talk.desk.box().flush()
        for address in (OTHER, "198.51.100.10"):
            talk.desk.place(block(f"{address}/32"))
        assert (talk.look().full, talk.asked()) == (True, True)


def test_what_has_gone_by_itself_meanwhile_is_found_by_reading_all(talk: Talk) -> None:
    """What the session knows of expiry counts, asked or not."""
    session = talk.session
    assert isinstance(session, FakeSession)
    foreseen = session.expected()
    assert foreseen is not None
    session.expected = lambda: Fingerprint(foreseen.token, talk.desk.time.now())  # type: ignore[method-assign]  # a member that just went
    session.fingerprint = session.expected  # type: ignore[method-assign]  # the same
    talk.desk.place(block(f"{OTHER}/32"))
    assert talk.look().full
    assert talk.desk.drops(OTHER)
