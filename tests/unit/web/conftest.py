# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk over the fake application, and one client for each role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient

from enforcer.api.app import create_app
from enforcer.api.guard import COOKIE
from enforcer.application.services import Services
from enforcer.web import site
from enforcer.web.problems import problem_page
from tests.fakes.application import FakeApplication
from tests.fakes.services import fake_services

As = Callable[[str], TestClient]


@pytest.fixture
def application() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def services(application: FakeApplication) -> Services:
    return fake_services(application)


@pytest.fixture
def visitor(services: Services) -> Iterator[As]:
    """A client that is logged in as a role; "" for nobody."""
    app = create_app(services, site.routers(), problem_page)
    site.announce(app)
    with ExitStack() as held:

        def logged_in(role: str) -> TestClient:
            cookies = {COOKIE: f"cookie-{role}"} if role else {}
            client = TestClient(app, cookies=cookies, follow_redirects=False)
            held.callback(client.close)
            return client

        yield logged_in
