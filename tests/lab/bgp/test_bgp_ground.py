# SPDX-License-Identifier: GPL-2.0-or-later
"""The BGP lab itself: leaks go through it, a filter by hand stops them, and the probes can fail."""

import pytest

from lab.bgp import (
    EDGES,
    SPEAKER,
    UPSTREAM,
    Edge,
    all_pings,
    announce,
    await_upstream,
    events,
    killed,
    log_mark,
    reset,
    upstream_count,
    upstream_routes,
    wait_for_bgp,
)
from lab.bgp_by_hand import rejecting
from lab.errors import LabCommandFailed
from lab.shell import wait_until
from tests.lab.bgp.leaks import LEAK4, LEAK6, leaking, names
from tests.lab.conftest import LabView

pytestmark = pytest.mark.root


def test_a_leak_goes_through_an_edge_with_its_path(edge: Edge, lab: LabView) -> None:
    with leaking(edge, [*LEAK4, *LEAK6]) as upstream:
        upstream.exactly(LEAK4)
        await_upstream(edge, 6, {edge.own[1], *names(LEAK6)})
        shown = lab.run(UPSTREAM, "birdc", "show", "route", "1.1.1.0/24", "all").stdout
        assert "BGP.as_path: 64500 64496 2914 13335" in shown
        assert upstream_count(edge, 4) == len(LEAK4) + 1
        [other] = [one for one in EDGES if one is not edge]
        assert upstream_routes(other, 4) == {other.own[0]}


def test_a_filter_by_hand_stops_it_and_the_log_says_that_the_rest_stood_still(edge: Edge) -> None:
    dropped, left = LEAK4[:3], LEAK4[3:]
    with leaking(edge, LEAK4) as upstream:
        with rejecting(edge, names(dropped)):
            upstream.exactly(left)
        upstream.exactly(LEAK4)
        assert upstream.never_moved()
        assert events(edge, dropped[0][0], upstream.mark)


def test_the_log_tells_when_the_customers_own_prefix_moves(edge: Edge) -> None:
    """The negative control of every "it never moved"."""
    mark = log_mark()
    assert events(edge, edge.own[0], mark) == []
    reset(edge)
    wait_for_bgp()
    assert events(edge, edge.own[0], mark)
    assert events(edge, edge.own[1], mark)


def test_a_table_that_is_not_as_it_should_be_is_told_with_the_difference(edge: Edge) -> None:
    announce(edge, LEAK4)
    await_upstream(edge, 4, {edge.own[0], *names(LEAK4)})
    wanted = {edge.own[0], *names(LEAK4)[1:]}
    with pytest.raises(LabCommandFailed, match=r"too many are \['1.1.1.0/24'\], missing are \[\]"):
        await_upstream(edge, 4, wanted, timeout=0.2)


def test_a_daemon_that_is_killed_is_away_and_comes_back(edge: Edge) -> None:
    daemon = {"frr": "bgpd", "bird": "bird"}[edge.daemon]
    with killed(edge.node, daemon):
        await_upstream(edge, 4, [])
    wait_for_bgp()


def test_the_operators_configuration_honours_blackholes_and_keeps_them_in(lab: LabView) -> None:
    """By GoBGP's own command line, on both edges."""
    victims = [address for edge in EDGES for address in edge.victims]
    tls = ("--tls", "--tls-ca-file", "/etc/gobgp/cert.pem", "--host", SPEAKER)
    mark = log_mark()
    assert all_pings(victims) == [3, 3, 3, 3]
    for verb, wanted in (("add", 0), ("del", 3)):
        for address in victims:
            family, hop, length = (
                ("ipv6", "100::1", 128) if ":" in address else ("ipv4", "192.0.2.254", 32)
            )
            path = (f"{address}/{length}", "nexthop", hop, "community", "65535:666,no-export")
            words = path if verb == "add" else path[:1]
            lab.run(SPEAKER, "gobgp", *tls, "global", "rib", verb, "-a", family, *words)
        _await_pings(victims, wanted)
    for edge in EDGES:
        for address in edge.victims:
            host = f"{address}/{128 if ':' in address else 32}"
            assert events(edge, host, mark) == []


def _await_pings(addresses: list[str], wanted: int) -> None:
    what = f"{wanted} of 3 pings of each of {addresses} are answered"
    wait_until(lambda: set(all_pings(addresses)) == {wanted}, what, timeout=30)
