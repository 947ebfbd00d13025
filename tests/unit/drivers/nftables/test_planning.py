# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans from fabricated states: bounded, in safe order, and no more than is needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
import pytest

from drivers.nftables.batching import BATCH_ROWS
from drivers.nftables.driver import NftablesDriver
from drivers.nftables.layout import Layout, first_layout
from drivers.nftables.model import Found, Held
from drivers.nftables.planning import Setup
from drivers.nftables.render import COMMON
from drivers.nftables.transport import LocalTransport, Options
from drivers.nftables.work import Work
from enforcer.core.drift import Delta, Drift, Finding, FindingKind, Tally, compare
from enforcer.core.plan import Plan
from enforcer.core.rules import (
    NO_END,
    Actual,
    Desired,
    InterfaceMember,
    Key,
    Members,
    Owner,
    Rule,
    Service,
)
from enforcer.core.topology import Device
from tests.unit.drivers.nftables.test_structure import as_found

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OURS = Owner("c", 2)
SOURCE, MAIL = Rule(4, Key.SOURCE), Rule(4, Key.SOURCE, Service(6, None, (25, 25)))
BY_INTERFACE = Rule(6, Key.INPUT_INTERFACE)
SETUP = Setup(OURS, frozenset({"forward"}), counters=True)
DRIVER = NftablesDriver(Device("r1", "nftables"), OURS, Options(LocalTransport(None), True))


def hosts(start: int, count: int, order: int = 1, size: int = 1) -> Members:
    low = np.arange(start, start + count, dtype=np.uint64) * np.uint64(512)
    first = np.stack((np.zeros_like(low), low), axis=1)
    last = first + np.array((0, size - 1), np.uint64)
    return Members(first, last, np.full(count, NO_END), np.full(count, order))


def standing(
    addresses: Mapping[Rule, Members],
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]] | None = None,
    owner: Owner | None = OURS,
    refused: bool = False,
) -> Actual:
    """A device that holds exactly this, laid out as if it had been written at once."""
    layouts = {rule: Layout() for rule in COMMON}
    layouts |= {rule: first_layout(rule, members) for rule, members in addresses.items()}
    names = frozenset(interfaces or {})
    spec = SETUP.specification({**layouts, **dict.fromkeys(names)})
    held = Held(as_found(spec), layouts, names, refused)
    return Actual("r1", NOW, owner, addresses, interfaces or {}, held)


ONE_SET_EACH: dict[Rule, Layout | None] = {rule: Layout() for rule in COMMON}
CROWDED = Held(as_found(SETUP.specification(ONE_SET_EACH)), {rule: Layout() for rule in COMMON})
EMPTY_DEVICE = Actual("r1", NOW, None, native=Held(Found(), {}))


def plan(wanted: Mapping[Rule, Members], actual: Actual) -> tuple[Plan, list[Work]]:
    desired = Desired("r1", wanted)
    drift = compare(desired, actual, DRIVER.findings(desired, actual))
    made = DRIVER.plan(desired, drift, actual)
    works = [batch.payload for batch in made.batches]
    assert all(isinstance(work, Work) for work in works)
    return made, [work for work in works if isinstance(work, Work)]


def test_nothing_to_do_is_an_empty_plan() -> None:
    made, _ = plan({SOURCE: hosts(1, 3)}, standing({SOURCE: hosts(1, 3)}))
    assert not made
    assert list(made.native()) == []


def test_an_urgent_order_is_one_transaction_of_elements() -> None:
    for actual in (standing({}), standing({SOURCE: hosts(9, 60_000)})):
        before = actual.addresses.get(SOURCE, Members.none())
        grown = hosts(9, len(before)) if len(before) else before
        wanted = Members(
            *(
                np.concatenate((getattr(hosts(1, 1), c), getattr(grown, c)))
                for c in ("first", "last", "end", "order")
            )
        )
        _, (work,) = plan({SOURCE: wanted}, actual)
        assert (work.spec, work.mark, len(work.changes)) == (None, None, 1)


def test_a_small_plan_is_one_transaction_structure_and_all() -> None:
    _, (work,) = plan({SOURCE: hosts(1, 3), MAIL: hosts(1, 3)}, EMPTY_DEVICE)
    assert work.spec is not None
    assert (work.mark, work.keep_old, len(work.changes)) == (OURS, False, 2)


def test_a_big_plan_is_bounded_and_marks_first() -> None:
    made, works = plan({SOURCE: hosts(1, 70_000)}, EMPTY_DEVICE)
    assert max(batch.size for batch in made.batches) <= BATCH_ROWS
    assert sum(batch.size for batch in made.batches) == 70_000
    assert [work.mark for work in works] == [OURS] + [None] * (len(works) - 1)
    assert [work.spec is not None for work in works] == [True] + [False] * (len(works) - 1)


def test_batches_of_a_big_plan_are_proved_some_at_once() -> None:
    made, _ = plan({SOURCE: hosts(1, 70_000)}, EMPTY_DEVICE)
    count = len(made.batches)
    assert count > 4
    assert [batch.unproved for batch in made.batches] == [n % 4 != 0 for n in range(count)]
    assert [batch.shaping for batch in made.batches] == [True] + [False] * (count - 1)


def test_a_small_part_of_what_stands_is_proved_batch_by_batch() -> None:
    wanted = {SOURCE: hosts(1, 200_000)}
    made, _ = plan(wanted, standing({SOURCE: hosts(1, 150_000)}))
    assert len(made.batches) > 3
    assert not any(batch.unproved for batch in made.batches)


def test_additions_come_before_removals() -> None:
    actual = standing({SOURCE: hosts(100_000, 30_000)})
    _, works = plan({SOURCE: hosts(1, 30_000)}, actual)
    writes = [any(len(change.add) for change in work.changes) for work in works]
    assert writes == sorted(writes, reverse=True)
    assert len(writes) >= 3


def test_old_sets_go_last_when_a_rule_is_laid_out_anew() -> None:
    actual = standing({SOURCE: hosts(1, 10)})
    _, works = plan({SOURCE: hosts(1, 200_000)}, actual)
    assert (works[0].keep_old, works[-1].keep_old) == (True, False)
    assert works[0].spec is works[-1].spec is not None
    assert not works[-1].changes
    assert sum(len(c.add) for work in works for c in work.changes) == 200_000
    assert not any(len(c.remove) for work in works for c in work.changes)


def test_a_rule_that_is_no_longer_wanted_goes_with_its_sets() -> None:
    actual = standing({MAIL: hosts(1, 30_000)}, {BY_INTERFACE: (InterfaceMember("a", NO_END, 1),)})
    made, (work,) = plan({}, actual)
    assert work.spec is not None
    assert not work.changes
    delta = made.batches[0].region.delta
    assert delta is not None
    assert len(delta.addresses[MAIL].remove) == 30_000
    assert BY_INTERFACE in delta.interfaces


@pytest.mark.parametrize("owner", [None, Owner("c", 1), Owner("other", 2)])
def test_a_mark_that_is_not_ours_is_replaced_first(owner: Owner | None) -> None:
    actual = standing({}, owner=owner)
    _, works = plan({SOURCE: hosts(1, 30_000)}, actual)
    assert works[0].mark == OURS
    desired = Desired("r1", {})
    (finding,) = DRIVER.findings(desired, actual)
    assert finding.what == "mark of table inet enforcer"


def test_a_refused_repair_is_followed_by_a_new_table() -> None:
    actual = standing({SOURCE: hosts(1, 3)}, refused=True)
    desired = Desired("r1", {SOURCE: hosts(1, 4)})
    made = DRIVER.plan(desired, compare(desired, actual), actual)
    (batch,) = made.batches
    assert isinstance(batch.payload, Work)
    assert (batch.payload.rebuild, batch.size) == (True, 4)
    assert next(made.native()) == "delete table inet enforcer"


def test_a_set_that_grew_too_big_is_a_finding_and_is_laid_out_anew() -> None:
    many = hosts(1, 250_000)
    actual = Actual("r1", NOW, OURS, {SOURCE: many}, native=CROWDED)
    desired = Desired("r1", {SOURCE: many})
    (finding,) = DRIVER.findings(desired, actual)
    assert finding.what == f"layout of the sets of rule {SOURCE.digest}"
    _, works = plan({SOURCE: many}, actual)
    assert sum(len(c.add) for work in works for c in work.changes) == 250_000


def test_members_that_may_not_be_added_are_not_added_by_a_new_layout() -> None:
    """While paused, the drift has no additions; the desired state has them all the same."""
    there, wanted = hosts(1, 250_000), hosts(1, 260_000)
    actual = Actual("r1", NOW, OURS, {SOURCE: there}, native=CROWDED)
    paused = Drift(Delta(), Tally(), (Finding(FindingKind.ALTERED, "layout"),))
    made = DRIVER.plan(Desired("r1", {SOURCE: wanted}), paused, actual)
    works = [b.payload for b in made.batches if isinstance(b.payload, Work)]
    assert sum(len(c.add) for work in works for c in work.changes) == 250_000


def test_another_drivers_reading_is_refused() -> None:
    with pytest.raises(ValueError, match="not read by the nftables driver"):
        DRIVER.findings(Desired("r1"), Actual("r1", NOW, None, native="show running-config"))
