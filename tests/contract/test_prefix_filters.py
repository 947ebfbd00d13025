# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules about a BGP neighbor's routes and sessions: they come and go as all rules do.

For each neighbor that the subject's device states, where the device can filter routes; a device
that cannot says so in a sentence. An emulated router is asked what becomes of single routes.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import numpy as np
import pytest

from enforcer.core.capability import unsupported
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.routes import Route, rejects
from enforcer.core.rules import (
    NO_END,
    Desired,
    Exempt,
    InterfaceMember,
    Key,
    Members,
    RouteMatch,
    Rule,
)
from enforcer.core.sessions import CLOSED
from enforcer.driver_api import Driver
from lab.emulators.device import Emulator
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


# -- lengths, exceptions and paths ------------------------------------------------------------

REGISTERED = ip_network("198.51.100.0/23")
SHAPES: dict[str, tuple[RouteMatch | None, tuple[str, ...]]] = {
    "too long": (RouteMatch(25, 32), ("0.0.0.0/0",)),
    "exact": (RouteMatch(24, 24), ("198.51.100.0/24", "203.0.113.0/24")),
    "but registered": (None, ("198.0.0.0/8",)),
    "by origin": (RouteMatch(0, 32, 64511), ("0.0.0.0/0",)),
    "by path": (RouteMatch(8, 24, None, 64512), ("192.0.0.0/4",)),
}
WISHES = (("too long",), ("exact", "but registered"), ("exact", "by origin", "by path"))
ROUTES = [
    Route(ip_network(prefix), path)
    for prefix in (
        "0.0.0.0/0",
        "198.0.0.0/8",
        "198.51.0.0/16",
        "198.51.100.0/22",
        "198.51.100.0/23",
        "198.51.100.0/24",
        "198.51.101.128/25",
        "203.0.113.0/24",
        "203.0.113.0/25",
        "10.8.0.0/16",
    )
    for path in ((64501,), (64501, 64511), (64501, 64512, 64513), (64501, 64512, 64511))
]


def shaped(subject: Subject, names: tuple[str, ...]) -> dict[Rule, Members]:
    """Several rules about what one neighbor sends, as far as the device can hold them."""
    address = neighbors(subject)[4]
    found = {}
    for name in names:
        match, prefixes = SHAPES[name]
        ends = merge(rows_of([REGISTERED])).pairs()
        exempt = tuple(Exempt(*pair) for pair in ends) if name == "but registered" else ()
        rows = merge(rows_of(map(ip_network, prefixes)))
        rule = Rule(4, Key.RECEIVED, exempt=exempt, neighbor=address, routes=match)
        size = len(rows)
        found[rule] = Members(rows.first, rows.last, np.full(size, NO_END), np.full(size, 7))
    return dict(holdable(subject, Desired(NAME, found)).addresses)


def fates(subject: Subject, wanted: dict[Rule, Members]) -> None:
    """What the emulated router does with single routes is what the rules say."""
    router: Emulator | None = getattr(subject, "router", None)
    if router is None or 4 not in {n.address.version for n in device_of(subject).neighbors}:
        return
    for route in ROUTES:
        rows = {rule: Ranges(m.first, m.last) for rule, m in wanted.items()}
        rejected = any(rejects(rule, some, route) for rule, some in rows.items())
        said = router.route_fate(str(route.prefix), neighbors(subject)[4], "in", route.path)
        assert said == ("rejected" if rejected else "accepted"), route


def test_lengths_exceptions_and_paths_are_what_the_rules_say(
    subject: Subject, driver: Driver
) -> None:
    rest = due(subject, EVERYTHING[:1])
    converge(driver, rest)
    before = subject.content(), subject.foreign()
    fates(subject, {})
    for names in WISHES:
        wanted = shaped(subject, names)
        whole = replace(rest, addresses={**rest.addresses, **wanted})
        converge(driver, whole)
        assert not drift_of(subject.driver(OURS), whole)
        fates(subject, wanted)
    converge(driver, rest)
    fates(subject, {})
    assert (subject.content(), subject.foreign()) == before


def test_sessions_go_down_and_come_up_again(subject: Subject, driver: Driver) -> None:
    rest = due(subject, EVERYTHING[:1])
    addresses = sorted(str(n.address) for n in device_of(subject).neighbors)
    members_down = tuple(InterfaceMember(address, NO_END, 7) for address in addresses)
    whole = holdable(subject, replace(rest, interfaces={CLOSED: members_down}))
    why = unsupported(CLOSED, device_of(subject), driver.capability)
    if why is not None or not addresses:
        assert why is None or why.startswith(NAME)
        return
    converge(driver, rest)
    before = subject.content(), subject.foreign()
    router: Emulator | None = getattr(subject, "router", None)
    for wanted in (whole, rest):
        converge(driver, wanted)
        assert not drift_of(subject.driver(OURS), wanted)
        for address in addresses if router is not None else ():
            assert router is not None
            fate = router.route_fate("192.0.2.0/24", address, "in")
            assert (fate == "no session") is (wanted is whole)
    assert (subject.content(), subject.foreign()) == before
