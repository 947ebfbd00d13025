# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects of the EMULATED IOS-XR router: groups, access lists, policies, routes, interfaces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.emulators.cisco_xr import Router
from tests.unit.emulators.xr_text import CONFIGURATION, configuring, router, typed

pytestmark = pytest.mark.emulated

MARKER = "% Invalid input detected at '^' marker."


def block(device: Router, opening: str) -> list[str]:
    """The lines of one top-level block of the running configuration, closed by `!`."""
    lines = device.running().split("\n")
    start = lines.index(opening)
    return lines[start : lines.index("!", start)]


def commit(device: Router, *lines: str) -> None:
    """Type `lines` and commit them; everything must be taken."""
    shell = configuring(device, *lines)
    answer = (
        typed(shell, "root", "commit")
        if not lines[-1].startswith("end-")
        else typed(shell, "commit")
    )
    assert "%" not in answer, answer
    typed(shell, "end")


# ---------------------------------------------------------------- the operator's text


def test_the_operators_configuration_is_kept_as_it_is() -> None:
    assert router().running() == CONFIGURATION


@pytest.mark.parametrize(
    "text, word",
    [
        ("interfce Gi0/0/0/0\n", "interfce"),
        ("ipv4 access-list X\n 10 dny ipv4 any any\n!\n", "dny"),
        ("prefix-set X\n  10.0.0.0/8,\nend-set\n", "prefix-set X"),
        ("prefix-set X\n  10.0.0.0/8\n", "closing word"),
        ("route-policy X\n  if a then\n    drop\nend-policy\n", "route-policy X"),
        ("router static\n address-family ipv4 unicast\n  10.0.0.0/8\n", "10.0.0.0/8"),
    ],
)
def test_loading_names_the_line_that_it_refuses(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        router().load(text)


def test_what_was_added_and_taken_away_leaves_no_trace() -> None:
    device = router()
    commit(
        device,
        "object-group network ipv4 ENF-A",
        "198.51.100.0/24",
        "host 192.0.2.255",
        "ipv4 access-list BASE",
        "7 deny ipv4 net-group ENF-A any",
        "6 remark ENF order 1",
        "prefix-set ENF-P",
        "203.0.113.0/24",
        "end-set",
        "router static",
        "address-family ipv4 unicast",
        "203.0.113.9/32 Null0 tag 666 description ENF-1",
        "interface GigabitEthernet0/0/0/0",
        "no ipv4 access-group BASE ingress",
        "shutdown",
        "interface GigabitEthernet0/0/0/1",
        "ipv4 access-group BASE egress",
    )
    assert " ipv4 access-group BASE ingress" not in device.running()
    commit(
        device,
        "ipv4 access-list BASE",
        "no 6",
        "no 7",
        "no object-group network ipv4 ENF-A",
        "no prefix-set ENF-P",
        "router static",
        "address-family ipv4 unicast",
        "no 203.0.113.9/32 Null0",
        "interface GigabitEthernet0/0/0/0",
        "ipv4 access-group BASE ingress",
        "no shutdown",
        "no interface GigabitEthernet0/0/0/1 ipv4 access-group BASE egress",
    )
    assert device.running() == CONFIGURATION


@pytest.mark.parametrize(
    "line",
    [
        "ipv4 access-group BASE ingress",
        "shutdown",
        "deny ipv4 any any",
        "host 192.0.2.1",
        "ipv4 access-list X 0 deny any",
        "ipv4 access-list X 2147483644 deny any",
        "interface Gi0/0/0/0 ipv4 access-group BASE sideways",
        "route-policy PASS-ALL in",
        "router static address-family",
    ],
)
def test_a_statement_counts_in_its_own_submode_alone(line: str) -> None:
    device = router()
    shell = configuring(device)
    assert "%" in shell.line(line).text
    typed(shell, "abort")
    assert device.running() == CONFIGURATION


@given(st.permutations([f"host 192.0.2.{number}" for number in range(1, 9)]))
@settings(max_examples=25)
def test_members_are_sorted_however_they_were_typed(members: list[str]) -> None:
    device = router()
    commit(device, "object-group network ipv4 ENF-A", *members)
    assert block(device, "object-group network ipv4 ENF-A")[1:] == [
        f" host 192.0.2.{number}" for number in range(1, 9)
    ]


# ---------------------------------------------------------------- object-groups


def test_members_of_all_forms() -> None:
    device = router()
    commit(
        device,
        "object-group network ipv4 ENF-A",
        "description enforcement members",
        "host 192.0.2.9",
        "198.51.100.77/24",
        "range 203.0.113.5 203.0.113.9",
        "object-group RELAYS",
        "object-group network ipv6 ENF-B",
        "2001:DB8:0::/48",
        "host 2001:db8::1",
        "object-group port MAIL",
        "eq 25",
        "range 465 587",
    )
    assert block(device, "object-group network ipv4 ENF-A")[1:] == [
        " description enforcement members",
        " host 192.0.2.9",
        " 198.51.100.0/24",
        " range 203.0.113.5 203.0.113.9",
        " object-group RELAYS",
    ]
    assert block(device, "object-group network ipv6 ENF-B")[1:] == [
        " 2001:db8::/48",
        " host 2001:db8::1",
    ]
    assert block(device, "object-group port MAIL")[1:] == [" eq smtp", " range 465 587"]


@pytest.mark.parametrize(
    "member", ["192.0.2.1", "host 192.0.2.300", "host 2001:db8::1", "range 192.0.2.9 192.0.2.1"]
)
def test_what_is_no_member_is_refused(member: str) -> None:
    shell = configuring(router(), "object-group network ipv4 ENF-A")
    assert MARKER in shell.line(member).text


def test_members_are_edited_one_by_one() -> None:
    device = router()
    commit(device, "object-group network ipv4 RELAYS", "host 192.0.2.26", "no host 192.0.2.25")
    assert block(device, "object-group network ipv4 RELAYS")[1:] == [" host 192.0.2.26"]


def test_a_removed_and_retyped_group_is_replaced() -> None:
    device = router()
    shell = configuring(device, "no object-group network ipv4 RELAYS")
    typed(shell, "object-group network ipv4 RELAYS", "host 192.0.2.99", "commit")
    assert block(device, "object-group network ipv4 RELAYS")[1:] == [" host 192.0.2.99"]


# ---------------------------------------------------------------- access lists


def test_entries_are_sorted_by_number_and_printed_with_names() -> None:
    device = router()
    commit(
        device,
        "ipv4 access-list ENF",
        "30 deny tcp net-group RELAYS range 1000 2000 198.51.100.0/24 eq 25",
        "10 deny 6 host 192.0.2.1 any eq 80",
        "20 deny udp any 192.0.2.0 0.0.0.255 eq 443",
        "5 remark the first",
        "40 deny icmp any any 8",
        "50 deny 47 any any fragments",
        "60 permit tcp 0.0.0.0/0 198.51.100.9/32 established",
    )
    assert block(device, "ipv4 access-list ENF")[1:] == [
        " 5 remark the first",
        " 10 deny tcp host 192.0.2.1 any eq www",
        " 20 deny udp any 192.0.2.0 0.0.0.255 eq 443",
        " 30 deny tcp net-group RELAYS range 1000 2000 198.51.100.0 0.0.0.255 eq smtp",
        " 40 deny icmp any any echo",
        " 50 deny gre any any fragments",
        " 60 permit tcp any host 198.51.100.9 established",
    ]


def test_an_entry_without_a_number_goes_to_the_end() -> None:
    device = router()
    commit(device, "ipv4 access-list BASE", "deny tcp any any eq 25", "no 50", "permit any")
    assert block(device, "ipv4 access-list BASE")[-2:] == [
        " 60 deny tcp any any eq smtp",
        " 70 permit ipv4 any any",
    ]


def test_a_number_that_is_taken_is_replaced_and_entries_are_removed_by_what_they_say() -> None:
    device = router()
    commit(
        device,
        "ipv4 access-list BASE",
        "20 deny ipv4 172.16.0.0 0.15.255.255 any",
        "no deny tcp any any range 135 139",
        "no 10 permit tcp any any eq bgp",
    )
    assert block(device, "ipv4 access-list BASE")[1:] == [
        " 5 remark the operator's own",
        " 20 deny ipv4 172.16.0.0 0.15.255.255 any",
        " 30 permit tcp net-group RELAYS any eq smtp",
        " 50 permit ipv4 any any",
    ]


def test_ipv6_entries() -> None:
    device = router()
    commit(device, "ipv6 access-list ENF6", "10 deny tcp any host 2001:DB8::0:1 eq smtp")
    assert block(device, "ipv6 access-list ENF6")[1:] == [
        " 10 deny tcp any host 2001:db8::1 eq smtp"
    ]
    shell = configuring(device, "ipv6 access-list ENF6")
    assert MARKER in shell.line("20 deny ipv4 any any").text


# ---------------------------------------------------------------- policies


def test_a_set_typed_again_is_replaced_with_a_warning() -> None:
    device = router()
    shell = configuring(device)
    assert shell.line("prefix-set CUSTOMER").text == (
        "% WARNING: Policy object prefix-set CUSTOMER exists! Reconfiguring it via CLI will "
        "replace\ncurrent definition. Use abort to cancel."
    )
    typed(shell, "203.0.113.0/24 le 32", "end-set", "commit")
    assert block(device, "prefix-set CUSTOMER") == [
        "prefix-set CUSTOMER",
        "  203.0.113.0/24 le 32",
        "end-set",
    ]


def test_a_new_set_has_no_warning_and_needs_its_closing_word() -> None:
    device = router()
    shell = configuring(device)
    assert shell.line("prefix-set NEW").text == ""
    typed(shell, "203.0.113.0/24,", "198.51.100.0/24 ge 25 le 28")
    for foreign in ("root", "commit", "interface Loopback1", "show configuration"):
        assert MARKER in shell.line(foreign).text
    typed(shell, "end-set")
    assert shell.prompt().endswith("(config)#")
    typed(shell, "commit")
    assert block(device, "prefix-set NEW")[1:] == [
        "  203.0.113.0/24,",
        "  198.51.100.0/24 ge 25 le 28",
        "end-set",
    ]


def test_commas_stand_between_members_and_nowhere_else() -> None:
    shell = configuring(router(), "prefix-set NEW", "203.0.113.0/24")
    assert MARKER in shell.line("198.51.100.0/24").text, "the one before has no comma"
    typed(shell, "end-set")
    typed(shell, "prefix-set OTHER", "203.0.113.0/24,")
    assert MARKER in shell.line("end-set").text, "the last one has a comma"


def test_abort_inside_a_set_forgets_the_definition_and_nothing_else() -> None:
    device = router()
    shell = configuring(device, "hostname xr2", "prefix-set CUSTOMER", "203.0.113.0/24", "abort")
    assert shell.prompt().endswith("(config)#")
    typed(shell, "commit")
    assert device.running() == CONFIGURATION.replace("hostname xr1", "hostname xr2")


def test_a_policy_is_printed_nested_and_broken_ones_are_refused() -> None:
    device = router()
    commit(
        device,
        "route-policy ENF",
        "if destination in CUSTOMER and not destination in (198.51.100.0/25 le 32) then",
        "drop",
        "elseif as-path passes-through '64999' then",
        "set local-preference 50",
        "else",
        "pass",
        "endif",
        "end-policy",
    )
    assert block(device, "route-policy ENF")[1:] == [
        "  if destination in CUSTOMER and not destination in (198.51.100.0/25 le 32) then",
        "    drop",
        "  elseif as-path passes-through '64999' then",
        "    set local-preference 50",
        "  else",
        "    pass",
        "  endif",
        "end-policy",
    ]
    shell = configuring(device, "route-policy BROKEN", "if destination in CUSTOMER then", "drop")
    assert MARKER in shell.line("end-policy").text


# ---------------------------------------------------------------- routes and interfaces


def test_static_discard_routes() -> None:
    device = router()
    commit(
        device,
        "router static",
        "address-family ipv4 unicast",
        "198.51.100.66/32 Null0 tag 666 description ENF-1",
        "address-family ipv6 unicast",
        "2001:db8:bad::/48 Null0 200 tag 666",
    )
    assert block(device, "router static")[1:] == [
        " address-family ipv4 unicast",
        "  0.0.0.0/0 203.0.113.2",
        "  198.51.100.66/32 Null0 tag 666 description ENF-1",
        " !",
        " address-family ipv6 unicast",
        "  2001:db8:bad::/48 Null0 200 tag 666",
        " !",
    ]
    shell = configuring(device, "router static", "address-family ipv4 unicast")
    assert MARKER in shell.line("198.51.100.66/32 Null0 description two words").text
    typed(shell, "198.51.100.66/32 Null0 tag 667", "commit")
    assert "  198.51.100.66/32 Null0 tag 667\n" in device.running()
    assert "ENF-1" not in device.running(), "the route of the same prefix and next hop is replaced"


def test_one_access_group_per_direction() -> None:
    device = router()
    commit(
        device,
        "ipv4 access-list ENF",
        "10 permit any",
        "int Gi0/0/0/0",
        "ipv4 access-group ENF ingress",
    )
    lines = block(device, "interface GigabitEthernet0/0/0/0")
    assert [line for line in lines if "ipv4 access-group" in line] == [
        " ipv4 access-group ENF ingress"
    ]


def test_a_physical_interface_with_nothing_on_it_is_not_shown_and_a_loopback_is() -> None:
    device = router()
    commit(device, "interface GigabitEthernet0/0/0/9", "description x", "interface Loopback9")
    assert "interface GigabitEthernet0/0/0/9" in device.running()
    commit(device, "interface GigabitEthernet0/0/0/9", "no description")
    assert "interface GigabitEthernet0/0/0/9" not in device.running()
    assert "interface Loopback9\n!\n" in device.running()


def test_policies_are_attached_and_detached_by_direction() -> None:
    device = router()
    place = ("router bgp 65000", "neighbor 203.0.113.2", "address-family ipv4 unicast")
    commit(device, *place, "route-policy PASS-ALL in", "route-policy PASS-ALL out")
    assert "   route-policy PASS-ALL in\n   route-policy PASS-ALL out\n" in device.running()
    commit(device, *place, "no route-policy PASS-ALL in", "no route-policy PASS-ALL out")
    assert device.running() == CONFIGURATION


def test_ten_thousand_members_go_in_with_one_commit() -> None:
    device = router()
    members = [f"host 10.{n // 250 // 40}.{n // 250 % 40}.{n % 250 + 1}" for n in range(10_000)]
    shell = configuring(device, "object-group network ipv4 ENF-A", *members)
    typed(shell, "commit")
    assert len(block(device, "object-group network ipv4 ENF-A")) == 10_001
    typed(shell, *(f"no {member}" for member in members[:-1]), "commit")
    assert block(device, "object-group network ipv4 ENF-A")[1:] == [f" {members[-1]}"]
