# SPDX-License-Identifier: GPL-2.0-or-later
"""The operator changes his policies and names while orders stand, on an EMULATED Junos router."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from enforcer.core.rules import Desired, Key, Rule
from enforcer.core.topology import Interface
from enforcer.errors import DeviceError
from lab.emulators import packets
from lab.emulators.juniper_junos import Router
from lab.emulators.server import Serving, serving
from tests.contract.junos_subject import ORIGINAL, UPSTREAM, device_at, driver_at
from tests.contract.subject import NAME
from tests.contract.worlds import NOTHING, OURS, converge, drift_of
from tests.integration.junos_router import interfaces_down, lines, with_prefix

RECEIVED = Rule(4, Key.RECEIVED, neighbor="10.1.0.2")
TO = Rule(4, Key.DESTINATION)
BOGONS = (
    "set policy-options policy-statement BOGONS from route-filter 198.18.0.0/15 orlonger",
    "set policy-options policy-statement BOGONS then reject",
    "delete protocols bgp group upstream import",
    "set protocols bgp group upstream import BOGONS",
    "set protocols bgp group upstream import PASS",
)


@pytest.fixture
def router() -> Router:
    made = Router(NAME)
    made.load(ORIGINAL)
    return made


@pytest.fixture
def server(router: Router) -> Iterator[Serving]:
    with serving(router) as running:
        yield running


def test_a_policy_that_a_group_gets_meanwhile_comes_into_force(
    router: Router, server: Serving
) -> None:
    driver = driver_at(device_at(server), OURS)
    wanted = with_prefix(RECEIVED, "203.0.113.0/24")
    converge(driver, wanted)
    router.by_hand(BOGONS)
    changed = [line for line in lines(router) if "ENF-" not in line]
    assert router.would_accept("198.18.0.0/16", "10.1.0.2", "in"), "our copy is behind"
    found = drift_of(driver, wanted).findings
    assert any("must be" in one.detail and "BOGONS, PASS" in one.detail for one in found)
    converge(driver, wanted)
    assert not router.would_accept("198.18.0.0/16", "10.1.0.2", "in")
    assert not router.would_accept("203.0.113.0/24", "10.1.0.2", "in")
    converge(driver, NOTHING)
    assert "neighbor 10.1.0.2 import" not in router.running()
    assert [line for line in lines(router) if " neighbor 10.1.0.2 import " not in line] == [
        line for line in changed if " neighbor 10.1.0.2 import " not in line
    ]
    assert not router.would_accept("198.18.0.0/16", "10.1.0.2", "in")


def test_what_somebody_wrote_into_a_completed_chain_is_his(router: Router, server: Serving) -> None:
    driver = driver_at(device_at(server), OURS)
    converge(driver, with_prefix(RECEIVED, "203.0.113.0/24"))
    chain = "set protocols bgp group upstream neighbor 10.1.0.2 import"
    router.by_hand([*BOGONS[:2], f"{chain} BOGONS"])
    converge(driver, with_prefix(RECEIVED, "203.0.113.0/24"))
    converge(driver, NOTHING)
    kept = [line for line in lines(router) if line.startswith(chain)]
    assert kept == [f"{chain} PASS", f"{chain} BOGONS"]


def test_an_interface_that_is_not_there_is_not_made_by_shutting_it(
    router: Router, server: Serving
) -> None:
    before = lines(router)
    device = device_at(server)
    device = replace(device, interfaces=(*device.interfaces, Interface("ge-0/0/9.100", "hosting")))
    driver = driver_at(device, OURS)
    with pytest.raises(DeviceError, match=r"ge-0/0/9\.100: it is not configured"):
        converge(driver, interfaces_down("ge-0/0/9.100"))
    assert lines(router) == before


def test_where_others_would_be_told_of_a_discard_route_there_is_none(
    router: Router, server: Serving
) -> None:
    driver = driver_at(replace(device_at(server), mechanism="rtbh"), OURS)
    wanted = with_prefix(TO, "198.51.100.7/32")
    converge(driver, wanted)
    assert "static route 198.51.100.7/32 discard" in router.running()
    out = "policy-options policy-statement OUT"
    router.by_hand(
        [
            f"set {out} from protocol static",
            f"set {out} then accept",
            "set protocols bgp group upstream export OUT",
        ]
    )
    before = [line for line in lines(router) if "198.51.100.7" not in line and "ENF-" not in line]
    found = {one.check: one for one in driver.diagnose()}
    assert "group upstream export" in found["discard routes"].detail
    converge(driver, wanted)
    assert "static route" not in router.running()
    packet = packets.Packet(
        ip_address("203.0.113.5"), ip_address("198.51.100.7"), packets.TCP, 4000, 80
    )
    assert not router.would_pass(packet, UPSTREAM, "in")
    converge(driver, NOTHING)
    assert [line for line in lines(router) if "static route" not in line] == before


def test_without_an_edge_what_no_route_may_hold_is_not_claimed(
    router: Router, server: Serving
) -> None:
    router.by_hand(["set routing-options static route 198.51.100.7/32 next-hop 10.1.0.2"])
    bare = replace(device_at(server), mechanism="rtbh", interfaces=())
    driver = driver_at(bare, OURS)
    wanted = Desired(NAME, with_prefix(TO, "198.51.100.7/32").addresses)
    with pytest.raises(DeviceError, match="has no interface"):
        converge(driver, wanted)
