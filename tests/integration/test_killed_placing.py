# SPDX-License-Identifier: GPL-2.0-or-later
"""Killed while an order is placed and enforced, the real processes lose and leave nothing.

The steps are discovered by living each phase once, so that a new step cannot go untested.
After each death the process is started again, and what was asked is asked again under the same
key: the order exists once, the kernel holds what the oracle says, and when the orders have
ended nothing remains of them, the audit chain holds, and no intent is open.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.kill_life import Lane
from tests.integration.kill_phases import (
    Phase,
    enforcing,
    first_pass,
    made_lanes,
    placing,
    placing_alone,
    survived,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def lanes(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    with made_lanes(tmp_path_factory.mktemp("lives")) as made:
        yield made


@pytest.mark.parametrize("phase", [placing, placing_alone, first_pass, enforcing])
def test_killed_at_every_step(lanes: list[Lane], phase: Phase) -> None:
    survived(lanes, phase)
