# SPDX-License-Identifier: GPL-2.0-or-later
"""What is typed on an FRR, and what takes it back, to the letter.

The actual states are what a real FRR 8.4.4 shows.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from drivers._router.target import members
from drivers.frr.driver import FrrDriver
from drivers.frr.known import Known
from drivers.frr.model import Native
from drivers.frr.parse import parse
from drivers.frr.planning import MOST_ENTRIES
from drivers.frr.reading import reading
from enforcer.control.writing import compared
from enforcer.core.drift import Change, Delta, Drift, Tally
from enforcer.core.intervals import rows_of
from enforcer.core.rules import Actual, Desired, Members
from enforcer.errors import ParseFailed, Unsupported
from tests.sshd import Files
from tests.unit.drivers.golden import READ_AT, Case, cases, load

CASES = cases(Path(__file__).parent / "cases")


def driver_of(case: Case) -> FrrDriver:
    return FrrDriver(case.device, Files(Path("/")), case.owner)


def actual_of(driver: FrrDriver, case: Case) -> Actual:
    """As a session reads it, of routes nothing."""
    known: Known = driver.setup.known
    known.learn(case.known)
    return reading("edge1", Native(parse("edge1", case.actual)), known, READ_AT, "")


@pytest.mark.parametrize("folder", CASES)
def test_the_plan_is_to_the_letter(folder: Path) -> None:
    case = load(folder)
    driver = driver_of(case)
    actual = actual_of(driver, case)
    drift = compared(driver, case.desired, actual)
    assert actual.hold is (folder.name == "hold")
    case.expect(driver.plan(case.desired, drift, actual))


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 30


def test_what_cannot_be_written_at_all_is_unsupported() -> None:
    """Nothing but a neighbor that is not there: somebody must know why."""
    case = load(Path(__file__).parent / "cases" / "neighbor-not-configured")
    driver = driver_of(case)
    text = case.actual.replace("!\nend", "route-map ENF-OWNER deny 65535\nexit\n!\nend")
    described = " description controller C0FFEE epoch 3"
    text = text.replace("ENF-OWNER deny 65535\n", f"ENF-OWNER deny 65535\n{described}\n")
    only = {r: m for r, m in case.desired.addresses.items() if r.neighbor == "192.0.2.142"}
    wanted = type(case.desired)("edge1", only)
    known = driver.setup.known
    actual = reading("edge1", Native(parse("edge1", text)), known, READ_AT, "")
    drift = compared(driver, wanted, actual)
    assert any("not configured" in finding.detail for finding in drift.findings)
    with pytest.raises(Unsupported, match="not configured on the device"):
        driver.plan(wanted, drift, actual)


def test_more_than_a_filter_can_bear_is_left_out_and_said() -> None:
    """Whatever the inventory says that the device may hold."""
    case = load(Path(__file__).parent / "cases" / "first-leak")
    driver = driver_of(case)
    (rule, *_) = (r for r in case.desired.addresses if r.by_route)
    # No two of them are one entry together.
    some = [IPv4Network((0x14000000 + number * 512, 24)) for number in range(MOST_ENTRIES + 1)]
    wanted = Desired("edge1", {rule: members(rows_of(some))})
    actual = actual_of(driver, case)
    drift = Drift(Delta({rule: Change(wanted.addresses[rule], Members.none())}), Tally())
    text = list(driver.plan(wanted, drift, actual).native())
    (said,) = (line for line in text if line.startswith("! left out"))
    assert f"would be {MOST_ENTRIES + 1} entries, more than {MOST_ENTRIES}: order fewer" in said
    assert not any("prefix-list" in line for line in text)


@pytest.mark.parametrize("folder", CASES)
def test_a_text_that_was_cut_or_spoilt_is_refused_or_read(folder: Path) -> None:
    """Never another exception, and never an end that is missing."""
    text = load(folder).actual
    lines = text.splitlines(keepends=True)
    for at in range(0, len(lines), 3):
        with pytest.raises(ParseFailed):
            parse("edge1", "".join(lines[:at]))
        spoilt = [*lines[:at], lines[at][: len(lines[at]) // 2] + "\n", *lines[at + 1 :]]
        try:
            parse("edge1", "".join(spoilt))
        except ParseFailed:
            continue
