# SPDX-License-Identifier: GPL-2.0-or-later
"""Protected space can be asked about, and orders that stand follow it when it grows."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress, SuspendCustomer
from enforcer.core.topology import ProtectedPrefix
from enforcer.errors import InvalidInput
from tests.unit.usecases.desks import GUARDED, equip
from tests.unit.usecases.office import ANN, ESSENTIALS, Office

MORE = replace(
    GUARDED,
    protected=(
        *GUARDED.protected,
        ProtectedPrefix(ip_network("10.0.0.1"), "loopback of edge1", "management"),
        ProtectedPrefix(ip_network("203.0.113.53"), "resolver", "dns"),
    ),
)


@pytest.fixture
def guarded(office: Office) -> Office:
    equip(office, MORE)
    return office


def asked(office: Office, address: str | None = None) -> list[tuple[str, str]]:
    return [(view.prefix, view.origin) for view in office.app.protected(ANN, address)]


def test_all_of_it_by_address(guarded: Office) -> None:
    assert asked(guarded) == [
        ("10.0.0.1", "management"),
        ("203.0.113.0/25", "stated"),
        ("203.0.113.53", "dns"),
        ("2001:db8:100::/64", "management"),
    ]
    assert guarded.app.protected(ANN)[2].reason == "resolver"


@pytest.mark.parametrize(
    "address, prefixes",
    [
        ("203.0.113.53", ["203.0.113.0/25", "203.0.113.53"]),
        ("203.0.113.9", ["203.0.113.0/25"]),
        ("203.0.0.0/16", ["203.0.113.0/25", "203.0.113.53"]),
        ("2001:db8::/32", ["2001:db8:100::/64"]),
        ("203.0.113.200", []),
    ],
)
def test_what_overlaps_an_address(guarded: Office, address: str, prefixes: list[str]) -> None:
    assert [prefix for prefix, _ in asked(guarded, address)] == prefixes


def test_what_is_no_address_is_said_so(guarded: Office) -> None:
    with pytest.raises(InvalidInput, match="host bits"):
        asked(guarded, "203.0.113.9/24")


def test_space_that_becomes_protected_is_taken_from_orders_that_stand(office: Office) -> None:
    plain = replace(GUARDED, protected=())
    equip(office, plain)
    whole = office.place(SuspendCustomer("twice", ESSENTIALS))
    one = office.place(BlockAddress(ip_network("198.51.100.9")))
    assert (whole.withheld, one.withheld) == ([], [])
    kept = (ProtectedPrefix(ip_network("198.51.100.8/30"), "our new office"),)
    equip(office, replace(plain, protected=kept))
    assert office.app.order(ANN, whole.id).withheld == ["198.51.100.8/30: our new office"]
    assert office.app.order(ANN, one.id).status == "withheld"
