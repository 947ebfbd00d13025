# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit chain for people and third parties: list, show, export, sign, verify."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from enforcer.application.commands import AuditFilter, KnownHead, LiftOrder
from enforcer.core.orders import BlockAddress
from enforcer.errors import ConfigurationInvalid, InvalidInput, NotFound
from enforcer.signing import create_key
from enforcer.storage.database import Database
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import ANN, Office

BLOCK = BlockAddress(ip_network("198.51.100.200"))
ALL = AuditFilter(newest_first=False, limit=None)


@pytest.fixture
def worked(office: Office) -> str:
    """An order that was placed, applied on both routers, and lifted an hour later."""
    placed = office.place(BLOCK)
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    office.clock.advance(3_600)
    office.app.lift(ANN, LiftOrder(order=placed.id, reason="over"))
    return placed.id


@pytest.fixture
def key(office: Office, tmp_path: Path) -> Path:
    path = tmp_path / "signing.key"
    create_key(path)
    office.app = LocalApplication(replace(office.world, signing_key=path))
    return path


def kinds(office: Office, **which: object) -> list[str]:
    return [e.kind for e in office.app.audit_list(ANN, AuditFilter(**which))]  # type: ignore[arg-type]  # pydantic checks


def test_entries_are_filtered(office: Office, worked: str) -> None:
    everything = kinds(office, newest_first=False)
    assert everything[0] == "order.placed" and everything[-1] == "order.lifted"
    assert kinds(office) == everything[::-1], "newest first, unless asked otherwise"
    assert kinds(office, limit=1) == ["order.lifted"]
    assert kinds(office, subject=worked) == ["order.lifted", "order.placed"]
    assert kinds(office, device="edge1") == ["device.outcome", "device.intent"]
    assert kinds(office, kinds=("order.placed",)) == ["order.placed"]
    assert kinds(office, actor="controller", kinds=("device.intent",)) == ["device.intent"] * 2
    assert kinds(office, actor="bob") == []
    lifted = office.clock.now()
    assert kinds(office, since=lifted) == ["order.lifted"]
    assert "order.lifted" not in kinds(office, until=lifted - timedelta(seconds=1))
    assert kinds(office, after=len(everything) - 1) == ["order.lifted"]
    with pytest.raises(InvalidInput, match="zone"):
        kinds(office, since=lifted.replace(tzinfo=None))
    with pytest.raises(InvalidInput, match="limit"):
        kinds(office, limit=0)


def test_an_intent_is_shown_with_its_commands_and_what_became_of_it(
    office: Office, worked: str
) -> None:
    (intent, *_) = office.app.audit_list(ANN, AuditFilter(kinds=("device.intent",)))
    shown = office.app.audit_show(ANN, intent.sequence)
    assert shown.entry == intent
    assert any(str(int(BLOCK.prefix[0])) in line for line in shown.native)
    assert shown.outcome is not None and shown.outcome.detail["intent"] == intent.sequence
    before = office.app.audit_show(ANN, intent.sequence - 1)
    assert shown.previous == before.hash
    assert office.app.audit_show(ANN, 1).native == []
    with pytest.raises(NotFound, match="they go from 1 to"):
        office.app.audit_show(ANN, 4_711)


def test_an_export_can_be_verified_with_a_hash_and_json_alone(office: Office, worked: str) -> None:
    lines = [json.loads(line) for line in office.app.audit_export(ANN, ALL)]
    before = bytes(32)
    for position, line in enumerate(lines, 1):
        body = line["body"].encode()
        assert bytes.fromhex(line["prev"]) == before
        before = hashlib.sha256(before + body).digest()
        assert bytes.fromhex(line["hash"]) == before
        assert json.loads(body)["seq"] == line["sequence"] == position
    assert position == office.database.head()


def test_an_export_of_a_part_can_be_verified_entry_by_entry(office: Office, worked: str) -> None:
    which = AuditFilter(subject=worked, newest_first=False)
    for text in office.app.audit_export(ANN, which):
        line = json.loads(text)
        hashed = hashlib.sha256(bytes.fromhex(line["prev"]) + line["body"].encode())
        assert hashed.hexdigest() == line["hash"]


def test_an_exported_head_can_be_verified_with_the_public_key(
    office: Office, worked: str, key: Path
) -> None:
    office.app.audit_sign(ANN)
    *entries, last = (json.loads(line) for line in office.app.audit_export(ANN, ALL))
    signed = last["signed"]
    assert entries[signed["sequence"] - 1]["hash"] == signed["hash"]
    public = bytes.fromhex(signed["public_key"])
    assert hashlib.sha256(public).hexdigest() == signed["key"]
    said = {name: signed[name] for name in ("at", "hash", "key", "sequence")}
    message = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    signature = bytes.fromhex(signed["signature"])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)


def test_signing_needs_a_key(office: Office, worked: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="enforcer audit key"):
        office.app.audit_sign(ANN)
    assert office.app.audit_signatures(ANN) == []


def test_signatures_are_listed_and_checked(office: Office, worked: str, key: Path) -> None:
    first = office.app.audit_sign(ANN)
    second = office.app.audit_sign(ANN)
    assert office.app.audit_signatures(ANN) == [second, first]
    assert (first.ok, second.sequence) == (True, first.sequence + 1)
    key.unlink()
    assert [one.ok for one in office.app.audit_signatures(ANN)] == [True, True], "by the chain"


def test_a_forged_signature_is_found(office: Office, worked: str, key: Path) -> None:
    head = office.app.audit_sign(ANN)
    assert office.app.audit_verify(ANN).ok
    assert office.database.path is not None
    with sqlite3.connect(office.database.path) as connection:
        connection.execute("UPDATE audit_signatures SET signature = zeroblob(64)")
    connection.close()
    found = office.app.audit_verify(ANN)
    assert (found.ok, found.first_bad) == (False, head.sequence + 1), "the entry that tells of it"
    assert f"signature of {head.sequence}, which was changed" in found.why
    assert [one.ok for one in office.app.audit_signatures(ANN)] == [False]


def tampered(office: Office, statement: str) -> None:
    assert office.database.path is not None
    with closing(sqlite3.connect(office.database.path)) as connection, connection:
        connection.execute(statement)


def test_the_verdict_says_up_to_where_and_by_whose_key_it_is_signed(
    office: Office, worked: str, key: Path
) -> None:
    nothing = office.app.audit_verify(ANN)
    assert (nothing.ok, nothing.signed, nothing.own_key) == (True, None, None)
    assert "nothing is signed, though a key is set" in nothing.warning
    signed = office.app.audit_sign(ANN)
    ours = office.app.audit_verify(ANN)
    assert (ours.signed, ours.signed_by, ours.own_key) == (signed.sequence, signed.key, True)
    assert ours.warning == ""
    key.unlink()
    assert "cannot be read" in office.app.audit_verify(ANN).warning
    create_key(key)
    other = office.app.audit_verify(ANN)
    assert (other.ok, other.own_key) == (True, False)
    assert "by another key" in other.warning
    office.app = LocalApplication(replace(office.world, signing_key=None))
    none = office.app.audit_verify(ANN)
    assert (none.signed, none.own_key, none.warning) == (signed.sequence, None, "")


def test_removed_signatures_are_found_by_verify_report_and_doctor(
    office: Office, worked: str, key: Path
) -> None:
    office.app.audit_sign(ANN)
    tampered(office, "DELETE FROM audit_signatures")
    head = office.database.head()
    found = office.app.audit_verify(ANN)
    assert (found.ok, found.first_bad) == (False, head)
    assert "which is missing" in found.why
    assert office.app.report(ANN, worked).document["chain"]["ok"] is False
    (chain,) = (one for one in office.app.doctor(ANN) if one.check == "audit chain")
    assert not chain.ok


def test_a_forged_signature_is_in_the_report(office: Office, worked: str, key: Path) -> None:
    """Signed by a key that nobody has: only the check of signatures can tell."""
    assert office.app.report(ANN, worked).document["chain"]["ok"] is True
    tampered(
        office,
        "INSERT INTO audit_signatures SELECT 1, at_us, hash, 'nobody', zeroblob(64)"
        " FROM audit WHERE seq = 1",
    )
    proof = office.app.report(ANN, worked).document["chain"]
    assert (proof["ok"], proof["first_bad"]) == (False, 1)
    assert "signature does not hold" in proof["why"]


def test_heads_kept_elsewhere_are_held_against_the_chain(office: Office, worked: str) -> None:
    first = office.app.audit_show(ANN, 1)
    good = KnownHead(sequence=1, hash=first.hash)
    assert office.app.audit_verify(ANN, [good]).ok
    bad = KnownHead(sequence=2, hash=first.hash)
    found = office.app.audit_verify(ANN, [good, bad])
    assert (found.ok, found.first_bad) == (False, 2)
    with pytest.raises(InvalidInput, match="64 hexadecimal digits"):
        office.app.audit_verify(ANN, [KnownHead(sequence=2, hash="abc")])


def test_both_ends_of_a_time_count(office: Office, worked: str) -> None:
    lifted = office.clock.now()
    assert kinds(office, since=lifted, until=lifted) == ["order.lifted"]


def test_a_removed_order_is_found_though_its_versions_are_left(office: Office, worked: str) -> None:
    tampered(office, "DELETE FROM orders")
    found = office.app.audit_verify(ANN)
    assert (found.ok, found.first_bad) == (False, office.database.head())
    assert worked in found.why


@pytest.mark.parametrize(
    "statement, missing",
    [
        ("DROP TABLE order_versions", "table order_versions"),
        ("ALTER TABLE alarms DROP COLUMN said", "column alarms.said"),
    ],
)
def test_the_doctor_sees_a_damaged_schema(office: Office, statement: str, missing: str) -> None:
    tampered(office, statement)
    (check,) = (one for one in office.app.doctor(ANN) if one.check == "database")
    assert not check.ok
    assert missing in check.detail
    assert "backup" in check.advice and "init" not in check.advice


def test_whoever_follows_is_told_of_what_is_on_the_disk(initialised: Path, tmp_path: Path) -> None:
    """A number that a listener has seen is never given to something else, power cut or not."""
    kept: list[str] = []
    file = shutil.copy(initialised, tmp_path / "followed.db")
    database = Database(f"sqlite:///{file}", sync=lambda path: kept.append(path.name))
    office = Office(database)
    with database.write(swift=True) as work:
        work.record("test", ANN, at=office.clock.now(), payload={})
    head = office.app.audit_list(ANN, AuditFilter(limit=1))[0].sequence
    assert not kept
    assert not office.app.audit_list(ANN, AuditFilter(after=head, newest_first=False))
    assert not kept
    assert office.app.audit_list(ANN, AuditFilter(after=head - 1, newest_first=False))
    assert kept == ["followed.db-wal"]
    database.close()
