# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is typed at the emulated IOS router, it answers, and its text stays loadable."""

import contextlib
from ipaddress import ip_address
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from lab.emulators.cisco_ios import Router
from lab.emulators.packets import TCP, UDP, Packet
from tests.unit.emulators.ios_router import CONFIGURATION, router

VOCABULARY = (
    "no ip ipv6 access-list extended standard resequence prefix-list route object-group network "
    "v6-network permit deny tcp udp icmp any host eq range 10 25 65536 A OPS 192.0.2.1 10.0.0.0 "
    "0.0.0.255 255.255.255.0 255.0.255.0 /8 2001:db8::/32 2001:db8::1 Null0 tag name seq ge le "
    "interface Loopback1 Gi0/0/0 access-group traffic-filter in out verify unicast source "
    "reachable-via rx shutdown description router bgp 64500 neighbor remote-as address-family "
    "ipv4 exit end do show run | section include ( hostname time-range absolute start 10:00 1 May "
    "2027 remark archive path maximum banner motd ^C write memory configure terminal revert timer "
    "confirm copy startup-config clear soft sequence address line vty host, exit-address-family "
    "group-object log config fragments established default access-list -5 99 101"
)
WORDS = VOCABULARY.split()
SENTENCES = (
    ["ip", "access-list", "extended", "A"],
    ["object-group", "network", "OPS"],
    ["interface", "Gi0/0/0"],
    ["router", "bgp", "64500"],
    ["configure", "terminal"],
    ["archive"],
    ["ip", "address"],
    ["ip", "route", "10.0.0.0"],
    ["neighbor", "192.0.2.1"],
)
lines = st.lists(
    st.builds(
        lambda start, rest: " ".join([*start, *rest]),
        st.sampled_from([[], [], *SENTENCES]),
        st.lists(st.sampled_from(WORDS), max_size=6),
    ),
    max_size=30,
)


@given(lines)
def test_every_line_gets_an_answer_and_the_text_loads_again(typed: list[str]) -> None:
    box = router()
    shell = box.other_operator()
    shell.line("configure terminal")
    for line in typed:
        shell.line(line)
    text = box.exact()
    again = Router()
    again.load(text)
    assert again.exact() == text


SOURCES = ("10.0.0.1", "10.1.0.1", "192.0.2.1")
PORTS = (24, 25, 80, 443)
aces = st.builds(
    lambda action, protocol, source, port: (action, protocol, source, port),
    st.sampled_from(["permit", "deny"]),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(["any", "host 10.0.0.1", "10.0.0.0 0.255.255.255", "object-group G"]),
    st.sampled_from(["", " eq 25", " range 25 80", " neq 443"]),
)


def expected(rules: list[tuple[str, str, str, str]], source: str, tcp: bool, port: int) -> bool:
    """First match by hand, without any of the emulator's code."""
    inside = {
        "any": True,
        "host 10.0.0.1": source == "10.0.0.1",
        "10.0.0.0 0.255.255.255": source.startswith("10."),
        "object-group G": source == "192.0.2.1",
    }
    right = {"": True, " eq 25": port == 25, " range 25 80": 25 <= port <= 80,
             " neq 443": port != 443}  # fmt: skip
    for action, protocol, where, condition in rules:
        if (protocol == "tcp") is tcp and inside[where] and right[condition]:
            return action == "permit"
    return not rules


@given(st.lists(aces, max_size=8))
def test_random_lists_decide_as_expected_by_hand(rules: list[tuple[str, str, str, str]]) -> None:
    box = Router()
    box.load("object-group network G\n host 192.0.2.1\ninterface Gi0/0/0\n ip access-group A in\n")
    box.by_hand(
        ["ip access-list extended A"]
        + [f"{action} {protocol} {source} any{port}" for action, protocol, source, port in rules]
    )
    for source, tcp, port in product(SOURCES, (True, False), PORTS):
        packet = Packet(
            ip_address(source), ip_address("203.0.113.1"), TCP if tcp else UDP, 1024, port
        )
        assert box.would_pass(packet, "Gi0/0/0", "in") is expected(rules, source, tcp, port)


@given(lines)
def test_lines_of_a_file_are_loaded_or_named(typed: list[str]) -> None:
    box = Router()
    text = CONFIGURATION.removesuffix("end\n") + "\n".join(typed)
    with contextlib.suppress(ValueError):
        box.load(text)
        return
    # Refused: nothing of it is in force.
    assert box.running() == Router().running()
