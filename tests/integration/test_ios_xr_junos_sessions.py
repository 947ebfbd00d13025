# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP sessions and route filters on EMULATED routers, and what others do to them meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from ipaddress import ip_network

import numpy as np
import pytest

from enforcer.core.intervals import merge, rows_of
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Members, RouteMatch, Rule
from enforcer.core.sessions import CLOSED
from enforcer.errors import DeviceError
from lab.emulators.device import Emulator
from tests.contract.ios_subject import cisco_ios
from tests.contract.junos_subject import juniper_junos
from tests.contract.subject import NAME, Subject
from tests.contract.worlds import NOTHING, OURS, converge, drift_of
from tests.contract.xr_subject import cisco_xr

pytestmark = pytest.mark.emulated
PEER, OTHER = "10.1.0.2", "10.1.0.6"
SHUT = Desired(NAME, interfaces={CLOSED: (InterfaceMember(PEER, NO_END, 7),)})
LEAK = Rule(4, Key.RECEIVED, neighbor=PEER, routes=RouteMatch(24, 24))


@dataclass(frozen=True)
class Words:
    """What an operator types. `detach` and `alter` have `{0}` for the first name found."""

    subject: Callable[[], AbstractContextManager[Subject]]
    shut: tuple[str, ...]
    up: tuple[str, ...]
    another: tuple[str, ...]
    found: str
    detach: tuple[str, ...]
    alter: tuple[str, ...]


AT = "protocols bgp group upstream neighbor 10.1.0.2"
TERM = "policy-options policy-statement {0} term DROP from route-filter 198.51.100.0/24"
WORDS = {
    "cisco_ios": Words(
        cisco_ios,
        ("router bgp 64500", f"neighbor {PEER} shutdown"),
        ("router bgp 64500", f"no neighbor {PEER} shutdown"),
        ("router bgp 64500", f"neighbor {OTHER} remote-as 64502"),
        r"ENF-\w{12}-F",
        ("router bgp 64500", f"no neighbor {PEER} prefix-list {{0}} in"),
        ("ip prefix-list {0} seq 3 permit 198.51.100.0/24",),
    ),
    "cisco_xr": Words(
        cisco_xr,
        ("router bgp 64500", f"neighbor {PEER}", "shutdown"),
        ("router bgp 64500", f"neighbor {PEER}", "no shutdown"),
        (
            "router bgp 64500",
            f"neighbor {OTHER}",
            "remote-as 64502",
            "address-family ipv4 unicast",
        ),
        r"ENF-\w{12}-S",
        (
            "router bgp 64500",
            f"neighbor {PEER}",
            "address-family ipv4 unicast",
            "route-policy PASS in",
        ),
        ("prefix-set {0}", "198.51.100.0/24 eq 25", "end-set"),
    ),
    "juniper_junos": Words(
        juniper_junos,
        (f"deactivate {AT}",),
        (f"activate {AT}",),
        (f"set protocols bgp group upstream neighbor {OTHER} peer-as 64502",),
        r"ENF-\w{12}-S",
        (f"delete {AT} import {{0}}",),
        (f"delete {TERM} exact", f"set {TERM} longer"),
    ),
}


@pytest.fixture(params=sorted(WORDS))
def words(request: pytest.FixtureRequest) -> Words:
    return WORDS[request.param]


@pytest.fixture
def subject(words: Words) -> Iterator[Subject]:
    with words.subject() as found:
        converge(found.driver(OURS), NOTHING)
        yield found


def router_of(subject: Subject) -> Emulator:
    router: Emulator = subject.router  # type: ignore[attr-defined]  # every emulated one has it
    return router


def leaking(*prefixes: str) -> Desired:
    rows = merge(rows_of(map(ip_network, prefixes)))
    size = len(rows)
    some = Members(rows.first, rows.last, np.full(size, NO_END), np.full(size, 7))
    return Desired(NAME, {LEAK: some})


def fate(subject: Subject, prefix: str = "203.0.113.0/24") -> str:
    return router_of(subject).route_fate(prefix, PEER, "in")


def test_what_the_operator_shut_stays_shut(subject: Subject, words: Words) -> None:
    router_of(subject).by_hand(words.shut)
    before = router_of(subject).running()
    driver = subject.driver(OURS)
    converge(driver, SHUT)
    assert not drift_of(subject.driver(OURS), SHUT)
    converge(driver, NOTHING)
    assert router_of(subject).running() == before
    assert fate(subject) == "no session"


def test_what_somebody_brings_up_is_shut_again_and_is_ours(subject: Subject, words: Words) -> None:
    driver, before = subject.driver(OURS), router_of(subject).running()
    converge(driver, SHUT)
    assert fate(subject) == "no session"
    router_of(subject).by_hand(words.up)
    assert fate(subject) == "accepted" and drift_of(driver, SHUT)
    converge(subject.driver(OURS), SHUT)
    assert fate(subject) == "no session"
    converge(driver, NOTHING)
    assert fate(subject) == "accepted" and router_of(subject).running() == before


def test_the_session_itself_is_not_missed_but_another_is(subject: Subject, words: Words) -> None:
    router = router_of(subject)
    router.by_hand(words.another)
    for address, number in ((PEER, 64501), (OTHER, 64502)):
        router.neighbors.add(address, number)
    before = router.running()
    down = re.escape(words.shut[-1].removeprefix("deactivate ")) + r"(?!\S)"
    if words.shut[-1].startswith("deactivate "):
        down = "deactivate " + down
    router.neighbors.goes_down_while(OTHER, down, hold_seconds=0.0)
    with pytest.raises(DeviceError, match=re.escape(OTHER)):
        converge(subject.driver(OURS), SHUT)
    assert router.running() == before and fate(subject) == "accepted"
    router.neighbors.goes_down_while(OTHER, "never said", hold_seconds=0.0)
    router.neighbors.set_state(OTHER, established=True)
    converge(subject.driver(OURS), SHUT)
    assert fate(subject) == "no session"


@pytest.mark.parametrize("kind", ["detach", "alter"])
def test_a_filter_that_somebody_touched_is_drift_and_is_repaired(
    subject: Subject, words: Words, kind: str
) -> None:
    driver, wanted = subject.driver(OURS), leaking("198.51.100.0/24", "203.0.113.0/24")
    converge(driver, wanted)
    assert fate(subject, "198.51.100.0/24") == "rejected"
    found = re.search(words.found, router_of(subject).running())
    assert found is not None
    router_of(subject).by_hand([line.format(found[0]) for line in getattr(words, kind)])
    router_of(subject).neighbors.settle()
    assert drift_of(driver, wanted)
    converge(subject.driver(OURS), wanted)
    for prefix, expected in (
        ("198.51.100.0/24", "rejected"),
        ("198.51.100.0/25", "accepted"),
        ("203.0.113.0/24", "rejected"),
        ("192.0.2.0/24", "accepted"),
    ):
        assert fate(subject, prefix) == expected


def test_one_prefix_more_counts_at_once(subject: Subject, words: Words) -> None:
    """Where a router judges what it has received only when it is told to, it is told."""
    driver = subject.driver(OURS)
    converge(driver, leaking("198.51.100.0/24"))
    assert fate(subject) == "accepted"
    converge(driver, leaking("198.51.100.0/24", "203.0.113.0/24"))
    assert fate(subject) == "rejected"
    converge(driver, leaking("203.0.113.0/24"))
    assert fate(subject, "198.51.100.0/24") == "accepted"
