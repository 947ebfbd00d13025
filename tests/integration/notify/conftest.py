# SPDX-License-Identifier: GPL-2.0-or-later
"""One listener for all tests of a module."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from tests.integration.notify.webhook_listener import Listener, listening


@pytest.fixture(scope="module")
def http() -> Iterator[Listener]:
    """On a loopback port."""
    with listening() as heard:
        yield heard


@pytest.fixture
def listener(http: Listener) -> Listener:
    """As new."""
    http.status, http.headers, http.asked = 204, {}, queue.SimpleQueue()
    return http
