# SPDX-License-Identifier: GPL-2.0-or-later
"""A proof belongs to the inventory that it was made under."""

from __future__ import annotations

from dataclasses import replace

from enforcer.core.proof_sentences import proof_sentence
from enforcer.core.status import OrderFacts, Status, status_on
from tests.unit.core.test_status import EXPIRED, NOW, ORDER, PROVED, STALE


def test_a_proof_under_another_inventory_proves_nothing() -> None:
    proved = replace(PROVED, inventory="old")
    now = OrderFacts(ORDER, NOW, ("edge1",), inventory="new")
    assert status_on(now, proved, STALE) is Status.ENFORCING
    assert status_on(replace(now, inventory="old"), proved, STALE) is Status.ENFORCED
    assert "inventory changed" in proof_sentence("edge1", Status.ENFORCING, now, proved, STALE)


def test_an_order_that_is_over_is_gone_under_every_inventory() -> None:
    """None of them wants it, so that a later inventory cannot bring it back."""
    ended = OrderFacts(EXPIRED, NOW, ("edge1",), inventory="new")
    assert status_on(ended, replace(PROVED, inventory="old"), STALE) is Status.EXPIRED
    before = replace(PROVED, inventory="old", verified_seq=EXPIRED.changed - 1)
    assert status_on(ended, before, STALE) is Status.REMOVING
