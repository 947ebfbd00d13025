# SPDX-License-Identifier: GPL-2.0-or-later
"""What is as desired is kept once, and what differs as it was read."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from enforcer.core.drift import compare, shared
from enforcer.core.instants import to_ms
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Key, Members, Rule

AT = datetime(2026, 1, 1, tzinfo=UTC)
FROM, TO = Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION)


def table(*firsts: int, late: int = 0) -> Members:
    ranges = Ranges.of([(n, n) for n in firsts])
    end = np.full(len(firsts), to_ms(AT) + 3_600_000 + late)
    return Members(ranges.first, ranges.last, end, np.ones(len(firsts), np.int64))


def read(**by_key: Members) -> Actual:
    rules = {FROM: by_key["source"], TO: by_key["destination"]}
    return Actual("edge1", AT, None, rules)


def test_a_rule_without_difference_has_the_columns_that_are_desired() -> None:
    desired = Desired("edge1", {FROM: table(1, 2), TO: table(3)})
    actual = read(source=table(1, 2, late=500), destination=table(4))
    drift = compare(desired, actual)
    found = shared(desired, actual, drift)
    assert found.addresses[FROM] is desired.addresses[FROM]
    assert found.addresses[TO] is actual.addresses[TO]


def test_a_rule_that_nobody_desires_stays_as_it_was_read() -> None:
    desired = Desired("edge1", {FROM: table(1)})
    actual = read(source=table(1), destination=table(4))
    found = shared(desired, actual, compare(desired, actual))
    assert found.addresses[TO] is actual.addresses[TO]


def test_all_rows_of_a_table_are_the_table() -> None:
    desired = Desired("edge1", {FROM: table(1, 2), TO: table(3)})
    actual = read(source=Members.none(), destination=table(3, 4))
    change = compare(desired, actual).delta.addresses
    assert change[FROM].add is desired.addresses[FROM]
    assert [row[0] for row in change[TO].remove.rows()] == [4]


def test_a_mask_of_all_rows_copies_nothing() -> None:
    members = table(1, 2, 3)
    assert members.take(np.ones(3, np.bool_)) is members
    assert len(members.take(np.array([True, False, True]))) == 2
