# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts on a database of their own, and the questions that tests ask of it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from enforcer.accounts.local import LocalAccounts
from enforcer.application.account_views import CreateToken, CreateUser, NewSession
from enforcer.application.actor import Actor
from enforcer.service_settings import OidcSettings, ServiceSettings
from enforcer.storage.database import Database
from tests.fakes.clock import FakeClock

SHELL = Actor("root", "cli")
PASSWORD = "correct horse battery"
HERE, THERE = "192.0.2.10", "198.51.100.7"
ISSUER = "https://login.example.net"
PROVIDER = OidcSettings(
    issuer=ISSUER,
    client_id="enforcer",
    roles={"noc": ("engineer",), "abuse": ("abuse",), "heads": ("approver", "viewer")},
)
SETTINGS = ServiceSettings(oidc=(PROVIDER,))


@dataclass(frozen=True)
class House:
    """`accounts` on `database`, by the time of `clock`."""

    accounts: LocalAccounts
    database: Database
    clock: FakeClock

    def user(self, name: str, *roles: str, password: str | None = PASSWORD) -> None:
        """An account, made at the shell."""
        self.accounts.create_user(SHELL, CreateUser(name=name, roles=roles, password=password))

    def enter(self, name: str, password: str = PASSWORD, address: str = HERE) -> NewSession:
        """Log in."""
        return self.accounts.login(name, password, address, "browser/1")

    def logged_in(self, name: str, *roles: str) -> Actor:
        """A new account that is logged in."""
        self.user(name, *roles)
        return self.actor(self.enter(name))

    def actor(self, session: NewSession) -> Actor:
        """Who it is now, by the cookie of a login."""
        return self.accounts.by_session(session.cookie)[0]

    def token(self, actor: Actor, command: CreateToken) -> str:
        """The secret of a new token."""
        return self.accounts.create_token(actor, command).secret

    def recorded(self, *kinds: str) -> list[tuple[str, str | None, str]]:
        """(kind, subject, actor) of the audit entries of these kinds."""
        with self.database.read() as reader:
            found = reader.audit.entries(kinds=kinds)
        return [(entry.kind, entry.subject, entry.actor) for entry in found]

    def audit_text(self) -> str:
        """All that the audit says."""
        with self.database.read() as reader:
            return json.dumps([dict(entry.payload) for entry in reader.audit.entries()])
