# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody at the desk, without a browser: pages over fakes, forms sent as a browser does."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from enforcer.api.app import create_app
from enforcer.api.guard import COOKIE
from enforcer.application.services import Services
from enforcer.web import site
from enforcer.web.problems import problem_page
from tests.fakes.application import FakeApplication
from tests.fakes.services import FakeAccounts, FakeNotices, FakeReports, fake_services


@cache
def _desk() -> FastAPI:
    """Making it takes longer than most tests."""
    app = create_app(fake_services(), site.routers(), problem_page)
    site.announce(app)
    return app


class Sitting:
    """`role` is logged in. Everything behind the desk is in memory, and of this sitting alone."""

    def __init__(self, role: str = "engineer", application: FakeApplication | None = None) -> None:
        self.role = role
        self.application = application or FakeApplication()
        self.services: Services = fake_services(self.application)
        self._app = _desk()

    @property
    def accounts(self) -> FakeAccounts:
        """The accounts behind it."""
        assert isinstance(self.services.accounts, FakeAccounts)
        return self.services.accounts

    @property
    def reports(self) -> FakeReports:
        """The reports behind it."""
        assert isinstance(self.services.reports, FakeReports)
        return self.services.reports

    @property
    def notices(self) -> FakeNotices:
        """The notices behind it."""
        assert isinstance(self.services.notices, FakeNotices)
        return self.services.notices

    def client(self) -> TestClient:
        """A browser that is logged in, follows nothing, and sends what it is told."""
        self._app.state.services = self.services
        return TestClient(
            self._app,
            cookies={COOKIE: f"cookie-{self.role}"},
            raise_server_exceptions=False,
            follow_redirects=False,
        )

    def get(self, path: str) -> Response:
        """A page."""
        answer: Response = self.client().get(path)
        return answer

    def post(
        self, path: str, form: Mapping[str, object] | None = None, csrf: str | None = None
    ) -> Response:
        """A form of a page of ours; `csrf` instead of the right token."""
        token = f"csrf-{self.role}" if csrf is None else csrf
        answer: Response = self.client().post(path, data={"csrf": token, **(form or {})})
        return answer

    def done(self, path: str, form: Mapping[str, object] | None = None) -> str:
        """Where one is sent after a form was taken."""
        answer = self.post(path, form)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def page(self, path: str, status: int = 200) -> str:
        """The text of a page, with spaces as a browser shows them."""
        answer = self.get(path)
        assert answer.status_code == status, answer.text
        return " ".join(answer.text.split())

    def called(self, name: str) -> list[object]:
        """The arguments of the calls of the application by that name."""
        return [arguments for called, _, arguments in self.application.calls if called == name]
