# SPDX-License-Identifier: GPL-2.0-or-later
"""An element that somebody touched counts as a member only where that member would be read."""

from __future__ import annotations

import pytest

from drivers.nftables.layout import HostLayout, Layout, RangeLayout, host_names, range_names
from drivers.nftables.names import TABLE
from drivers.nftables.netlink.columns import IPV4_KEY, SetRef
from drivers.nftables.netlink.encode import add_elements, request
from drivers.nftables.netlink.events import Event, read_events
from drivers.nftables.touched import Known, touched
from enforcer.core.rules import Key, Rule
from tests.unit.drivers.nftables.netlink_rows import Row, to_columns

RULE = Rule(4, Key.SOURCE)
LAYOUT = Layout(HostLayout("a", 4), RangeLayout("b", (1000, 2000)))
KNOWN: Known = {RULE.digest: (RULE, LAYOUT)}
HOSTS = host_names(RULE, LAYOUT.hosts)
RANGES = range_names(RULE, LAYOUT.ranges)
"""Before the first cut, between both, after the second, across."""


def written(name: str, *rows: tuple[int, int]) -> list[Event]:
    """What the kernel tells of elements that were added to a set."""
    target = SetRef(TABLE, name, IPV4_KEY, name.startswith("r"))
    messages = add_elements(target, to_columns([Row(*row) for row in rows]))
    return list(read_events(b"".join(request(message, 1) for message in messages)))


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (HOSTS[1], (1, 1)),
        (HOSTS[2], (6, 6)),
        (RANGES[0], (1, 9)),
        (RANGES[1], (1000, 1009)),
        (RANGES[-1], (999, 1009)),
    ],
)
def test_an_element_in_its_set(name: str, row: tuple[int, int]) -> None:
    found = touched(written(name, row), KNOWN)
    assert found is not None
    assert found[RULE].pairs() == (row,)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (HOSTS[2], [(1, 1)]),
        (HOSTS[1], [(1, 1), (2, 2)]),
        (RANGES[0], [(1, 1)]),
        (RANGES[0], [(1000, 1009)]),
        (RANGES[1], [(1, 9)]),
        (RANGES[0], [(999, 1009)]),
        (RANGES[-1], [(1, 9)]),
        (HOSTS[1].replace("_a_", "_c_"), [(1, 1)]),
    ],
)
def test_an_element_in_another_set(name: str, rows: list[tuple[int, int]]) -> None:
    assert touched(written(name, *rows), KNOWN) is None


def test_an_element_of_a_rule_that_was_not_read_yet() -> None:
    assert touched(written(HOSTS[1], (1, 1)), {}) is None
