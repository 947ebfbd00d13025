# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of everything: in sequence, tamper-evident, with intents that nobody forgets."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.errors import AuditBroken, InvalidInput, NotFound, StorageError
from enforcer.storage.database import Database
from enforcer.storage.recorder import Recorder
from enforcer.storage.records import Note
from tests.integration.storage.placing import ANN, NOON, place
from tests.integration.storage.tampering import ask, opened, tamper

LOOP = Actor("edge1", "controller")


def test_the_sequence_has_no_gaps(database: Database) -> None:
    assert database.head() == 0
    with database.write() as unit:
        assert unit.next_sequence() == 1
        assert unit.record("a", ANN, at=NOON, payload={}) == 1
        assert unit.record("b", ANN, at=NOON, payload={}) == 2
        assert unit.next_sequence() == 3
        assert database.head() == 0
    with database.write():
        pass
    assert database.head() == 2
    with database.read() as reader:
        assert reader.audit.head()[0] == 2
        assert reader.audit.head()[1] == reader.audit.entries()[-1].hash


def test_entries_are_found_by_what_they_are_about(database: Database) -> None:
    with database.write() as unit:
        unit.record("order.placed", ANN, at=NOON, subject="A", payload={"x": [1, None]})
        unit.record("device.pass", LOOP, at=NOON, device="edge1", payload={})
        unit.record("order.lifted", ANN, at=NOON, subject="A", device="edge1", payload={})
    with database.read() as reader:
        found = reader.audit.entries
        assert [e.kind for e in found()] == ["order.placed", "device.pass", "order.lifted"]
        assert [e.seq for e in found(after=1)] == [2, 3]
        assert [e.seq for e in found(limit=2)] == [1, 2]
        assert [e.seq for e in found(subject="A")] == [1, 3]
        assert [e.seq for e in found(device="edge1")] == [2, 3]
        assert [e.seq for e in found(subject="A", device="edge1")] == [3]
        assert [e.seq for e in found(kinds=["device.pass", "order.placed"])] == [1, 2]
        assert found(kinds=[]) == []
        first = found()[0]
        assert (first.actor, first.source, first.at) == ("ann", "cli", NOON)
        assert first.payload == {"x": [1, None]}


def test_what_is_not_json_is_refused(database: Database) -> None:
    with pytest.raises(InvalidInput), database.write() as unit:
        unit.record("a", ANN, at=NOON, payload={"x": float("inf")})
    assert database.head() == 0


TAMPERED = {
    "edited": ("UPDATE audit SET body = replace(body, 'ann', 'bob') WHERE seq = 3", 3),
    "edited column": ("UPDATE audit SET actor = 'bob' WHERE seq = 3", 3),
    "moved in time": ("UPDATE audit SET at_us = at_us + 1 WHERE seq = 3", 3),
    "removed": ("DELETE FROM audit WHERE seq = 3", 3),
    "cut": ("DELETE FROM audit WHERE seq > 3", 4),
    "emptied": ("DELETE FROM audit", 1),
    "head put back": ("UPDATE audit_head SET seq = 3", 4),
    "head hash": ("UPDATE audit_head SET hash = zeroblob(32)", 5),
    "hash replaced": ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 5", 5),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_tampering_is_found(database: Database, url: str, how: str) -> None:
    for _ in range(5):
        place(database)
    with database.read() as reader:
        assert reader.audit.verify().ok
    statement, first_bad = TAMPERED[how]
    tamper(url, statement)
    with database.read() as reader:
        result = reader.audit.verify()
    assert (result.ok, result.first_bad) == (False, first_bad)


def test_swapped_entries_are_found(database: Database, url: str) -> None:
    for _ in range(5):
        place(database)
    tamper(
        url,
        "UPDATE audit SET seq = 99 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 99",
    )
    with database.read() as reader:
        assert reader.audit.verify().first_bad == 2


def test_a_lost_head_stops_everything(database: Database, url: str) -> None:
    tamper(url, "DELETE FROM audit_head")
    with pytest.raises(AuditBroken):
        database.head()
    with pytest.raises(AuditBroken):
        place(database)


def test_a_head_behind_the_entries_cannot_be_written_over(database: Database, url: str) -> None:
    for _ in range(3):
        place(database)
    tamper(url, "UPDATE audit_head SET seq = 1")
    with pytest.raises(StorageError):
        place(database)
    with database.read() as reader:
        assert reader.audit.verify().first_bad == 2


def test_a_head_that_moves_under_us_stops_the_commit(url: str) -> None:
    with opened(url) as engine, engine.connect() as connection:
        recorder = Recorder(connection)
        recorder.append([Note("a", {})], ANN, NOON)
        connection.exec_driver_sql("UPDATE audit_head SET seq = 7")
        with pytest.raises(AuditBroken, match="moved"):
            recorder.seal()


def test_blobs_are_kept_once_and_checked(database: Database, url: str) -> None:
    content = b"add element inet enforcer blocked { 192.0.2.0/24 }\n" * 1_000
    with database.write() as unit:
        digest = unit.blob(content)
        assert unit.blob(content) == digest
        empty = unit.blob(b"")
    with database.write() as unit:
        assert unit.blob(content) == digest
    assert digest == hashlib.sha256(content).hexdigest()
    with database.read() as reader:
        assert reader.audit.blob(digest) == content
        assert reader.audit.blob(empty) == b""
        with pytest.raises(NotFound):
            reader.audit.blob("0" * 64)
    assert ask(url, "SELECT sum(length(body)) FROM blobs") < len(content) / 10


def test_a_changed_blob_is_noticed(database: Database, url: str) -> None:
    with database.write() as unit:
        one, two = unit.blob(b"one"), unit.blob(b"two")
    other = f"(SELECT body FROM blobs WHERE digest = '{two}')"
    tamper(url, f"UPDATE blobs SET body = {other} WHERE digest = '{one}'")
    with database.read() as reader, pytest.raises(AuditBroken, match="changed"):
        reader.audit.blob(one)
    tamper(url, f"UPDATE blobs SET body = zeroblob(9) WHERE digest = '{one}'")
    with database.read() as reader, pytest.raises(AuditBroken, match="damaged"):
        reader.audit.blob(one)


def test_an_intent_stays_open_until_its_outcome(database: Database) -> None:
    with database.write() as unit:
        first = unit.open_intent(LOOP, at=NOON, device="edge1", payload={"plan": "abc"})
        second = unit.open_intent(LOOP, at=NOON, device="edge2", payload={})
    with database.read() as reader:
        assert [entry.seq for entry in reader.audit.open_intents()] == [first, second]
        assert reader.audit.open_intents()[0].kind == "device.intent"
        assert reader.audit.open_intents()[0].payload == {"plan": "abc"}
    with database.write() as unit:
        outcome = unit.close_intent(
            first, LOOP, at=NOON, device="edge1", payload={"applied": "unknown"}
        )
    with database.read() as reader:
        assert [entry.seq for entry in reader.audit.open_intents()] == [second]
        said = reader.audit.entries(after=outcome - 1)[0]
        assert (said.kind, said.device) == ("device.outcome", "edge1")
        assert said.payload == {"applied": "unknown", "intent": first}
        assert reader.audit.verify().ok


def test_an_intent_is_closed_once(database: Database) -> None:
    with database.write() as unit:
        intent = unit.open_intent(LOOP, at=NOON, device="edge1", payload={})
        other = unit.open_intent(LOOP, at=NOON, device="edge2", payload={})
        unit.close_intent(intent, LOOP, at=NOON, device="edge1", payload={})
    for seq in (intent, other, 99):
        with pytest.raises(StorageError, match="no open intent"), database.write() as unit:
            unit.close_intent(seq, LOOP, at=NOON, device="edge1", payload={})
    assert database.head() == 3
    with database.read() as reader:
        assert [entry.seq for entry in reader.audit.open_intents()] == [other]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_file_is_private(database: Database) -> None:
    place(database)
    path = database.path
    assert path is not None
    siblings = [path, *(Path(f"{path}{end}") for end in ("-wal", "-shm"))]
    assert [sibling.stat().st_mode & 0o777 for sibling in siblings] == [0o600] * 3
