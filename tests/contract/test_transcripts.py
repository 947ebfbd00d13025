# SPDX-License-Identifier: GPL-2.0-or-later
"""Where text goes to and fro, a session tells what was said: once, bounded, without secrets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from enforcer.driver_api import Driver, Session, Transcribed
from tests.contract.backends import BACKENDS
from tests.contract.subject import Subject
from tests.contract.worlds import EVERYTHING, OURS, due, write

ROUTERS = (
    "cisco_ios",
    "cisco_xr",
    "juniper_junos",
    pytest.param("nftables-ssh", marks=pytest.mark.root),
)


@pytest.fixture(params=ROUTERS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh router, emulated or of this machine's kernel."""
    with BACKENDS[request.param]() as device:
        yield device


@pytest.fixture
def driver(subject: Subject) -> Driver:
    """A driver bound to it."""
    return subject.driver(OURS)


def taken(session: Session) -> str:
    assert isinstance(session, Transcribed)
    return session.transcript()


def test_what_was_written_is_told_once(subject: Subject, driver: Driver) -> None:
    wanted = due(subject, EVERYTHING[:2])
    with driver.connect() as session:
        session.read_state()
        assert "> " in taken(session)
        assert taken(session) == ""
        plan = write(driver, session, wanted)
        said = taken(session)
        assert plan.batches and "> " in said
        assert "ENF-" in said or "inet enforcer" in said
        session.read_state()
        assert "> " in taken(session)
    assert taken(session) == "", "a conversation that is over may be asked too"
