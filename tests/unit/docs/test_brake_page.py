# SPDX-License-Identifier: GPL-2.0-or-later
"""What the page about the brake says is what the code says."""

from __future__ import annotations

from enforcer.control.contests import MASS, TIMES, WITHIN
from enforcer.core import device_status
from enforcer.core.rules import HOLD_MARKER
from tests.unit.docs.pages import DOCS, table

PAGE = DOCS / "brake.md"


def test_the_status_table_of_devices_is_the_code_s_own() -> None:
    assert table(PAGE, "device status") == [(f"`{w}`", when) for w, when in device_status.table()]


def test_the_numbers_and_the_name_are_the_code_s_own() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert (TIMES, WITHIN.total_seconds()) == (3, 3600) and "**three times**" in text
    assert f"more than {MASS} objects" in text
    assert f"nft add table inet {HOLD_MARKER}" in text
