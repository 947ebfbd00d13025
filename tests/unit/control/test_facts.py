# SPDX-License-Identifier: GPL-2.0-or-later
"""The one sentence about a pass."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from enforcer.application.views import PassView
from enforcer.control.controller import answer_of
from enforcer.control.facts import Outcome, PassFacts, sentence
from enforcer.core.drift import Tally
from tests.strategies import NOW

CASES = [
    (
        PassFacts("edge1", Outcome.APPLIED, NOW, 0.038, added=3, removed=1, verified=41_882),
        "edge1: 3 added, 1 removed, 41 882 verified, no drift, 38 ms",
    ),
    (
        PassFacts("edge1", Outcome.CLEAN, NOW, full=False),
        "edge1: nothing changed since the last proof, no drift, 0 ms",
    ),
    (
        PassFacts("edge1", Outcome.CLEAN, NOW, verified=1_000_000),
        "edge1: 1 000 000 verified, no drift, 0 ms",
    ),
    (
        PassFacts(
            "edge1",
            Outcome.REPAIRED,
            NOW,
            drift=Tally(2, 1, 0),
            findings=("missing rule 7",),
            writers=("nft, pid 4711",),
        ),
        "edge1: 0 verified, drift repaired"
        " (2 missing, 1 extra, 1 structural by nft, pid 4711), 0 ms",
    ),
    (
        PassFacts("edge1", Outcome.HELD, NOW, held=5, drift=Tally(0, 0, 4)),
        "edge1: 0 verified, 5 held back, drift (4 altered), 0 ms",
    ),
    (
        PassFacts("edge1", Outcome.FAILED, NOW, error="no route: check the cable"),
        "edge1: failed: no route: check the cable",
    ),
]


@pytest.mark.parametrize(("facts", "said"), CASES)
def test_the_sentence(facts: PassFacts, said: str) -> None:
    assert sentence(facts) == said


def test_the_answer_at_the_door_has_the_shape_of_a_pass_view() -> None:
    done: Future[PassFacts] = Future()
    done.set_result(CASES[0][0])
    view = PassView.model_validate(answer_of(done))
    assert (view.outcome, view.added, view.seconds) == ("applied", 3, 0.038)
    broken: Future[PassFacts] = Future()
    broken.set_exception(RuntimeError("on fire"))
    assert answer_of(broken) == {"error": "on fire"}
