# SPDX-License-Identifier: GPL-2.0-or-later
"""Each word for a device is reached, and the more urgent one wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from enforcer.core.device_control import Contest, DeviceControl, Hold
from enforcer.core.device_status import DeviceCase, device_status, table
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device, Leaving, Mode

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
GOOD = DeviceCase(
    Device("edge1", "fake", mode=Mode.ENFORCE),
    DeviceFacts(verified_at=NOW),
    DeviceControl(),
    NOW,
    timedelta(minutes=15),
)
FACTS, CONTROL, DEVICE = GOOD.facts, GOOD.control, GOOD.device
ONE_BY_ONE: list[tuple[str, DeviceCase]] = [
    ("ok", GOOD),
    ("unverified", replace(GOOD, now=NOW + timedelta(minutes=16))),
    ("unknown", replace(GOOD, facts=DeviceFacts())),
    ("observe", replace(GOOD, device=replace(DEVICE, mode=Mode.OBSERVE))),
    ("leaving", replace(GOOD, device=replace(DEVICE, leaving=Leaving.GONE))),
    ("leaving", replace(GOOD, device=replace(DEVICE, leaving=Leaving.DRAINING))),
    ("paused", replace(GOOD, control=replace(CONTROL, paused=True))),
    ("drifted", replace(GOOD, facts=replace(FACTS, drift_open=1))),
    (
        "contested",
        replace(GOOD, control=replace(CONTROL, contests=(Contest("k", "w", "vi", NOW),))),
    ),
    ("held", replace(GOOD, facts=replace(FACTS, marker=True))),
    ("braked", replace(GOOD, control=replace(CONTROL, hold=Hold(NOW, 1, "", 9, "why")))),
    ("failing", replace(GOOD, facts=replace(FACTS, failing_since=NOW))),
    ("not-adopted", replace(GOOD, facts=replace(FACTS, error_code="NotOwned", failing_since=NOW))),
]


@pytest.mark.parametrize(("word", "case"), ONE_BY_ONE)
def test_each_word_has_its_case(word: str, case: DeviceCase) -> None:
    assert device_status(case) == word


def test_every_word_was_reached() -> None:
    assert {word for word, _ in ONE_BY_ONE} == {word for word, _ in table()}


def test_what_a_person_must_decide_wins_over_what_is_merely_so() -> None:
    facts = replace(FACTS, marker=True, drift_open=1)
    control = DeviceControl(
        paused=True, hold=Hold(NOW, 1, "", 9, "why"), contests=(Contest("k", "w", "vi", NOW),)
    )
    assert device_status(replace(GOOD, facts=facts, control=control)) == "braked"
    assert device_status(replace(GOOD, facts=facts, control=replace(control, hold=None))) == "held"
