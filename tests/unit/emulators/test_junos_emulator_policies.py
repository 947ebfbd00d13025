# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: which routes the policies on a BGP neighbor accept."""

import pytest

from lab.emulators.juniper_junos import Router

PEER = "192.0.2.9"
GROUP = "set protocols bgp group PEERS"
NEIGHBOR = f"{GROUP} neighbor {PEER}"
TERM = "set policy-options policy-statement P term"


def router_with(*lines: str) -> Router:
    router = Router()
    router.load("\n".join([f"{NEIGHBOR} peer-as 64500", *lines]))
    return router


def accepted(router: Router, *prefixes: str) -> list[bool]:
    return [router.would_accept(prefix, PEER) for prefix in prefixes]


def test_without_a_policy_bgp_accepts() -> None:
    router = router_with()
    assert accepted(router, "198.51.100.0/24") == [True]
    assert router.would_accept("198.51.100.0/24", PEER, "out")


def test_an_unknown_neighbor_is_an_error_and_a_deactivated_one_accepts_nothing() -> None:
    router = router_with()
    with pytest.raises(ValueError, match=r"192\.0\.2\.10"):
        router.would_accept("198.51.100.0/24", "192.0.2.10")
    router.by_hand(f"deactivate protocols bgp group PEERS neighbor {PEER}")
    assert accepted(router, "198.51.100.0/24") == [False]
    assert PEER not in router.other_operator().line("show bgp summary").text


def test_a_deactivated_neighbor_leaves_the_summary() -> None:
    router = router_with()
    router.neighbors.add(PEER, 64500)
    router.neighbors.add("192.0.2.99", 64501)
    assert PEER in router.other_operator().line("show bgp summary").text
    router.by_hand(f"deactivate protocols bgp group PEERS neighbor {PEER}")
    text = router.other_operator().line("show bgp summary").text
    assert f"\n{PEER} " not in text
    assert "192.0.2.99" in text


@pytest.mark.parametrize(
    "kind, fits",
    [
        ("exact", [True, False, False]),
        ("longer", [False, True, True]),
        ("orlonger", [True, True, True]),
        ("upto /20", [True, True, False]),
        ("prefix-length-range /20-/24", [False, True, True]),
    ],
)
def test_match_types_of_route_filters(kind: str, fits: list[bool]) -> None:
    router = router_with(
        f"{TERM} bad from route-filter 10.0.0.0/16 {kind}",
        f"{TERM} bad then reject",
        f"{NEIGHBOR} import P",
    )
    prefixes = ("10.0.0.0/16", "10.0.16.0/20", "10.0.1.0/24")
    assert accepted(router, *prefixes) == [not fit for fit in fits]
    assert accepted(router, "10.1.0.0/16", "10.0.0.0/8", "2001:db8::/32") == [True] * 3


def test_the_longest_route_filter_of_a_term_decides_alone() -> None:
    router = router_with(
        f"{TERM} bad from route-filter 10.0.0.0/8 orlonger",
        f"{TERM} bad from route-filter 10.1.0.0/16 exact",
        f"{TERM} bad then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.2.0.0/24", "10.1.0.0/16", "10.1.1.0/24") == [False, False, True]


def test_a_route_filter_with_an_action_of_its_own() -> None:
    router = router_with(
        f"{TERM} bad from route-filter 10.0.0.0/8 orlonger accept",
        f"{TERM} bad from route-filter 11.0.0.0/8 orlonger",
        f"{TERM} bad then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.2.0.0/24", "11.2.0.0/24") == [True, False]


def test_prefix_lists_are_exact_and_prefix_list_filters_are_not() -> None:
    router = router_with(
        "set policy-options prefix-list LEAK 198.51.100.0/24",
        f"{TERM} bad from prefix-list LEAK",
        f"{TERM} bad then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "198.51.100.0/24", "198.51.100.0/25") == [False, True]
    router.by_hand(
        [
            "delete policy-options policy-statement P term bad from",
            f"{TERM} bad from prefix-list-filter LEAK orlonger",
        ]
    )
    assert accepted(router, "198.51.100.0/24", "198.51.100.0/25") == [False, False]
    assert accepted(router, "198.51.0.0/16", "198.51.101.0/24") == [True, True]


def test_terms_and_policies_are_walked_in_order() -> None:
    router = router_with(
        f"{TERM} good from route-filter 10.0.0.0/24 exact",
        f"{TERM} good then accept",
        f"{TERM} bad from route-filter 10.0.0.0/8 orlonger",
        f"{TERM} bad then reject",
        "set policy-options policy-statement ALL then accept",
        f"{NEIGHBOR} import [ P ALL ]",
    )
    assert accepted(router, "10.0.0.0/24", "10.0.1.0/24", "11.0.0.0/8") == [True, False, True]
    router.by_hand(f"insert protocols bgp group PEERS neighbor {PEER} import ALL before P")
    assert accepted(router, "10.0.1.0/24") == [True]
    router.by_hand(f"insert protocols bgp group PEERS neighbor {PEER} import P before ALL")
    router.by_hand("insert policy-options policy-statement P term bad before term good")
    assert accepted(router, "10.0.0.0/24") == [False]


def test_next_policy_and_terms_without_an_action() -> None:
    router = router_with(
        f"{TERM} note then local-preference 50",
        f"{TERM} skip from route-filter 10.0.0.0/8 orlonger",
        f"{TERM} skip then next policy",
        f"{TERM} rest then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.0.0.0/24", "11.0.0.0/24") == [True, False]


def test_the_unnamed_term_comes_last() -> None:
    router = router_with(
        "set policy-options policy-statement P then reject",
        f"{TERM} good from route-filter 10.0.0.0/8 orlonger",
        f"{TERM} good then accept",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.0.0.0/24", "11.0.0.0/24") == [True, False]


def test_the_most_specific_policy_list_counts() -> None:
    router = router_with(
        "set policy-options policy-statement NO then reject",
        "set policy-options policy-statement YES then accept",
        "set protocols bgp import NO",
    )
    assert accepted(router, "10.0.0.0/24") == [False]
    router.by_hand(f"{GROUP} import YES")
    assert accepted(router, "10.0.0.0/24") == [True]
    router.by_hand(f"{NEIGHBOR} import NO")
    assert accepted(router, "10.0.0.0/24") == [False]
    router.by_hand(f"deactivate protocols bgp group PEERS neighbor {PEER} import")
    assert accepted(router, "10.0.0.0/24") == [True]


def test_export_is_judged_by_the_export_list() -> None:
    router = router_with(
        "set policy-options policy-statement NO then reject",
        f"{NEIGHBOR} export NO",
    )
    assert accepted(router, "10.0.0.0/24") == [True]
    assert not router.would_accept("10.0.0.0/24", PEER, "out")


def test_conditions_on_neighbor_protocol_and_family() -> None:
    router = router_with(
        f"{TERM} other from neighbor 192.0.2.77",
        f"{TERM} other then reject",
        f"{TERM} static from protocol static",
        f"{TERM} static then reject",
        f"{TERM} six from family inet6",
        f"{TERM} six then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.0.0.0/24", "2001:db8::/32") == [True, False]


def test_conditions_that_a_prefix_cannot_answer_do_not_match() -> None:
    """GUESS, as far as the route asked about has no community."""
    router = router_with(
        f"{TERM} c from community NONE",
        f"{TERM} c then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.0.0.0/24") == [True]


def test_different_kinds_of_prefix_conditions_must_all_hold() -> None:
    """GUESS."""
    router = router_with(
        "set policy-options prefix-list L 10.0.0.0/24",
        f"{TERM} both from prefix-list L",
        f"{TERM} both from route-filter 10.0.0.0/8 longer",
        f"{TERM} both then reject",
        f"{NEIGHBOR} import P",
    )
    assert accepted(router, "10.0.0.0/24", "10.0.1.0/24") == [False, True]


def test_a_policy_takes_effect_at_commit() -> None:
    router = router_with("set policy-options policy-statement NO then reject")
    shell = router.other_operator()
    shell.line("configure")
    shell.line(f"{NEIGHBOR} import NO")
    assert accepted(router, "10.0.0.0/24") == [True]
    shell.line("commit")
    assert accepted(router, "10.0.0.0/24") == [False]
    assert "Import: [ NO ]" in _neighbor_text(router)


def _neighbor_text(router: Router) -> str:
    router.neighbors.add(PEER, 64500)
    return router.other_operator().line(f"show bgp neighbor {PEER}").text
