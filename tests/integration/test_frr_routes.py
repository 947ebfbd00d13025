# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR between a customer that leaks and an upstream: what really passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from drivers.frr.driver import FrrDriver
from enforcer.core.orders import DropRoutes, Selection, ShutdownSession
from enforcer.core.rules import Key
from enforcer.driver_api import Condition, RoutingSession
from enforcer.errors import DeviceUnreachable
from tests.contract.worlds import NOTHING, OURS, converge, drift_of, read
from tests.integration.frr_isp import (
    AT,
    AT6,
    CLOUD,
    CUSTOMER,
    CUSTOMER6,
    EVERY,
    FINE,
    GOOGLE,
    LEAKED6,
    LEGIT,
    LEGIT6,
    OWN,
    TO,
    UPSTREAM,
    Isp,
    an_isp,
    drop,
    untouched,
    wanted,
)
from tests.sshd import Files, Sshd, user

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def world() -> Iterator[Isp]:
    with an_isp() as made:
        yield made


@pytest.fixture
def isp(world: Isp) -> Iterator[Isp]:
    with untouched(world):
        yield world


def test_a_leak_is_gone_and_the_legitimate_route_never_flaps(isp: Isp) -> None:
    heard = isp.upstream.heard_of(LEGIT)
    assert heard, "the log tells of routes"
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD, OWN)))
    isp.passes(LEGIT, FINE)
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD)))
    isp.passes(LEGIT, FINE, OWN)
    converge(isp.driver, wanted(drop(GOOGLE, CLOUD), drop(OWN, GOOGLE)))
    isp.passes(LEGIT, FINE)
    converge(isp.driver, NOTHING)
    isp.passes(*EVERY)
    assert isp.upstream.heard_of(LEGIT) == heard


@pytest.mark.parametrize(
    "demand,left",
    [
        (DropRoutes(AT, choice="unregistered"), {LEGIT}),
        (DropRoutes(AT, choice="every", path_as=64999), {LEGIT, OWN, CLOUD, FINE}),
        (DropRoutes(AT, choice="every", origin_as=13335), {LEGIT, OWN, GOOGLE, FINE}),
        (DropRoutes(AT, choice="every", origin_as=65001), {GOOGLE, CLOUD}),
        (DropRoutes(AT, choice="every", path_as=64999, origin_as=15169), EVERY - {GOOGLE}),
        (DropRoutes(AT, choice="every", longer_than4=24), {LEGIT, GOOGLE, CLOUD}),
        (
            DropRoutes(AT, (ip_network("198.51.0.0/16"),), or_longer=True),
            {LEGIT, GOOGLE, CLOUD, FINE},
        ),
        (DropRoutes(TO, (ip_network(CLOUD),), direction="out"), EVERY - {CLOUD}),
        (
            DropRoutes(AT, choice="every", exceptions=Selection(prefixes=(ip_network(OWN),))),
            {OWN},
        ),
    ],
    ids=["registered", "path", "origin", "own", "both", "long", "inside", "out", "except"],
)
def test_each_kind_rejects_what_it_says(isp: Isp, demand: DropRoutes, left: set[str]) -> None:
    converge(isp.driver, wanted(demand))
    isp.passes(*left)


def test_ipv6_and_what_a_session_tells(isp: Isp) -> None:
    converge(isp.driver, wanted(drop(LEAKED6, at=AT6), drop(GOOGLE)))
    with isp.driver.connect() as session:
        assert isinstance(session, RoutingSession)
        six = session.routes(CUSTOMER6, 6, Key.RECEIVED)
        four = session.routes(CUSTOMER, 4, Key.RECEIVED)
        out = session.routes(UPSTREAM, 4, Key.ANNOUNCED)
        (seen,), standing = session.sightings(ip_network(GOOGLE))
        found, there = session.sightings(ip_network(LEGIT))
    assert [str(r.prefix) for r in six.accepted] == [LEGIT6]
    assert six.rejected is None, "it does not keep them"
    assert four.condition is Condition.UP
    assert {str(r.prefix) for r in four.accepted} == EVERY - {GOOGLE}
    assert four.rejected is not None
    (gone,) = four.rejected
    assert (str(gone.prefix), gone.path) == (GOOGLE, (65001, 64999, 15169))
    assert {str(r.prefix) for r in out.accepted} == EVERY - {GOOGLE}
    assert (seen.neighbor, seen.accepted, standing) == (CUSTOMER, False, False)
    assert there and [s.accepted for s in found] == [True]


def test_his_own_route_map_goes_on_working(isp: Isp) -> None:
    converge(isp.driver, wanted(drop(GOOGLE)))
    shown = isp.edge.show(f"show bgp ipv4 unicast {LEGIT} json")
    assert '"locPrf":200' in shown.replace(" ", ""), shown


def test_a_session_is_shut_with_a_message_and_opened_again(isp: Isp) -> None:
    converge(isp.driver, wanted(ShutdownSession(AT)))
    isp.passes()
    with isp.driver.connect() as session:
        assert isinstance(session, RoutingSession)
        told = session.routes(CUSTOMER, 4, Key.RECEIVED)
    assert (told.condition, told.accepted, told.rejected) == (Condition.SHUT, (), None)
    assert "by order" in isp.customer.log.read_text(), "the other end is told (RFC 9003)"
    isp.edge.by_hand("router bgp 65000", f"no neighbor {CUSTOMER} shutdown")
    assert drift_of(isp.driver, wanted(ShutdownSession(AT)))
    converge(isp.driver, wanted(ShutdownSession(AT)))


def test_what_the_operator_shut_himself_stays_shut(isp: Isp) -> None:
    hand = isp.edge.by_hand
    hand("router bgp 65000", f"neighbor {UPSTREAM} shutdown message maintenance")
    converge(isp.driver, wanted(ShutdownSession(TO)))
    converge(isp.driver, NOTHING)
    assert f"{UPSTREAM} shutdown message maintenance" in isp.edge.running()
    hand("router bgp 65000", f"no neighbor {UPSTREAM} shutdown")


def test_the_same_by_ssh(isp: Isp, tmp_path: Path) -> None:
    """vtysh finds the daemons by their path space, in whatever namespace it runs."""
    due = wanted(drop(GOOGLE))
    with Sshd(tmp_path / "sshd") as sshd:
        transport = {
            "host": "127.0.0.1",
            "port": str(sshd.port),
            "username": user(),
            "host_key": sshd.host_key,
            "key_file": str(sshd.client_key),
            "pathspace": isp.edge.space,
        }
        remote = replace(isp.device, transport=transport)
        driver = FrrDriver(remote, Files(tmp_path), OURS)
        converge(driver, due)
        isp.passes(*(EVERY - {GOOGLE}))
        assert not drift_of(isp.driver, due), "on the host it reads the same"
        assert "ENF-OWNER" in isp.edge.saved
        converge(driver, NOTHING)
        isp.passes(*EVERY)
    with pytest.raises(DeviceUnreachable):
        read(driver)
