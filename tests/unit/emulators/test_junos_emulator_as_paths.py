# SPDX-License-Identifier: GPL-2.0-or-later
"""AS paths, route-filter-lists and shut sessions on the EMULATED Junos router."""

import pytest

from lab.emulators.juniper_junos import Router
from lab.emulators.juniper_junos.as_paths import is_expression, matches

pytestmark = pytest.mark.emulated

PEER = "192.0.2.9"
NEIGHBOR = f"protocols bgp group PEERS neighbor {PEER}"
TERM = "set policy-options policy-statement P term"
ROUTE = "198.51.100.0/24"


def router_with(*lines: str) -> Router:
    router = Router()
    router.load("\n".join([f"set {NEIGHBOR} peer-as 64500", *lines]))
    router.neighbors.add(PEER, 64500)
    return router


def refusing(*conditions: str, options: tuple[str, ...] = ()) -> Router:
    """A router that rejects what the conditions match and accepts the rest."""
    return router_with(
        *(f"set policy-options {one}" for one in options),
        *(f"{TERM} bad from {one}" for one in conditions),
        f"{TERM} bad then reject",
        f"set {NEIGHBOR} import P",
    )


@pytest.mark.parametrize(
    ("text", "yes", "no"),
    [
        ("64500", [(64500,)], [(64500, 1), (164500,), ()]),
        (".* 64500 .*", [(64500,), (1, 64500), (1, 64500, 2)], [(1, 2), (164500,), ()]),
        (".* 64500", [(64500,), (1, 64500)], [(64500, 1)]),
        ("64500 .*", [(64500,), (64500, 1)], [(1, 64500)]),
        ("^64500 .* 1$", [(64500, 1), (64500, 3, 1)], [(64500,)]),
        ("()", [()], [(1,)]),
        (".{2,3}", [(1, 2), (1, 2, 3)], [(1,), (1, 2, 3, 4)]),
        (".{4,}", [(1, 2, 3, 4)], [(1, 2, 3)]),
        ("64500+", [(64500,), (64500, 64500)], [(), (64500, 1)]),
        ("(64500 | 64501) 7?", [(64500,), (64501, 7)], [(7,), (64502,)]),
        (".* 64500-64510 .*", [(64505,), (1, 64510)], [(64511,), (1, 64499)]),
    ],
)
def test_expressions_are_of_numbers_and_of_the_whole_path(
    text: str, yes: list[tuple[int, ...]], no: list[tuple[int, ...]]
) -> None:
    assert all(matches(text, path) for path in yes)
    assert not any(matches(text, path) for path in no)


@pytest.mark.parametrize("text", ["(64500", "AS64500", "* 64500", "64500 {x}", "_64500_"])
def test_what_is_no_expression_fails_the_check_out(text: str) -> None:
    assert not is_expression(text)
    with pytest.raises(ValueError, match="as-path"):
        router_with().by_hand(f'set policy-options as-path BAD "{text}"')


def test_a_term_from_an_as_path_or_a_group_of_them() -> None:
    router = refusing(
        "as-path FROM-7",
        "as-path-group LEAKS",
        options=(
            'as-path FROM-7 ".* 7"',
            'as-path-group LEAKS as-path one ".* 64999 .*"',
            'as-path-group LEAKS as-path two ".* 64998 .*"',
        ),
    )
    fates = {
        path: router.would_accept(ROUTE, PEER, path=path)
        for path in ((64500, 7), (64500, 64999, 1), (64500, 64998), (64500, 7, 1), (64500,))
    }
    assert list(fates.values()) == [False, False, False, True, True]


def test_an_as_path_and_a_route_filter_must_both_hold() -> None:
    router = refusing("as-path LEAK", "route-filter 198.51.100.0/24 orlonger",
                      options=('as-path LEAK ".* 64999"',))  # fmt: skip
    assert not router.would_accept("198.51.100.0/25", PEER, path=(64500, 64999))
    assert router.would_accept("198.51.100.0/25", PEER, path=(64500, 1))
    assert router.would_accept("203.0.113.0/24", PEER, path=(64500, 64999))


def test_without_a_path_a_route_originates_at_the_neighbor() -> None:
    router = refusing("as-path OWN", options=("as-path OWN 64500",))
    assert not router.would_accept(ROUTE, PEER)
    assert router.would_accept(ROUTE, PEER, path=(64500, 1))


def test_a_new_expression_takes_the_place_of_the_old_one() -> None:
    router = router_with('set policy-options as-path LEAK ".* 1"')
    router.by_hand('set policy-options as-path LEAK ".* 2"')
    assert 'set policy-options as-path LEAK ".* 2"\n' in router.running()
    assert '".* 1"' not in router.running()
    shown = router.other_operator().line("show configuration policy-options").text
    assert 'as-path LEAK ".* 2";' in shown


class TestRouteFilterLists:
    def test_its_entries_are_route_filters(self) -> None:
        router = refusing(
            "route-filter-list LEAKED",
            options=(
                "route-filter-list LEAKED 198.51.100.0/24 prefix-length-range /25-/27",
                "route-filter-list LEAKED 203.0.113.0/24 exact",
                "route-filter-list LEAKED 2001:db8::/32 upto /48",
            ),
        )
        wanted = {
            "198.51.100.0/24": True,
            "198.51.100.0/26": False,
            "198.51.100.0/28": True,
            "203.0.113.0/24": False,
            "203.0.113.0/25": True,
            "2001:db8:1::/48": False,
            "2001:db8:1:1::/64": True,
        }
        for prefix, accepted in wanted.items():
            assert router.would_accept(prefix, PEER) is accepted, prefix

    def test_the_longest_of_list_and_term_decides(self) -> None:
        router = refusing("route-filter 10.0.0.0/8 orlonger", "route-filter-list MORE",
                          options=("route-filter-list MORE 10.1.0.0/16 exact",))  # fmt: skip
        assert [router.would_accept(one, PEER) for one in
                ("10.2.0.0/24", "10.1.0.0/16", "10.1.1.0/24")] == [False, False, True]  # fmt: skip

    def test_an_action_at_the_reference_goes_before_the_entrys(self) -> None:
        lines = ("route-filter-list L 10.0.0.0/8 orlonger reject",)
        assert not refusing("route-filter-list L", options=lines).would_accept("10.0.0.0/9", PEER)
        router = refusing("route-filter-list L accept", options=lines)
        assert router.would_accept("10.0.0.0/9", PEER)

    def test_an_empty_list_matches_nothing(self) -> None:
        router = refusing("route-filter-list L", options=("route-filter-list L",))
        assert router.would_accept("10.0.0.0/9", PEER)


@pytest.mark.parametrize(
    "line",
    [
        f"{TERM} x from route-filter 10.0.0.0/16 upto /15",
        f"{TERM} x from route-filter 10.0.0.0/16 upto /33",
        f"{TERM} x from route-filter 10.0.0.0/16 upto 24",
        f"{TERM} x from route-filter 10.0.0.0/16 prefix-length-range /24-/20",
        f"{TERM} x from route-filter 10.0.0.0/16 prefix-length-range /24",
        f"{TERM} x from prefix-list-filter L upto /24",
        f"{TERM} x from as-path NONE",
        f"{TERM} x from as-path-group NONE",
        f"{TERM} x from route-filter-list NONE",
    ],
)
def test_lengths_that_do_not_fit_and_names_that_do_not_exist(line: str) -> None:
    router = router_with("set policy-options prefix-list L")
    before = router.running()
    with pytest.raises(ValueError):
        router.by_hand(line)
    assert router.running() == before


class TestShutSessions:
    def test_deactivate_ends_the_session_and_activate_starts_it_anew(self) -> None:
        router = router_with()
        before = router.running()
        router.clock.advance(3600)
        router.by_hand(f"deactivate {NEIGHBOR}")
        assert f"deactivate {NEIGHBOR}\n" in router.running()
        shell = router.other_operator()
        assert "inactive: neighbor 192.0.2.9" in shell.line("show configuration protocols").text
        assert router.route_fate(ROUTE, PEER) == "no session"
        assert router.neighbors.state(PEER) == "Idle"
        assert f"\n{PEER} " not in shell.line("show bgp summary").text
        router.by_hand(f"activate {NEIGHBOR}")
        assert router.running() == before
        assert router.route_fate(ROUTE, PEER) == "accepted"
        row = shell.line("show bgp summary").text
        assert f"\n{PEER} " in row and " 0:0" in row, "the session is a new one"

    @pytest.mark.parametrize("place", [NEIGHBOR, "protocols bgp group PEERS", "protocols bgp"])
    def test_shutdown_leaves_the_neighbor_in_the_summary(self, place: str) -> None:
        router = router_with()
        before = router.running()
        router.by_hand(f'set {place} shutdown notify-message "order 7"')
        assert router.route_fate(ROUTE, PEER, "out") == "no session"
        row = next(
            line
            for line in router.other_operator().line("show bgp summary").text.split("\n")
            if line.startswith(f"{PEER} ")
        )
        assert row.endswith("Idle")
        router.by_hand(f"delete {place} shutdown")
        assert router.route_fate(ROUTE, PEER) == "accepted"
        assert router.running() == before

    def test_nothing_happens_before_the_commit(self) -> None:
        router = router_with()
        shell = router.other_operator()
        for line in ("configure", f"deactivate {NEIGHBOR}"):
            shell.line(line)
        assert router.route_fate(ROUTE, PEER) == "accepted"
        shell.line("commit")
        assert router.route_fate(ROUTE, PEER) == "no session"

    def test_a_deactivated_group_and_a_session_that_died(self) -> None:
        router = router_with()
        router.neighbors.set_state(PEER, established=False)
        assert router.route_fate(ROUTE, PEER) == "no session"
        router.neighbors.set_state(PEER, established=True)
        router.by_hand("deactivate protocols bgp group PEERS")
        assert router.route_fate(ROUTE, PEER) == "no session"
