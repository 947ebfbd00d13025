# SPDX-License-Identifier: GPL-2.0-or-later
"""Every test of the contract runs against every driver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.mark.structures import ParameterSet

from enforcer.driver_api import Driver
from tests.contract.backends import BACKENDS, NEEDS_ROOT, UNWATCHED
from tests.contract.subject import Subject
from tests.contract.worlds import OURS


def _parameter(name: str) -> ParameterSet:
    return pytest.param(name, marks=pytest.mark.root if name in NEEDS_ROOT else ())


PARAMETERS = [_parameter(name) for name in BACKENDS]
WATCHED = [_parameter(name) for name in BACKENDS if name not in UNWATCHED]
"""For what is about watching alone."""


@pytest.fixture(params=PARAMETERS)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A fresh device."""
    with BACKENDS[request.param]() as device:
        yield device


@pytest.fixture
def driver(subject: Subject) -> Driver:
    """A driver bound to it."""
    return subject.driver(OURS)
