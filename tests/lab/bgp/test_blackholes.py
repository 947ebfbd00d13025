# SPDX-License-Identifier: GPL-2.0-or-later
"""Blackholes through a real GoBGP on a real FRR and a real BIRD: packets tell, and the upstream."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest

from enforcer.core.orders import Blackhole, Direction
from lab.bgp import (
    BIRD,
    EDGES,
    FRR,
    PROBER4,
    PROBER6,
    SPEAKER,
    UPSTREAM,
    all_pings,
    await_upstream,
    events,
    kernel_routes,
    killed,
    log_mark,
)
from lab.probes import Probe, passage, udp
from lab.shell import wait_until
from tests.lab.conftest import LabView
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

DISCARD = 9
TLS = ("--tls", "--tls-ca-file", "/etc/gobgp/cert.pem", "--host", SPEAKER)


@contextmanager
def nothing_leaves(*prefixes: str) -> Iterator[None]:
    """The upstream never hears of these from any edge, nor of the canary."""
    mark = log_mark()
    yield
    for edge in EDGES:
        for prefix in (*prefixes, "203.0.113.200/32", "2001:db8:100:ca::1/128"):
            assert events(edge, prefix, mark) == []


def answer(addresses: tuple[str, ...], wanted: int) -> None:
    """Wait until so many of three pings of each are answered."""
    what = f"{wanted} of 3 pings of each of {addresses} are answered"
    wait_until(lambda: set(all_pings(addresses)) == {wanted}, what, timeout=30)


@pytest.mark.parametrize("family", [0, 1], ids=["v4", "v6"])
def test_a_victim_is_blackholed_on_both_edges_and_comes_back(desk: Desk, family: int) -> None:
    victim, other = FRR.victims[family], BIRD.victims[family]
    host = str(ip_network(victim))
    with nothing_leaves(host):
        answer((victim, other), 3)
        order = desk.place(Blackhole(ip_network(victim)))
        assert order.status == "enforced"
        answer((victim,), 0)
        answer((other,), 3)
        for edge in EDGES:
            assert host in kernel_routes(edge, 6 if ":" in host else 4)
        desk.lift(order)
        answer((victim,), 3)


@pytest.mark.parametrize("prober", [PROBER4, PROBER6], ids=["v4", "v6"])
def test_a_source_is_blackholed_where_reverse_paths_are_checked(desk: Desk, prober: str) -> None:
    """What it sends does not arrive any more, through neither edge; others' packets do."""
    with nothing_leaves(str(ip_network(prober))):
        order = desk.place(Blackhole(ip_network(prober), Direction.BOTH))
        assert order.status == "enforced"
        for edge in EDGES:
            victim = edge.victims[1 if ":" in prober else 0]
            probes: list[Probe] = [udp(prober, victim, DISCARD)]
            neighbour = "2001:db8:f00:66::1" if ":" in prober else "192.0.2.65"
            control = udp(neighbour, victim, DISCARD)

            def stopped(probes: list[Probe] = probes, control: Probe = control) -> bool:
                seen = passage("prober", "victim", probes, control=control, control_from=UPSTREAM)
                return seen.all_dropped

            wait_until(stopped, f"nothing of {prober} crosses {edge}", timeout=30)
        desk.lift(order)
    answer((FRR.victims[1 if ":" in prober else 0],), 3)


def test_a_speaker_that_dies_is_alarmed_and_told_everything_again(desk: Desk) -> None:
    victims = (FRR.victims[0], BIRD.victims[0], FRR.victims[1])
    with nothing_leaves(*(str(ip_network(v)) for v in victims)):
        for victim in victims:
            desk.place(Blackhole(ip_network(victim)))
        answer(victims, 0)
        with killed(SPEAKER, "gobgpd"):
            wait_until(lambda: _alarmed(desk, "blackholes-open"), "the alarm is raised", timeout=60)
            answer(victims, 3)  # fail-open, as the documentation says
        answer(victims, 0)
        wait_until(
            lambda: not _alarmed(desk, "blackholes-open"), "the alarm is cleared", timeout=60
        )
        desk.clear()
        answer(victims, 3)


def test_what_others_announce_by_the_speaker_is_left_alone(desk: Desk, lab: LabView) -> None:
    theirs, ours = BIRD.victims[0], FRR.victims[0]
    path = (f"{theirs}/32", "nexthop", "192.0.2.254", "community", "65535:666,no-export")
    rib = ("gobgp", *TLS, "global", "rib")
    lab.run(SPEAKER, *rib, "add", "-a", "ipv4", *path)
    try:
        answer((theirs,), 0)
        order = desk.place(Blackhole(ip_network(ours)))
        answer((theirs, ours), 0)
        desk.lift(order)
        answer((ours,), 3)
        answer((theirs,), 0)
    finally:
        lab.run(SPEAKER, *rib, "del", "-a", "ipv4", path[0])
    answer((theirs,), 3)


def test_a_blackhole_for_a_named_upstream_goes_there_as_it_wants_it(
    desk: Desk, lab: LabView
) -> None:
    victim = FRR.victims[0]
    order = desk.place(Blackhole(ip_network(victim), exports=("transit",)))
    for edge in EDGES:
        await_upstream(edge, 4, [edge.own[0], f"{victim}/32"])
    shown = lab.run(UPSTREAM, "birdc", "show", "route", f"{victim}/32", "all").stdout
    assert shown.count("BGP.community: (64511,666)") == len(EDGES)
    desk.lift(order)
    for edge in EDGES:
        await_upstream(edge, 4, [edge.own[0]])


def _alarmed(desk: Desk, kind: str) -> bool:
    found = desk.installation.ask("alarm", "list")
    return any(one["kind"] == kind for one in found)
