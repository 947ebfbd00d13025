# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said to a device goes with the outcome of each write, good or bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.control.evidence import CONTROLLER, TRANSCRIPT
from enforcer.control.evidence_words import heard
from enforcer.control.facts import Outcome
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device
from enforcer.driver_api import Fingerprint, Staged
from enforcer.errors import CommandRejected
from enforcer.storage.records import OUTCOME, AuditEntry
from enforcer.storage.unit_of_work import INTENT
from tests.fakes.driver import FakeDriver, FakeSession
from tests.fakes.faults import Point
from tests.unit.control.desk import Desk


class Talkative(FakeSession):
    """One whose device can be heard."""

    def __init__(self, driver: FakeDriver) -> None:
        super().__init__(driver)
        self._said: list[str] = []

    def fingerprint(self) -> Fingerprint:
        """See `Session`."""
        self._said.append("> show fingerprint")
        return super().fingerprint()

    def read_state(self, region: Region = ALL) -> Actual:
        """See `Session`."""
        self._said.append("> show all" if region.delta is None else "> show what was written")
        return super().read_state(region)

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """See `Session`."""
        self._said.append(f"> write {batch.size}")
        return super().stage(batch, guarded)

    def transcript(self) -> str:
        """See `Transcribed`."""
        said, self._said = "".join(f"{line}\n" for line in self._said), []
        return said


class TalkativeDriver(FakeDriver):
    """Whose sessions keep a transcript."""

    def session(self) -> FakeSession:
        """See `FakeDriver`."""
        return Talkative(self)


class Listening(Desk):
    """A desk whose boxes can be heard."""

    def driver(self, device: Device, owner: Owner) -> FakeDriver:
        """See `Desk`."""
        return TalkativeDriver(self.boxes[device.name], owner, batch_size=3)

    def heard_of(self, outcome: AuditEntry) -> str:
        """What the entry keeps of the conversation."""
        digest = outcome.payload["transcript"]
        assert isinstance(digest, str)
        with self.database.read() as reader:
            return reader.audit.blob(digest).decode()


@pytest.fixture
def listening(new_database: Callable[[], Path]) -> Iterator[Listening]:
    with closing(Listening(new_database())) as desk:
        yield desk


def test_the_outcome_of_a_write_keeps_what_was_said_from_the_write_on(
    listening: Listening,
) -> None:
    listening.place()
    assert listening.run().outcome is Outcome.APPLIED
    (outcome,) = listening.audit(OUTCOME)
    said = listening.heard_of(outcome).splitlines()
    assert said[0].startswith("> write "), "what was read before is not what was written"
    assert "> show what was written" in said
    assert listening.run().outcome is Outcome.CLEAN
    assert len(listening.audit(OUTCOME)) == 1, "where nothing is written, nothing is kept"


@pytest.mark.parametrize("at", [Point.STAGE, Point.STAGED, Point.READ_BACK])
def test_the_outcome_of_a_write_that_failed_keeps_it_too(listening: Listening, at: Point) -> None:
    listening.place()
    listening.box().faults.fail(at, CommandRejected)
    with pytest.raises(CommandRejected):
        listening.run()
    (outcome,) = listening.audit(OUTCOME)
    assert outcome.payload["result"] != "applied"
    assert listening.heard_of(outcome).startswith("> write ")


def test_a_session_without_a_transcript_leaves_none(desk: Desk) -> None:
    desk.place()
    desk.run()
    (outcome,) = desk.audit(OUTCOME)
    assert outcome.payload.keys() == {"intent", "result", "said"}
    assert heard(FakeSession(desk.driver(desk.topology.devices["edge1"], desk.owner))) == ""


def test_what_is_kept_is_bounded_and_the_newest(desk: Desk) -> None:
    desk.place()
    desk.run()
    (intent,) = desk.audit(INTENT)
    with desk.database.write() as work:
        number = work.open_intent(CONTROLLER, at=intent.at, device="edge1", payload={})
    long = "x" * TRANSCRIPT + "the end"
    desk.evidence.conclude(number, "edge1", intent.at, "applied", "", DeviceFacts(), long)
    digest = desk.audit(OUTCOME)[-1].payload["transcript"]
    assert isinstance(digest, str)
    with desk.database.read() as reader:
        kept = reader.audit.blob(digest)
    assert len(kept) == TRANSCRIPT and kept.endswith(b"the end")
