# SPDX-License-Identifier: GPL-2.0-or-later
"""What `why` says of the link between router and customer while the customer is suspended."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.protection import with_derived
from enforcer.core.topology import Interface, Neighbor
from tests.unit.usecases.plant import ANN, EDGES, HOSTING, Plant, files

SPARED = Selection(prefixes=(ip_network("203.0.113.53"),))
SUSPENDED = SuspendCustomer("hosting", SPARED, by="interface")


@pytest.fixture
def suspended(plant: Plant) -> Plant:
    """A LAN on eth1: the router is .1, the session is with .2, .77 is anybody."""
    edge = replace(
        EDGES[0],
        interfaces=(Interface("eth1", addresses=(ip_interface("198.51.100.1/24"),)),),
        neighbors=(Neighbor(ip_address("198.51.100.2"), behind="hosting"),),
    )
    plant.stated = with_derived(files(edge, EDGES[1], HOSTING))
    plant.reload()
    plant.place(SUSPENDED, confirm_routes=True)
    plant.reconcile()
    return plant


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("198.51.100.1", "none"),
        ("198.51.100.2", "none"),
        ("198.51.100.77", "some"),
        ("192.0.2.7", "some"),
        ("203.0.113.99", "none"),
    ],
)
def test_what_is_behind_the_interface(suspended: Plant, address: str, word: str) -> None:
    view = suspended.app.why(ANN, address)
    assert (view.blocked_from, view.blocked_to) == (word, word)
    assert bool(view.orders) is (word == "some")


def test_the_order_says_what_it_spares(suspended: Plant) -> None:
    (order,) = suspended.app.why(ANN, "192.0.2.7").orders
    shown = suspended.app.order(ANN, order.id)
    assert shown.withheld == [
        "198.51.100.1: edge1's address on eth1",
        "198.51.100.2: edge1's BGP neighbor",
    ]
    assert shown.status == "partial"
