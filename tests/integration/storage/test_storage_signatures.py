# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed heads: what a chain that was rewritten or cut with its head cannot keep."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from enforcer.control.signing_clock import EVERY, SigningClock, sign_head, signing
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.signing import create_key, head_bytes, holds, load_key
from enforcer.storage.database import Database
from enforcer.storage.signatures import SignedHead
from tests.fakes.clock import FakeClock
from tests.integration.storage.placing import ANN, NOON, place
from tests.integration.storage.tampering import tamper


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "signing.key"
    create_key(path)
    return path


@pytest.fixture
def signed(database: Database, key_file: Path) -> SignedHead:
    """Three orders, signed at 3; the entry that says so is at 4, and one more order at 5."""
    for _ in range(3):
        place(database)
    head = sign_head(database, load_key(key_file), ANN, FakeClock())
    place(database)
    return head


def test_a_key_is_private_and_never_overwritten(key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    before = key_file.read_bytes()
    with pytest.raises(ConfigurationInvalid, match="never overwritten"):
        create_key(key_file)
    assert key_file.read_bytes() == before
    key_file.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="chmod 600"):
        load_key(key_file)
    key_file.chmod(0o600)
    key_file.write_text("not a key")
    with pytest.raises(ConfigurationInvalid, match="no Ed25519 key"):
        load_key(key_file)
    key_file.unlink()
    with pytest.raises(ConfigurationInvalid, match="enforcer audit key"):
        load_key(key_file)


def test_a_signature_holds_for_what_was_signed_and_nothing_else(
    database: Database, key_file: Path, signed: SignedHead
) -> None:
    key = load_key(key_file)
    with database.read() as reader:
        assert reader.signatures.newest() == signed
        assert reader.signatures.all() == [signed]
        entry = reader.audit.entries(after=3)[0]
        assert reader.audit.entries()[2].hash == signed.hash
        assert reader.audit.verify().ok
    assert (signed.seq, signed.key) == (3, key.name)
    assert (entry.kind, entry.payload["public_key"]) == ("audit.signed", key.public.hex())
    right = head_bytes(signed.seq, signed.hash, signed.at, signed.key)
    assert holds(key.public, signed.signature, right)
    wrong = head_bytes(signed.seq + 1, signed.hash, signed.at, signed.key)
    assert not holds(key.public, signed.signature, wrong)
    other = create_key(key_file.with_name("other.key"))
    assert not holds(other.public, signed.signature, right)


def cut(seq: int) -> tuple[str, ...]:
    """Somebody removes the newest entries, and moves the head back so that nobody sees it."""
    return (
        f"DELETE FROM order_versions WHERE seq > {seq}",
        f"DELETE FROM order_targets WHERE number > {seq}",
        f"DELETE FROM orders WHERE number > {seq}",
        f"DELETE FROM audit WHERE seq > {seq}",
        f"UPDATE audit_head SET seq = {seq}, hash = (SELECT hash FROM audit WHERE seq = {seq})",
    )


def test_a_chain_cut_together_with_its_head_is_found_by_its_signature(
    database: Database, url: str, signed: SignedHead
) -> None:
    tamper(url, *cut(2))
    with database.read() as reader:
        found = reader.audit.verify()
    assert (found.ok, found.first_bad) == (False, 3)
    assert "signed up to 3" in found.why


def test_a_cut_of_what_was_not_signed_is_found_by_a_head_kept_elsewhere(
    database: Database, url: str, key_file: Path, signed: SignedHead
) -> None:
    """Without it nothing could tell: that is why heads are exported."""
    elsewhere = sign_head(database, load_key(key_file), ANN, FakeClock())
    tamper(url, f"DELETE FROM audit_signatures WHERE seq = {elsewhere.seq}", *cut(4))
    with database.read() as reader:
        assert reader.audit.verify().ok
        found = reader.audit.verify(known=[elsewhere])
    assert (found.ok, found.first_bad) == (False, 5)


def test_a_rewritten_chain_is_found_by_its_signature(
    database: Database, url: str, signed: SignedHead
) -> None:
    """Every hash fits the next: only what was signed shows that it was otherwise."""
    tamper(url, *cut(2))
    place(database, reason="another")
    place(database)
    with database.read() as reader:
        found = reader.audit.verify()
    assert (found.ok, found.first_bad) == (False, 3)
    assert "is not the one that was signed" in found.why


def test_nothing_can_be_signed_before_there_is_an_entry(database: Database, key_file: Path) -> None:
    with pytest.raises(InvalidInput, match="no entry"):
        sign_head(database, load_key(key_file), ANN, FakeClock())


def test_it_is_signed_once_a_day(database: Database, key_file: Path) -> None:
    place(database)
    clock = FakeClock()
    daily = SigningClock(database, key_file, clock)
    assert daily.look()
    assert not daily.look()
    clock.advance((EVERY - timedelta(seconds=1)).total_seconds())
    assert not daily.look()
    clock.advance(1)
    assert daily.look()
    assert daily.look(always=True)
    with database.read() as reader:
        assert [head.seq for head in reader.signatures.all()] == [3, 2, 1]
        assert reader.audit.verify().ok


def test_a_key_that_is_away_stops_nothing(database: Database, tmp_path: Path) -> None:
    place(database)
    with signing(database, tmp_path / "none", FakeClock()):
        place(database)
    with signing(database, None, FakeClock()):
        place(database)
    with database.read() as reader:
        assert reader.signatures.newest() is None


def test_the_controller_signs_when_it_starts(database: Database, key_file: Path) -> None:
    place(database)
    with signing(database, key_file, FakeClock()):
        for _ in range(1_000):
            with database.read() as reader:
                if reader.signatures.newest() is not None:
                    break
    with database.read() as reader:
        newest = reader.signatures.newest()
    assert newest is not None and newest.seq == 1
    assert newest.at >= NOON - timedelta(days=4000)
