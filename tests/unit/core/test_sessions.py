# SPDX-License-Identifier: GPL-2.0-or-later
"""Which BGP sessions an order means."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from enforcer.core.orders import Scope, Sessions
from enforcer.core.sessions import sessions_of, with_customer
from enforcer.core.topology import Leaving, Topology
from tests.unit.core.bgp_drafts import EDGE, NETWORK, OF_LEAKY, sessions, with_device


def found(wanted: Sessions, scope: Scope | None = None, topology: Topology = NETWORK) -> list[str]:
    return [f"{s.device} {s.address}" for s in sessions_of(wanted, scope or Scope(), topology)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        # Stated behind the neighbor, and by the customer's own attachment.
        (OF_LEAKY, ["edge1 10.0.1.2", "edge2 10.0.2.2"]),
        (sessions(65001), ["edge1 10.0.1.2", "edge2 10.0.2.2"]),
        (sessions(64500), ["edge1 10.0.0.1", "edge1 2001:db8:ffff::1"]),
        (sessions("10.0.0.1", "2001:db8:ffff::1", 65002), [
            "edge1 10.0.0.1", "edge1 2001:db8:ffff::1", "edge2 10.0.2.6",
        ]),
        (sessions("10.0.9.9"), ["edge1 10.0.9.9"]),
        (sessions("unconnected"), []),
        (sessions(65033, "10.0.3.2"), []),  # a packet filter has no sessions of its own
        (sessions(65005, "10.0.5.5"), []),  # in a VRF
        # Everything outside: neither the inside nor one of which nothing is stated.
        (Sessions(), [
            "edge1 10.0.0.1", "edge1 10.0.1.2", "edge1 10.9.0.7", "edge1 2001:db8:ffff::1",
            "edge2 10.0.2.2",
        ]),
    ],
)  # fmt: skip
def test_what_names_a_session(wanted: Sessions, expected: list[str]) -> None:
    assert found(wanted) == expected


def test_only_devices_of_the_scope() -> None:
    assert found(OF_LEAKY, Scope(sites=("south",))) == ["edge2 10.0.2.2"]
    assert found(Sessions(), Scope(("edge2",))) == ["edge2 10.0.2.2"]


def test_a_device_that_is_being_retired_or_has_no_bgp_of_its_own_is_left_out() -> None:
    for changed in (replace(EDGE, leaving=Leaving.DRAINING), replace(EDGE, bgp=False)):
        assert found(OF_LEAKY, topology=with_device(changed)) == ["edge2 10.0.2.2"]
    kept = replace(EDGE, leaving=Leaving.GONE)
    assert found(OF_LEAKY, topology=with_device(kept)) == found(OF_LEAKY)


def test_whose_a_session_is_and_what_it_carries() -> None:
    dual, plain = with_customer("leaky", Scope(), NETWORK)
    assert (dual.customer, dual.families, dual.outside) == ("leaky", (4, 6), True)
    assert (plain.customer, plain.families, plain.outside) == ("leaky", (4,), True)
    (six,) = sessions_of(sessions("2001:db8:ffff::1"), Scope(), NETWORK)
    assert (six.customer, six.families, six.outside) == ("", (6,), True)
    (core,) = sessions_of(sessions("10.0.9.9"), Scope(), NETWORK)
    assert not core.outside
    (unstated,) = sessions_of(Sessions(neighbors=(ip_address("10.0.2.6"),)), Scope(), NETWORK)
    assert not unstated.outside
