# SPDX-License-Identifier: GPL-2.0-or-later
"""Why an address was blocked then, and how sure that is."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.commands import ChangeEnd, ImportList, LiftOrder
from enforcer.application.views import WhyView
from enforcer.core.orders import BlockAddress, BlockList, Demand
from enforcer.core.topology import Customer, Topology
from enforcer.errors import InvalidInput
from tests.unit.usecases.office import ANN, TOPOLOGY, Office

VICTIM = "198.51.100.200"
"""Nobody's address: it is held on both borders."""
BLOCK = BlockAddress(ip_network(VICTIM))


def prove(office: Office) -> None:
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)


def pass_time(office: Office, seconds: int, step: int = 60) -> None:
    """The controller looks once a minute."""
    for _ in range(seconds // step):
        office.clock.advance(step)
        prove(office)


def in_force(office: Office, topology: Topology) -> None:
    now = office.clock.now()
    with office.database.write() as work:
        seq = work.record("inventory.loaded", ANN, at=now, payload={})
        work.inventories.add(seq, topology, at=now, origin="reload")


def place(office: Office, demand: Demand = BLOCK) -> str:
    placed = office.place(demand, confirm_collateral=True, confirm_wide=True)
    prove(office)
    return placed.id


@pytest.fixture
def began(office: Office) -> datetime:
    """The instant from which an inventory is in force and devices are proved."""
    in_force(office, TOPOLOGY)
    prove(office)
    return office.clock.now()


def at(office: Office, began: datetime, seconds: float, address: str = VICTIM) -> WhyView:
    return office.app.why(ANN, address, began + timedelta(seconds=seconds))


def words(view: WhyView) -> tuple[str, str, str]:
    return view.blocked_from, view.blocked_to, view.certainty


def test_a_life_of_one_order(office: Office, began: datetime) -> None:
    pass_time(office, 300)
    number = place(office)
    pass_time(office, 600)
    office.app.lift(ANN, LiftOrder(order=number, reason="over"))
    prove(office)
    pass_time(office, 600)
    for seconds, expected in (
        (150, ("none", "none", "verified")),
        (299, ("none", "none", "verified")),
        (301, ("all", "all", "verified")),
        (899, ("all", "all", "verified")),
        (901, ("none", "none", "verified")),
        (1500, ("none", "none", "verified")),
    ):
        assert words(at(office, began, seconds)) == expected, seconds
    (then,) = at(office, began, 600).orders
    assert (then.id, then.relation, then.direction, then.status) == (
        number,
        "exact",
        "both",
        "enforced",
    )
    assert [d.device for d in then.devices] == ["edge1", "edge2"]
    assert "found as desired at every look from" in then.devices[0].detail
    assert at(office, began, 1200).orders == []


def test_an_order_to_come_is_listed_and_blocks_nothing(office: Office, began: datetime) -> None:
    office.place(BLOCK, start_after=timedelta(minutes=10))
    prove(office)
    pass_time(office, 1200)
    before = at(office, began, 300)
    assert [order.status for order in before.orders] == ["scheduled"]
    assert words(before) == ("none", "none", "verified")
    assert words(at(office, began, 700)) == ("all", "all", "verified")


def test_between_an_order_and_its_first_proof_it_is_assumed(
    office: Office, began: datetime
) -> None:
    pass_time(office, 60)
    office.place(BLOCK)
    office.clock.advance(40)
    prove(office)
    pass_time(office, 60)
    early = at(office, began, 80)
    assert words(early) == ("all", "all", "assumed")
    assert [order.status for order in early.orders] == ["unverified"]
    assert words(at(office, began, 101)) == ("all", "all", "verified")


def test_between_a_lift_and_its_first_proof_the_end_is_assumed(
    office: Office, began: datetime
) -> None:
    number = place(office)
    pass_time(office, 60)
    office.app.lift(ANN, LiftOrder(order=number, reason="over"))
    office.clock.advance(40)
    prove(office)
    pass_time(office, 60)
    assert words(at(office, began, 80)) == ("none", "none", "assumed")
    assert words(at(office, began, 101)) == ("none", "none", "verified")


def test_without_proofs_around_it_is_assumed(office: Office, began: datetime) -> None:
    place(office)
    pass_time(office, 60)
    office.clock.advance(7_000)
    prove(office)
    between = at(office, began, 3_000)
    assert words(between) == ("all", "all", "assumed")
    assert between.orders[0].devices[0].detail == "not proved around that time"
    assert words(at(office, began, 30)) == ("all", "all", "verified")


def test_what_somebody_changed_behind_our_back_is_not_verified(
    office: Office, began: datetime
) -> None:
    place(office)
    pass_time(office, 120)
    office.clock.advance(30)
    office.boxes["edge1"].flush()
    office.clock.advance(30)
    prove(office)
    pass_time(office, 60)
    assert words(at(office, began, 100)) == ("all", "all", "verified")
    assert words(at(office, began, 170)) == ("all", "all", "assumed")
    assert words(at(office, began, 181)) == ("all", "all", "verified")


def test_before_the_records_nothing_is_known(office: Office, began: datetime) -> None:
    view = at(office, began, -3_600)
    assert words(view) == ("unknown", "unknown", "unknown")
    assert view.orders == []


def test_the_future_is_refused(office: Office, began: datetime) -> None:
    with pytest.raises(InvalidInput, match="still to come"):
        at(office, began, 1)
    with pytest.raises(InvalidInput, match="no time zone"):
        office.app.why(ANN, VICTIM, began.replace(tzinfo=None))


def test_an_order_is_shown_as_it_stood(office: Office, began: datetime) -> None:
    number = place(office)
    first = office.app.order(ANN, number).end
    pass_time(office, 120)
    office.app.change_end(ANN, ChangeEnd(order=number, extend=True, duration=timedelta(days=2)))
    prove(office)
    pass_time(office, 120)
    assert at(office, began, 60).orders[0].until == first
    later = at(office, began, 200).orders[0].until
    assert later is not None and first is not None and later > first


def test_a_list_is_read_as_it_was(office: Office, began: datetime) -> None:
    def load(text: str) -> None:
        command = ImportList(name="bad", text=text, source="t", confirm_shrink=True)
        office.app.import_list(ANN, command)

    load("198.51.100.200\n198.51.100.201\n198.51.100.202\n")
    place(office, BlockList("bad"))
    pass_time(office, 120)
    load("198.51.100.201\n198.51.100.202\n198.51.100.203\n")
    prove(office)
    pass_time(office, 120)
    assert words(at(office, began, 100)) == ("all", "all", "verified")
    assert words(at(office, began, 130)) == ("none", "none", "verified")
    assert words(at(office, began, 130, "198.51.100.203"))[0] == "all"
    assert words(at(office, began, 100, "198.51.100.203"))[0] == "none"


def test_the_inventory_is_the_one_of_the_time(office: Office, began: datetime) -> None:
    pass_time(office, 120)
    moved = Topology(
        devices=TOPOLOGY.devices,
        customers={
            **TOPOLOGY.customers,
            "cust2": Customer("cust2", (ip_network(f"{VICTIM}/32"),)),
        },
        service_sets=TOPOLOGY.service_sets,
        documentation_space=True,
    )
    in_force(office, moved)
    prove(office)
    pass_time(office, 120)
    assert at(office, began, 60).customer is None
    assert at(office, began, 200).customer == "cust2"
    assert at(office, began, 60).certainty == "verified"
