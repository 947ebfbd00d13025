# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of proofs: how long a device was known to be as desired, and what ends a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from enforcer.control.evidence import Evidence, Terms
from enforcer.core.drift import Delta, Drift, Tally
from enforcer.core.plan import Plan
from enforcer.core.status import DeviceFacts
from enforcer.storage.database import Database
from enforcer.storage.periods import LONGEST_GAP, Period
from tests.integration.storage.placing import NOON

HALF_MINUTE = timedelta(seconds=30)
NOTHING = Drift(Delta(), Tally())


def proof(at: datetime, seq: int = 7, inventory: str = "i1") -> DeviceFacts:
    return DeviceFacts(verified_seq=seq, verified_at=at, proved_for=at, inventory=inventory)


def periods(database: Database, device: str = "edge1") -> list[Period]:
    with database.read() as reader:
        return reader.periods.between([device], NOON - LONGEST_GAP, NOON + timedelta(days=1))


def spans(database: Database) -> list[tuple[float, float]]:
    return [
        ((p.since - NOON).total_seconds(), (p.until - NOON).total_seconds())
        for p in periods(database)
    ]


def test_proof_after_proof_is_one_row(database: Database) -> None:
    evidence = Evidence(database)
    for count in range(20):
        evidence.know("edge1", proof(NOON + count * HALF_MINUTE, seq=7 + count))
    assert periods(database) == [Period("edge1", NOON, NOON + 19 * HALF_MINUTE, 26, "i1")]
    assert database.head() == 0, "and no audit entry"


def test_a_gap_that_is_too_long_ends_a_run(database: Database) -> None:
    evidence = Evidence(database)
    evidence.know("edge1", proof(NOON))
    evidence.know("edge1", proof(NOON + LONGEST_GAP))
    evidence.know("edge1", proof(NOON + 3 * LONGEST_GAP))
    assert spans(database) == [(0, 900), (2700, 2700)]


def test_another_inventory_begins_a_run(database: Database) -> None:
    evidence = Evidence(database)
    evidence.know("edge1", proof(NOON))
    evidence.know("edge1", proof(NOON + HALF_MINUTE, inventory="i2"))
    assert [p.inventory for p in periods(database)] == ["i1", "i2"]
    assert spans(database) == [(0, 0), (30, 30)]


def test_what_is_no_proof_of_everything_ends_a_run(database: Database) -> None:
    for broken in (
        {"drift_open": 1},
        {"failing_since": NOON, "error_code": "DeviceUnreachable"},
        {"held_orders": frozenset({3})},
        {"unsupported_orders": frozenset({3})},
    ):
        name = "-".join(broken)
        evidence = Evidence(database)
        evidence.know(name, proof(NOON))
        evidence.know(name, replace(proof(NOON + HALF_MINUTE), **broken))
        evidence.know(name, proof(NOON + 2 * HALF_MINUTE))
        found = [(p.since, p.until) for p in periods(database, name)]
        later = NOON + 2 * HALF_MINUTE
        assert found == [(NOON, NOON), (later, later)], name


def test_the_same_proof_saved_again_says_nothing_new(database: Database) -> None:
    evidence = Evidence(database)
    evidence.know("edge1", proof(NOON))
    evidence.know("edge1", replace(proof(NOON), failing_since=NOON + HALF_MINUTE))
    assert spans(database) == [(0, 0)]


def write(database: Database, at: float, done: float, foreign: bool) -> None:
    evidence = Evidence(database)
    began = NOON + timedelta(seconds=at)
    intent = evidence.intend("edge1", began, Plan(), NOTHING, "asked", terms=Terms(foreign=foreign))
    ended = NOON + timedelta(seconds=done)
    evidence.conclude(intent, "edge1", ended, "applied", "done", proof(ended, seq=9))


def test_a_write_ends_a_run_when_it_begins_and_begins_one_when_it_is_proved(
    database: Database,
) -> None:
    Evidence(database).know("edge1", proof(NOON))
    write(database, 20, 21, foreign=False)
    assert spans(database) == [(0, 20), (21, 21)]
    assert [p.seq for p in periods(database)] == [7, 9]


def test_a_repair_says_that_what_was_proved_before_was_not_true_until_then(
    database: Database,
) -> None:
    Evidence(database).know("edge1", proof(NOON))
    write(database, 20, 21, foreign=True)
    assert spans(database) == [(0, 0), (21, 21)]


def test_a_clock_that_is_set_back_loses_no_proof(database: Database) -> None:
    evidence = Evidence(database)
    evidence.know("edge1", proof(NOON))
    evidence.know("edge1", proof(NOON + HALF_MINUTE))
    evidence.know("edge1", proof(NOON - HALF_MINUTE))
    evidence.know("edge1", proof(NOON))
    assert (-30, 0) in spans(database) or (-30, -30) in spans(database)
    assert any(low == 0 for low, _ in spans(database))


def test_the_period_around_an_instant(database: Database) -> None:
    evidence = Evidence(database)
    evidence.know("edge1", proof(NOON))
    evidence.know("edge1", proof(NOON + HALF_MINUTE))
    with database.read() as reader:
        around = reader.periods.around
        middle = around("edge1", NOON + HALF_MINUTE / 2)
        assert middle is not None and middle.since == NOON
        assert around("edge1", NOON - timedelta(seconds=1)) is None
        assert around("edge1", NOON + HALF_MINUTE + timedelta(seconds=1)) is None
        assert around("edge2", NOON) is None
