# SPDX-License-Identifier: GPL-2.0-or-later
"""What the emulated IOS router does to packets, against expectations written by hand."""

from ipaddress import ip_address

import pytest

from lab.emulators.cisco_ios import Router
from lab.emulators.packets import ICMP, ICMPV6, TCP, UDP, Packet
from tests.unit.emulators.ios_router import configure, from_to, router, to_port, typed

IN = "Gi0/0/0"
CUSTOMER = "GigabitEthernet0/0/1.100"


@pytest.fixture
def box() -> Router:
    return router()


def bind(box: Router, *lines: str, interface: str = CUSTOMER, direction: str = "in") -> None:
    """A list of these lines, bound to an interface."""
    answers = configure(box.other_operator(), "ip access-list extended T", *lines,
                        f"interface {interface}", f"ip access-group T {direction}")  # fmt: skip
    assert set(answers) == {""}


def fragment(protocol: int = TCP) -> Packet:
    """A later fragment."""
    return Packet(ip_address("192.0.2.77"), ip_address("203.0.113.9"), protocol, fragment=True)


class TestAccessLists:
    def test_the_first_match_decides(self, box: Router) -> None:
        assert box.would_pass(to_port(25, "198.51.100.25"), IN, "in")
        assert not box.would_pass(to_port(25, "198.51.100.26"), IN, "in")
        assert box.would_pass(to_port(587, "198.51.100.26"), IN, "in")

    def test_only_in_the_direction_and_on_the_interface_where_it_is_bound(
        self, box: Router
    ) -> None:
        assert box.would_pass(to_port(25), IN, "out")
        assert box.would_pass(to_port(25), CUSTOMER, "in")

    def test_a_list_ends_in_an_implicit_deny(self, box: Router) -> None:
        bind(box, "permit tcp any any eq 443")
        assert box.would_pass(to_port(443), CUSTOMER, "in")
        assert not box.would_pass(to_port(80), CUSTOMER, "in")

    @pytest.mark.parametrize("lines", [[], ["permit tcp any any eq 443", "no 10"]])
    def test_an_empty_list_permits_everything(self, box: Router, lines: list[str]) -> None:
        bind(box, *lines)
        assert box.would_pass(to_port(80), CUSTOMER, "in")

    def test_so_does_one_that_does_not_exist(self, box: Router) -> None:
        configure(box.other_operator(), "no ip access-list extended EDGE-IN")
        assert box.would_pass(to_port(25), IN, "in")

    def test_order_is_by_number_not_by_time(self, box: Router) -> None:
        configure(box.other_operator(), "ip access-list extended EDGE-IN", "5 permit tcp any any")
        assert box.would_pass(to_port(25), IN, "in")

    @pytest.mark.parametrize(
        ("condition", "port", "matches"),
        [
            ("eq 25", 25, True),
            ("eq 25", 26, False),
            ("eq 25 465 587", 465, True),
            ("neq 25", 25, False),
            ("neq 25", 26, True),
            ("lt 1024", 1023, True),
            ("lt 1024", 1024, False),
            ("gt 1023", 1023, False),
            ("gt 1023", 1024, True),
            ("range 100 200", 100, True),
            ("range 100 200", 200, True),
            ("range 100 200", 201, False),
        ],
    )
    def test_port_conditions(self, box: Router, condition: str, port: int, matches: bool) -> None:
        bind(box, f"permit tcp any any {condition}")
        assert box.would_pass(to_port(port), CUSTOMER, "in") is matches
        assert not box.would_pass(to_port(port, protocol=UDP), CUSTOMER, "in")

    def test_source_ports_are_not_destination_ports(self, box: Router) -> None:
        bind(box, "permit tcp any eq 40000 any eq 25", "deny ip any any")
        assert box.would_pass(to_port(25), CUSTOMER, "in")
        bind(box, "no 10", "10 permit tcp any eq 25 any")
        assert not box.would_pass(to_port(25), CUSTOMER, "in")

    def test_wildcards_need_not_be_masks(self, box: Router) -> None:
        bind(box, "permit ip 10.0.5.0 0.255.0.255 any")
        assert box.would_pass(to_port(1, "10.77.5.3"), CUSTOMER, "in")
        assert not box.would_pass(to_port(1, "10.77.6.3"), CUSTOMER, "in")

    def test_icmp_types_and_established(self, box: Router) -> None:
        bind(box, "permit icmp any any echo", "permit tcp any any established")
        ends = ip_address("192.0.2.77"), ip_address("203.0.113.9")
        assert box.would_pass(Packet(*ends, ICMP, icmp_type=8), CUSTOMER, "in")
        assert not box.would_pass(Packet(*ends, ICMP, icmp_type=0), CUSTOMER, "in")
        assert box.would_pass(Packet(*ends, TCP, 1, 2, established=True), CUSTOMER, "in")
        assert not box.would_pass(Packet(*ends, TCP, 1, 2), CUSTOMER, "in")

    def test_what_a_packet_cannot_show_does_not_match(self, box: Router) -> None:
        bind(box, "permit ip any any dscp ef", "permit tcp any any match-all +syn")
        assert not box.would_pass(to_port(80), CUSTOMER, "in")

    def test_groups_match_members_ranges_and_nested_groups(self, box: Router) -> None:
        configure(box.other_operator(), "object-group network G", "host 10.0.0.1",
                  "range 10.0.1.5 10.0.1.9", "group-object OPS")  # fmt: skip
        bind(box, "deny ip object-group G any", "permit ip any any")
        passes = {
            source: box.would_pass(to_port(80, source), CUSTOMER, "in")
            for source in (
                "10.0.0.1",
                "10.0.0.2",
                "10.0.1.5",
                "10.0.1.9",
                "10.0.1.10",
                "198.51.100.200",
                "192.0.2.1",
            )
        }
        assert passes == {
            "10.0.0.1": False, "10.0.0.2": True, "10.0.1.5": False, "10.0.1.9": False,
            "10.0.1.10": True, "198.51.100.200": False, "192.0.2.1": False,
        }  # fmt: skip

    def test_a_new_member_counts_at_once(self, box: Router) -> None:
        bind(box, "deny ip any object-group OPS", "permit ip any any", direction="out")
        packet = from_to("10.0.0.1", "203.0.113.9")
        assert box.would_pass(packet, CUSTOMER, "out")
        configure(box.other_operator(), "object-group network OPS", "host 203.0.113.9")
        assert not box.would_pass(packet, CUSTOMER, "out")
        configure(box.other_operator(), "object-group network OPS", "no host 203.0.113.9")
        assert box.would_pass(packet, CUSTOMER, "out")

    def test_a_shut_interface_passes_nothing(self, box: Router) -> None:
        assert not box.would_pass(to_port(80), "Gi0/0/2", "out")
        configure(box.other_operator(), "interface Gi0/0/2", "no shutdown")
        assert box.would_pass(to_port(80), "Gi0/0/2", "out")


class TestFragments:
    def test_a_denied_port_does_not_deny_later_fragments(self, box: Router) -> None:
        bind(box, "deny tcp any any eq 25", "permit ip any any")
        assert not box.would_pass(to_port(25), CUSTOMER, "in")
        assert box.would_pass(fragment(), CUSTOMER, "in")

    def test_a_permitted_port_permits_later_fragments(self, box: Router) -> None:
        bind(box, "permit tcp any any eq 25")
        assert box.would_pass(fragment(), CUSTOMER, "in")
        assert not box.would_pass(fragment(UDP), CUSTOMER, "in")

    def test_an_address_denies_them(self, box: Router) -> None:
        bind(box, "deny ip any host 203.0.113.9", "permit ip any any")
        assert not box.would_pass(fragment(), CUSTOMER, "in")

    def test_the_keyword_matches_nothing_else(self, box: Router) -> None:
        bind(box, "deny tcp any any fragments", "permit ip any any")
        assert not box.would_pass(fragment(), CUSTOMER, "in")
        assert box.would_pass(to_port(25), CUSTOMER, "in")


class TestIpv6:
    def bind6(self, box: Router, *lines: str) -> None:
        answers = configure(box.other_operator(), "ipv6 access-list T6", *lines,
                            f"interface {CUSTOMER}", "ipv6 traffic-filter T6 in")  # fmt: skip
        assert set(answers) == {""}

    def test_the_families_have_lists_of_their_own(self, box: Router) -> None:
        self.bind6(box, "deny tcp any any eq 25", "permit ipv6 any any")
        six = Packet(ip_address("2001:db8::7"), ip_address("2001:db8:9::1"), TCP, 1, 25)
        assert not box.would_pass(six, CUSTOMER, "in")
        assert box.would_pass(to_port(25), CUSTOMER, "in")

    @pytest.mark.parametrize(("kind", "passes"), [(133, False), (134, False), (135, True),
                                                  (136, True)])  # fmt: skip
    def test_only_solicitations_and_advertisements_of_neighbors_pass_by_themselves(
        self, box: Router, kind: int, passes: bool
    ) -> None:
        self.bind6(box, "permit tcp any any")
        packet = Packet(ip_address("fe80::1"), ip_address("ff02::1"), ICMPV6, icmp_type=kind)
        assert box.would_pass(packet, CUSTOMER, "in") is passes

    def test_an_explicit_deny_comes_before_them(self, box: Router) -> None:
        self.bind6(box, "deny ipv6 any any")
        packet = Packet(ip_address("fe80::1"), ip_address("ff02::1"), ICMPV6, icmp_type=135)
        assert not box.would_pass(packet, CUSTOMER, "in")

    def test_groups_and_prefixes(self, box: Router) -> None:
        configure(box.other_operator(), "object-group v6-network G6", "2001:db8:bad::/48")
        self.bind6(box, "deny ipv6 object-group G6 any", "permit ipv6 2001:db8::/32 any")
        assert not box.would_pass(from_to("2001:db8:bad::1", "2001:db8::9"), CUSTOMER, "in")
        assert box.would_pass(from_to("2001:db8:9::1", "2001:db8::9"), CUSTOMER, "in")
        assert not box.would_pass(from_to("2001:db9::1", "2001:db8::9"), CUSTOMER, "in")


class TestDiscardRoutes:
    def test_traffic_to_a_discarded_address_is_lost_on_its_way_in(self, box: Router) -> None:
        box.by_hand("ip route 203.0.113.7 255.255.255.255 Null0 tag 666")
        assert not box.would_pass(from_to("10.0.0.1", "203.0.113.7"), IN, "in")
        assert box.would_pass(from_to("10.0.0.1", "203.0.113.8"), IN, "in")
        assert box.would_pass(from_to("203.0.113.7", "10.0.0.1"), CUSTOMER, "in")

    def test_loose_urpf_loses_traffic_from_it_too_where_it_is_configured(self, box: Router) -> None:
        box.by_hand(["ip route 10.9.9.9 255.255.255.255 Null0", "interface Gi0/0/0",
                     "ip verify unicast source reachable-via any"])  # fmt: skip
        packet = from_to("10.9.9.9", "203.0.113.8")
        assert not box.would_pass(packet, IN, "in")
        assert box.would_pass(packet, CUSTOMER, "in")
        box.by_hand(["interface Gi0/0/0", "no ip verify unicast source"])
        assert box.would_pass(packet, IN, "in")

    def test_more_specific_routes_win(self, box: Router) -> None:
        box.by_hand("ip route 203.0.0.0 255.255.0.0 Null0 254")
        assert box.would_pass(from_to("10.0.0.1", "203.0.113.8"), IN, "in")  # connected
        assert not box.would_pass(from_to("10.0.0.1", "203.0.5.8"), IN, "in")
        box.learn("203.0.5.0/24")
        assert box.would_pass(from_to("10.0.0.1", "203.0.5.8"), IN, "in")

    def test_ipv6(self, box: Router) -> None:
        box.by_hand("ipv6 route 2001:db8:7::/48 Null0")
        assert not box.would_pass(from_to("2001:db8::9", "2001:db8:7::1"), IN, "in")
        assert box.would_pass(from_to("2001:db8::9", "2001:db8:8::1"), IN, "in")


class TestCounters:
    def test_hits_are_shown_and_survive_unrelated_edits(self, box: Router) -> None:
        shell = box.other_operator()
        assert not box.hit(to_port(25), IN, "in", 3)
        assert box.hit(to_port(443), IN, "in")
        configure(shell, "ip access-list extended EDGE-IN", "15 deny udp any any")
        shown = typed(shell, "show ip access-lists EDGE-IN")[0]
        assert "    20 deny   tcp any any eq smtp (3 matches)\n" in shown
        assert shown.endswith("    30 permit ip any any (1 match)")

    def test_questions_move_none_and_clearing_resets(self, box: Router) -> None:
        shell = box.other_operator()
        box.would_pass(to_port(25), IN, "in")
        assert "match" not in typed(shell, "show ip access-lists")[0]
        box.hit(to_port(25), IN, "in")
        shell.line("clear ip access-list counters EDGE-IN")
        assert "match" not in typed(shell, "show ip access-lists")[0]

    def test_an_entry_that_is_made_anew_starts_at_zero(self, box: Router) -> None:
        box.hit(to_port(25), IN, "in", 3)
        configure(box.other_operator(), "ip access-list extended EDGE-IN", "no 20",
                  "20 deny tcp any any eq 25")  # fmt: skip
        assert "match" not in typed(box.other_operator(), "show ip access-lists EDGE-IN")[0]
