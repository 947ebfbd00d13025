# SPDX-License-Identifier: GPL-2.0-or-later
"""A customer leaks through a real BIRD: what is ordered is rejected, and nothing else moves."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from drivers.bird.driver import BirdDriver
from enforcer.core.rules import Key
from enforcer.driver_api import Condition, RoutingSession, Transcribed
from tests.integration.bird_router import (
    CUSTOMER,
    LEAK,
    LEAKED,
    LEGITIMATE,
    NAME,
    OURS,
    UPSTREAM,
    Net,
    announced,
    converge,
    members,
    net,
    read,
    received,
    told,
    until,
    wanted,
)
from tests.sshd import Files, Sshd, user

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def shared() -> Iterator[Net]:
    with net() as made:
        yield made


@pytest.fixture
def birds(shared: Net) -> Net:
    shared.reset()
    return shared


def test_the_leak_goes_and_comes_back_and_the_rest_never_moves(birds: Net) -> None:
    heard = len(birds.upstream.log())
    driver = birds.driver()
    converge(driver, wanted(LEAK))
    birds.settled(set(LEAKED))
    assert birds.edge.prefixes("protocol customer") == set(LEGITIMATE)
    assert birds.edge.prefixes("filtered protocol customer") == set(LEAKED)
    converge(driver, wanted())
    birds.settled(set())
    later = birds.upstream.log()[heard:]
    assert all(later.count(prefix) >= 2 for prefix in LEAKED), "removed, and added again"
    assert not any(prefix in later for prefix in LEGITIMATE)


def test_conditions_on_the_path_and_the_length(birds: Net) -> None:
    driver = birds.driver()
    everything = members("0.0.0.0/0")
    converge(driver, wanted({received(4, passes=64777): everything}))
    birds.settled({"1.1.1.0/24"})
    converge(driver, wanted({received(4, origin=65001): everything}))
    # The path of 1.1.1.0/24 ends in another one.
    birds.settled({"192.0.2.0/24", "8.8.8.0/24", "198.51.100.0/25"})
    converge(driver, wanted({received(4, shortest=25, longest=32): everything}))
    birds.settled({"198.51.100.0/25"})


def test_what_we_would_announce_is_held_back(birds: Net) -> None:
    driver = birds.driver()
    converge(
        driver,
        wanted({announced(4): members("8.0.0.0/8"), announced(6): members("2001:4860::/32")}),
    )
    birds.settled({"8.8.8.0/24", "2001:4860::/32"})
    assert birds.edge.prefixes("protocol customer") == {*LEGITIMATE, *LEAKED}
    with driver.connect() as session:
        assert isinstance(session, RoutingSession)
        found = session.routes(UPSTREAM, 4, Key.ANNOUNCED)
        assert "8.8.8.0/24" not in {str(r.prefix) for r in found.accepted}
        assert found.rejected is not None
        assert "8.8.8.0/24" in {str(r.prefix) for r in found.rejected}


def test_routes_are_told_with_their_paths(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted(LEAK))
    birds.settled(set(LEAKED))
    with driver.connect() as session:
        assert isinstance(session, RoutingSession)
        found = session.routes(CUSTOMER, 4, Key.RECEIVED)
        assert found.condition is Condition.UP and found.rejected is not None
        assert {(str(r.prefix), r.path) for r in found.accepted} == {("192.0.2.0/24", (65001,))}
        paths = {str(r.prefix): r.path for r in found.rejected}
        assert paths["8.8.8.0/24"] == (65001,) and 64777 in paths["1.1.1.0/24"]
        assert session.routes(UPSTREAM, 4, Key.RECEIVED).rejected is None, "they are not kept"
        seen, there = session.sightings(ip_network("8.8.8.0/24"))
        assert [(s.neighbor, s.accepted) for s in seen] == [(CUSTOMER, False)] and not there
        seen, there = session.sightings(ip_network("192.0.2.0/24"))
        assert [(s.neighbor, s.accepted) for s in seen] == [(CUSTOMER, True)] and there
        assert session.sightings(ip_network("203.0.113.0/24")) == ((), False)
        assert isinstance(session, Transcribed)
        assert "show route filtered 203.0.113.0/24 all" in session.transcript()
        assert session.transcript() == ""


def test_a_session_is_shut_with_a_word_and_comes_back(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted(None, CUSTOMER))
    until(lambda: "shut down by order 0007" in birds.customer.log())
    birds.settled({*LEGITIMATE, *LEAKED})
    with driver.connect() as session:
        assert isinstance(session, RoutingSession)
        assert session.routes(CUSTOMER, 4, Key.RECEIVED).condition is Condition.SHUT
    # Whoever configures BIRD enables it: that is drift, and our own changes do not do it.
    converge(driver, wanted(LEAK, CUSTOMER))
    assert " down " in birds.edge.said("show protocols customer")
    birds.edge.said("configure")
    until(lambda: " down " not in birds.edge.said("show protocols customer"))
    converge(driver, wanted(LEAK, CUSTOMER))
    assert " down " in birds.edge.said("show protocols customer")
    converge(driver, wanted())
    birds.settled(set())


def test_it_survives_a_kill_and_a_restart(birds: Net) -> None:
    driver = birds.driver()
    desired = wanted(LEAK, UPSTREAM)
    converge(driver, desired)
    birds.restart()
    until(lambda: birds.edge.prefixes("filtered protocol customer") == set(LEAKED))
    assert birds.edge.prefixes("protocol customer") == set(LEGITIMATE)
    # That the session is shut is lost, and found to be; it carries nothing until then.
    until(lambda: "Established" in birds.edge.said("show protocols upstream"))
    assert not birds.upstream.prefixes()
    again = birds.driver()
    assert told(again, desired) == [] and not read(again).interfaces
    converge(again, desired)
    converge(again, wanted())
    birds.settled(set())


def test_the_same_by_ssh(birds: Net, tmp_path: Path) -> None:
    with Sshd(tmp_path / "sshd") as sshd:
        device = birds.device()
        transport = {k: v for k, v in device.transport.items() if k != "netns"} | {
            "host": "127.0.0.1",
            "port": str(sshd.port),
            "username": user(),
            "host_key": sshd.host_key,
            "key_file": str(sshd.client_key),
        }
        remote = type(device)(
            NAME, "bird", mode=device.mode, neighbors=device.neighbors, transport=transport
        )
        driver = BirdDriver(remote, Files(tmp_path), OURS)
        converge(driver, wanted(LEAK))
        birds.settled(set(LEAKED))
        assert not told(driver, wanted(LEAK))


def test_a_hundred_thousand_prefixes(birds: Net) -> None:
    """Every other /24 of 16 million addresses, and the leak among them."""
    driver = birds.driver()
    texts = [f"{20 + n // 32768}.{n // 128 % 256}.{n % 128 * 2}.0/24" for n in range(100_000)]
    rule = received(4)
    desired = wanted({rule: members(*texts, "8.8.8.0/24")})
    converge(driver, desired)
    birds.settled({"8.8.8.0/24"})
    assert len(read(driver).addresses[rule]) == 100_001
    assert "TRUE" in birds.edge.said(f"eval {texts[-1]} ~ ENF_{rule.digest}")
