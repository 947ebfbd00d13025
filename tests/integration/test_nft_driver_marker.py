# SPDX-License-Identifier: GPL-2.0-or-later
"""The marker on a device with nftables: a table called so, of whatever family."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.nftables.names import TABLE
from enforcer.core.rules import HOLD_MARKER, NO_END, Key, Rule
from enforcer.driver_api import EventKind
from enforcer.errors import StaleState
from tests.integration.nft_router import Router, desired, members, routers

pytestmark = pytest.mark.root

SOURCE = Rule(4, Key.SOURCE)
WANTED = desired({SOURCE: members(("198.51.100.7", NO_END, 1))})
MORE = desired({SOURCE: members(("198.51.100.7", NO_END, 1), ("198.51.100.9", NO_END, 2))})
FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        made.apply(WANTED)
        yield made


@pytest.mark.parametrize("family", FAMILIES)
def test_a_table_of_any_family_is_the_marker(router: Router, family: str) -> None:
    assert not router.session.read_state().hold
    router.nft(f"add table {family} {HOLD_MARKER}")
    assert router.session.read_state().hold
    router.nft(f"delete table {family} {HOLD_MARKER}")
    assert not router.session.read_state().hold


@pytest.mark.parametrize(
    "command",
    [
        f"add table inet {HOLD_MARKER.lower()}",
        f"add table inet {HOLD_MARKER}-not",
        f"add table inet mine; add chain inet mine {HOLD_MARKER}",
        f"add table inet mine; add set inet mine {HOLD_MARKER} {{ type ipv4_addr; }}",
    ],
)
def test_nothing_else_is(router: Router, command: str) -> None:
    router.nft(command)
    assert not router.session.read_state().hold


def test_it_holds_whatever_is_in_it_and_although_it_sleeps(router: Router) -> None:
    router.nft(
        f"add table inet {HOLD_MARKER} {{ flags dormant; }}\nadd chain inet {HOLD_MARKER} why\n"
    )
    actual, drift = router.look(WANTED)
    assert actual.hold and not drift


def test_it_is_seen_where_nothing_of_ours_is(router: Router) -> None:
    router.nft(f"delete table inet {TABLE}; add table ip {HOLD_MARKER}")
    actual = router.session.read_state()
    assert actual.hold and actual.owner is None


@pytest.mark.parametrize("family", FAMILIES)
def test_its_coming_and_going_are_changes_that_concern_us(router: Router, family: str) -> None:
    """Not untouched: a proof that was carried over it would let the next write through."""
    with router.driver.watch() as watch:
        told = watch.events()
        router.nft(f"add table {family} {HOLD_MARKER}")
        put = next(told)
        router.nft(f"delete table {family} {HOLD_MARKER}")
        gone = next(told)
    assert (put.kind, gone.kind) == (EventKind.CHANGED, EventKind.CHANGED)
    assert HOLD_MARKER in put.what and HOLD_MARKER in gone.what
    assert put.writer.startswith("nft, pid ")


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "unguarded"])
def test_what_was_planned_before_is_not_written(router: Router, guarded: bool) -> None:
    """An unguarded write, for a device that changes all the time, asks for the marker itself."""
    actual, drift = router.look(MORE)
    plan = router.driver.plan(MORE, drift, actual)
    with router.driver.watch() as watch:
        router.nft(f"add table ip6 {HOLD_MARKER}")
        next(watch.events())
        with pytest.raises(StaleState):
            router.session.stage(plan.batches[0], guarded)
    after, left = router.look(MORE)
    assert after.hold and left.tally.missing == 1


def test_the_doctor_says_so_and_how_to_end_it(router: Router) -> None:
    def marker() -> tuple[bool, str]:
        (found,) = [one for one in router.driver.diagnose() if one.check == "marker"]
        return found.ok, f"{found.detail} {found.advice}"

    assert marker()[0]
    router.nft(f"add table bridge {HOLD_MARKER}")
    ok, said = marker()
    assert not ok and HOLD_MARKER in said and "nft delete table" in said
