# SPDX-License-Identifier: GPL-2.0-or-later
"""One throw-away PostgreSQL cluster for all tests that ask for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """It FAILS where PostgreSQL is missing, it never skips."""
    with Cluster() as started:
        yield started
