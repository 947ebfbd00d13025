# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefixes that a BGP neighbor's routes must not have: they come and go as all rules do.

For each neighbor that the subject's device states, where the device can filter routes; a device
that cannot says so in a sentence.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import numpy as np
import pytest

from enforcer.core.capability import unsupported
from enforcer.core.intervals import merge, rows_of
from enforcer.core.rules import NO_END, Desired, Key, Members, Rule
from enforcer.driver_api import Driver
from tests.contract.subject import NAME, Subject, device_of
from tests.contract.worlds import EVERYTHING, OURS, converge, drift_of, due, holdable

PREFIXES = {
    4: ("10.8.0.0/16", "198.18.7.0/24", "198.51.100.0/25"),
    6: ("2001:db8:7::/48", "2001:db8:f000::/36"),
}
KEYS = (Key.RECEIVED, Key.ANNOUNCED)


def neighbors(subject: Subject) -> dict[int, str]:
    """By family one of the device's; of a device that states nothing of itself, any."""
    found: dict[int, str] = {
        n.address.version: str(n.address) for n in device_of(subject).neighbors
    }
    return found or {4: "203.0.113.2"}


def members(family: int, count: int) -> Members:
    rows = merge(rows_of(ip_network(text) for text in PREFIXES[family][:count]))
    size = len(rows)
    return Members(rows.first, rows.last, np.full(size, NO_END), np.full(size, 7, np.int64))


def filtering(subject: Subject, count: int, beside: Desired) -> Desired:
    """`beside`, and both ways of each neighbor's routes filtered by the first `count` prefixes."""
    rules = {
        Rule(family, key, neighbor=address): members(family, count)
        for family, address in neighbors(subject).items()
        for key in KEYS
    }
    wanted = holdable(subject, Desired(NAME, rules))
    return replace(beside, addresses={**beside.addresses, **wanted.addresses})


@pytest.mark.parametrize("few", [1, 2])
def test_they_come_and_go_beside_the_rest(subject: Subject, driver: Driver, few: int) -> None:
    rest = due(subject, EVERYTHING[:4])
    converge(driver, rest)
    before = subject.content()
    whole = filtering(subject, 3, rest)
    converge(driver, whole)
    assert not drift_of(subject.driver(OURS), whole)
    assert (subject.content() != before) is (len(whole) > len(rest))
    converge(driver, filtering(subject, few, rest))
    converge(driver, rest)
    assert subject.content() == before


def test_a_device_that_cannot_says_so(subject: Subject, driver: Driver) -> None:
    device, capability = device_of(subject), driver.capability
    for family, address in neighbors(subject).items():
        for key in KEYS:
            why = unsupported(Rule(family, key, neighbor=address), device, capability)
            can = (family, key) in capability.keys
            assert (why is None) or why.startswith(NAME)
            assert can or why == f"{NAME} cannot drop IPv{family} routes that are {key}."
