# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept beside the audit chain, and changed behind its back: each kind is found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from enforcer.control.signing_clock import sign_head
from enforcer.core.lists import ListContent
from enforcer.core.orders import CutFeed
from enforcer.core.source_limits import Stop
from enforcer.core.topology import Customer, Topology
from enforcer.errors import AuditBroken, StorageError
from enforcer.signing import create_key
from enforcer.storage.chain import Head
from enforcer.storage.database import Database
from enforcer.storage.inventories import CONTENT, content_of
from enforcer.storage.records import VerifyResult
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.wire import JSONValue
from tests.fakes.clock import FakeClock
from tests.integration.storage.placing import ANN, HOUR, NOON, place
from tests.integration.storage.tampering import tamper


def verdict(database: Database, *known: Head) -> VerifyResult:
    with database.read() as reader:
        return reader.audit.verify(known=known)


@dataclass
class Filled:
    """Positions of the entries in the chain."""

    order: int
    inventory: int
    newer: int
    imported: int
    open_intent: int
    closed_intent: int
    outcome: int
    raised: int
    changed: int
    cleared: int
    stopped: int
    signed: int


def _import(unit: UnitOfWork, version: int) -> int:
    first = np.zeros((3, 2), np.uint64)
    first[:, 1] = (1, 5, version + 9)
    none = np.zeros((0, 2), np.uint64)
    content = ListContent(0, first, first, none, none)
    report = unit.blob(f"line {version}: drivel".encode())
    unit.lists.add_version(
        "drop", content, source="a", at=NOON, rejected=1, sha256="0" * 64, report=report
    )
    payload: dict[str, JSONValue] = {
        "version": version,
        "entries": 3,
        "rejected": 1,
        "source": "a",
        "sha256": "0" * 64,
        "report": report,
        CONTENT: unit.lists.content_digest("drop", version),
    }
    return unit.record("list.imported", ANN, at=NOON, subject="drop", payload=payload)


def _load(unit: UnitOfWork, topology: Topology, kind: str) -> int:
    told = {CONTENT: content_of(topology)}
    seq = unit.record(kind, ANN, at=NOON, payload=told)
    unit.inventories.add(seq, topology, at=NOON, origin="test")
    return seq


@pytest.fixture
def filled(database: Database, tmp_path: Path) -> Filled:
    order = place(database, CutFeed("jones"))
    place(database, CutFeed("smith"), end=NOON + HOUR)
    with database.write() as unit:
        inventory = _load(unit, Topology({}, {}), "inventory.loaded")
        newer = _load(unit, Topology({}, {"jones": Customer("jones", ())}), "device.retired")
        imported = _import(unit, 1)
        _import(unit, 2)
        native = {"native": unit.blob(b"add element inet enforcer from4 { 192.0.2.7 }")}
        closed = unit.open_intent(ANN, at=NOON, device="edge1", payload=native)
        transcript = {"transcript": unit.blob(b"> configure terminal")}
        outcome = unit.close_intent(closed, ANN, at=NOON, device="edge1", payload=transcript)
        opened = unit.open_intent(ANN, at=NOON, device="edge2", payload={})
        for subject in ("edge1", "edge2"):
            unit.raise_alarm("braked", ANN, at=NOON, subject=subject, said="much")
        raised = opened + 1
        unit.raise_alarm("braked", ANN, at=NOON, subject="edge1", said="more")
        unit.clear_alarm("braked", ANN, at=NOON + HOUR, subject="edge2", why="over")
        unit.sources.stop("detector", Stop("ann", "runs wild", NOON))
        stopped = unit.record(
            "source.stopped", ANN, at=NOON, subject="detector", payload={"reason": " runs wild"}
        )
        unit.sources.stop("importer", Stop("ann", "later", NOON))
        unit.record("source.stopped", ANN, at=NOON, subject="importer", payload={"reason": "later"})
        unit.sources.start("importer")
        unit.record("source.started", ANN, at=NOON, subject="importer", payload={})
    sign_head(database, create_key(tmp_path / "signing.key"), ANN, FakeClock())
    found = verdict(database)
    assert found.ok, found.why
    return Filled(
        order=order.number,
        inventory=inventory,
        newer=newer,
        imported=imported,
        open_intent=opened,
        closed_intent=closed,
        outcome=outcome,
        raised=raised,
        changed=raised + 2,
        cleared=raised + 1,
        stopped=stopped,
        signed=database.head(),
    )


TAMPERED = {
    "an order removed, its versions left": ("DELETE FROM orders WHERE number = {order}", "order"),
    "an order's versions removed": ("DELETE FROM order_versions WHERE number = {order}", "order"),
    "when an order stood": (
        "UPDATE order_versions SET at_us = at_us + 1 WHERE number = {order}",
        "order",
    ),
    "a customer of an order": ("DELETE FROM order_customers WHERE number = {order}", "order"),
    "another customer of an order": (
        "INSERT INTO order_customers (customer, number) VALUES ('brown', {order})",
        "order",
    ),
    "an inventory's time": (
        "UPDATE inventories SET at_us = at_us - 1 WHERE seq = {inventory}",
        "inventory",
    ),
    "an inventory's digest": (
        "UPDATE inventories SET digest = '0123456789abcdef' WHERE seq = {newer}",
        "newer",
    ),
    "an inventory's content": (
        "UPDATE inventories SET body = (SELECT body FROM inventories WHERE seq = {inventory})"
        " WHERE seq = {newer}",
        "newer",
    ),
    "an inventory's bytes": ("UPDATE inventories SET body = zeroblob(9)", "inventory"),
    "an inventory removed": ("DELETE FROM inventories WHERE seq = {newer}", "newer"),
    "an inventory invented": (
        "INSERT INTO inventories (seq, at_us, digest, origin, body)"
        " SELECT {imported}, at_us, digest, origin, body FROM inventories WHERE seq = {newer}",
        "imported",
    ),
    "an inventory from nowhere": (
        "INSERT INTO inventories (seq, at_us, digest, origin, body)"
        " SELECT 9999, at_us, digest, origin, body FROM inventories WHERE seq = {newer}",
        "signed",
    ),
    "a list's time": (
        "UPDATE list_versions SET imported_us = imported_us + 1 WHERE version = 1",
        "imported",
    ),
    "where a list came from": (
        "UPDATE list_versions SET source = 'b' WHERE version = 1",
        "imported",
    ),
    "a list's content": (
        "UPDATE list_chunks SET body ="
        " (SELECT other.body FROM list_chunks AS other WHERE other.version = 2)"
        " WHERE version = 1",
        "imported",
    ),
    "a list's version removed": (
        "DELETE FROM list_chunks WHERE version = 1; DELETE FROM list_versions WHERE version = 1",
        "imported",
    ),
    "a list's version invented": (
        "INSERT INTO list_versions (name, version, imported_us, source, entries, rejected, sha256)"
        " SELECT name, 3, imported_us, source, 0, 0, sha256 FROM list_versions WHERE version = 1",
        "signed",
    ),
    "a part of a list that is not there": (
        'INSERT INTO list_chunks (name, version, family, part, "rows", body)'
        " SELECT 'gone', 1, family, part, \"rows\", body FROM list_chunks WHERE version = 1",
        "signed",
    ),
    "native commands changed": (
        "UPDATE blobs SET body = (SELECT body FROM blobs WHERE digest = '{report}')"
        " WHERE digest = '{native}'",
        "closed_intent",
    ),
    "native commands damaged": (
        "UPDATE blobs SET body = zeroblob(9) WHERE digest = '{native}'",
        "closed_intent",
    ),
    "native commands removed": ("DELETE FROM blobs WHERE digest = '{native}'", "closed_intent"),
    "a transcript changed": (
        "UPDATE blobs SET body = (SELECT body FROM blobs WHERE digest = '{report}')"
        " WHERE digest = '{transcript}'",
        "outcome",
    ),
    "a transcript removed": ("DELETE FROM blobs WHERE digest = '{transcript}'", "outcome"),
    "a list's report removed": ("DELETE FROM blobs WHERE digest = '{report}'", "imported"),
    "an intent removed": ("DELETE FROM intents WHERE seq = {open_intent}", "open_intent"),
    "an intent of another device": (
        "UPDATE intents SET device = 'edge9' WHERE seq = {open_intent}",
        "open_intent",
    ),
    "an intent opened again": (
        "UPDATE intents SET closed_by = NULL WHERE seq = {closed_intent}",
        "outcome",
    ),
    "an intent closed in silence": (
        "UPDATE intents SET closed_by = {stopped} WHERE seq = {open_intent}",
        "stopped",
    ),
    "an intent closed in the future": (
        "UPDATE intents SET closed_by = 9999 WHERE seq = {open_intent}",
        "open_intent",
    ),
    "an alarm removed": ("DELETE FROM alarms WHERE seq = {raised}", "raised"),
    "an alarm says what it said before": (
        "UPDATE alarms SET said = 'much' WHERE seq = {raised}",
        "raised",
    ),
    "an alarm cleared": ("UPDATE alarms SET cleared_us = 1 WHERE seq = {raised}", "raised"),
    "an alarm opened again": (
        "UPDATE alarms SET cleared_us = NULL WHERE seq = {cleared}",
        "cleared",
    ),
    "an alarm invented": (
        "INSERT INTO alarms (seq, kind, subject, said, raised_us)"
        " VALUES ({order}, 'braked', 'edge7', 'x', 1)",
        "order",
    ),
    "a source started in silence": ("DELETE FROM stopped_sources", "stopped"),
    "who stopped a source": ("UPDATE stopped_sources SET \"by\" = 'eve'", "stopped"),
    "a source stopped in silence": (
        "INSERT INTO stopped_sources (name, since_us, \"by\", reason) VALUES ('api', 1, 'x', 'y')",
        "signed",
    ),
    "a signature removed": ("DELETE FROM audit_signatures", "signed"),
    "a signature's key": ("UPDATE audit_signatures SET \"key\" = 'another'", "signed"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_changed_beside_the_chain_is_found(
    database: Database, url: str, filled: Filled, what: str
) -> None:
    statements, expected = TAMPERED[what]
    with database.read() as reader:
        (told,) = reader.audit.entries(after=filled.closed_intent - 1, limit=1)
        native = told.payload["native"]
        (ended,) = reader.audit.entries(after=filled.outcome - 1, limit=1)
        transcript = ended.payload["transcript"]
        report = reader.lists.versions("drop")[0].report
    given = {**filled.__dict__, "native": native, "report": report, "transcript": transcript}
    tamper(url, *(one.format(**given) for one in statements.split(";")))
    found = verdict(database)
    assert (found.ok, found.first_bad) == (False, getattr(filled, expected)), found.why
    assert f"entry {found.first_bad} " in found.why


def test_a_text_that_no_entry_names_proves_nothing(
    database: Database, url: str, filled: Filled
) -> None:
    with database.write() as unit:
        digest = unit.blob(b"named by nobody")
    tamper(url, f"UPDATE blobs SET body = zeroblob(9) WHERE digest = '{digest}'")
    assert verdict(database).ok


def test_a_head_kept_elsewhere_is_held_against_the_chain(
    database: Database, filled: Filled
) -> None:
    with database.read() as reader:
        kept = reader.audit.hash_at(filled.order)
    assert kept is not None
    assert verdict(database, Head(filled.order, kept)).ok
    other = verdict(database, Head(filled.order, bytes(32)))
    assert (other.ok, other.first_bad) == (False, filled.order)
    cut = verdict(database, Head(filled.signed + 7, kept))
    assert (cut.ok, cut.first_bad) == (False, filled.signed + 1)


def test_an_import_from_before_contents_were_told_is_taken_by_its_columns(
    database: Database, url: str
) -> None:
    with database.write() as unit:
        none = np.zeros((0, 2), np.uint64)
        empty = ListContent(0, none, none, none, none)
        unit.lists.add_version("old", empty, source="a", at=NOON, rejected=0, sha256="0" * 64)
        told: dict[str, JSONValue] = {
            "version": 1,
            "entries": 0,
            "rejected": 0,
            "source": "a",
            "sha256": "0" * 64,
        }
        unit.record("list.imported", ANN, at=NOON, subject="old", payload=told)
    assert verdict(database).ok
    tamper(url, "UPDATE list_versions SET rejected = 4")
    assert verdict(database).first_bad == 1


def test_a_state_that_is_none_is_a_damaged_database(database: Database, url: str) -> None:
    tamper(url, "UPDATE control SET state = 'zzz'")
    with database.read() as reader, pytest.raises(StorageError, match=r"'zzz'.*restore a backup"):
        reader.control.state()


@pytest.mark.parametrize("instant", ["9223372036854775807", "-9223372036854775808"])
def test_an_instant_that_is_none_is_a_damaged_database(
    database: Database, url: str, instant: str
) -> None:
    tamper(url, f"UPDATE control SET since_us = {instant}")
    with database.read() as reader, pytest.raises(StorageError, match="restore a backup"):
        reader.control.state()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("statement", ["seq = 'abc'", "hash = 'abc'", "seq = -3"])
def test_a_head_that_cannot_be_read_is_a_broken_chain(
    database: Database, url: str, statement: str
) -> None:
    """PostgreSQL would not store the first two."""
    place(database)
    tamper(url, f"UPDATE audit_head SET {statement}")
    with pytest.raises(AuditBroken, match="backup"):
        database.head()
    with pytest.raises(AuditBroken, match="backup"):
        verdict(database)


def test_a_dropped_table_is_a_damage_that_init_does_not_mend(database: Database, url: str) -> None:
    place(database)
    tamper(url, "DROP TABLE order_versions")
    assert database.missing() == ["table order_versions"]
    with pytest.raises(StorageError, match=r"table order_versions is missing.*a backup") as raised:
        verdict(database)
    assert "init" not in str(raised.value)
    with pytest.raises(StorageError, match="order_versions"):
        place(database, end=NOON + timedelta(hours=1))


def test_a_dropped_column_is_a_damage_too(database: Database, url: str) -> None:
    tamper(url, "ALTER TABLE alarms DROP COLUMN said")
    assert database.missing() == ["column alarms.said"]
    with (
        pytest.raises(StorageError, match=r"alarms\.said is missing.*a backup"),
        database.read() as reader,
    ):
        reader.alarms.open()


def test_a_database_of_another_revision_is_still_for_init(database: Database, url: str) -> None:
    tamper(url, "DROP TABLE order_versions", "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(StorageError, match="enforcer init"):
        verdict(database)
