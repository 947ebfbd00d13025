# SPDX-License-Identifier: GPL-2.0-or-later
"""What an order's status says of a device that is held, marked or contested."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.core.orders import BlockAddress, Order
from enforcer.core.proof_sentences import proof_sentence
from enforcer.core.status import (
    DeviceFacts,
    Kept,
    OrderFacts,
    Status,
    Withholding,
    status_of,
    status_on,
)
from enforcer.core.topology import Mode

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STALE = timedelta(minutes=15)
ORDER = Order(
    7,
    7,
    BlockAddress(ip_network("198.51.100.7/32")),
    "test",
    "ann",
    "cli",
    NOW - STALE,
    NOW - STALE,
    None,
)
ENDED = replace(ORDER, lifted=NOW, changed=8)
FACTS = OrderFacts(ORDER, NOW, ("edge1",), inventory="new")
PROVED = DeviceFacts(verified_seq=9, verified_at=NOW, proved_for=NOW, inventory="new")
BRAKED = replace(PROVED, inventory="old", present="new", braked="the reload moves 4711 rows")


def told(device: DeviceFacts, order: OrderFacts = FACTS) -> tuple[Status, str]:
    status = status_on(order, device, STALE)
    return status, proof_sentence("edge1", status, order, device, STALE)


def test_under_a_hold_what_both_inventories_see_alike_is_proved() -> None:
    assert told(BRAKED)[0] is Status.ENFORCED


def test_and_what_they_see_differently_is_not_and_says_until_when() -> None:
    status, said = told(replace(BRAKED, held_orders=frozenset({7})))
    assert status is Status.ENFORCING
    assert "held by the brake until `enforcer device release edge1`: the reload moves" in said
    status, said = told(replace(BRAKED, held_orders=frozenset({8})))
    assert status is Status.ENFORCED and "brake" not in said


def test_a_third_inventory_is_not_proved_by_either() -> None:
    status, said = told(BRAKED, replace(FACTS, inventory="newer"))
    assert status is Status.ENFORCING and "the inventory changed since" in said
    assert told(BRAKED, replace(FACTS, inventory="old"))[0] is Status.ENFORCING


def test_a_marker_says_so_for_what_waits_and_for_what_must_go() -> None:
    marked = replace(PROVED, marker=True, held_orders=frozenset({7}))
    status, said = told(marked)
    assert status is Status.ENFORCING and "held by a marker on the device" in said
    status, said = told(marked, replace(FACTS, order=ENDED))
    assert status is Status.REMOVING and "held by a marker on the device" in said
    assert told(replace(PROVED, marker=True))[0] is Status.ENFORCED


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (replace(PROVED, drift_open=2, marker=True), "held by a marker on the device"),
        (replace(PROVED, drift_open=2, braked="why"), "`enforcer device release edge1`: why"),
        (replace(PROVED, drift_open=2, mode=Mode.OBSERVE), "only observed"),
    ],
)
def test_drift_that_is_not_repaired_says_why(device: DeviceFacts, words: str) -> None:
    status, said = told(device)
    assert status is Status.DRIFTED and "2 differences" in said and words in said


def test_a_contested_order_is_drifted_and_the_others_are_not() -> None:
    by = ("nft, pid 4711", "vi, pid 1")
    device = replace(PROVED, contested_orders=frozenset({7}), contested_by=by)
    status, said = told(device)
    assert status is Status.DRIFTED
    assert "nft, pid 4711, vi, pid 1 changed it back" in said
    assert "until `enforcer device release edge1`" in said
    assert told(replace(device, contested_orders=frozenset({8})))[0] is Status.ENFORCED


def test_an_ended_order_that_somebody_keeps_there_is_not_gone() -> None:
    device = replace(PROVED, held_orders=frozenset({7}), contested_by=("vi, pid 1",))
    status, said = told(device, replace(FACTS, order=ENDED))
    assert status is Status.REMOVING and "vi, pid 1" in said


# -- what the brake keeps as the inventory before says ------------------------------------------

HELD = replace(BRAKED, held_orders=frozenset({7}), braked_orders=frozenset({7}))


def kept(device: DeviceFacts, how: Kept, order: OrderFacts = FACTS) -> tuple[Status, str]:
    order = replace(order, kept={"edge1": how})
    status = status_of(order, {"edge1": device}, STALE).devices["edge1"]
    return status, proof_sentence("edge1", status, order, device, STALE)


def test_what_is_kept_is_proved_by_the_inventory_before() -> None:
    status, said = kept(HELD, Kept("old", False, "the reload moves 4711 rows"))
    assert status is Status.ENFORCED
    assert "the present one does not want it there" in said
    assert "held by the brake until `enforcer device release edge1`: the reload moves" in said
    status, said = kept(HELD, Kept("old", True, "a reload"))
    assert status is Status.PARTIAL and "the present one asks for something else there" in said
    assert "protected" not in said


def test_it_is_proved_before_the_first_look_under_the_hold_too() -> None:
    assert kept(replace(PROVED, inventory="old"), Kept("old", False))[0] is Status.ENFORCED
    assert kept(PROVED, Kept("old", False))[0] is Status.ENFORCING, "proved by the present one only"


@pytest.mark.parametrize(
    "changes",
    [{"braked_orders": frozenset()}, {"verified_seq": 6}, {"inventory": "older still"}],
    ids=["a pause keeps it back as well", "it was changed since", "by a third inventory"],
)
def test_it_is_not_proved_by_less(changes: dict[str, Any]) -> None:
    assert kept(replace(HELD, **changes), Kept("old", False))[0] is Status.ENFORCING


def test_what_the_inventory_before_protects_is_withheld() -> None:
    none = kept(HELD, Kept("old", False, withheld=Withholding.ALL))[0]
    part = kept(HELD, Kept("old", False, withheld=Withholding.PART))
    assert none is Status.WITHHELD and part[0] is Status.PARTIAL
    assert "a part of it is protected space" in part[1] and "brake" in part[1]
    now_protected = replace(FACTS, withheld=Withholding.ALL)
    assert kept(HELD, Kept("old", False), now_protected)[0] is Status.ENFORCED
