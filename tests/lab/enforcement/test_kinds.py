# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order stops what it must and nothing else, in IPv4 and IPv6, while it stands."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.lab.enforcement.crossings import misjudged, stopped
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.kinds import CASES, Case

pytestmark = pytest.mark.root


@contextmanager
def proved(desk: Desk, case: Case) -> Iterator[None]:
    """By packets before the order, while it stands (also within), and after it."""
    concerned = (*case.stops, *case.spares)
    assert stopped(*concerned) == [], "before"
    order = desk.place(case.demand)
    assert misjudged(case.stops, case.spares) == [], "in force"
    yield
    desk.lift(order)
    assert stopped(*concerned) == [], "lifted"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_order_stops_what_it_must_and_nothing_else(desk: Desk, case: Case) -> None:
    with proved(desk, case):
        pass
