# SPDX-License-Identifier: GPL-2.0-or-later
"""Overlapping orders never unblock each other's part, whatever is lifted first."""

from datetime import timedelta
from ipaddress import ip_network
from itertools import permutations

import pytest

from enforcer.core.orders import BlockAddress, BlockPort, Direction, PortRange, Selection
from lab.isp import CUST1, RELAY, VICTIM
from lab.probes import tcp, udp
from tests.lab.enforcement.crossings import Crossing, crossing, passed, stopped
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.kinds import at, everything

pytestmark = pytest.mark.root

NESTED = {
    "v4": ("198.51.100.0/28", "198.51.100.8/29", "198.51.100.11/32"),
    "v6": ("2001:db8:101::/64", "2001:db8:101::/120", "2001:db8:101::11/128"),
}
ONLY = {
    "v4": ("198.51.100.2", "198.51.100.9", "198.51.100.11"),
    "v6": ("2001:db8:101::ffff", "2001:db8:101::2", "2001:db8:101::11"),
}
"""Per nested prefix an address that no smaller one holds."""


def sent_from(address: str) -> Crossing:
    victim = VICTIM.v4 if "." in address else VICTIM.v6
    return crossing("cust1", "victim", udp(address, victim, 9), tcp(address, victim, 443))


@pytest.mark.parametrize("family", ["v4", "v6"])
@pytest.mark.parametrize("lifted", list(permutations(range(3))), ids=str)
def test_nested_orders_are_lifted_in_any_order(
    desk: Desk, family: str, lifted: tuple[int, ...]
) -> None:
    lasting = (timedelta(hours=3), timedelta(hours=1), timedelta(hours=2))
    orders = [
        desk.place(BlockAddress(ip_network(prefix)), lasting=time, settled=False)
        for prefix, time in zip(NESTED[family], lasting, strict=True)
    ]
    for order in orders:
        desk.await_status(order, "enforced")
    standing = set(range(3))
    for number in lifted:
        assert passed(*(sent_from(ONLY[family][n]) for n in range(min(standing), 3))) == []
        desk.lift(orders[number])
        standing.discard(number)
        widest = min(standing, default=3)
        assert stopped(*(sent_from(ONLY[family][n]) for n in range(widest))) == []
    assert stopped(*(sent_from(address) for address in ONLY[family])) == []


def test_a_shorter_order_inside_a_longer_one_expires_alone(desk: Desk) -> None:
    outer = desk.place(BlockAddress(ip_network(NESTED["v4"][0])), lasting=timedelta(hours=1))
    inner = desk.place(BlockAddress(ip_network(NESTED["v4"][2])), lasting=timedelta(seconds=2))
    desk.await_gone(inner.id)
    assert desk.in_step()
    assert passed(sent_from(ONLY["v4"][2]), sent_from(ONLY["v4"][0])) == []
    desk.lift(outer)
    assert stopped(sent_from(ONLY["v4"][2])) == []


def test_a_longer_order_inside_a_shorter_one_outlives_it(desk: Desk) -> None:
    outer = desk.place(BlockAddress(ip_network(NESTED["v6"][0])), lasting=timedelta(seconds=3))
    desk.place(BlockAddress(ip_network(NESTED["v6"][2])), lasting=timedelta(hours=1))
    desk.await_gone(outer.id)
    assert passed(sent_from(ONLY["v6"][2])) == []
    assert stopped(sent_from(ONLY["v6"][0]), sent_from(ONLY["v6"][1])) == []


def test_two_orders_with_different_exceptions_never_free_each_other(desk: Desk) -> None:
    """Each spares another server; a packet to either is still the other order's."""
    host, relay, victim = CUST1.more4[0], RELAY.v4, VICTIM.v4
    to_relay = crossing("cust1", "relay", tcp(host, relay, 25))
    to_victim = crossing("cust1", "victim", *everything(host, victim))
    but_relay = desk.place(BlockAddress(ip_network(host), exceptions=at(relay)))
    assert passed(to_victim) == []
    assert stopped(to_relay) == []
    but_victim = desk.place(BlockAddress(ip_network(host), exceptions=at(victim)))
    assert passed(to_victim, to_relay) == []
    desk.lift(but_relay)
    assert passed(to_relay) == []
    assert stopped(to_victim) == []
    desk.lift(but_victim)
    assert stopped(to_victim, to_relay) == []


def test_an_exception_of_a_wide_order_does_not_open_a_narrow_one(desk: Desk) -> None:
    host, relay = CUST1.more4[1], RELAY.v4
    port25 = (PortRange(25, 25),)
    spared = Selection(service_sets=("relay",))
    mail = crossing("cust1", "relay", tcp(host, relay, 25))
    other = crossing("cust1", "relay", tcp(CUST1.v4, relay, 25))
    desk.place(BlockPort(Selection(customers=("cust1",)), (6,), port25, exceptions=spared))
    assert stopped(mail, other) == []
    narrow = desk.place(BlockAddress(ip_network(host), Direction.FROM))
    assert passed(mail) == []
    assert stopped(other) == []
    desk.lift(narrow)
    assert stopped(mail, other) == []


def test_the_same_order_twice_is_lifted_twice(desk: Desk) -> None:
    demand = BlockAddress(ip_network(CUST1.more6[0]))
    first, second = desk.place(demand), desk.place(demand)
    sent = sent_from(CUST1.more6[0])
    desk.lift(second)
    assert passed(sent) == []
    desk.lift(first)
    assert stopped(sent) == []
