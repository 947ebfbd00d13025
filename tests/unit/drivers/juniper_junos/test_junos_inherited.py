# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router inherits from `groups` and ranges: nothing of it is replaced or passed over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address

import pytest

from drivers._router.target import members
from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.finding import owner
from drivers.juniper_junos.holdings import ReadMembers, interfaces_down, ranges_of
from drivers.juniper_junos.layout import Known
from drivers.juniper_junos.parse import parse
from drivers.juniper_junos.setup import Setup
from enforcer.control.writing import compared
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.topology import Device, Interface, Neighbor
from tests.contract.junos_subject import Password

OWNER = Owner("C0FFEE", 3)
DEVICE = Device(
    "edge1",
    "juniper_junos",
    transport={"host": "10.0.0.1", "username": "enforcer"},
    credentials="env:ROUTER",
    interfaces=(Interface("ge-0/0/1.0", "hosting"), Interface("ge-0/0/3", "upstream")),
    neighbors=(Neighbor(ip_address("10.1.0.2"), 64501, "upstream"),),
)
PLAIN = """\
set interfaces ge-0/0/1 unit 0 family inet address 192.0.2.129/30
set interfaces ge-0/0/3 unit 0 family inet address 10.1.0.1/30
set protocols bgp group upstream type external
set protocols bgp group upstream neighbor 10.1.0.2 peer-as 64501
"""
RECEIVED = Rule(4, Key.RECEIVED, neighbor="10.1.0.2")
SOURCE = Rule(4, Key.SOURCE)
CHAIN = "protocols bgp group upstream neighbor 10.1.0.2 import"
PLACE = "interfaces ge-0/0/1 unit 0 family inet"


def reading(driver: JunosDriver, text: str) -> Actual:
    setup = Setup.of(DEVICE, OWNER)
    box = parse("edge1", text.splitlines(), setup.tag)
    return Actual(
        "edge1",
        datetime(2026, 1, 1, tzinfo=UTC),
        owner(box, OWNER.controller),
        ReadMembers(setup, box, driver.known),
        interfaces_down(setup, box),
        Known(box),
    )


def wanted(*rules: Rule) -> Desired:
    rows = members(ranges_of(["203.0.113.0/24"], 4))
    return Desired("edge1", dict.fromkeys(rules, rows))


def planned(text: str, desired: Desired, *gone: Rule) -> list[str]:
    driver = JunosDriver.from_device(DEVICE, Password(), OWNER)
    driver.known.learn(gone)
    actual = reading(driver, text)
    return list(driver.plan(desired, compared(driver, desired, actual), actual).native())


def said(text: str, desired: Desired) -> str:
    """What is found once the members stand."""
    driver = JunosDriver.from_device(DEVICE, Password(), OWNER)
    driver.known.learn_desired(desired)
    actual = reading(driver, after(text, planned(text, desired)))
    return "\n".join(finding.what for finding in driver.findings(desired, actual))


def after(text: str, commands: Iterable[str]) -> str:
    """`text` with what is set; enough where nothing is deleted."""
    return "\n".join([*text.splitlines(), *(c for c in commands if c.startswith("set "))])


def group(name: str, statement: str, applied: str) -> str:
    return f"{PLAIN}set groups {name} {statement}\nset {applied}apply-groups {name}\n"


CHAINS = [
    ("protocols bgp import PEER-IN", ""),
    ("protocols bgp group <*> import PEER-IN", "protocols bgp "),
    ("protocols bgp group <up*> neighbor <*> import PEER-IN", "protocols bgp group upstream "),
    (f"{CHAIN} PEER-IN", "protocols "),
]
PLACES = [
    ("interfaces <*> unit <*> family inet filter input EDGE", ""),
    ("interfaces <ge-*> unit 0 family inet filter output-list EDGE", "interfaces ge-0/0/1 "),
    ("interfaces <*> unit <0> family inet filter input EDGE", "interfaces ge-0/0/1 unit 0 "),
]


@pytest.mark.parametrize(("statement", "applied"), CHAINS)
def test_a_chain_that_comes_from_a_group_is_left_alone_and_named(
    statement: str, applied: str
) -> None:
    text = group("PEERING", statement, applied)
    assert not [line for line in planned(text, wanted(RECEIVED)) if "protocols" in line]
    assert f"{CHAIN}: policies there come from `groups PEERING`" in said(text, wanted(RECEIVED))


@pytest.mark.parametrize(("statement", "applied"), PLACES)
def test_filters_that_come_from_a_group_are_left_alone_and_named(
    statement: str, applied: str
) -> None:
    text = group("EDGES", statement, applied)
    assert not [line for line in planned(text, wanted(SOURCE)) if PLACE in line]
    told = said(text, wanted(SOURCE))
    assert f"{PLACE} filter input: filters there come from `groups EDGES`" in told


@pytest.mark.parametrize(
    ("statement", "applied"),
    [
        ("protocols bgp group <*> import PEER-IN", "protocols bgp group elsewhere "),
        ("protocols bgp group <cust*> import PEER-IN", ""),
        ("protocols bgp group <*> export PEER-OUT", ""),
        ("interfaces <xe-*> unit <*> family inet filter input EDGE", ""),
        ("interfaces <*> unit <*> family inet mtu 1500", ""),
        ("system host-name other", ""),
    ],
)
def test_groups_that_say_nothing_there_do_not_matter(statement: str, applied: str) -> None:
    text = group("OTHER", statement, applied)
    desired = wanted(SOURCE, RECEIVED)
    assert planned(text, desired) == planned(PLAIN, desired)


def test_a_group_that_is_not_applied_or_not_in_force_does_not_matter() -> None:
    statement = "protocols bgp group <*> import PEER-IN"
    unused = f"{PLAIN}set groups PEERING {statement}\n"
    applied = group("PEERING", statement, "protocols bgp ")
    asleep = f"{applied}deactivate protocols bgp apply-groups\n"
    for text in (unused, asleep, f"{applied}deactivate groups PEERING\n"):
        assert planned(text, wanted(RECEIVED)) == planned(PLAIN, wanted(RECEIVED))


def test_a_group_in_a_group_counts_too() -> None:
    text = group("PEERING", "protocols bgp group <*> import PEER-IN", "groups OUTER ")
    assert "groups PEERING" in said(f"{text}set apply-groups OUTER\n", wanted(RECEIVED))


def test_a_family_and_a_unit_that_come_from_a_group_are_named() -> None:
    """Traffic there would pass no filter of ours."""
    text = group("UNITS", "interfaces <ge-*> unit 7 family inet address 10.9.0.1/30", "")
    assert "interfaces ge-0/0/3 unit 7 family inet: it comes from" in said(text, wanted(SOURCE))
    text = group("SIX", "interfaces <*> unit <*> family inet6 mtu 1500", "")
    six = Desired("edge1", {Rule(6, Key.SOURCE): members(ranges_of(["2001:db8:bad::/48"], 6))})
    assert "interfaces ge-0/0/1 unit 0 family inet6: it comes from" in said(text, six)


@pytest.mark.parametrize(
    "member", ["member ge-0/0/1", 'member "ge-0/0/*"', "member-range ge-0/0/0 to ge-0/0/5"]
)
def test_filters_that_come_from_an_interface_range_are_left_alone(member: str) -> None:
    top = "set interfaces interface-range CUSTOMERS"
    text = f"{PLAIN}{top} {member}\n{top} unit 0 family inet filter input EDGE\n"
    assert not [line for line in planned(text, wanted(SOURCE)) if PLACE in line]
    assert "from `interfaces interface-range CUSTOMERS`" in said(text, wanted(SOURCE))


def test_a_group_that_adds_to_every_filter_is_named() -> None:
    text = group("LOG", "firewall family inet filter <*> term LAST then accept", "")
    assert "filter ENF-IN4: `groups LOG` adds to every filter" in said(text, wanted(SOURCE))


def test_what_stands_is_still_taken_away_although_a_group_came_meanwhile() -> None:
    stands = after(PLAIN, planned(PLAIN, wanted(SOURCE, RECEIVED)))
    text = (
        f"{stands}\nset groups G interfaces <*> unit <*> family inet filter input EDGE\n"
        "set groups G protocols bgp group <*> import PEER-IN\nset apply-groups G\n"
    )
    left = planned(text, wanted(), SOURCE, RECEIVED)
    assert f"delete {CHAIN}" in left
    assert f"delete {PLACE} filter" in left
    assert not [line for line in left if line.startswith("set ")]


def test_a_rule_that_leaves_goes_out_of_a_chain_that_must_be_left_alone() -> None:
    second = Rule(6, Key.RECEIVED, neighbor="10.1.0.2")
    both = Desired(
        "edge1",
        {
            **wanted(RECEIVED).addresses,
            second: members(ranges_of(["2001:db8:bad::/48"], 6)),
        },
    )
    stands = after(PLAIN, planned(PLAIN, both))
    text = f"{stands}\nset groups G protocols bgp import PEER-IN\nset apply-groups G\n"
    left = planned(text, wanted(RECEIVED), second)
    assert f"set {CHAIN} ENF-{RECEIVED.digest}-S" in left
    assert f"set {CHAIN} ENF-{second.digest}-S" not in left
