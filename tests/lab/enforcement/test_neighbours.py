# SPDX-License-Identifier: GPL-2.0-or-later
"""A block of a customer's whole prefix leaves ARP and neighbour discovery (RFC 4861) alone."""

import json
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress, Selection
from lab.isp import CUST2, CUST2_PREFIXES, RELAY, VICTIM
from lab.probes import passage, ping, udp
from lab.shell import wait_until
from tests.lab.conftest import LabView
from tests.lab.enforcement.crossings import crossing, passed, stopped
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

GATEWAY4, GATEWAY6 = "198.51.100.129", "2001:db8:102::1"
KNOWN = {"REACHABLE", "DELAY", "PROBE", "STALE"}


def forget(lab: LabView) -> None:
    for node in ("edge1", "cust2"):
        for family in ("-4", "-6"):
            lab.run(node, "ip", family, "neigh", "flush", "all")


def knows(lab: LabView, node: str, address: str) -> bool:
    """Whether a node has resolved a neighbour's link-layer address."""
    shown = lab.run(node, "ip", "-j", "neigh", "show", "to", address).stdout
    return any(KNOWN & set(entry["state"]) for entry in json.loads(shown or "[]"))


def found_again(lab: LabView) -> None:
    """Both ends ask for each other, in both families, and get to know each other.

    The customer's questions begin with packets of its own, the router's with packets that it
    forwards from the relay: what it sends itself may be dropped before it asks.
    """
    for node, address, sender, target in (
        ("edge1", CUST2.v4, "relay", CUST2.v4),
        ("edge1", CUST2.v6, "relay", CUST2.v6),
        ("cust2", GATEWAY4, "cust2", VICTIM.v4),
        ("cust2", GATEWAY6, "cust2", VICTIM.v6),
    ):
        forget(lab)
        assert not knows(lab, node, address)
        ping(sender, target, timeout=0.2)  # what comes of it is the order's business
        wait_until(partial(knows, lab, node, address), f"{node} knows {address}")


def block_all(desk: Desk) -> None:
    spared = Selection((ip_network(RELAY.v4), ip_network(RELAY.v6)))
    for prefix in CUST2_PREFIXES:
        desk.place(BlockAddress(ip_network(prefix), exceptions=spared))


def test_neighbours_are_found_behind_a_blocked_prefix(desk: Desk, lab: LabView) -> None:
    block_all(desk)
    found_again(lab)
    forget(lab)
    assert (
        stopped(
            crossing("relay", "cust2", udp(RELAY.v4, CUST2.v4, 9), udp(RELAY.v6, CUST2.v6, 9)),
            crossing("cust2", "relay", udp(CUST2.v4, RELAY.v4, 9), udp(CUST2.v6, RELAY.v6, 9)),
        )
        == []
    ), "whom the order spares is still reached"
    assert passed(crossing("victim", "cust2", udp(VICTIM.v6, CUST2.v6, 9))) == []


@pytest.fixture
def guarded(desk: Desk) -> Iterator[Desk]:
    """A desk while edge1 is covered itself too: hooks input and output."""

    def cover_itself(text: str) -> str:
        line = "    transport: {netns: clab-isp-edge1}\n"
        return text.replace(line, line + "    hooks: [forward, input, output]\n")

    with desk.inventory_changed("network.yaml", cover_itself) as changed:
        yield changed


def test_neighbours_are_found_where_the_router_itself_is_covered(
    guarded: Desk, lab: LabView
) -> None:
    assert ping("cust2", GATEWAY4) and ping("cust2", GATEWAY6)
    block_all(guarded)
    assert not ping("cust2", GATEWAY4), "the router itself is covered"
    assert not ping("cust2", GATEWAY6)
    assert not ping("edge1", CUST2.v4)
    assert not ping("edge1", CUST2.v6)
    found_again(lab)
    forget(lab)
    sent = [udp(RELAY.v4, CUST2.v4, 9), udp(RELAY.v6, CUST2.v6, 9)]
    assert passage("relay", "cust2", sent, control=sent[0]).all_passed
    assert passed(crossing("cust2", "victim", udp(CUST2.v6, VICTIM.v6, 9))) == []


def test_the_hooks_go_when_the_inventory_no_longer_asks_for_them(desk: Desk, lab: LabView) -> None:
    """After the tests above, which may run in any order: forward is all that is left."""
    block_all(desk)
    assert desk.in_step()
    listed = lab.nft("edge1", "list table inet enforcer")
    assert "hook forward" in listed
    assert "hook input" not in listed
    assert "hook output" not in listed
    assert ping("cust2", GATEWAY4)
