# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders and forms that tests of the desk begin with."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.views import OrderView
from enforcer.core.orders import BlockAddress
from enforcer.core.prefixes import parse_network
from tests.fakes.application import FakeApplication

ANN = Actor("ann", "cli")
NASTY = "<script>alert('x')</script>\"'>&"


def an_order(
    application: FakeApplication, address: str = "192.0.2.7", reason: str = "phishing"
) -> OrderView:
    """One that is kept by the fake."""
    demand = BlockAddress(parse_network(address))
    command = PlaceOrder(demand=demand, reason=reason, duration=timedelta(hours=2), ticket="T-1")
    return application.place(ANN, command)


def filled(role: str = "abuse", **changes: str | list[str]) -> dict[str, str | list[str]]:
    """The form of a new order as a browser sends it."""
    return {
        "csrf": f"csrf-{role}",
        "kind": "block_address",
        "prefix": "192.0.2.7",
        "direction": "both",
        "reason": "phishing",
        "end": "1h",
        "key": "desk-1",
        **changes,
    }
