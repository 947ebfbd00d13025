# SPDX-License-Identifier: GPL-2.0-or-later
"""What filters routes on BGP neighbors of the EMULATED IOS router, and when it counts."""

import pytest

from lab.emulators.cisco_ios import Router
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, typed

pytestmark = pytest.mark.emulated

PEER, PEER6 = "192.0.2.2", "2001:db8::2"
BGP = "router bgp 64500"
GOOD = "198.51.100.0/24"  # what the operator's own list CUST accepts
RANGE = "make sure: len < ge-value <= le-value"


@pytest.fixture
def box() -> Router:
    return router()


def bind(box: Router, *lines: str, neighbor: str = PEER, family: str = "ipv4") -> None:
    """Configure; a line `KIND NAME DIRECTION` at the end is bound to the neighbor; soft clear."""
    *before, binding = lines
    shell = box.other_operator()
    answers = configure(
        shell, *before, BGP, f"address-family {family}", f"neighbor {neighbor} {binding}"
    )
    assert not any("%" in answer for answer in answers), answers
    for way in ("in", "out"):
        assert typed(shell, f"clear bgp {family} unicast {neighbor} soft {way}") == [""]
    shell.closed()


class TestPrefixRanges:
    @pytest.mark.parametrize(
        ("ends", "taken"),
        [
            ("ge 25", True),
            ("ge 24", False),
            ("ge 23", False),
            ("ge 25 le 32", True),
            ("ge 28 le 28", True),
            ("ge 28 le 27", False),
            ("le 24", False),
            ("le 25", True),
        ],
    )
    @pytest.mark.parametrize(
        ("command", "prefix"),
        [("ip", "10.1.2.0/24"), ("ipv6", "2001:db8::/24")],
    )
    def test_lengths_are_checked_in_the_routers_words(
        self, box: Router, command: str, prefix: str, ends: str, taken: bool
    ) -> None:
        line = f"{command} prefix-list L seq 5 permit {prefix} {ends}"
        answer = configure(box.other_operator(), line)[0]
        assert (RANGE in answer) is not taken
        assert (f"{command} prefix-list L seq 5" in box.running()) is taken

    def test_everything_shorter_and_longer(self, box: Router) -> None:
        configure(box.other_operator(), "ip prefix-list ALL seq 5 permit 0.0.0.0/0 le 0",
                  "ip prefix-list ALL seq 10 permit 0.0.0.0/0 le 32")  # fmt: skip
        assert "seq 5 permit 0.0.0.0/0\n" in box.running()

    def test_a_foreign_family_and_host_bits(self, box: Router) -> None:
        answers = configure(box.other_operator(), "ip prefix-list L permit 2001:db8::/32",
                            "ip prefix-list L permit 10.1.1.1/8")  # fmt: skip
        assert [answer[:1] for answer in answers] == [" ", ""]
        assert "ip prefix-list L seq 5 permit 10.0.0.0/8\n" in box.running()


class TestFilterKinds:
    def test_a_filter_list_judges_the_as_path(self, box: Router) -> None:
        bind(box, "ip as-path access-list 10 deny _64999$",
             "ip as-path access-list 10 permit .*", "filter-list 10 in")  # fmt: skip
        assert box.would_accept(GOOD, PEER, path=(64501, 64777))
        assert not box.would_accept(GOOD, PEER, path=(64501, 64999))
        assert box.would_accept(GOOD, PEER, path=(64501, 64999, 64777))
        assert box.would_accept(GOOD, PEER, path=(64501, 164999)), "64999 is a whole number"

    def test_a_route_received_originates_at_the_neighbor(self, box: Router) -> None:
        bind(box, "ip as-path access-list 10 permit ^64501$", "filter-list 10 in")
        assert box.would_accept(GOOD, PEER)
        assert not box.would_accept(GOOD, PEER, path=(64501, 64777))

    def test_every_filter_has_to_permit(self, box: Router) -> None:
        bind(box, "ip as-path access-list 10 permit _64777_", "filter-list 10 in")
        assert box.route_fate(GOOD, PEER, path=(64501, 64777)) == "accepted"
        assert box.route_fate("203.0.113.0/24", PEER, path=(64501, 64777)) == "rejected"
        assert box.route_fate(GOOD, PEER, path=(64501,)) == "rejected"

    def test_a_route_map_by_its_numbers(self, box: Router) -> None:
        bind(
            box,
            "ip prefix-list BAD seq 5 permit 198.51.100.64/26",
            "route-map RM permit 20",
            "route-map RM deny 10",
            "match ip address prefix-list BAD",
            "route-map RM in",
        )
        shown = box.running()
        assert shown.index("route-map RM deny 10") < shown.index("route-map RM permit 20")
        assert box.would_accept(GOOD, PEER)
        assert not box.would_accept("198.51.100.64/26", PEER)

    def test_conditions_are_added_and_alternatives_are_any(self, box: Router) -> None:
        bind(
            box,
            "ip prefix-list A seq 5 permit 198.51.100.0/24",
            "ip prefix-list B seq 5 permit 198.51.100.64/26",
            "ip as-path access-list 7 permit _64999_",
            "route-map RM deny 10",
            "match ip address prefix-list A",
            "match ip address prefix-list B",
            "match as-path 7",
            "route-map RM permit 20",
            "route-map RM in",
        )
        assert " match ip address prefix-list A B\n" in box.running()
        for prefix in (GOOD, "198.51.100.64/26"):
            assert box.would_accept(prefix, PEER, path=(64501,))
            assert not box.would_accept(prefix, PEER, path=(64501, 64999))

    def test_the_end_of_a_route_map_and_one_that_does_not_exist_deny(self, box: Router) -> None:
        bind(box, "ip prefix-list A seq 5 permit 198.51.100.0/24", "route-map RM permit 10",
             "match ip address prefix-list A", "route-map RM in")  # fmt: skip
        assert box.would_accept(GOOD, PEER)
        assert not box.would_accept("198.51.100.64/26", PEER)
        bind(box, "no route-map RM", "route-map RM in")
        assert not box.would_accept(GOOD, PEER)

    def test_continue_and_conditions_that_no_route_here_has(self, box: Router) -> None:
        bind(
            box,
            "ip prefix-list BAD seq 5 permit 198.51.100.64/26",
            "route-map RM deny 5",
            "match community 12",
            "route-map RM permit 10",
            "continue 30",
            "route-map RM deny 20",
            "route-map RM deny 30",
            "match ip address prefix-list BAD",
            "route-map RM in",
        )
        assert box.would_accept(GOOD, PEER)
        assert not box.would_accept("198.51.100.64/26", PEER)

    def test_ipv6_route_maps(self, box: Router) -> None:
        bind(
            box,
            "ipv6 prefix-list BAD seq 5 permit 2001:db8:bad::/48 le 64",
            "route-map RM deny 10",
            "match ipv6 address prefix-list BAD",
            "route-map RM permit 20",
            "route-map RM in",
            neighbor=PEER6,
            family="ipv6",
        )
        assert not box.would_accept("2001:db8:bad:1::/64", PEER6)
        assert box.would_accept("2001:db8:1::/48", PEER6)

    def test_a_distribute_list_takes_the_place_of_a_prefix_list(self, box: Router) -> None:
        shell = box.other_operator()
        inside = (BGP, "address-family ipv4")
        refused = configure(shell, *inside, f"neighbor {PEER} distribute-list 10 in")
        assert refused[-1].startswith("%")
        configure(shell, *inside, f"no neighbor {PEER} prefix-list CUST in")
        bind(box, "ip access-list standard 10", "permit 198.51.100.0 0.0.0.255",
             "distribute-list 10 in")  # fmt: skip
        assert box.would_accept("198.51.100.64/27", PEER)
        assert not box.would_accept("203.0.113.0/24", PEER)

    def test_routes_announced_have_their_own_filters(self, box: Router) -> None:
        bind(box, "ip as-path access-list 3 permit ^$", "filter-list 3 out")
        assert box.would_accept("203.0.113.0/24", PEER, "out")
        assert not box.would_accept("203.0.113.0/24", PEER, "out", path=(64502,))

    @pytest.mark.parametrize(
        "line",
        [
            "ip as-path access-list 10 permit (",
            "ip as-path access-list 501 permit .*",
            "route-map RM allow 10",
            "route-map RM permit 70000",
        ],
    )
    def test_lines_that_are_refused(self, box: Router, line: str) -> None:
        assert "%" in configure(box.other_operator(), line)[0]
        assert box.running() == CONFIGURATION


class TestWhenItCounts:
    def test_nothing_before_the_soft_clear_of_its_family_and_direction(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "route-map RM deny 10", BGP, "address-family ipv4",
                  f"neighbor {PEER} route-map RM in")  # fmt: skip
        for useless in (f"clear bgp ipv6 unicast {PEER} soft in", f"clear ip bgp {PEER} soft out"):
            typed(shell, useless)
            assert box.would_accept(GOOD, PEER)
        assert typed(shell, f"clear ip bgp {PEER} ipv4 unicast soft in") == [""]
        assert not box.would_accept(GOOD, PEER)

    def test_neither_does_an_edit_of_what_is_in_force(self, box: Router) -> None:
        bind(box, "ip prefix-list BAD seq 5 permit 198.51.100.64/26", "route-map RM deny 10",
             "match ip address prefix-list BAD", "route-map RM permit 20",
             "route-map RM in")  # fmt: skip
        shell = box.other_operator()
        configure(shell, "no ip prefix-list BAD", "no route-map RM", "route-map RM permit 10")
        assert not box.would_accept("198.51.100.64/26", PEER)
        typed(shell, f"clear ip bgp {PEER} soft")
        assert box.would_accept("198.51.100.64/26", PEER)

    def test_a_hard_clear_starts_the_session_anew(self, box: Router) -> None:
        box.clock.advance(3600)
        shell = box.other_operator()
        assert "up for 01:00:0" in typed(shell, f"show ip bgp neighbors {PEER}")[0]
        typed(shell, f"clear ip bgp {PEER}")
        assert "up for 00:00:0" in typed(shell, f"show ip bgp neighbors {PEER}")[0]

    def test_everything_undone_leaves_no_trace(self, box: Router) -> None:
        bind(box, "ip as-path access-list 10 permit .*", "route-map RM permit 10",
             "match as-path 10", f"{BGP}", "address-family ipv4",
             f"neighbor {PEER} filter-list 10 in", "route-map RM in")  # fmt: skip
        assert box.running() != CONFIGURATION
        configure(box.other_operator(), BGP, "address-family ipv4",
                  f"no neighbor {PEER} route-map RM in", f"no neighbor {PEER} filter-list 10 in",
                  "no route-map RM", "no ip as-path access-list 10")  # fmt: skip
        assert box.running() == CONFIGURATION


class TestSessions:
    def test_a_shut_session_has_no_routes(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, BGP, f"neighbor {PEER} shutdown")
        assert f" neighbor {PEER} shutdown\n" in box.running()
        assert box.route_fate(GOOD, PEER) == "no session"
        assert not box.would_accept(GOOD, PEER, "out")
        shown = typed(shell, f"show bgp neighbors {PEER}")[0]
        assert "\n Administratively shut down\n" in shown and "BGP state = Idle" in shown
        configure(shell, BGP, f"no neighbor {PEER} shutdown")
        assert box.route_fate(GOOD, PEER) == "accepted"
        assert "shut down" not in typed(shell, f"show bgp neighbors {PEER}")[0]

    def test_ipv6_sessions_in_whatever_letters(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, BGP, "neighbor 2001:db8:0::2 shutdown")
        assert " neighbor 2001:DB8::2 shutdown\n" in box.running()
        assert typed(shell, "show bgp ipv6 unicast summary")[0].endswith("Idle (Admin)")
        configure(shell, BGP, "no neighbor 2001:DB8::2 shutdown")
        assert box.running() == CONFIGURATION

    def test_a_peer_group_shuts_its_members(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, BGP, "neighbor C peer-group", "neighbor C remote-as 64777",
                  "neighbor 192.0.2.50 peer-group C", "neighbor C shutdown")  # fmt: skip
        assert box.route_fate(GOOD, "192.0.2.50") == "no session"
        assert box.route_fate(GOOD, PEER) == "accepted"

    def test_new_filters_count_when_it_comes_back(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, BGP, f"neighbor {PEER} shutdown")
        configure(shell, "ip prefix-list CUST seq 1 deny 198.51.100.0/24")
        configure(shell, BGP, f"no neighbor {PEER} shutdown")
        assert box.route_fate(GOOD, PEER) == "rejected"

    def test_a_session_that_died_is_none(self, box: Router) -> None:
        box.neighbors.set_state(PEER, established=False)
        assert box.route_fate(GOOD, PEER) == "no session"

    def test_a_neighbor_that_is_not_configured(self, box: Router) -> None:
        refused = configure(box.other_operator(), BGP, "neighbor 192.0.2.77 shutdown")[1]
        assert "Specify remote-as or peer-group" in refused
        assert box.running() == CONFIGURATION
        with pytest.raises(KeyError):
            box.route_fate(GOOD, "192.0.2.77")

    def test_a_removed_neighbor_takes_its_lines_with_it(self, box: Router) -> None:
        configure(box.other_operator(), BGP, f"no neighbor {PEER} remote-as 64501")
        assert f"neighbor {PEER} " not in box.running()


class TestShows:
    def test_what_is_bound_to_a_neighbor(self, box: Router) -> None:
        bind(box, "ip as-path access-list 10 permit .*", "route-map RM permit 10", BGP,
             "address-family ipv4", f"neighbor {PEER} filter-list 10 in",
             "route-map RM out")  # fmt: skip
        shown = typed(box.other_operator(), f"show ip bgp neighbors {PEER}")[0]
        assert "\n  Incoming update AS path filter list is 10\n" in shown
        assert "\n  Route map for outgoing advertisements is RM" in shown

    def test_route_maps_and_as_path_lists(self, box: Router) -> None:
        configure(box.other_operator(), "ip as-path access-list 10 deny _64999_",
                  "route-map RM deny 10", "match ip address prefix-list CUST",
                  "match as-path 10")  # fmt: skip
        shell = box.other_operator()
        assert typed(shell, "show ip as-path-access-list") == [
            "AS path access list 10\n    deny _64999_"
        ]
        assert typed(shell, "show route-map RM")[0].split("\n")[:4] == [
            "route-map RM, deny, sequence 10",
            "  Match clauses:",
            "    ip address prefix-lists: CUST ",
            "    as-path (as-path filter): 10 ",
        ]
        assert "not found" in typed(shell, "show route-map NONE")[0]

    def test_the_rollback_timer(self, box: Router) -> None:
        shell = box.other_operator("someone")
        none = "%No Rollback Confirmed Change pending"
        assert typed(shell, "show archive config rollback timer") == [none]
        typed(shell, "configure terminal revert timer 5", "end")
        lines = typed(shell, "show archive config rollback timer")[0].split("\n")
        assert lines[0].startswith("Time configured(or reconfigured): ")
        assert lines[1:] == [
            "Timer type: absolute timer",
            "Timer value: 5 min",
            "User: someone",
        ]
        typed(shell, "configure confirm")
        assert typed(shell, "show archive config rollback timer") == [none]
