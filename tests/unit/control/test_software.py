# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rows of a change orders explain."""

from importlib.metadata import version

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enforcer.control.software import installed, is_empty, orders_in, standing, unexplained
from enforcer.core.drift import Change, Delta, InterfaceChange, tally_of
from enforcer.core.rules import Actual, InterfaceMember, Owner
from tests.unit.core.test_brake import PORTS, RULE, Row, disjoint_rows, members
from tests.unit.core.test_contested import NOW


@given(wanted=disjoint_rows(), found=disjoint_rows(), explained=st.sets(st.integers(1, 2)))
def test_a_row_is_explained_by_its_order_or_by_one_that_it_touches(
    wanted: list[Row], found: list[Row], explained: set[int]
) -> None:
    delta = Delta({RULE: Change(members(wanted), members(found))})
    ours = [row for row in (*wanted, *found) if row[3] in explained]

    def touched(row: Row) -> bool:
        return any(row[0] <= other[1] and other[0] <= row[1] for other in ours)

    left = unexplained(delta, explained).addresses.get(RULE)
    kept = (set(left.add.rows()), set(left.remove.rows())) if left else (set(), set())
    assert kept == ({r for r in wanted if not touched(r)}, {r for r in found if not touched(r)})


def test_interfaces_are_explained_by_name() -> None:
    def member(name: str, order: int) -> InterfaceMember:
        return InterfaceMember(name, 10, order)

    moved = InterfaceChange(
        (member("eth0", 1), member("eth1", 2)), (member("eth0", 3), member("eth2", 3))
    )
    left = unexplained(Delta({}, {PORTS: moved}), {1}).interfaces[PORTS]
    assert left == InterfaceChange((member("eth1", 2),), (member("eth2", 3),))
    assert tally_of(Delta({}, {PORTS: left})).differing == 2
    assert orders_in(Delta({}, {PORTS: moved})) == {1, 2, 3}
    assert not unexplained(Delta({}, {PORTS: moved}), {1, 2, 3})


def test_empty_means_neither_members_nor_mark() -> None:
    some = members([(1, 2, 10, 1)])
    assert is_empty(Actual("edge1", NOW, None))
    assert not is_empty(Actual("edge1", NOW, Owner("C0FFEE", 1)))
    assert not is_empty(Actual("edge1", NOW, None, {RULE: some}))
    names = {PORTS: (InterfaceMember("eth0", 10, 1),)}
    assert standing(Actual("edge1", NOW, None, {RULE: some}, names)) == 2


def test_the_version_is_the_distributions() -> None:
    assert installed() == version("network-enforcer")
    assert np.int64(1) in orders_in(Delta({RULE: Change(members([(1, 2, 10, 1)]), members([]))}))
