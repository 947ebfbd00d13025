# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory may say of a Junos router, and what such a router cannot hold."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.setup import Setup
from enforcer.core.capability import unsupported
from enforcer.core.plan import Trait
from enforcer.core.rules import Exempt, Key, Owner, Rule, Service
from enforcer.core.topology import Device, Interface, Neighbor
from enforcer.errors import ConfigurationInvalid
from tests.contract.junos_subject import Password

OWNER = Owner("C0FFEE", 3)
DEVICE = Device(
    "edge1",
    "juniper_junos",
    transport={"host": "10.0.0.1", "username": "enforcer"},
    credentials="env:ROUTER",
    interfaces=(Interface("ge-0/0/1.0", "hosting"),),
)


def with_options(**options: str) -> Device:
    return replace(DEVICE, options=options)


def driver(device: Device = DEVICE) -> JunosDriver:
    return JunosDriver.from_device(device, Password(), OWNER)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"hold_tim": "3"}, "did you mean hold_time"),
        ({"binding": "both"}, "list or chain"),
        ({"counters": "maybe"}, "yes or no"),
        ({"ipv6_protocol": "tcp"}, "payload-protocol or next-header"),
        ({"confirm": "soon"}, "a number"),
        ({"tag": "0"}, "a number from 1"),
        ({"hold_time": "280"}, "leave 60 s for the proof"),
    ],
)
def test_wrong_options_say_what_is_right(options: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=says) as refused:
        driver(with_options(**options))
    assert "edge1" in str(refused.value)


def test_seconds_are_rounded_up_to_the_minutes_of_the_box() -> None:
    assert Setup.of(with_options(confirm="301"), OWNER).confirm == 6
    assert Setup.of(DEVICE, OWNER).confirm == 5


def test_options_of_the_controller_are_accepted() -> None:
    driver(with_options(pace="10", changes="window", removals="any", urgent="window"))


def test_without_counters_it_does_not_claim_to_count() -> None:
    assert Trait.COUNTING in driver().traits
    assert Trait.COUNTING not in driver(with_options(counters="no")).traits


def refusal(rule: Rule, device: Device = DEVICE) -> str | None:
    return unsupported(rule, device, driver(device).capability)


def test_what_it_can_hold() -> None:
    for family in (4, 6):
        assert refusal(Rule(family, Key.SOURCE, Service(6, None, (25, 25)))) is None
        assert refusal(Rule(family, Key.RECEIVED, neighbor="10.1.0.2")) is None
    assert refusal(Rule(4, Key.SOURCE, exempt=(Exempt(5, 5, 17, (53, 53)),))) is None
    assert refusal(Rule(0, Key.INTERFACE)) is None


def test_all_of_an_interface_is_refused_with_what_to_do() -> None:
    said = refusal(Rule(4, Key.INPUT_INTERFACE))
    assert said == (
        "edge1 cannot drop all packets of an interface: suspend by prefixes, or shut it down."
    )


def test_without_an_edge_nothing_can_be_filtered_but_routes_can() -> None:
    bare = replace(DEVICE, interfaces=())
    assert "behind" in (refusal(Rule(4, Key.SOURCE), bare) or "")
    routed = replace(bare, mechanism="rtbh")
    assert refusal(Rule(4, Key.DESTINATION), routed) is None
    assert refusal(Rule(4, Key.SOURCE), routed) is not None


def test_a_neighbor_of_another_vrf_is_refused() -> None:
    elsewhere = replace(DEVICE, neighbors=(Neighbor(ip_address("10.1.0.2"), vrf="red"),))
    said = refusal(Rule(4, Key.RECEIVED, neighbor="10.1.0.2"), elsewhere)
    assert said is not None and "default VRF" in said


def test_too_many_exceptions_are_refused_when_the_order_is_placed() -> None:
    many = tuple(Exempt(n * 10, n * 10, 6, (2 * n, 2 * n)) for n in range(1, 40))
    said = refusal(Rule(4, Key.SOURCE, exempt=many))
    assert said is not None and "filter terms" in said
