# SPDX-License-Identifier: GPL-2.0-or-later
"""While NetBox is away, fails, refuses, or is not the one that it says it is."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from enforcer.secrets import Secret
from inventory.import_schema import NetboxEntry
from inventory.netbox import ask
from inventory.netbox_facts import NetboxAway
from inventory.yaml_files import load, load_with_notes
from tests.integration.inventory.netbox_answers import TOKEN, Netbox, device, netbox
from tests.integration.inventory.netbox_folder import (
    IMPORT,
    complaint,
    loaded_at,
    write,
)


def test_it_works_while_netbox_is_down_and_says_since_when(folder: Path) -> None:
    with netbox() as server:
        write(folder, server)
        fresh = loaded_at(folder, timedelta(0))
    assert fresh.notes == ()
    kept = loaded_at(folder, timedelta(hours=26))
    assert kept.topology == fresh.topology
    (note,) = kept.notes
    assert "cannot be reached" in note
    assert "its answer of 2026-11-21T12:00:00Z, 1d2h old, is used" in note


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_netbox_that_fails_counts_as_down(folder: Path, server: Netbox, status: int) -> None:
    fresh = loaded_at(write(folder, server), timedelta(0))
    server.failing = status
    kept = loaded_at(folder, timedelta(minutes=5))
    assert kept.topology == fresh.topology
    assert f"answers {status}" in kept.notes[0] and "5m old" in kept.notes[0]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>maintenance</html>",
        b'{"results": [{"id": 1}], "count": 1, "next": null}',
        b'{"results": [], "count": 5, "next": null}',
        b'{"detail": "x"}',
    ],
)
def test_an_answer_that_is_not_understood_is_not_used(
    folder: Path, server: Netbox, body: bytes
) -> None:
    fresh = loaded_at(write(folder, server), timedelta(0))
    cache = (folder / "cache.json").read_bytes()
    server.body = body
    kept = loaded_at(folder, timedelta(minutes=5))
    assert kept.topology == fresh.topology and len(kept.notes) == 1
    assert (folder / "cache.json").read_bytes() == cache


def test_rows_that_go_between_two_pages_spoil_the_answer(folder: Path, server: Netbox) -> None:
    def lose_one(kind: str) -> None:
        if kind == "dcim/devices" and len(server.rows[kind]) > 3:
            del server.rows[kind][0]

    server.rows["dcim/devices"] = [device(number, f"edge{number}") for number in range(100, 108)]
    server.after_page = lose_one
    assert "changed while it was read" in complaint(write(folder, server))


def test_down_and_never_asked_before(folder: Path) -> None:
    with netbox() as server:
        write(folder, server)
    problem = complaint(folder)
    assert problem.startswith("import.yaml:2: import[0].netbox: http://127.0.0.1:")
    assert "cannot be reached" in problem
    assert problem.endswith("cache.json yet: load the inventory once while NetBox answers")


def test_a_damaged_cache_is_not_used(folder: Path) -> None:
    with netbox() as server:
        load(write(folder, server))
    (folder / "cache.json").write_text("{}")
    assert "cache.json is damaged" in complaint(folder)


def test_a_cache_of_another_selection_is_not_used(folder: Path) -> None:
    with netbox() as server:
        load(write(folder, server))
        write(folder, server, IMPORT.replace("roles: [edge]", "roles: [core]"))
    assert "cache.json was made for another import" in complaint(folder)


def test_other_platforms_need_no_netbox(folder: Path) -> None:
    with netbox() as server:
        load(write(folder, server))
        write(folder, server, IMPORT.replace("cisco_xr", "other"))
    assert load(folder).devices["edge1"].platform == "other"


@pytest.mark.parametrize(
    "status, expected",
    [(401, "check the token"), (403, "check the token"), (404, "check the URL")],
)
def test_a_refusal_is_not_glossed_over_by_the_cache(
    folder: Path, server: Netbox, status: int, expected: str
) -> None:
    load(write(folder, server))
    server.failing = status
    problem = complaint(folder)
    assert expected in problem and TOKEN not in problem


def test_a_wrong_token(folder: Path, server: Netbox) -> None:
    (folder / "token").write_text("hunter2")
    problem = complaint(write(folder, server))
    assert "answers 403" in problem and "hunter2" not in problem


def test_the_cache_need_not_be_writable(folder: Path, server: Netbox) -> None:
    text = IMPORT.replace("cache.json", "nowhere/cache.json")
    loaded = load_with_notes(write(folder, server, text))
    assert set(loaded.topology.devices) == {"edge1", "edge2"}
    assert "cannot be written" in loaded.notes[0]


def test_the_cache_holds_what_it_says(folder: Path, server: Netbox) -> None:
    loaded_at(write(folder, server), timedelta(0))
    cache = json.loads((folder / "cache.json").read_text())
    assert cache["taken"] == "2026-11-21T12:00:00Z"
    assert [one["name"] for one in cache["facts"]["devices"]] == ["edge1", "edge2"]
    assert list(folder.glob(".cache*")) == []


def certificate(folder: Path) -> Path:
    """Writes a self-signed certificate for 127.0.0.1: ``ca.pem``, with its key ``server.pem``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "netbox")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(made + secret)
    (folder / "ca.pem").write_bytes(made)
    return folder / "ca.pem"


def test_certificates_are_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = folder / "other"
    other.mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate(other)))
    certificate(folder)
    server_pem = folder / "server.pem"
    with netbox(server_pem) as server:
        problem = complaint(write(folder, server))
        assert "its certificate cannot be verified" in problem and "in 'ca'" in problem
        assert server.asked == []
        trusting = IMPORT.replace("roles: [edge]", "roles: [edge], ca: ca.pem")
        assert set(load(write(folder, server, trusting)).devices) == {"edge1", "edge2"}
        missing = IMPORT.replace("roles: [edge]", "roles: [edge], ca: none.pem")
        assert "with certificates to trust" in complaint(write(folder, server, missing))


def test_a_netbox_that_never_answers_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        entry = NetboxEntry(url=url, token="env:T", cache="c")
        with pytest.raises(NetboxAway, match=r"cannot be reached: .*timed out"):
            ask(entry, Secret(TOKEN), timeout=0.2)
