# SPDX-License-Identifier: GPL-2.0-or-later
"""One OpenID provider for all tests here, and the desk's login pages on a fresh database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.accounts.local import LocalAccounts
from enforcer.accounts.sign_on import SingleSignOn
from enforcer.service_settings import OidcSettings, ServiceSettings, WebSettings
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.fakes.clock import FakeClock
from tests.fakes.passwords import quick_passwords
from tests.integration.accounts.openid_server import CLIENT, SECRET, OpenIdServer, openid_server
from tests.integration.accounts.visitor import Office

URL = "https://desk.example.net"


@pytest.fixture(scope="session")
def empty_accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at this version's schema."""
    file = tmp_path_factory.mktemp("accounts") / "empty.db"
    migrate.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def provider() -> Iterator[OpenIdServer]:
    with openid_server(FakeClock()) as made:
        yield made


@pytest.fixture
def office(empty_accounts: Path, tmp_path: Path, provider: OpenIdServer) -> Iterator[Office]:
    """The desk at `URL`, with the provider and local accounts."""
    file = tmp_path / "enforcer.db"
    shutil.copy(empty_accounts, file)
    settings = ServiceSettings(
        web=WebSettings(url=URL),
        oidc=(
            OidcSettings(
                issuer=provider.url,
                client_id=CLIENT,
                client_secret="env:CLIENT_SECRET",
                roles={"noc": ("engineer",), "heads": ("approver", "viewer")},
            ),
        ),
    )
    database, clock = Database(f"sqlite:///{file}"), provider.clock
    assert isinstance(clock, FakeClock)
    secrets = {"env:CLIENT_SECRET": SECRET}
    office = Office(
        database,
        clock,
        LocalAccounts(database, clock, settings, quick_passwords()),
        SingleSignOn(settings.oidc, secrets.__getitem__, clock),
        settings,
        provider,
    )
    yield office
    database.close()
