# SPDX-License-Identifier: GPL-2.0-or-later
"""Which orders touch an address, by prefix and by interface, and how that is said."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.application.commands import LiftOrder
from enforcer.application.views import OrderView, WhyOrder
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.rules import Exempt, Key, Rule, Service
from enforcer.usecases.touch import limits_text
from tests.unit.usecases.office import ANN, ESSENTIALS, Office

MAIL = (PortRange(25, 25),)
CUST1 = Selection(customers=("cust1",))


def only(office: Office, address: str) -> WhyOrder:
    (found,) = office.app.why(ANN, address).orders
    return found


def place(office: Office, demand: Demand, **changes: object) -> OrderView:
    """An order by somebody who knows that others are hit, too."""
    return office.place(demand, confirm_collateral=True, **changes)


def prove(office: Office) -> None:
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)


def by_interface(customer: str) -> SuspendCustomer:
    return SuspendCustomer(customer, ESSENTIALS, by="interface")


@pytest.mark.parametrize("address", ["192.0.2.7", "192.0.2.0/26", "2001:db8:1::7"])
def test_a_suspension_by_interface_covers_its_customer_s_addresses(
    office: Office, address: str
) -> None:
    placed = place(office, by_interface("cust1"))
    prove(office)
    view = office.app.why(ANN, address)
    (found,) = view.orders
    assert (found.id, found.relation, found.direction) == (placed.id, "covers", "both")
    resolver = "2001:db8:100::53" if ":" in address else "203.0.113.53"
    assert found.what == f"by interface eth1 on edge1, except {resolver}"
    assert [device.device for device in found.devices] == ["edge1"]
    assert (view.blocked_from, view.blocked_to) == ("some", "some")
    assert view.customer == "cust1"


@pytest.mark.parametrize("address", ["192.0.2.70", "198.51.100.7", "203.0.113.7", "192.0.0.0/8"])
def test_nobody_else_s_addresses_are_covered_by_it(office: Office, address: str) -> None:
    """Not those of a customer with a longer prefix inside, who is attached elsewhere."""
    place(office, by_interface("cust1"))
    view = office.app.why(ANN, address if address[-2] != "/" else "192.0.0.0/16")
    assert view.orders == []
    assert (view.blocked_from, view.blocked_to) == ("none", "none")


def test_every_interface_that_is_cut_is_named(office: Office) -> None:
    place(office, by_interface("twice"))
    what = "by interface eth3 on edge1, eth3 on edge2, except 203.0.113.53"
    assert only(office, "198.51.100.7").what == what


def test_in_a_scope_only_what_is_cut_there(office: Office) -> None:
    place(office, by_interface("twice"), scope=Scope(devices=("edge2",)))
    what = "by interface eth3 on edge2, except 203.0.113.53"
    assert only(office, "198.51.100.7").what == what


def test_a_lifted_suspension_is_no_longer_shown_even_if_the_clock_steps_back(
    office: Office,
) -> None:
    placed = place(office, by_interface("cust1"))
    office.clock.advance(60)
    office.app.lift(ANN, LiftOrder(order=placed.id, reason="paid"))
    assert [order.status for order in office.app.why(ANN, "192.0.2.7").orders] == ["removing"]
    prove(office)
    office.clock.step(-30)
    assert office.app.why(ANN, "192.0.2.7").orders == []
    assert office.app.order(ANN, placed.id).status == "lifted"
    again = office.app.lift(ANN, LiftOrder(order=placed.id, reason="twice"))
    assert again.lift_reason == "paid", "it was over already"


def test_services_and_exceptions_are_named(office: Office) -> None:
    relay = Selection((ip_network("203.0.113.25"),))
    place(office, BlockPort(CUST1, (6,), MAIL, exceptions=relay))
    found = only(office, "192.0.2.7")
    assert (found.what, found.direction) == ("tcp to port 25, except 203.0.113.25", "from")


def test_an_exception_for_some_services_says_for_which(office: Office) -> None:
    relay = Selection(service_sets=("relay",))
    place(office, BlockAddress(ip_network("192.0.2.7"), exceptions=relay))
    what = "all, except 203.0.113.25 (tcp port 25, tcp port 465)"
    assert only(office, "192.0.2.7").what == what


def test_peers_are_named(office: Office) -> None:
    others = Selection((ip_network("203.0.113.0/28"),))
    place(office, BlockFlow(CUST1, others, direction=Direction.BOTH))
    assert only(office, "192.0.2.7").what == "all with 203.0.113.0/28"


def test_services_with_the_same_peers_are_said_together(office: Office) -> None:
    place(office, CutFeed("cust1", "essentials"))
    assert only(office, "192.0.2.7").what == (
        "tcp to port 119, tcp from port 119, tcp to port 433, tcp from port 433,"
        " tcp to port 563, tcp from port 563 with 203.0.113.53"
    )


def test_all_is_all(office: Office) -> None:
    place(office, BlockAddress(ip_network("192.0.2.7")))
    prove(office)
    view = office.app.why(ANN, "192.0.2.7")
    assert (view.orders[0].what, view.orders[0].relation) == ("all", "exact")
    assert (view.blocked_from, view.blocked_to) == ("all", "all")
    assert office.app.why(ANN, "192.0.2.0/24").blocked_from == "some"


def test_what_is_not_proved_is_listed_and_blocks_nothing(office: Office) -> None:
    place(office, BlockAddress(ip_network("192.0.2.7")))
    view = office.app.why(ANN, "192.0.2.7")
    assert [order.status for order in view.orders] == ["enforcing"]
    assert (view.blocked_from, view.blocked_to) == ("none", "none")
    prove(office)
    office.clock.advance(3_600)
    view = office.app.why(ANN, "192.0.2.7")
    assert [order.status for order in view.orders] == ["unverified"]
    assert (view.blocked_from, view.blocked_to) == ("all", "all")


def test_what_is_said_stays_short_whatever_is_asked() -> None:
    ranges = tuple((n, n) for n in range(0, 2_000, 2))
    exempt = tuple(
        Exempt(n, n, 6, (port, port)) for n in range(0, 2_000, 2) for port in range(1, 20, 2)
    )
    rules = [
        Rule(4, Key.SOURCE, Service(6, None, (port, port)), ranges, exempt) for port in range(100)
    ]
    text = limits_text(rules)
    assert len(text) < 600
    assert "tcp to port 5 and 94 more with 0.0.0.0, 0.0.0.2, 0.0.0.4 and 997 more" in text
    assert "0.0.0.4 (tcp port 1, tcp port 3, tcp port 5 and 7 more) and 997 more" in text


def test_an_answer_is_verified_while_the_devices_are(office: Office) -> None:
    asked = "198.51.100.200"

    def certainty() -> str:
        return office.app.why(ANN, asked).certainty

    assert certainty() == "assumed", "nobody has looked yet"
    prove(office)
    assert certainty() == "verified"
    place(office, BlockAddress(ip_network(asked)))
    assert certainty() == "assumed", "the order is not proved yet"
    prove(office)
    assert certainty() == "verified"
    office.clock.advance(3_600)
    assert certainty() == "assumed", "the proofs are old"


def test_the_other_end_of_a_flow_is_shown(office: Office) -> None:
    others = Selection((ip_network("203.0.113.0/28"),))
    placed = place(office, BlockFlow(CUST1, others))
    prove(office)
    view = office.app.why(ANN, "203.0.113.3")
    (found,) = view.orders
    assert (found.id, found.relation, found.direction) == (placed.id, "covers", "to")
    assert found.what == "all with 192.0.2.0/24"
    assert (view.blocked_from, view.blocked_to) == ("none", "some")


def test_what_an_order_says_is_shown(office: Office) -> None:
    placed = place(office, BlockAddress(ip_network("192.0.2.7")), ticket="T-7")
    found = only(office, "192.0.2.7")
    assert (found.id, found.ticket, found.reason) == (placed.id, "T-7", "test")
