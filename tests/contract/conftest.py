# SPDX-License-Identifier: GPL-2.0-or-later
"""Every test of the contract runs against every driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from enforcer.driver_api import Driver
from tests.contract.backends import BACKENDS
from tests.contract.subject import Subject
from tests.contract.worlds import OURS

IN_MEMORY = {"fake"}
PARAMETERS = [
    pytest.param(name, marks=() if name in IN_MEMORY else pytest.mark.root) for name in BACKENDS
]


@pytest.fixture(params=PARAMETERS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh device."""
    with BACKENDS[request.param]() as device:
        yield device


@pytest.fixture
def driver(subject: Subject) -> Driver:
    """A driver bound to it."""
    return subject.driver(OURS)
