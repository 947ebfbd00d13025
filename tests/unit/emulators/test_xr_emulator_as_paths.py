# SPDX-License-Identifier: GPL-2.0-or-later
"""AS paths, ranges of prefix-sets and shut sessions on the EMULATED IOS-XR router."""

import pytest

from lab.emulators.cisco_xr import Router
from tests.unit.emulators.xr_text import CONFIGURATION, configuring, router, session, typed

pytestmark = pytest.mark.emulated

CUSTOMER, UPSTREAM = "198.51.100.2", "203.0.113.2"
ROUTE = "198.51.100.0/24"


def with_policy(*body: str, sets: str = "") -> Router:
    """A router whose upstream session has the policy `P` in."""
    device = router()
    device.by_hand(
        sets + "route-policy P\n" + "\n".join(body) + "\nend-policy\n"
        "router bgp 65000\n neighbor 203.0.113.2\n  address-family ipv4 unicast\n"
        "   route-policy P in\n"
    )
    return device


def dropped(device: Router, *path: int, prefix: str = ROUTE) -> bool:
    fate = device.route_fate(prefix, UPSTREAM, path=path)
    assert fate != "no session"
    return fate == "rejected"


@pytest.mark.parametrize(
    ("condition", "paths"),
    [
        ("as-path originates-from '64999'", {(65002, 64999): True, (64999, 65002): False}),
        ("as-path originates-from '64999'", {(65002, 64999, 64999): True, (65002, 164999): False}),
        ("as-path originates-from '64999' exact", {(65002, 64999): True, (): False}),
        ("as-path originates-from '65002 64999'", {(1, 65002, 64999): True, (64999,): False}),
        ("as-path passes-through '64999'", {(65002, 64999, 1): True, (65002, 6499): False}),
        ("as-path passes-through '64999'", {(64999,): True, (65002, 64999): True, (): False}),
        ("as-path passes-through '65002 64999'", {(65002, 65002, 64999): True, (2, 1): False}),
        ("as-path passes-through '[64500..64510]'", {(65002, 64505): True, (64511,): False}),
        ("as-path neighbor-is '65002'", {(65002, 1): True, (1, 65002): False}),
        ("as-path length ge 3", {(1, 2, 3): True, (1, 2): False}),
        ("as-path is-local", {(): True, (65002,): False}),
        ("as-path in (ios-regex '_64999_', originates-from '7')", {(1, 64999): True, (1, 7): True}),
        ("as-path in LEAKS", {(1, 64999): True, (1, 7, 1): False, (1, 7): True, (2,): False}),
    ],
)
def test_conditions_on_the_path(condition: str, paths: dict[tuple[int, ...], bool]) -> None:
    sets = "as-path-set LEAKS\n  ios-regex '_64999_',\n  originates-from '7'\nend-set\n"
    device = with_policy(f"  if {condition} then", "    drop", "  else", "    pass", "  endif",
                         sets=sets)  # fmt: skip
    for path, wanted in paths.items():
        assert dropped(device, *path) is wanted, path


def test_a_path_and_a_prefix_set_together() -> None:
    device = with_policy(
        "  if destination in LEAKED and as-path originates-from '64999' then",
        "    drop",
        "  endif",
        "  pass",
        sets="prefix-set LEAKED\n  198.51.100.0/24 ge 26 le 28,\n  203.0.113.0/24 eq 32\nend-set\n",
    )
    assert dropped(device, 65002, 64999, prefix="198.51.100.64/26")
    assert not dropped(device, 65002, 64998, prefix="198.51.100.64/26")
    assert not dropped(device, 65002, 64999, prefix="198.51.100.0/24")
    assert not dropped(device, 65002, 64999, prefix="198.51.100.8/29")
    assert dropped(device, 65002, 64999, prefix="203.0.113.7/32")
    assert not dropped(device, 65002, 64999, prefix="203.0.113.6/31")


def test_without_a_path_a_route_originates_at_the_neighbor() -> None:
    body = ("  if as-path originates-from '65002' then", "    drop", "  endif", "  pass")
    device = with_policy(*body)
    assert device.route_fate(ROUTE, UPSTREAM) == "rejected"
    assert not dropped(device, 65002, 1)


@pytest.mark.parametrize(
    "condition",
    [
        "as-path originates-from 64999",
        "as-path originates-from 'A'",
        "as-path comes-from '64999'",
        "as-path length above 3",
        "as-path in (ios-regex '(')",
        "destination inside LEAKS",
        "as-path passes-through '1' '2'",
    ],
)
def test_conditions_that_the_router_does_not_read(condition: str) -> None:
    device = router()
    shell = configuring(device, "route-policy P", f"if {condition} then", "drop", "endif")
    assert "%" in typed(shell, "end-policy", "commit")
    assert "route-policy P\n" not in device.running()


def test_a_set_that_an_attached_policy_uses_has_to_exist() -> None:
    with pytest.raises(ValueError, match="as-path-set"):
        with_policy("  if as-path in NONE then", "    drop", "  endif", "  pass")


class TestShutSessions:
    def test_a_shut_neighbor_has_no_session_and_comes_back(self) -> None:
        device = router()
        assert device.route_fate(ROUTE, CUSTOMER) == "accepted"
        device.by_hand(f"router bgp 65000\n neighbor {CUSTOMER}\n  shutdown\n")
        assert device.route_fate(ROUTE, CUSTOMER) == "no session"
        assert device.route_fate(ROUTE, CUSTOMER, "out") == "no session"
        shown = typed(session(device), "show bgp ipv4 unicast summary")
        row = next(line for line in shown.split("\n") if line.startswith(CUSTOMER))
        assert row.endswith("Idle (Admin)")
        device.by_hand(f"router bgp 65000\n neighbor {CUSTOMER}\n  no shutdown\n")
        assert device.route_fate(ROUTE, CUSTOMER) == "accepted"
        assert device.running() == CONFIGURATION

    def test_a_neighbor_group_shuts_its_members(self) -> None:
        device = router()
        device.by_hand("router bgp 65000\n neighbor-group CUSTOMERS\n  shutdown\n")
        assert device.neighbors.state(CUSTOMER) == "Idle"
        assert device.route_fate(ROUTE, CUSTOMER) == "no session"

    def test_a_shutdown_that_is_not_committed_does_nothing(self) -> None:
        device = router()
        shell = configuring(device, "router bgp 65000", f"neighbor {CUSTOMER}", "shutdown")
        assert device.route_fate(ROUTE, CUSTOMER) == "accepted"
        typed(shell, "commit")
        assert device.route_fate(ROUTE, CUSTOMER) == "no session"

    def test_a_new_neighbor_comes_up(self) -> None:
        device = router()
        device.by_hand(
            "router bgp 65000\n neighbor 198.51.100.6\n  remote-as 65009\n"
            "  use neighbor-group CUSTOMERS\n"
        )
        assert device.neighbors.state("198.51.100.6") == "Established"
        assert device.route_fate(ROUTE, "198.51.100.6") == "accepted"

    def test_one_that_died_or_was_never_configured(self) -> None:
        device = router()
        device.neighbors.set_state(CUSTOMER, established=False)
        assert device.route_fate(ROUTE, CUSTOMER) == "no session"
        assert device.route_fate(ROUTE, "192.0.2.200") == "no session"
