# SPDX-License-Identifier: GPL-2.0-or-later
"""Only what goes with this machine may be written before the disk has the intent."""

from __future__ import annotations

from typing import Any

import pytest

from enforcer.core.plan import Trait
from tests.unit.control.desk import Desk

FLEETING = Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE


@pytest.mark.parametrize(
    ("traits", "swift"),
    [
        (FLEETING | Trait.GOES_WITH_US, True),
        (FLEETING, False),
        (FLEETING | Trait.VANISHES, False),
        (FLEETING | Trait.REMOTE, False),
        (FLEETING | Trait.SURVIVES_REBOOT, False),
    ],
)
def test_intents_and_outcomes_wait_for_the_disk_elsewhere(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, traits: Trait, swift: bool
) -> None:
    desk.box().traits = traits
    desk.place()
    asked: list[tuple[str, bool]] = []
    write = desk.database.write

    def spy(**given: Any) -> Any:
        asked.append((desk.steps[-1], given.get("swift", False)))
        return write(**given)

    monkeypatch.setattr(desk.database, "write", spy)
    desk.run()
    found = [told for told in asked if told[0] in ("intent-writing", "outcome-writing")]
    assert found == [("intent-writing", swift), ("outcome-writing", swift)]
