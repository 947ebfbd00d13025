# SPDX-License-Identifier: GPL-2.0-or-later
"""What a source may do, and what a pause means for new orders.

Each draft that is refused passes, the very same, once the one reason is gone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.core.brake import PauseState
from enforcer.core.draft import Draft, Refusal
from enforcer.core.guardrails import admission, check, lasting
from enforcer.core.source_limits import Stop, Traffic, limits_of
from enforcer.core.topology import SourceLimits, Topology
from tests.unit.core.drafts import HOUR, KNOWN, NOW, TOPOLOGY, block, codes

ASKED = replace(block("198.18.0.1"), source="detector")
STOP = Stop("ann", "runs wild", NOW - HOUR)
LIMITS = SourceLimits("detector", active=10, per_minute=3)
BUSY = Traffic(active=9, last_minute=2)


def found(
    traffic: Traffic, asked: Draft = ASKED, limits: SourceLimits = LIMITS
) -> tuple[Refusal, ...]:
    return tuple(admission(asked, limits, traffic, NOW))


@pytest.mark.parametrize(
    "code, part, traffic",
    [
        ("source-stopped", "by ann at 2026-11-21T16:00:00Z (runs wild)", replace(BUSY, stop=STOP)),
        ("too-many-active", "has 10 orders in force", replace(BUSY, active=10)),
        ("too-fast", "placed 3 orders within a minute", replace(BUSY, last_minute=3)),
        (
            "paused",
            "by ann (upgrade)",
            replace(BUSY, pause=PauseState.PAUSED, pause_said=" by ann (upgrade)"),
        ),
        ("frozen", "`enforcer resume`", replace(BUSY, pause=PauseState.FROZEN)),
    ],
)
def test_one_reason_refuses_and_without_it_the_same_draft_passes(
    code: str, part: str, traffic: Traffic
) -> None:
    (refusal,) = found(traffic)
    assert (refusal.code, refusal.confirmable) == (code, False)
    assert part in refusal.message
    assert found(BUSY) == ()


def test_without_limits_nothing_is_counted() -> None:
    many = Traffic(active=10**6, last_minute=10**6)
    assert found(many, limits=SourceLimits("detector")) == ()
    assert codes(found(many)) == ["too-many-active", "too-fast"]


@pytest.mark.parametrize("pause", [PauseState.PAUSED, PauseState.FROZEN])
def test_an_order_that_is_to_start_later_waits_and_is_not_refused(pause: PauseState) -> None:
    later = replace(ASKED, start=NOW + timedelta(seconds=1))
    assert found(Traffic(pause=pause), later) == ()
    assert len(found(Traffic(pause=pause), replace(ASKED, start=NOW))) == 1


def limited(longest: int | None, *, name: str = "*") -> Topology:
    limits = {name: SourceLimits(name, longest=longest)}
    return replace(TOPOLOGY, sources=limits)


def test_an_order_lasts_as_long_as_its_source_may_order_and_no_longer() -> None:
    longer = replace(ASKED, end=NOW + 2 * HOUR)
    (refusal,) = check(longer, limited(7199), KNOWN, NOW)
    assert refusal.code == "too-long-for-source"
    assert "'detector' may order for 1h59m59s at most" in refusal.message
    assert "2026-11-21T19:00:00Z" in refusal.message
    assert check(longer, limited(7200), KNOWN, NOW) == ()
    assert check(longer, limited(60, name="api"), KNOWN, NOW) == ()


def test_the_length_counts_from_the_start() -> None:
    later = replace(ASKED, start=NOW + 5 * HOUR, end=NOW + 6 * HOUR)
    assert check(later, limited(3600), KNOWN, NOW) == ()


def test_an_open_end_is_longer_than_any_limit() -> None:
    forever = replace(ASKED, end=None, open_ended=True)
    (refusal,) = check(forever, limited(10**9), KNOWN, NOW)
    assert refusal.code == "too-long-for-source"
    assert "an open end" in refusal.message
    assert check(forever, limited(None), KNOWN, NOW) == ()
    assert codes(tuple(lasting(forever, limited(60)))) == ["too-long-for-source"]


def test_limits_are_the_source_s_own_or_everybody_s_or_the_default() -> None:
    own, all_others = SourceLimits("api", active=1), SourceLimits("*", active=2)
    topology = Topology(sources={"api": own, "*": all_others})
    assert limits_of(topology, "api") is own
    assert limits_of(topology, "detector") is all_others
    assert limits_of(Topology(), "detector") == SourceLimits("*")
