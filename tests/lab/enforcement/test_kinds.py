# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order stops what it must and nothing else, in IPv4 and IPv6, while it stands."""

import pytest

from tests.lab.enforcement.crossings import passed, stopped
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.kinds import CASES, Case

pytestmark = pytest.mark.root


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_order_stops_what_it_must_and_nothing_else(desk: Desk, case: Case) -> None:
    concerned = (*case.stops, *case.spares)
    assert stopped(*concerned) == [], "before"
    order = desk.place(case.demand)
    assert passed(*case.stops) == [], "in force"
    assert stopped(*case.spares) == [], "in force"
    desk.lift(order)
    assert stopped(*concerned) == [], "lifted"
