# SPDX-License-Identifier: GPL-2.0-or-later
"""What a preview prints without reading is what nft takes on a device that is as assumed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from enforcer.core.drift import compare
from enforcer.core.orders import in_force
from enforcer.core.rules import Actual
from tests.contract.nft_subject import NftSubject, nftables
from tests.contract.subject import NAME
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, asked, converge, drift_of, order

pytestmark = pytest.mark.root


@pytest.fixture
def subject(root: None) -> Iterator[NftSubject]:
    with nftables() as made:
        assert isinstance(made, NftSubject)
        yield made


def test_typed_into_nft_it_gives_what_was_ordered(subject: NftSubject) -> None:
    """One kind after the other, each on top of those before; and all of it away at once."""
    now, driver = subject.clock.now(), subject.driver(OURS)
    converge(driver, NOTHING)
    orders = [order(n, d, now, None) for n, d in enumerate(EVERYTHING, 1)]
    assert all(in_force(o, now) for o in orders)
    states = [asked(subject, orders[:count], now) for count in range(len(orders) + 1)] + [NOTHING]
    for standing, wanted in pairwise(states):
        assumed = Actual(NAME, now, OURS, standing.addresses, standing.interfaces)
        change = compare(wanted, assumed)
        text = list(driver.plan(wanted, change, assumed).native())
        assert bool(text) == bool(change)
        assert not any("handle" in line or "position" in line for line in text)
        subject.nft("\n".join(text))
        drift = drift_of(driver, wanted)
        assert not drift, (text, drift.examples, drift.findings)


def test_and_its_undo_leads_back(subject: NftSubject) -> None:
    now, driver = subject.clock.now(), subject.driver(OURS)
    orders = [order(n, d, now, None) for n, d in enumerate(EVERYTHING, 1)]
    standing, wanted = (asked(subject, some, now) for some in (orders[::2], orders))
    converge(driver, standing)
    before = subject.content()
    assumed = Actual(NAME, now, OURS, standing.addresses, standing.interfaces)
    plan = driver.plan(wanted, compare(wanted, assumed), assumed)
    subject.nft("\n".join(plan.native()))
    assert subject.content() != before
    subject.nft("\n".join(plan.undo()))
    assert subject.content() == before
