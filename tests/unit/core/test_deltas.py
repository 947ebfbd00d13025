# SPDX-License-Identifier: GPL-2.0-or-later
"""Several deltas as one are about the same members."""

from __future__ import annotations

import numpy as np

from enforcer.core.addresses import to_column
from enforcer.core.deltas import together
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.rules import InterfaceMember, Key, Members, Rule

SOURCE, DESTINATION = Rule(4, Key.SOURCE), Rule(4, Key.DESTINATION)
LINK = Rule(4, Key.INPUT_INTERFACE)


def members(*firsts: int) -> Members:
    column, many = to_column(firsts), len(firsts)
    return Members(column, column, np.full(many, 9, np.int64), np.full(many, 1, np.int64))


def test_changes_of_one_rule_come_together() -> None:
    none, eth0, eth1 = members(), InterfaceMember("eth0", 9, 1), InterfaceMember("eth1", 9, 1)
    whole = together(
        [
            Delta({SOURCE: Change(members(1, 2), none)}, {LINK: InterfaceChange((eth0,), ())}),
            Delta({SOURCE: Change(members(7), members(8)), DESTINATION: Change(none, members(3))}),
            Delta({}, {LINK: InterfaceChange((), (eth1,))}),
        ]
    )
    assert whole.addresses.keys() == {SOURCE, DESTINATION}
    assert whole.addresses[SOURCE].add.same_as(members(1, 2, 7))
    assert whole.addresses[SOURCE].remove.same_as(members(8))
    assert whole.addresses[DESTINATION].remove.same_as(members(3))
    assert whole.interfaces == {LINK: InterfaceChange((eth0,), (eth1,))}


def test_one_is_itself() -> None:
    one = Delta({SOURCE: Change(members(1), members())})
    assert together([one]) is one
