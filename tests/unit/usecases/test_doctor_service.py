# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of the service, each broken on purpose."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from enforcer.application.views import DoctorCheck
from enforcer.service_settings import ServiceSettings, WebSettings
from enforcer.storage.users import StoredUser
from enforcer.usecases import doctor_service as service
from enforcer.usecases.doctor_table import row_of
from enforcer.usecases.installation import Installation
from tests.unit.usecases.office import Office

NOW = datetime(2026, 5, 4, tzinfo=UTC)
NOTHING = Path("/nonexistent")


def web(**stated: Any) -> WebSettings:
    return WebSettings(**stated)


def test_a_port_that_is_free_taken_and_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stated = web(listen=f"127.0.0.1:{taken.getsockname()[1]}")
        assert not service.listen(stated, led=False).ok
        assert service.listen(stated, led=True).ok
    assert service.listen(web(listen="127.0.0.1:0"), led=False).ok
    assert service.listen(web(listen=""), led=False).ok
    assert not service.listen(web(listen="somewhere"), led=False).ok


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``cert.pem`` until 2026-06-01 and its ``key.pem``."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "enforcer.example.net")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=300))
        .not_valid_after(NOW + timedelta(days=28))
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.mark.parametrize(
    ("days", "ok", "said"),
    [(0, True, "until 2026-06-01"), (10, False, "expires"), (29, False, "has expired")],
)
def test_a_certificate_grows_old(pair: Path, days: int, ok: bool, said: str) -> None:
    stated = web(tls_certificate="cert.pem", tls_key="key.pem")
    found = service.certificate(stated, pair, NOW + timedelta(days=days))
    assert (found.ok, said in found.detail) == (ok, True)


def test_a_certificate_without_a_key_or_file(pair: Path) -> None:
    assert not service.certificate(web(tls_certificate="cert.pem"), pair, NOW).ok
    gone = web(tls_certificate="gone.pem", tls_key="key.pem")
    assert not service.certificate(gone, pair, NOW).ok
    wrong = web(tls_certificate="key.pem", tls_key="key.pem")
    assert not service.certificate(wrong, pair, NOW).ok
    assert service.certificate(web(), pair, NOW).ok


@pytest.mark.parametrize(
    ("check", "stated", "ok"),
    [
        (service.address, {"url": "https://enforcer.example.net"}, True),
        (service.address, {"url": "http://enforcer.example.net"}, False),
        (service.address, {"listen": "0.0.0.0:8080"}, False),
        (service.address, {}, True),
        (service.proxies, {"trusted_proxies": ("127.0.0.1",)}, True),
        (service.proxies, {"trusted_proxies": ("*",)}, False),
        (service.proxies, {"trusted_proxies": ("0.0.0.0/0",)}, False),
        (service.proxies, {"trusted_proxies": ("10.0.0.0/8",)}, False),
        (service.metrics, {}, True),
        (service.metrics, {"metrics_open_to": ("::/0",)}, False),
    ],
)
def test_what_is_open_too_widely(
    check: Callable[[WebSettings], DoctorCheck], stated: dict[str, Any], ok: bool
) -> None:
    assert check(web(**stated)).ok is ok


def test_nobody_who_can_give_accounts(office: Office) -> None:
    settings = ServiceSettings()
    assert not service.admin(office.world, settings).ok
    account = StoredUser("ann", None, "sso", "1", NOW, None, json.dumps({"roles": ["admin"]}))
    with office.database.write() as work:
        work.users.add(account)
    assert not service.admin(office.world, settings).ok, "no password: only by single sign-on"
    with office.database.write() as work:
        work.users.save(replace(account, password="$argon2id$"))
    assert service.admin(office.world, settings).ok
    with office.database.write() as work:
        work.users.save(replace(account, password="$argon2id$", disabled=NOW))
    assert not service.admin(office.world, settings).ok


def test_a_provider_that_does_not_answer() -> None:
    settings = ServiceSettings.model_validate(
        {"oidc": [{"issuer": "ftp://login.example.net", "client_id": "enforcer"}]}
    )
    found = service.issuer(settings.oidc[0], NOTHING)
    assert not found.ok and "does not answer" in found.detail


def test_channels_whose_references_are_missing(tmp_path: Path) -> None:
    channel = {"name": "noc", "url": "file:noc-address"}
    settings = ServiceSettings.model_validate({"notify": [channel]})
    found = service.notify(settings, tmp_path)
    assert not found.ok and "noc-address" in found.detail
    (tmp_path / "noc-address").write_text("json://hunter2@127.0.0.1")
    found = service.notify(settings, tmp_path)
    assert found.ok and "hunter2" not in found.detail
    wrong = ServiceSettings.model_validate({"notify": [channel | {"events": ["nothing"]}]})
    assert not service.notify(wrong, tmp_path).ok


def test_all_of_them_are_made_and_stand_in_the_table(office: Office, tmp_path: Path) -> None:
    settings = ServiceSettings.model_validate(
        {
            "intake": {"rules": [{"nonsense": 1}]},
            "web": {"listen": "127.0.0.1:0", "trusted_proxies": ["nowhere"]},
            "oidc": [{"issuer": "ftp://login.example.net", "client_id": "enforcer"}],
        }
    )
    installation = Installation(base=tmp_path, service=settings)
    found = {
        one.check: one.ok
        for one in service.checks(replace(office.world, installation=installation))
    }
    assert [check for check, ok in found.items() if not ok] == [
        "web proxies",
        "accounts",
        "intake rules",
        "single sign-on",
    ]
    assert all(row_of(check) for check in found)
    assert not [*service.checks(office.world)]
