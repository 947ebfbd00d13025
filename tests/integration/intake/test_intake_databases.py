# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine on both databases: orders, repeats, ends, texts that databases dislike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.core.signals import Status
from enforcer.intake.arrivals import Arrival
from enforcer.intake.inbox import Inbox
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.postgres import Cluster
from tests.unit.intake.desk_of_reports import BLOCK, IDS, ReportOffice, signal


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReportOffice]:
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database() as place:
            yield from opened(place)
        return
    place = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(place)
    yield from opened(place)


def opened(place: str) -> Iterator[ReportOffice]:
    database = Database(place)
    with database.write() as work:
        work.control.initialise("C0FFEE")
    yield ReportOffice(database, ({**BLOCK, "lift": True},))
    database.close()


def test_a_life_of_reports(desk: ReportOffice) -> None:
    nasty = "\x00\ud800\u202e\n" + "\U0001f4a9" * 3
    one = signal(key="k", fields={nasty: nasty}, reporter=nasty, warnings=(nasty,))
    with Inbox(desk.intake) as inbox:
        arrivals = [Arrival(IDS, one, True, b"\x00\xff")] * 3
        arrivals += [Arrival(IDS, signal(f"192.0.2.{n}"), True) for n in range(20, 40)]
        assert {getattr(got, "state", None) for got in inbox.submit(arrivals)} == {"ordered"}
        assert len(desk.placed()) == 21
        over = Arrival(IDS, signal(key="k", status=Status.RESOLVED), True)
        (end,) = inbox.submit([over])
        assert getattr(end, "state", None) == "lifted"
    desk.intake.malformed("ids", "xarf", b"\x00" * 100, nasty)
    (broken,) = desk.reports(states=("malformed",))
    assert desk.desk.report(Actor("ann", "cli"), broken.id).raw == "\ufffd" * 100
    assert desk.reports(text="192.0.2.7")[0].count == 3
    desk.clock.advance(91 * 86_400)
    desk.intake.repair()
    assert list(desk.reports()) == []
