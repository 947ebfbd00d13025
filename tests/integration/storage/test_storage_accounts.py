# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts on both kinds of database: stored, copied to the other kind, counted together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.accounts.local import LocalAccounts
from enforcer.application.account_views import ChangeUser, CreateToken, CreateUser
from enforcer.application.actor import Actor
from enforcer.clock import SystemClock
from enforcer.errors import InvalidInput, NotFound, Throttled, Unauthenticated
from enforcer.service_settings import OidcSettings, ServiceSettings
from enforcer.storage.database import Database
from enforcer.usecases.copy_database import copy_database
from tests.fakes.clock import FakeClock
from tests.fakes.passwords import quick_passwords
from tests.postgres import Cluster

SHELL = Actor("root", "cli")
PASSWORD, WRONG = "correct horse battery", "a wrong guess"
ISSUER = "https://login.example.net"
SETTINGS = ServiceSettings(
    oidc=(OidcSettings(issuer=ISSUER, client_id="x", roles={"noc": ("engineer",)}),)
)
HERE = "192.0.2.10"


def accounts_on(database: Database, clock: FakeClock) -> LocalAccounts:
    return LocalAccounts(database, clock, SETTINGS, quick_passwords())


def test_a_life_of_an_account(database: Database) -> None:
    clock = FakeClock()
    accounts = accounts_on(database, clock)
    for name in ("anna", "bert"):
        accounts.create_user(SHELL, CreateUser(name=name, roles=("admin",), password=PASSWORD))
    with pytest.raises(InvalidInput):
        accounts.create_user(SHELL, CreateUser(name="anna", roles=("viewer",)))
    first = accounts.login("anna", PASSWORD, HERE, "browser/1")
    second = accounts.login("anna", PASSWORD, "2001:db8::1", "browser/\udcff\x00")
    actor, view, _ = accounts.by_session(first.cookie)
    assert [one.current for one in accounts.sessions(actor)].count(True) == 1
    accounts.revoke_session(actor, second.session.id)
    with pytest.raises(Unauthenticated):
        accounts.by_session(second.cookie)
    made = accounts.create_token(actor, CreateToken(source="api", roles=("engineer",)))
    assert accounts.by_token(made.secret, HERE).name == "anna"
    clock.advance(120)
    accounts.by_session(first.cookie)
    assert accounts.sessions(actor)[0].seen == clock.now() > view.seen
    claims: dict[str, object] = {"sub": "x" * 255, "groups": ["noc"], "name": "Ελλάδα ✓"}
    signed_on = [accounts.login_oidc(ISSUER, claims, HERE, "").session.user for _ in range(2)]
    assert signed_on[0] == signed_on[1] and signed_on[0].startswith("sso-")
    accounts.change_user(SHELL, ChangeUser(name="anna", disabled=True))
    for gone in (
        lambda: accounts.by_session(first.cookie),
        lambda: accounts.by_token(made.secret, HERE),
    ):
        with pytest.raises(Unauthenticated):
            gone()
    with database.read() as reader:
        assert reader.audit.verify().ok
        assert len(reader.users.all()) == 3


def test_names_that_databases_dislike_find_nobody(database: Database) -> None:
    accounts = accounts_on(database, FakeClock())
    for name in ("\x00", "\udcff", "' OR 1=1 --", "%", "_", "x" * 100_000):
        with pytest.raises(Unauthenticated):
            accounts.login(name, name, HERE, name)
        with pytest.raises(NotFound):
            accounts.set_password(SHELL, name, PASSWORD)
        with pytest.raises(Unauthenticated):
            accounts.by_session(name)
        with pytest.raises(Unauthenticated):
            accounts.by_token(name, HERE)
        with pytest.raises(NotFound):
            accounts.revoke_session(SHELL, name)


def test_two_servers_count_failures_together(url: str) -> None:
    clock = FakeClock()
    with closing(Database(url)) as one, closing(Database(url)) as two:
        servers = [accounts_on(one, clock), accounts_on(two, clock)]
        servers[0].create_user(SHELL, CreateUser(name="anna", roles=("admin",), password=PASSWORD))

        def guess(number: int) -> bool:
            try:
                servers[number % 2].login("anna", f"{WRONG} {number}", HERE, "")
            except Throttled:
                return False
            except Unauthenticated:
                return True
            return True

        with ThreadPoolExecutor(4) as threads:
            assert sum(threads.map(guess, range(12))) <= 5
        with pytest.raises(Throttled):
            servers[1].login("anna", PASSWORD, HERE, "")


def test_accounts_and_tokens_go_along_to_another_database(
    database: Database, url: str, tmp_path: Path, cluster: Cluster
) -> None:
    target = cluster.empty() if url.startswith("sqlite") else f"sqlite:///{tmp_path / 'copy.db'}"
    clock = FakeClock()
    accounts = accounts_on(database, clock)
    accounts.create_user(SHELL, CreateUser(name="anna", roles=("admin",), password=PASSWORD))
    cookie = accounts.login("anna", PASSWORD, HERE, "").cookie
    secret = accounts.create_token(
        SHELL, CreateToken(source="fastnetmon", roles=("detector",), owner="")
    ).secret
    with pytest.raises(Unauthenticated):
        accounts.login("anna", WRONG, HERE, "")
    with database.write() as work:
        work.control.initialise("C0FFEE")
    copy_database(database, SHELL, SystemClock(), target, target)
    with closing(Database(target)) as there:
        moved = accounts_on(there, clock)
        assert moved.by_session(cookie)[0].name == "anna"
        assert moved.by_token(secret, HERE).source == "fastnetmon"
        assert moved.login("anna", PASSWORD, HERE, "").session.user == "anna"
        with there.read() as reader:
            assert reader.audit.verify().ok
