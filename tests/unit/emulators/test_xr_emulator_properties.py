# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of the EMULATED IOS-XR router over random configurations."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.emulators.packets import Packet
from tests.unit.emulators.xr_text import CONFIGURATION, configuring, router, typed

pytestmark = pytest.mark.emulated

SPACE = IPv4Network("203.0.113.0/27")
TARGET = IPv4Address("192.0.2.200")


@dataclass(frozen=True)
class Rule:
    """An entry of a random access list."""

    permit: bool
    source: IPv4Network
    ports: tuple[int, int] | None

    def line(self, number: int, *, grouped: bool) -> str:
        place = f"net-group G{number}" if grouped else str(self.source)
        ports = "" if self.ports is None else f" range {self.ports[0]} {self.ports[1]}"
        protocol = "ipv4" if self.ports is None else "tcp"
        action = "permit" if self.permit else "deny"
        return f"{number} {action} {protocol} {place} any{ports}"

    def matches(self, source: IPv4Address, port: int) -> bool:
        return source in self.source and (
            self.ports is None or self.ports[0] <= port <= self.ports[1]
        )


networks = st.tuples(st.integers(0, 31), st.integers(27, 32)).map(
    lambda drawn: IPv4Network((int(SPACE.network_address) + drawn[0], drawn[1]), strict=False)
)
spans = st.tuples(st.integers(20, 30), st.integers(20, 30)).map(
    lambda drawn: (min(drawn), max(drawn))
)
rules = st.builds(Rule, st.booleans(), networks, st.none() | spans)


@given(st.lists(rules, min_size=1, max_size=8), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_first_entry_that_matches_decides(
    listed: list[Rule], order: object, grouped: bool
) -> None:
    device = router()
    lines = [rule.line(10 * n + 10, grouped=grouped) for n, rule in enumerate(listed)]
    order.shuffle(lines)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    groups = [
        line
        for n, rule in enumerate(listed)
        for line in (f"object-group network ipv4 G{10 * n + 10}", str(rule.source))
    ]
    shell = configuring(device, *groups, "ipv4 access-list T", *lines)
    typed(shell, "int Gi0/0/0/1", "ipv4 access-group T ingress", "commit")
    for source in SPACE:
        for port in (20, 25, 30):
            decisive = [rule for rule in listed if rule.matches(source, port)]
            wanted = bool(decisive) and decisive[0].permit
            packet = Packet(source, TARGET, 6, 1024, port)
            assert device.would_pass(packet, "Gi0/0/0/1", "in") is wanted


additions = st.lists(
    st.sampled_from(
        [
            ("object-group network ipv4 ENF-A", "host 192.0.2.1"),
            ("object-group network ipv4 ENF-A", "198.51.100.0/25"),
            ("object-group network ipv4 RELAYS", "host 192.0.2.255"),
            ("ipv4 access-list BASE", "7 deny ipv4 net-group RELAYS any"),
            ("ipv4 access-list BASE", "8 remark ENF 8"),
            ("ipv6 access-list BASE6", "5 deny ipv6 2001:db8:77::/48 any"),
            ("interface GigabitEthernet0/0/0/0", "shutdown"),
            ("interface GigabitEthernet0/0/0/1", "ipv4 access-group BASE egress"),
            ("router static", "address-family ipv4 unicast", "203.0.113.9/32 Null0 tag 1"),
            (
                "router bgp 65000",
                "neighbor 203.0.113.2",
                "address-family ipv4 unicast",
                "route-policy PASS-ALL in",
            ),
        ]
    ),
    unique=True,
)


@given(additions, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_withdrawing_in_any_order_gives_back_the_operators_text(
    added: list[tuple[str, ...]], order: object
) -> None:
    device = router()
    shell = configuring(device)
    for *place, line in added:
        typed(shell, "root", *place, line, "commit")
    assert (device.running() == CONFIGURATION) is (added == [])
    withdrawn = list(added)
    order.shuffle(withdrawn)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    for *place, line in withdrawn:
        typed(shell, "root", *place, f"no {line}", "commit")
    typed(shell, "root", "no object-group network ipv4 ENF-A", "commit")
    assert device.running() == CONFIGURATION


@given(additions)
@settings(max_examples=30, deadline=None)
def test_a_rollback_gives_back_the_operators_text(added: list[tuple[str, ...]]) -> None:
    device = router()
    shell = configuring(device)
    for *place, line in added:
        typed(shell, "root", *place, line)
    typed(shell, "commit confirmed 30")
    device.clock.advance(33)
    assert device.running() == CONFIGURATION


@given(st.text(alphabet="abcdefno!^|<>\"'()[]{}#/.:,0123456789 -", max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_line_breaks_a_session(line: str) -> None:
    device = router()
    shell = configuring(device)
    for mode in (
        "hostname xr1",
        "ipv4 access-list BASE",
        "object-group network ipv6 X",
        "router static",
        "address-family ipv4 unicast",
        "router bgp 65000",
        "prefix-set X",
    ):
        typed(shell, mode, line)
    shell.interrupt("")
    assert shell.prompt().startswith("RP/0/RP0/CPU0:")
    session = device.shell("operator")
    session.line(line)
    assert session.prompt().startswith("RP/0/RP0/CPU0:")
