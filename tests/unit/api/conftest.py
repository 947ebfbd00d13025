# SPDX-License-Identifier: GPL-2.0-or-later
"""The API on fakes: one application of it for all tests, with new services for each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from enforcer.api.app import create_app
from enforcer.application.services import Services
from tests.fakes.application import FakeApplication
from tests.fakes.services import EVERYTHING, fake_services


@cache
def made_app() -> FastAPI:
    """Making it takes longer than most tests."""
    return create_app(fake_services())


@pytest.fixture
def application() -> FakeApplication:
    """What answers behind the API."""
    return FakeApplication()


@pytest.fixture
def services(application: FakeApplication) -> Services:
    """Everything behind the API."""
    return fake_services(application)


@pytest.fixture
def app(services: Services) -> FastAPI:
    """The API."""
    app = made_app()
    app.state.services = services
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """One who may do everything."""
    with capture_logs():
        yield TestClient(
            app,
            headers={"Authorization": f"Bearer {EVERYTHING}"},
            raise_server_exceptions=False,
        )
