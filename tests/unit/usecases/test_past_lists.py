# SPDX-License-Identifier: GPL-2.0-or-later
"""A list's entry that was removed is not said to be gone before the look that followed."""

from __future__ import annotations

from datetime import datetime

import pytest

from enforcer.application.commands import ImportList
from enforcer.core.orders import BlockList
from tests.unit.usecases.office import ANN, TOPOLOGY, Office
from tests.unit.usecases.test_past import at, in_force, pass_time, place, prove, words


@pytest.fixture
def began(office: Office) -> datetime:
    in_force(office, TOPOLOGY)
    prove(office)
    return office.clock.now()


def load(office: Office, *entries: str) -> None:
    text = "".join(f"{entry}\n" for entry in entries)
    command = ImportList(name="bad", text=text, source="t", confirm_shrink=True)
    office.app.import_list(ANN, command)


def follow(office: Office) -> None:
    """The pass of a controller that ran all along: until its write what was proved held."""
    with office.database.write() as work:
        for name in office.boxes:
            work.periods.prolong(name, office.clock.now())
    prove(office)


def test_between_an_import_and_the_write_a_removed_entry_is_assumed_to_be_gone(
    office: Office, began: datetime
) -> None:
    load(office, "198.51.100.200", "198.51.100.201", "198.51.100.202")
    place(office, BlockList("bad"))
    pass_time(office, 120)
    load(office, "198.51.100.201", "198.51.100.202")
    office.clock.advance(40)
    follow(office)
    pass_time(office, 60)
    assert words(at(office, began, 110)) == ("all", "all", "verified")
    early = at(office, began, 130)
    assert words(early) == ("none", "none", "assumed")
    assert early.missing
    assert words(at(office, began, 170)) == ("none", "none", "verified")
    never = at(office, began, 130, "198.51.100.210")
    assert words(never) == ("none", "none", "verified"), "it was in neither version"


def test_several_imports_before_the_write(office: Office, began: datetime) -> None:
    load(office, "198.51.100.200", "198.51.100.201", "198.51.100.202")
    place(office, BlockList("bad"))
    pass_time(office, 120)
    load(office, "198.51.100.201", "198.51.100.202")
    office.clock.advance(5)
    load(office, "198.51.100.201", "198.51.100.203")
    office.clock.advance(35)
    follow(office)
    pass_time(office, 60)
    assert words(at(office, began, 130)) == ("none", "none", "assumed")
    assert words(at(office, began, 130, "198.51.100.210")) == ("none", "none", "verified")


def test_what_is_missing_is_said(office: Office, began: datetime) -> None:
    place(office)
    pass_time(office, 60)
    office.clock.advance(20)
    view = at(office, began, 75)
    assert view.certainty == "assumed"
    assert view.missing == [
        "edge1 was not proved around that time",
        "edge2 was not proved around that time",
    ]
