# SPDX-License-Identifier: GPL-2.0-or-later
"""What routers answer, as FRR 8.4 and BIRD 2.0 wrote it; what is not understood is no absence."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from drivers._witness import parse_bird, parse_frr
from drivers._witness.model import Session
from enforcer.errors import ParseFailed

NEIGHBORS = """{
"10.0.1.2":{"remoteAs":65100,"localAs":65000,"bgpState":"Established","hostLocal":"10.0.1.1"},
"10.0.9.2":{"remoteAs":65000,"localAs":65000,"bgpState":"Active"}
}
"""
HELD = """{"vrfName":"default","routes":{"203.0.113.10/32":[
{"valid":true,"bestpath":true}],"203.0.113.11/32":[{"valid":true}]}}
{"vrfName":"default","routes":{"2001:db8::1/128":[{"valid":true,"bestpath":true}]}}
"""
PROTOCOLS = """BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
device1    Device     ---        up     04:23:50.001
edge       BGP        ---        up     04:23:55.112  Established
  BGP state:          Established
    Neighbor address: 10.0.1.1
    Neighbor AS:      65000
    Local AS:         65100
    Source address:   10.0.1.2
  Channel ipv4
    State:          UP
inside     BGP        ---        start  04:23:55.112  Active
  BGP state:          Active
    Neighbor address: fe80::1%eth0
    Neighbor AS:      65100
    Local AS:         65100
"""
ROUTES = """BIRD 2.0.12 ready.
Table master4:
203.0.113.10/32      unicast [edge 04:23:57.046] * (100) [AS65000i]
\tvia 10.0.1.1 on to-edge
                     unicast [other 04:23:57.046] (100) [AS65000i]
Table master6:
2001:db8::/32        blackhole [s 04:23:57.046] * (100)
"""


def test_frr_sessions() -> None:
    assert parse_frr.sessions("edge", NEIGHBORS) == (
        Session("10.0.1.2", "10.0.1.2", 65100, True, True, "10.0.1.1"),
        Session("10.0.9.2", "10.0.9.2", 65000, False, False),
    )


def test_frr_tells_best_routes_of_both_families() -> None:
    found = parse_frr.held("edge", HELD)
    assert found == {ip_network("203.0.113.10/32"), ip_network("2001:db8::1/128")}


def test_frr_tells_who_is_sent_a_route() -> None:
    document = {"prefix": "203.0.113.10/32", "advertisedTo": {"10.0.1.2": {}}}
    assert parse_frr.told("edge", document) == (
        ip_network("203.0.113.10/32"),
        frozenset({"10.0.1.2"}),
    )
    assert parse_frr.told("edge", {}) == (None, frozenset())
    assert parse_frr.told("edge", {"prefix": "203.0.113.10/32"})[1] == frozenset()


@pytest.mark.parametrize(
    "text", ["% Unknown command", '{"routes": 1}', '{"routes": {"x": []}}', "[1]"]
)
def test_frr_answers_that_are_not_understood(text: str) -> None:
    with pytest.raises(ParseFailed):
        parse_frr.held("edge", text)


def test_frr_neighbors_and_routes_that_are_not_understood() -> None:
    with pytest.raises(ParseFailed):
        parse_frr.sessions("edge", '{"10.0.1.2":{"remoteAs":"external"}}')
    with pytest.raises(ParseFailed):
        parse_frr.told("edge", {"prefix": "x", "advertisedTo": {}})


@pytest.mark.parametrize(
    ("hops", "so"),
    [
        ('{"recursive":true,"ip":"192.0.2.254"},{"fib":true,"blackhole":true}', True),
        ('{"fib":true,"ip":"10.0.3.2"}', False),
        ('{"fib":true,"blackhole":true},{"fib":true,"ip":"10.0.3.2"}', False),
        ('{"recursive":true,"ip":"192.0.2.254"}', False),
        ("", False),
    ],
)
def test_frr_discards_where_every_last_next_hop_does(hops: str, so: bool) -> None:
    route = f'"selected":true,"installed":true,"nexthops":[{hops}]'
    text = '{"203.0.113.10/32":[{%s}]}{}'
    assert bool(parse_frr.discarded("edge", text % route)) is so
    for missing in ("selected", "installed"):
        changed = route.replace(f'"{missing}":true', f'"{missing}":false')
        assert not parse_frr.discarded("edge", text % changed)


@pytest.mark.parametrize(
    "text",
    ["% Unknown", '{"x":[]}', '{"203.0.113.10/32":1}', '{"203.0.113.10/32":[{"nexthops":1}]}'],
)
def test_frr_routes_that_are_not_understood_discard_nothing(text: str) -> None:
    with pytest.raises(ParseFailed):
        parse_frr.discarded("edge", text)


def test_bird_discards_what_is_no_unicast_route() -> None:
    assert parse_bird.discarded("upa", ROUTES) == {ip_network("2001:db8::/32")}
    with pytest.raises(ParseFailed):
        parse_bird.discarded("upa", "syntax error, unexpected")


def test_a_bird_session_without_a_table_of_the_family_is_sent_nothing() -> None:
    assert not parse_bird.prefixes("upa", "BIRD 2.0.12 ready.\nNo valid tables\n")


def test_bird_sessions() -> None:
    assert parse_bird.sessions("upa", PROTOCOLS) == (
        Session("edge", "10.0.1.1", 65000, True, True, "10.0.1.2"),
        Session("inside", "fe80::1", 65100, False, False),
    )


def test_bird_routes() -> None:
    found = parse_bird.prefixes("upa", ROUTES)
    assert found == {ip_network("203.0.113.10/32"), ip_network("2001:db8::/32")}
    assert parse_bird.prefixes("upa", "BIRD 2.0.12 ready.\nNetwork not found\n") == frozenset()


@pytest.mark.parametrize(
    "text", ["syntax error, unexpected", "Access restricted", "Unable to connect to server", "x y"]
)
def test_bird_answers_that_are_not_understood(text: str) -> None:
    with pytest.raises(ParseFailed):
        parse_bird.prefixes("upa", text)


def test_a_bird_session_without_numbers_is_not_understood() -> None:
    with pytest.raises(ParseFailed):
        parse_bird.sessions(
            "upa", "edge  BGP  ---  up  04:00  Established\n  BGP state: Established\n"
        )
