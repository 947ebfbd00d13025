# SPDX-License-Identifier: GPL-2.0-or-later
"""One Chromium and one installation for all browser tests; each test has contexts of its own.

`ENFORCER_SCREENSHOTS=FOLDER` writes the pictures of the guide while the tests run.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from playwright.sync_api import Browser, sync_playwright

from tests.browser.town import Town, built
from tests.browser.visits import Visits

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The installation behind the desk; it logs nothing but errors."""
    with quiet(), built(tmp_path_factory.mktemp("town")) as made:
        yield made


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing but errors is logged."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


def pictures() -> Path | None:
    """The folder for pictures; None: none are asked for."""
    folder = os.environ.get("ENFORCER_SCREENSHOTS")
    return Path(folder) if folder else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("no chromium: install the packages of scripts/debian-packages.txt")
    with sync_playwright() as playwright:
        # As root there is no sandbox; it opens pages of our own on loopback only.
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visits(browser: Browser, town: Town) -> Iterator[Visits]:
    """People at the desk; what a page complains about fails the test."""
    made = Visits(browser, town, pictures())
    yield made
    made.leave()
