# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory may say to the IOS-XR driver, and which rules it takes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from drivers.cisco_xr.committing import COMMENT, comment_of, label_of
from drivers.cisco_xr.driver import CiscoXrDriver
from drivers.cisco_xr.options import Options
from enforcer.core.capability import unsupported
from enforcer.core.orders import order_id
from enforcer.core.plan import Trait
from enforcer.core.rules import Exempt, Key, Owner, Rule, Service
from enforcer.core.topology import Device, Interface, Neighbor
from enforcer.errors import ConfigurationInvalid

EDGE = "GigabitEthernet0/0/0/1"
DEVICE = Device(
    "edge1",
    "cisco_xr",
    transport={"host": "192.0.2.254", "username": "enforcer"},
    credentials="env:ROUTER",
    interfaces=(Interface(EDGE, "hosting", (ip_interface("192.0.2.1/30"),)),),
    neighbors=(Neighbor(ip_address("192.0.2.2"), 64501),),
)
RESOLVER = int(ip_address("203.0.113.53"))


class NoCredentials:
    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)


def driver(device: Device = DEVICE) -> CiscoXrDriver:
    return CiscoXrDriver.from_device(device, NoCredentials(), Owner("C0FFEE", 3))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"confrim": "60"}, "did you mean confirm"),
        ({"confirm": "29"}, "30 to 65535"),
        ({"confirm": "65536"}, "30 to 65535"),
        ({"confirm": "5m"}, "30 to 65535"),
        ({"confirm": "180", "hold_time": "180"}, "confirm: 210"),
        ({"counters": "maybe"}, "yes or no"),
        ({"route_tag": "0"}, "1 to"),
    ],
)
def test_a_wrong_option_is_refused_with_what_to_say(options: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        driver(replace(DEVICE, options=options))


def test_options_of_the_controller_are_taken() -> None:
    options = Options.of(replace(DEVICE, options={"pace": "10", "counter_locations": "0/0/CPU0"}))
    assert options.counter_locations == ("0/0/CPU0",)
    assert (options.confirm, options.hold_time) == (300, 180)


def test_counters_can_be_left_alone() -> None:
    assert Trait.COUNTING in driver().traits
    assert Trait.COUNTING not in driver(replace(DEVICE, options={"counters": "no"})).traits
    assert Trait.ATOMIC | Trait.CONFIRMED_COMMIT | Trait.UNATTRIBUTED in driver().traits


TAKEN = [
    Rule(4, Key.SOURCE),
    Rule(6, Key.DESTINATION, Service(6, None, (25, 25))),
    Rule(4, Key.SOURCE, exempt=(Exempt(RESOLVER, RESOLVER),)),
    Rule(
        4, Key.SOURCE, Service(6, None, (25, 25)), exempt=(Exempt(RESOLVER, RESOLVER, 6, (25, 25)),)
    ),
    Rule(0, Key.INTERFACE),
    Rule(4, Key.RECEIVED, neighbor="192.0.2.2"),
]
REFUSED = [
    (Rule(4, Key.SOURCE, exempt=(Exempt(RESOLVER, RESOLVER, 17, (53, 53)),)), "any protocol but"),
    (Rule(4, Key.SOURCE, Service(132, None, (25, 25))), "ports of protocol 132"),
    (Rule(4, Key.INPUT_INTERFACE), "cannot match"),
    (Rule(4, Key.ANNOUNCED, neighbor="192.0.2.9"), "no such BGP neighbor"),
]


@pytest.mark.parametrize("rule", TAKEN, ids=lambda r: r.digest)
def test_what_can_be_held_is_taken(rule: Rule) -> None:
    assert unsupported(rule, DEVICE, driver().capability) is None


@pytest.mark.parametrize(("rule", "said"), REFUSED)
def test_what_cannot_be_held_is_refused_in_a_sentence(rule: Rule, said: str) -> None:
    why = unsupported(rule, DEVICE, driver().capability)
    assert why is not None and said in why and why.startswith("edge1 cannot")


def test_without_an_edge_no_packet_is_filtered_and_that_is_said() -> None:
    bare = replace(DEVICE, interfaces=())
    why = unsupported(Rule(4, Key.SOURCE), bare, driver(bare).capability)
    assert why is not None and "behind" in why
    routed = replace(bare, mechanism="rtbh")
    assert unsupported(Rule(4, Key.DESTINATION), routed, driver(routed).capability) is None


def test_many_exceptions_are_refused_before_they_fill_every_list() -> None:
    many = tuple(
        Exempt(RESOLVER + 2 * n, RESOLVER + 2 * n, 6, (1000 + n, 1000 + n)) for n in range(30)
    )
    why = unsupported(Rule(4, Key.SOURCE, Service(6), exempt=many), DEVICE, driver().capability)
    assert why is not None and "lines in every list" in why


def test_a_comment_fits_and_a_label_is_a_label() -> None:
    ids = [order_id(n) for n in range(1, 40)]
    text = comment_of(ids)
    assert len(text) <= COMMENT and text.startswith("enforcer 0001-Y") and text.endswith("+33")
    assert comment_of([]) == "enforcer removal"
    label = label_of([order_id(32**8 - 1)], 1_800_000_000_000)
    assert len(label) <= 30 and label[0].isalpha()
    assert label != label_of([order_id(32**8 - 1)], 1_800_000_000_001)
