# SPDX-License-Identifier: GPL-2.0-or-later
"""What packets and routes get from the EMULATED IOS-XR router, and the counters."""

import importlib
from ipaddress import ip_address

import pytest

from lab.emulators.cisco_xr import Router
from lab.emulators.packets import Direction, Packet
from tests.unit.emulators.xr_text import CUSTOMER, configuring, router, session, tcp, typed

pytestmark = pytest.mark.emulated

OUTSIDE = "203.0.113.99"


def with_list(*entries: str, version: int = 4, direction: str = "ingress") -> Router:
    """A router whose interface Gi0/0/0/0 has a list of these entries bound."""
    device = router()
    shell = configuring(device, f"ipv{version} access-list T", *entries, "root")
    typed(shell, f"int {CUSTOMER}", f"ipv{version} access-group T {direction}", "commit")
    assert f"ipv{version} access-group T {direction}" in device.running()
    return device


def from_customer(device: Router, packet: Packet) -> bool:
    return device.would_pass(packet, "Gi0/0/0/0", "in")


@pytest.mark.parametrize(
    "source, port, passes",
    [
        ("198.51.100.2", 443, True),
        ("10.1.2.3", 443, False),
        ("10.1.2.3", 179, True),
        ("192.0.2.25", 25, True),
        ("198.51.100.2", 137, False),
        ("198.51.100.2", 140, True),
    ],
)
def test_the_operators_list_decides(source: str, port: int, passes: bool) -> None:
    assert from_customer(router(), tcp(source, OUTSIDE, port)) is passes


def test_directions_and_interfaces_are_told_apart() -> None:
    device = router()
    packet = tcp("10.1.2.3", OUTSIDE)
    assert not device.would_pass(packet, "GigabitEthernet0/0/0/0", "in")
    assert device.would_pass(packet, "gi0/0/0/0", "out")
    assert device.would_pass(packet, "Gi0/0/0/1", "in")


def test_only_the_running_configuration_counts() -> None:
    device = router()
    shell = configuring(device, "ipv4 access-list BASE", "7 deny ipv4 host 198.51.100.2 any")
    packet = tcp("198.51.100.2", OUTSIDE)
    assert from_customer(device, packet)
    typed(shell, "commit confirmed 60")
    assert not from_customer(device, packet)
    device.clock.advance(63)
    assert from_customer(device, packet)


def test_a_shut_interface_passes_nothing() -> None:
    device = router()
    device.by_hand(["interface GigabitEthernet0/0/0/1", "shutdown"])
    assert not device.would_pass(tcp(OUTSIDE, "198.51.100.2"), "Gi0/0/0/1", "in")
    assert not device.would_pass(tcp("198.51.100.2", OUTSIDE), "Gi0/0/0/1", "out")


def test_groups_with_ranges_and_nested_groups() -> None:
    device = router()
    device.by_hand(
        "object-group network ipv4 INNER\n range 198.51.100.10 198.51.100.12\n!\n"
        "object-group network ipv4 OUTER\n 192.0.2.64/26\n object-group INNER\n!\n"
        "object-group port MAIL\n eq 25\n range 465 466\n!\n"
        "ipv4 access-list BASE\n 7 deny tcp net-group OUTER any port-group MAIL\n!\n"
    )
    assert not from_customer(device, tcp("198.51.100.11", OUTSIDE, 25))
    assert not from_customer(device, tcp("192.0.2.127", OUTSIDE, 466))
    assert from_customer(device, tcp("198.51.100.13", OUTSIDE, 25))
    assert from_customer(device, tcp("198.51.100.11", OUTSIDE, 464))


def test_wildcards_that_are_no_prefix() -> None:
    device = with_list("10 deny ipv4 10.0.0.1 0.0.255.0 any", "20 permit any")
    assert not from_customer(device, tcp("10.0.77.1", OUTSIDE))
    assert from_customer(device, tcp("10.0.77.2", OUTSIDE))


@pytest.mark.parametrize(
    "condition, refused, let_through",
    [("eq 25", 25, 26), ("neq 25", 26, 25), ("gt 1023", 1024, 1023), ("lt 1024", 1023, 1024)],
)
def test_port_conditions(condition: str, refused: int, let_through: int) -> None:
    device = with_list(f"10 deny tcp any any {condition}", "20 permit any")
    assert not from_customer(device, tcp("192.0.2.1", OUTSIDE, refused))
    assert from_customer(device, tcp("192.0.2.1", OUTSIDE, let_through))


def test_source_ports() -> None:
    device = with_list("10 deny tcp any eq 40000 any", "20 permit any")
    assert not from_customer(device, tcp("192.0.2.1", OUTSIDE, 25))
    assert from_customer(device, tcp("192.0.2.1", OUTSIDE, 25, source_port=40001))


def test_a_list_ends_with_a_deny() -> None:
    device = with_list("10 permit tcp any any eq 443")
    assert from_customer(device, tcp("192.0.2.1", OUTSIDE, 443))
    assert not from_customer(device, tcp("192.0.2.1", OUTSIDE, 444))


def test_a_list_that_does_not_exist_or_is_empty_filters_nothing() -> None:
    device = router()
    device.by_hand(
        "ipv4 access-list EMPTY\n!\ninterface GigabitEthernet0/0/0/0\n"
        " ipv4 access-group EMPTY ingress\n!\n"
    )
    assert from_customer(device, tcp("10.1.2.3", OUTSIDE))
    device.by_hand(["interface GigabitEthernet0/0/0/0", "ipv4 access-group NOSUCH ingress"])
    assert from_customer(device, tcp("10.1.2.3", OUTSIDE))


def test_later_fragments() -> None:
    fragment = Packet(ip_address("192.0.2.1"), ip_address(OUTSIDE), 6, fragment=True)
    assert from_customer(with_list("10 deny tcp any any eq 25", "20 permit any"), fragment)
    assert from_customer(with_list("10 permit tcp any any eq 25", "20 deny any"), fragment)
    assert not from_customer(with_list("10 deny ipv4 any any fragments", "20 permit any"), fragment)
    whole = tcp("192.0.2.1", OUTSIDE)
    assert from_customer(with_list("10 deny ipv4 any any fragments", "20 permit any"), whole)
    assert not from_customer(with_list("10 deny tcp any any", "20 permit any"), fragment)


def test_established_and_icmp_types() -> None:
    device = with_list(
        "10 permit tcp any any established", "20 permit icmp any any echo", "30 deny any"
    )
    assert from_customer(device, tcp("192.0.2.1", OUTSIDE, established=True))
    assert not from_customer(device, tcp("192.0.2.1", OUTSIDE))
    echo = Packet(ip_address("192.0.2.1"), ip_address(OUTSIDE), 1, icmp_type=8)
    reply = Packet(ip_address("192.0.2.1"), ip_address(OUTSIDE), 1, icmp_type=0)
    assert from_customer(device, echo) and not from_customer(device, reply)


def test_ipv6_lists_and_neighbor_discovery() -> None:
    device = router()
    bad = tcp("2001:db8:bad::1", "2001:db8:2::1")
    assert not from_customer(device, bad)
    assert from_customer(device, tcp("2001:db8::9", "2001:db8:2::1"))
    device = with_list("10 permit tcp any any", version=6)
    solicitation = Packet(ip_address("fe80::1"), ip_address("ff02::1"), 58, icmp_type=135)
    echo = Packet(ip_address("fe80::1"), ip_address("ff02::1"), 58, icmp_type=128)
    assert from_customer(device, solicitation) and not from_customer(device, echo)
    device = with_list("10 permit tcp any any", "20 deny ipv6 any any", version=6)
    assert not from_customer(device, solicitation), (
        "an explicit deny stands before the implicit end"
    )


def test_discard_routes_drop_by_destination_and_where_urpf_is_loose_by_source() -> None:
    device = router()
    static = "router static\n address-family ipv4 unicast\n  203.0.113.64/26 Null0 tag 666\n"
    device.by_hand(static)
    assert not device.would_pass(tcp("198.51.100.2", "203.0.113.65"), "Gi0/0/0/1", "in")
    assert device.would_pass(tcp("198.51.100.2", "203.0.113.128"), "Gi0/0/0/1", "in")
    assert not from_customer(device, tcp("203.0.113.66", "198.51.100.2"))
    assert device.would_pass(tcp("203.0.113.66", "198.51.100.2"), "Gi0/0/0/1", "in"), "no uRPF"
    device.by_hand(["router static", "address-family ipv4 unicast", "203.0.113.66/32 203.0.113.2"])
    assert from_customer(device, tcp("203.0.113.66", "198.51.100.2")), "a longer route wins"


# ---------------------------------------------------------------- counters


def test_counters_move_by_hits_alone_and_survive_other_edits() -> None:
    device = router()
    device.would_pass(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/0", "in")
    assert not device.hit(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/0", "in", 7)
    assert device.hit(tcp("198.51.100.2", OUTSIDE), "Gi0/0/0/0", "in")
    shell = session(device)
    wanted = " 20 deny ipv4 10.0.0.0 0.255.255.255 any (7 matches)"
    assert wanted in shell.line("show access-lists ipv4 BASE").text.split("\n")
    device.by_hand(["ipv4 access-list BASE", "7 deny tcp any any eq 81", "hostname xr9"])
    lines = shell.line("show access-lists ipv4 BASE hardware ingress location 0/0/CPU0").text
    assert " 20 deny ipv4 10.0.0.0 0.255.255.255 any (7 hw matches)" in lines.split("\n")
    assert " 50 permit ipv4 any any (1 hw match)" in lines.split("\n")
    assert " 7 deny tcp any any eq 81" in lines.split("\n"), "no counter where nothing was hit"


def test_a_changed_entry_and_a_reboot_start_from_zero() -> None:
    device = router()
    device.hit(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/0", "in", 7)
    device.by_hand(["ipv4 access-list BASE", "20 deny ipv4 10.0.0.0/9 any"])
    assert "matches" not in session(device).line("show access-lists ipv4 BASE").text
    device.hit(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/0", "in", 7)
    device.reboot()
    assert "matches" not in session(device).line("show access-lists ipv4 BASE").text


def test_an_entry_that_was_removed_and_came_back_starts_from_zero() -> None:
    device = router()
    device.hit(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/0", "in", 7)
    device.by_hand(["ipv4 access-list BASE", "no 20"])
    device.by_hand(["ipv4 access-list BASE", "20 deny ipv4 10.0.0.0/8 any"])
    assert "matches" not in session(device).line("show access-lists ipv4 BASE").text


def test_hardware_counters_are_per_direction_and_interface() -> None:
    device = router()
    device.by_hand(["interface GigabitEthernet0/0/0/1", "ipv4 access-group BASE egress"])
    device.hit(tcp("10.1.2.3", OUTSIDE), "Gi0/0/0/1", "out", 3)
    shell = session(device)
    place = "show access-lists ipv4 BASE hardware"
    assert "matches" not in shell.line(f"{place} ingress location 0/0/CPU0").text
    assert "(3 hw matches)" in shell.line(f"{place} egress interface gi0/0/0/1").text
    assert "matches" not in shell.line(f"{place} egress interface gi0/0/0/0").text
    shell.line("clear access-list ipv4 BASE")
    assert "matches" not in shell.line(f"{place} egress").text


def test_all_lists_of_both_families_are_shown() -> None:
    text = session(router()).line("show access-lists").text
    assert "ipv4 access-list BASE\n 5 remark" in text and "ipv6 access-list BASE6\n 10" in text
    assert session(router()).line("show access-lists ipv4 NOSUCH").text.split("\n")[1:] == [""]


# ---------------------------------------------------------------- routes


@pytest.mark.parametrize(
    "prefix, neighbor, direction, accepted",
    [
        ("198.51.100.0/24", "198.51.100.2", "in", True),
        ("198.51.100.128/25", "198.51.100.2", "in", True),
        ("192.0.2.0/24", "198.51.100.2", "in", False),
        ("192.0.2.0/24", "198.51.100.2", "out", True),
        ("192.0.2.0/24", "203.0.113.2", "in", False),
        ("192.0.2.0/24", "203.0.113.2", "out", False),
        ("192.0.2.0/24", "192.0.2.1", "in", True),
        ("192.0.2.0/24", "192.0.2.77", "in", False),
        ("2001:db8::/48", "198.51.100.2", "in", False),
    ],
)
def test_policies_decide_and_ebgp_without_one_passes_nothing(
    prefix: str, neighbor: str, direction: Direction, accepted: bool
) -> None:
    assert router().would_accept(prefix, neighbor, direction) is accepted


POLICIES = """\
prefix-set LEAK
  203.0.113.0/24 le 32
end-set
!
route-policy INNER
  if destination in LEAK then
    drop
  endif
end-policy
!
route-policy TEST
{body}
end-policy
!
router bgp 65000
 neighbor 203.0.113.2
  address-family ipv4 unicast
   route-policy TEST in
"""


@pytest.mark.parametrize(
    "body, leak, other",
    [
        ("  apply INNER\n  pass", False, True),
        ("  if not destination in LEAK then\n    pass\n  endif", False, True),
        ("  if destination in (203.0.113.0/24) then\n    done\n  endif\n  drop", True, False),
        ("  set local-preference 50", True, True),
        ("  if destination in LEAK and destination in (0.0.0.0/0 le 24) then\n    drop\n"
         "  else\n    pass\n  endif", False, True),
        ("  if as-path passes-through '1' or destination in LEAK then\n    drop\n  endif\n  pass",
         False, True),
        ("  if (destination in LEAK) then\n    drop\n  elseif destination in"
         " (198.51.100.0/24 eq 24) then\n    pass\n  endif", False, True),
        ("  # a remark\n  prepend as-path 65000 2\n  pass", True, True),
        ("  if destination in LEAK then\n    pass\n  endif", True, False),
    ],
)  # fmt: skip
def test_policy_language(body: str, leak: bool, other: bool) -> None:
    device = router()
    device.by_hand(POLICIES.format(body=body))
    assert device.would_accept("203.0.113.0/24", "203.0.113.2") is leak
    assert device.would_accept("198.51.100.0/24", "203.0.113.2") is other


def test_a_neighbor_that_is_shut_down_gets_nothing_and_is_idle() -> None:
    device = router()
    device.by_hand(["router bgp 65000", "neighbor 198.51.100.2", "shutdown"])
    assert not device.would_accept("198.51.100.0/24", "198.51.100.2")
    assert device.neighbors.state("198.51.100.2") == "Idle"
    text = session(device).line("show bgp ipv4 unicast summary").text
    assert "Idle (Admin)" in text
    device.by_hand(["router bgp 65000", "neighbor 198.51.100.2", "no shutdown"])
    assert device.neighbors.state("198.51.100.2") == "Established"


def test_an_independent_template_reads_the_summary() -> None:
    device = router()
    device.neighbors.add("203.0.113.2", 65002, prefixes=790769)
    device.neighbors.set_state("192.0.2.1", established=False)
    device.clock.advance(3661)
    for command in ("show bgp summary", "show bgp ipv4 unicast summary"):
        text = session(device).line(command).text
        parse = importlib.import_module("ntc_templates.parse").parse_output
        rows = parse("cisco_xr", "show ip bgp summary", text)
        assert {row["bgp_neigh"]: row["state_pfxrcd"] for row in rows} == {
            "198.51.100.2": "100",
            "203.0.113.2": "790769",
            "192.0.2.1": "Idle",
        }
        assert {row["up_down"] for row in rows} == {"01:01:01"}


def test_summaries_of_families_that_are_not_there() -> None:
    device = router()
    text = session(device).line("show bgp ipv6 unicast summary").text
    assert "Table ID: 0xe0800000" in text
    device.by_hand(
        "router bgp 65000\n neighbor 2001:db8:0:1:2:3:4:5\n  remote-as 65001\n"
        "  address-family ipv6 unicast\n"
    )
    lines = session(device).line("show bgp ipv6 unicast summary").text.split("\n")
    assert lines[lines.index("2001:db8:0:1:2:3:4:5") + 1].split()[:2] == ["0", "65001"]
    device.by_hand(["no router bgp 65000"])
    assert "% BGP instance 'default' not active" in session(device).line("show bgp summary").text


def test_sets_and_policies_are_shown() -> None:
    shell = session(router())
    text = shell.line("show rpl prefix-set").text
    assert "Listing for all Prefix Set objects\n\nprefix-set CUSTOMER\n" in text
    assert shell.line("show rpl prefix-set CUSTOMER").text.endswith("le 48\nend-set")
    assert "route-policy PASS-ALL" in shell.line("show rpl route-policy").text
