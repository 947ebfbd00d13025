# SPDX-License-Identifier: GPL-2.0-or-later
"""What is decided at the moment of writing: timeouts, comments, and what not to delete."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.work import SetChange
from drivers.nftables.writing import FLEETING_MS, deletable, new_elements
from enforcer.core.addresses import to_column
from enforcer.core.rules import NO_END, Key, Members, Rule
from enforcer.driver_api import GRACE_MS

NOW = 1_000_000
TARGET = SetRef("enforcer", "h0123456789ab_a", 4)


def members(*rows: tuple[int, int]) -> Members:
    """(address, end)"""
    column = to_column(row[0] for row in rows)
    ends = np.array([row[1] for row in rows], np.int64)
    return Members(column, column, ends, np.arange(1, len(rows) + 1))


@pytest.mark.parametrize(
    "left, deleted", [(FLEETING_MS, True), (FLEETING_MS - 1, False), (-1, False), (GRACE_MS, True)]
)
def test_what_is_about_to_expire_is_left_to_the_kernel(left: int, deleted: bool) -> None:
    """Deleting what has just gone would undo the whole batch, urgent additions included."""
    going = members((5, NOW + left - GRACE_MS), (9, NO_END))
    change = SetChange(TARGET, Rule(4, Key.SOURCE), Members.none(), going)
    gone = [first for first, *_ in deletable(change, NOW).rows()]
    assert gone == ([5, 9] if deleted else [9])


def test_what_is_written_anew_is_deleted_however_near_its_end() -> None:
    going, coming = members((5, NOW - GRACE_MS + 1)), members((5, NOW + 9_000))
    change = SetChange(TARGET, Rule(4, Key.SOURCE), coming, going)
    assert len(deletable(change, NOW)) == 1


def test_an_element_outlives_its_order_by_the_grace_time() -> None:
    made = new_elements(members((5, NOW + 9_000), (9, NO_END)), NOW)
    assert made.timeout is not None
    assert made.timeout.tolist() == [9_000 + GRACE_MS, NO_END]
    assert made.comment is not None
    assert made.comment.tolist() == [b"0001-Y", b"0002-W"]
