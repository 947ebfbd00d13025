# SPDX-License-Identifier: GPL-2.0-or-later
"""A report that is forged hides no genuine one about the same address."""

from __future__ import annotations

from dataclasses import replace

from enforcer.intake.http import STRANGER
from enforcer.intake.ledger import MOST_WORDS
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import MAILBOX, signal
from tests.unit.usecases.office import ANN

MALLORY = signal(format="arf", type="abuse", id="<1@x>", reporter="rubbish.example")
GENUINE = replace(MALLORY, id="<2@y>", reporter="csirt.example")


def test_another_reporter_is_not_swallowed(office: MakeOffice) -> None:
    desk = office()
    forged = desk.take_one(MALLORY, trusted=False, actor=MAILBOX, raw=b"rubbish")
    real = desk.take_one(GENUINE, trusted=False, actor=MAILBOX, raw=b"evidence")
    assert real.id != forged.id
    assert desk.desk.report(ANN, real.id).raw == "evidence"


def test_another_peer_is_not_swallowed(office: MakeOffice) -> None:
    desk = office()
    ids = {
        desk.take_one(MALLORY, trusted=False, actor=replace(STRANGER, name=peer)).id
        for peer in ("192.0.2.1", "203.0.113.1")
    }
    assert len(ids) == 2


def test_nothing_is_counted_in_what_was_dismissed(office: MakeOffice) -> None:
    """Even by one who says that it is the same reporter, and the same report."""
    desk = office()
    forged = replace(GENUINE, reporter="csirt.example")
    first = desk.take_one(forged, trusted=False, actor=MAILBOX, raw=b"rubbish")
    desk.desk.dismiss(ANN, first.id, "rubbish")
    real = desk.take_one(GENUINE, trusted=False, actor=MAILBOX, raw=b"evidence")
    assert (real.state, real.duplicate) == ("open", False) and real.id != first.id
    assert desk.desk.report(ANN, real.id).raw == "evidence"


def test_the_very_same_again_is_one(office: MakeOffice) -> None:
    desk = office()
    first = desk.take_one(GENUINE, trusted=False, actor=MAILBOX, raw=b"evidence")
    desk.desk.dismiss(ANN, first.id, "seen")
    again = desk.take_one(GENUINE, trusted=False, actor=MAILBOX, raw=b"evidence")
    assert (again.id, again.duplicate) == (first.id, True)


def test_what_is_counted_keeps_its_words(office: MakeOffice) -> None:
    """Some of each; and what is more than one report keeps is another report."""
    desk = office()
    for number in range(MOST_WORDS + 2):
        raw = f"words {number} ".encode() + b"\0\xff" + b"z" * 20_000
        one = replace(GENUINE, id=f"<{number}@y>")
        desk.take_one(one, trusted=False, actor=MAILBOX, raw=raw)
    last, report = desk.reports()
    shown = desk.desk.report(ANN, report.id).raw or ""
    assert (report.count, last.count) == (MOST_WORDS + 1, 1)
    assert [f"words {n} " in shown for n in (0, 1, MOST_WORDS, MOST_WORDS + 1)] == [
        True, True, True, False,
    ]  # fmt: skip
    assert len(shown) < 70_000
