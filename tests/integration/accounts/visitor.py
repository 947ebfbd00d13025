# SPDX-License-Identifier: GPL-2.0-or-later
"""A browser at the desk: it keeps cookies, and goes to the provider and back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from enforcer.accounts.local import LocalAccounts
from enforcer.accounts.sign_on import SingleSignOn
from enforcer.api.app import create_app
from enforcer.application.services import Services
from enforcer.service_settings import ServiceSettings
from enforcer.storage.database import Database
from enforcer.web import login
from enforcer.web.problems import problem_page
from tests.fakes.application import FakeApplication
from tests.fakes.clock import FakeClock
from tests.fakes.services import FakeNotices, FakeReports
from tests.integration.accounts.openid_server import OpenIdServer

OUTSIDE = httpx.Client(verify=False, limits=httpx.Limits(max_keepalive_connections=0))
"""The browser on its way to the provider, which has no TLS here."""


_MADE: list[FastAPI] = []


def _made_once(services: Services) -> FastAPI:
    """To make an application with all its routes takes longer than these tests."""
    if not _MADE:
        _MADE.append(create_app(services, [login.router], problem_page))
    return _MADE[0]


@dataclass(frozen=True)
class Office:
    """The desk and what is behind it."""

    database: Database
    clock: FakeClock
    accounts: LocalAccounts
    sign_on: SingleSignOn
    settings: ServiceSettings
    provider: OpenIdServer

    @property
    def app(self) -> FastAPI:
        """The whole application, with nothing behind it but accounts."""
        application = FakeApplication()
        services = Services(
            application=application,
            accounts=self.accounts,
            reports=FakeReports(application),
            notices=FakeNotices(),
            settings=self.settings,
            now=self.clock.now,
            sign_on=self.sign_on,
        )
        app = _made_once(services)
        app.state.services = services
        return app

    def browser(self, url: str | None = None) -> TestClient:
        """A new one, without cookies; it shows redirects instead of following them."""
        return TestClient(
            self.app,
            base_url=url or self.settings.web.url,
            follow_redirects=False,
            client=("192.0.2.10", 50_000),
        )

    def sign_in(self, browser: TestClient, back: str = "/") -> httpx.Response:
        """All the way to the provider and back; what the desk answers in the end."""
        return self.come_back(browser, self.go_away(browser, back))

    def go_away(self, browser: TestClient, back: str = "/") -> str:
        """To the provider, which logs its person in; the address that it sends back to."""
        away = browser.get("/login/sso", params={"next": back})
        assert away.status_code == 303, away.text
        answer = OUTSIDE.get(away.headers["location"])
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"])

    def come_back(self, browser: TestClient, address: str) -> httpx.Response:
        """What the desk answers to what the provider sent."""
        parts = urlsplit(address)
        answer: httpx.Response = browser.get(f"{parts.path}?{parts.query}")
        return answer

    def recorded(self, *kinds: str) -> list[tuple[str, str | None]]:
        """(kind, subject) of the audit entries of these kinds."""
        with self.database.read() as reader:
            return [(one.kind, one.subject) for one in reader.audit.entries(kinds=kinds)]
