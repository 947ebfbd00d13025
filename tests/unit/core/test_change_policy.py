# SPDX-License-Identifier: GPL-2.0-or-later
"""When a device may be written to, by its own options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf

import pytest

from enforcer.core.change_policy import PACE, Change, ChangePolicy
from enforcer.core.plan import Trait
from enforcer.core.topology import Device, MaintenanceWindow
from enforcer.errors import ConfigurationInvalid

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
WINDOW = MaintenanceWindow(frozenset(range(7)), 120, 240)
ROUTER = Trait.REMOTE | Trait.CANDIDATE
MANY = Change(structural=False, removals=False, orders=9)
BINDS = Change(structural=True, removals=False, orders=9)
LEAVES = Change(structural=False, removals=True, orders=9)
ONE = Change(structural=True, removals=False, orders=1)
ASKED = Change(structural=True, removals=False, orders=9, asked=True)


NONE: Mapping[str, str] = {}


def policy(given: Mapping[str, str] = NONE, traits: Trait = Trait.REMOTE) -> ChangePolicy:
    return ChangePolicy.of(Device("r1", "any", maintenance=(WINDOW,), options=given), traits)


def test_without_options_everything_is_written_at_once() -> None:
    made = policy()
    assert not any(made.wait(c, 0.0, NOON) for c in (MANY, BINDS, LEAVES, ONE, ASKED))


def test_only_in_windows_but_what_is_urgent_and_what_goes() -> None:
    made = policy({"changes": "window"})
    waits = {c: made.wait(c, inf, NOON) for c in (MANY, BINDS, LEAVES, ONE, ASKED)}
    assert [c for c, wait in waits.items() if wait] == [MANY, BINDS]
    wait = waits[MANY]
    assert wait is not None and wait.seconds == 14 * 3600 and "maintenance window" in wait.why
    assert not any(made.wait(c, inf, NIGHT) for c in waits)


@pytest.mark.parametrize(("key", "changes"), [("removals", [LEAVES]), ("urgent", [ONE, ASKED])])
def test_these_may_have_to_wait_too(key: str, changes: list[Change]) -> None:
    made = policy({"changes": "window", key: "window"})
    assert all(made.wait(change, inf, NOON) for change in changes)


def test_commits_are_coalesced_and_a_single_order_is_not_kept_waiting() -> None:
    made = policy(traits=ROUTER)
    wait = made.wait(MANY, 10.0, NOON)
    assert wait is not None and wait.seconds == PACE - 10.0
    assert made.wait(MANY, PACE, NOON) is None
    assert made.wait(ONE, 0.0, NOON) is None and made.wait(ASKED, 0.0, NOON) is None
    assert policy({"pace": "0"}, ROUTER).wait(MANY, 0.0, NOON) is None
    assert policy({"pace": "5"}).wait(MANY, 1.0, NOON) is not None


BAD: list[tuple[Mapping[str, str], str]] = [
    ({"changes": "never"}, "any or window"),
    ({"urgent": "yes"}, "any or window"),
    ({"pace": "soon"}, "seconds"),
    ({"pace": "-1"}, "seconds"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_what_is_not_understood_is_refused(options: Mapping[str, str], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        policy(options)


def test_windows_without_a_window_would_stop_everything() -> None:
    with pytest.raises(ConfigurationInvalid, match="no maintenance window"):
        ChangePolicy.of(Device("r1", "any", options={"changes": "window"}), ROUTER)
