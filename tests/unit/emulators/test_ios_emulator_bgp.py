# SPDX-License-Identifier: GPL-2.0-or-later
"""Prefix-lists on BGP neighbors of the emulated IOS router, and when they come into force."""

import pytest

from lab.emulators.cisco_ios import Router
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, typed

PEER, PEER6 = "192.0.2.2", "2001:db8::2"


@pytest.fixture
def box() -> Router:
    return router()


class TestPrefixLists:
    @pytest.mark.parametrize(
        ("route", "accepted"),
        [
            ("198.51.100.0/24", True),
            ("198.51.100.64/26", True),
            ("198.51.100.64/27", False),
            ("198.51.0.0/16", False),
            ("203.0.113.0/24", False),
        ],
    )
    def test_ge_and_le(self, box: Router, route: str, accepted: bool) -> None:
        assert box.would_accept(route, PEER) is accepted

    def test_without_a_list_everything_is_accepted(self, box: Router) -> None:
        assert box.would_accept("203.0.113.0/24", PEER, "out")
        assert box.would_accept("2001:db8:bad::/48", PEER6)

    def test_a_list_that_does_not_exist_accepts_everything(self, box: Router) -> None:
        configure(box.other_operator(), "no ip prefix-list CUST")
        typed(box.other_operator(), f"clear ip bgp {PEER} soft in")
        assert box.would_accept("203.0.113.0/24", PEER)

    def test_entries_are_numbered_by_fives_and_refused_when_taken(self, box: Router) -> None:
        shell = box.other_operator()
        answers = configure(
            shell,
            "ip prefix-list CUST permit 203.0.113.0/24",
            "ip prefix-list CUST seq 5 deny 10.0.0.0/8",
            "ip prefix-list CUST seq 7 deny 198.51.100.0/24 ge 25",
            "ip prefix-list CUST seq 8 permit 10.0.0.0/8 le 4",
        )
        assert [answer[:1] for answer in answers] == ["", "%", "", "%"]
        assert typed(shell, "show ip prefix-list CUST") == [
            "ip prefix-list CUST: 3 entries\n"
            "   seq 5 permit 198.51.100.0/24 le 26\n"
            "   seq 7 deny 198.51.100.0/24 ge 25\n"
            "   seq 10 permit 203.0.113.0/24"
        ]
        configure(shell, "no ip prefix-list CUST seq 7", "no ip prefix-list CUST seq 10")
        assert box.running() == CONFIGURATION

    def test_the_last_entry_takes_the_list_with_it(self, box: Router) -> None:
        configure(box.other_operator(), "no ip prefix-list CUST seq 5")
        assert "ip prefix-list" not in box.running()


class TestSoftRefresh:
    def test_a_changed_list_counts_only_after_the_refresh(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ip prefix-list CUST seq 1 deny 198.51.100.0/24")
        assert box.would_accept("198.51.100.0/24", PEER)
        shell.line(f"clear ip bgp {PEER} soft out")
        assert box.would_accept("198.51.100.0/24", PEER)
        shell.line(f"clear ip bgp {PEER} soft in")
        assert not box.would_accept("198.51.100.0/24", PEER)

    def test_so_does_a_changed_binding(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ipv6 prefix-list P6 seq 5 deny 2001:db8:bad::/48",
                  "ipv6 prefix-list P6 seq 10 permit ::/0 le 128", "router bgp 64500",
                  "address-family ipv6", f"neighbor {PEER6} prefix-list P6 in")  # fmt: skip
        assert box.would_accept("2001:db8:bad::/48", PEER6)
        shell.line(f"clear bgp ipv6 unicast {PEER6} soft in")
        assert not box.would_accept("2001:db8:bad::/48", PEER6)
        assert box.would_accept("2001:db8:good::/48".replace("good", "1"), PEER6)

    def test_a_list_replaces_the_one_bound_before(self, box: Router) -> None:
        configure(box.other_operator(), "router bgp 64500", "address-family ipv4",
                  f"neighbor {PEER} prefix-list ENF-P in")  # fmt: skip
        assert f"  neighbor {PEER} prefix-list ENF-P in\n" in box.running()
        assert "prefix-list CUST in" not in box.running()
        configure(box.other_operator(), "router bgp 64500", "address-family ipv4",
                  f"neighbor {PEER} prefix-list CUST in")  # fmt: skip
        assert box.running() == CONFIGURATION

    def test_a_reboot_brings_everything_into_force(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ip prefix-list CUST seq 1 deny 198.51.100.0/24")
        shell.line("write memory")
        box.reboot()
        assert not box.would_accept("198.51.100.0/24", PEER)

    def test_a_session_that_comes_up_again_judges_anew(self, box: Router) -> None:
        assert box.would_accept("198.51.100.0/24", PEER)
        configure(box.other_operator(), "ip prefix-list CUST seq 1 deny 198.51.100.0/24")
        box.neighbors.set_state(PEER, established=False)
        box.neighbors.set_state(PEER, established=True)
        assert not box.would_accept("198.51.100.0/24", PEER)

    def test_unknown_neighbors_are_refused(self, box: Router) -> None:
        assert (
            "Unknown neighbor" in typed(box.other_operator(), "clear ip bgp 192.0.2.99 soft in")[0]
        )

    def test_a_peer_group_binds_for_its_members(self, box: Router) -> None:
        configure(box.other_operator(), "router bgp 64500", "neighbor CUSTOMERS peer-group",
                  "neighbor CUSTOMERS remote-as 64777", "neighbor CUSTOMERS prefix-list CUST in",
                  "neighbor 192.0.2.50 peer-group CUSTOMERS")  # fmt: skip
        assert not box.would_accept("203.0.113.0/24", "192.0.2.50")


class TestAdjacencies:
    def test_configured_neighbors_are_up(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show ip bgp summary")[0].split("\n")
        assert shown[-1].split()[:3] == [PEER, "4", "64501"]
        assert shown[-1].split()[-1] == "100"
        six = typed(box.other_operator(), "show bgp ipv6 unicast summary")[0]
        assert "2001:DB8::2" in six and PEER not in six.split("\n")[-1]

    def test_a_shut_neighbor_is_idle(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "router bgp 64500", f"neighbor {PEER} shutdown")
        assert box.neighbors.state(PEER) == "Idle"
        assert typed(shell, "show ip bgp summary")[0].endswith("Idle (Admin)")
        configure(shell, "router bgp 64500", f"no neighbor {PEER} shutdown")
        assert box.neighbors.state(PEER) == "Established"
        assert box.running() == CONFIGURATION

    def test_one_that_a_line_cuts_dies_after_the_hold_time(self, box: Router) -> None:
        box.neighbors.goes_down_while(PEER, r"^ \d+ deny   tcp any any eq bgp$", 180)
        shell = box.other_operator()
        configure(shell, "ip access-list extended EDGE-IN", "5 deny tcp any any eq 179")
        box.clock.advance(179)
        assert "BGP state = Established" in typed(shell, f"show ip bgp neighbors {PEER}")[0]
        box.clock.advance(2)
        shown = typed(shell, f"show bgp neighbors {PEER}")[0]
        assert "BGP state = Idle" in shown
        assert "Incoming update prefix filter list is CUST" in shown

    def test_removed_neighbors_are_gone(self, box: Router) -> None:
        configure(box.other_operator(), "router bgp 64500", f"no neighbor {PEER}")
        assert PEER not in box.neighbors
