# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's notifications tell which members somebody touched, or that nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from drivers.nftables.names import HOSTS as PART_HOSTS
from drivers.nftables.names import RANGES as PART_RANGES
from drivers.nftables.netlink.events import FEW
from enforcer.control.mending import looked_at, together
from enforcer.core.addresses import to_integers
from enforcer.core.drift import tally_of
from enforcer.core.rules import NO_END, Key, Rule
from enforcer.driver_api import DeviceEvent, EventKind, Watch
from enforcer.errors import StaleState
from tests.integration.nft_router import Router, desired, members, routers

pytestmark = pytest.mark.root

SOURCE, SOURCE6 = Rule(4, Key.SOURCE), Rule(6, Key.SOURCE)
HOSTS = ("198.51.100.7", NO_END, 1), ("198.51.100.8", NO_END, 1)
NETS = ("203.0.113.0/25", NO_END, 2), ("203.0.113.192/26", NO_END, 2)
WANTED = desired(
    {SOURCE: members(*HOSTS, *NETS), SOURCE6: members(("2001:db8::7", NO_END, 3))},
)
H, N = f"{PART_HOSTS}{SOURCE.digest}_a", f"{PART_RANGES}{SOURCE.digest}_a"
H6 = f"h{SOURCE6.digest}_a"


@pytest.fixture(scope="module")
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        made.apply(WANTED)
        yield made


@pytest.fixture
def watch(router: Router) -> Iterator[Watch]:
    router.look(WANTED)
    with router.driver.watch() as opened:
        yield opened
    router.apply(WANTED)


def told(router: Router, watch: Watch, commands: str) -> DeviceEvent:
    router.nft(commands)
    return next(watch.events())


def texts(event: DeviceEvent, rule: Rule = SOURCE) -> list[str]:
    assert event.touched is not None
    rows = event.touched[rule]
    ends = zip(to_integers(rows.first), to_integers(rows.last), strict=True)
    kind = ip_address("::").__class__ if rule.family == 6 else ip_address("0.0.0.0").__class__
    return sorted(f"{kind(a)}" if a == b else f"{kind(a)}-{kind(b)}" for a, b in ends)


def test_a_host_that_was_deleted(router: Router, watch: Watch) -> None:
    event = told(router, watch, f"delete element inet enforcer {H} {{ 198.51.100.7 }}")
    assert texts(event) == ["198.51.100.7"]


def test_a_host_of_the_new_family(router: Router, watch: Watch) -> None:
    event = told(router, watch, f"delete element inet enforcer {H6} {{ 2001:db8::7 }}")
    assert texts(event, SOURCE6) == ["2001:db8::7"]


def test_hosts_that_were_deleted_and_added_at_once(router: Router, watch: Watch) -> None:
    commands = (
        f"delete element inet enforcer {H} {{ 198.51.100.7 }};"
        f" add element inet enforcer {H} {{ 198.51.100.9, 198.51.100.10 }}"
    )
    event = told(router, watch, commands)
    assert texts(event) == ["198.51.100.10", "198.51.100.7", "198.51.100.9"]


def test_a_range_that_was_deleted(router: Router, watch: Watch) -> None:
    event = told(router, watch, f"delete element inet enforcer {N} {{ 203.0.113.0/25 }}")
    assert texts(event) == ["203.0.113.0-203.0.113.127"]


def test_nobody_can_tell_what_a_whole_set_held(router: Router, watch: Watch) -> None:
    many = ", ".join(f"198.18.{n // 250}.{n % 250 + 1}" for n in range(FEW + 1))
    event = told(router, watch, f"add element inet enforcer {H} {{ {many} }}")
    assert event.touched is None


def test_structure_is_no_matter_of_members(router: Router, watch: Watch) -> None:
    event = told(router, watch, "add chain inet enforcer theirs")
    assert event.touched is None


def test_members_and_structure_at_once(router: Router, watch: Watch) -> None:
    commands = f"delete element inet enforcer {H} {{ 198.51.100.7 }}; add chain inet enforcer x"
    assert told(router, watch, commands).touched is None


@pytest.mark.parametrize("element", ["198.51.100.99", "198.51.100.7"])
def test_one_address_among_ranges_is_not_where_anybody_would_look(
    router: Router, watch: Watch, element: str
) -> None:
    event = told(router, watch, f"add element inet enforcer {N} {{ {element} }}")
    assert event.kind is EventKind.CHANGED and event.touched is None


def test_a_second_change_is_not_vouched_for_with_the_first(router: Router, watch: Watch) -> None:
    event = told(router, watch, f"delete element inet enforcer {H} {{ 198.51.100.7 }}")
    touched = together([event.touched or {}])
    token = router.session.fingerprint().token
    router.nft(f"delete element inet enforcer {H} {{ 198.51.100.8 }}")
    assert touched
    case = looked_at(router.driver, router.session, WANTED, touched, token)
    assert case.actual.token != token
    (batch,) = router.driver.plan(WANTED, case.drift, case.actual).batches
    with pytest.raises(StaleState):
        router.session.stage(batch, guarded=True)


@pytest.mark.parametrize(
    ("name", "element", "count"),
    [(H, "198.51.100.7", (1, 0)), (N, "203.0.113.0/25", (1, 0)), (H, "198.51.100.99", (0, 1))],
)
def test_what_was_touched_is_looked_at_and_written_alone(
    router: Router, watch: Watch, name: str, element: str, count: tuple[int, int]
) -> None:
    """With the guard: nothing else is known to have moved."""
    verb = "delete" if count[0] else "add"
    event = told(router, watch, f"{verb} element inet enforcer {name} {{ {element} }}")
    assert event.touched is not None
    touched = together([event.touched])
    assert touched is not None
    token = router.session.fingerprint().token
    case = looked_at(router.driver, router.session, WANTED, touched, token)
    assert case.actual.token == token
    assert (case.drift.tally.missing, case.drift.tally.extra) == count
    assert tally_of(case.drift.delta).differing == 1
    (batch,) = router.driver.plan(WANTED, case.drift, case.actual).batches
    staged = router.session.stage(batch, guarded=True)
    assert staged.token == router.session.fingerprint().token
    _, drift = router.look(WANTED)
    assert not drift
