# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions that an order shuts down, as the customer's router sees it."""

import pytest

from enforcer.core.orders import Selection, ShutdownSession, SuspendCustomer
from lab.bgp import EDGES, Edge, await_upstream, established, events, killed, pings, wait_for_bgp
from lab.shell import wait_until
from tests.lab.bgp.leaks import with_neighbor
from tests.lab.bgp.tampering import birdc, last_error, vtysh
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

DAEMONS = {"frr": "bgpd", "bird": "bird"}


def test_a_session_is_shut_with_a_word_why_and_comes_back(edge: Edge, desk: Desk) -> None:
    order = desk.place(ShutdownSession(with_neighbor(edge)))
    await_upstream(edge, 4, [])
    await_upstream(edge, 6, [edge.own[1]])
    # What it says of the attempts since then stands before the message, or instead of the reason.
    assert order.id in last_error(edge), "RFC 9003: the neighbor is told which order"
    assert order.id not in last_error(edge, 6)
    desk.lift(order)
    await_upstream(edge, 4, [edge.own[0]])
    wait_for_bgp()


def test_a_session_that_was_shut_stays_shut_when_its_daemon_starts_again(
    edge: Edge, desk: Desk
) -> None:
    order = desk.place(ShutdownSession(with_neighbor(edge)))
    await_upstream(edge, 4, [])
    with killed(edge.node, DAEMONS[edge.daemon]):
        pass
    wait_until(lambda: _reconciled(desk, edge), f"{edge.node} is read again", timeout=60)
    await_upstream(edge, 6, [edge.own[1]])
    await_upstream(edge, 4, [])
    desk.lift(order)
    wait_for_bgp()


def test_a_suspended_customer_loses_all_sessions_and_gets_them_back(desk: Desk) -> None:
    before = {edge: list(edge.victims) for edge in EDGES}
    order = desk.place(SuspendCustomer("leaky", Selection(), by="session"))
    for edge in EDGES:
        for family in (4, 6):
            await_upstream(edge, family, [])
        assert not established(edge)
    desk.lift(order)
    wait_for_bgp()
    assert all(pings(address) == 3 for addresses in before.values() for address in addresses)


def test_a_session_that_the_operator_shut_himself_stays_his(edge: Edge, desk: Desk) -> None:
    """Neither the order nor its end opens it."""
    shut(edge, True)
    try:
        await_upstream(edge, 4, [])
        order = desk.place(ShutdownSession(with_neighbor(edge)), settled=False)
        desk.full_pass(edge.node)
        desk.lift(order, settled=False)
        wait_until(lambda: _reconciled(desk, edge), f"{edge.node} is read again", timeout=60)
        desk.await_gone(order.id)
        mark_before = events(edge, edge.own[0], 0)
        assert desk.full_pass(edge.node) in ("clean", "applied", "repaired")
        assert events(edge, edge.own[0], 0) == mark_before
        await_upstream(edge, 4, [])
    finally:
        shut(edge, False)
    wait_for_bgp()


def shut(edge: Edge, down: bool) -> None:
    """As the operator does it."""
    if edge.daemon == "bird":
        birdc(edge.node, "disable" if down else "enable", "leaky4")
        return
    verb = "" if down else "no "
    line = f"{verb}neighbor {edge.neighbors[0]} shutdown"
    vtysh(edge, "configure terminal", "router bgp 64500", line)


def _reconciled(desk: Desk, edge: Edge) -> bool:
    return desk.full_pass(edge.node) in ("clean", "applied", "repaired")
