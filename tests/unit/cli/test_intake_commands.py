# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer intake ...``: on fake reports, here and through a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.services import FakeReports, a_report
from tests.unit.cli.shell import Shell


class Reporting:
    """The command line with `FakeReports` behind it."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        assert isinstance(shell.services.reports, FakeReports)
        self.reports = shell.services.reports

    @property
    def tried(self) -> list[tuple[str, str, bytes]]:
        return self.reports.tried


@pytest.fixture
def desk(shell: Shell) -> Reporting:
    return Reporting(shell)


def test_the_list_has_what_waits(desk: Reporting) -> None:
    desk.reports.views[2] = a_report(2, "ordered")
    assert [one["id"] for one in desk.shell.json("intake", "list")] == [1]
    assert [one["id"] for one in desk.shell.json("intake", "list", "--all")] == [2, 1]
    assert [one["id"] for one in desk.shell.json("intake", "list", "--state", "ordered")] == [2]
    shown = desk.shell.run("intake", "list").stdout
    assert "192.0.2.7" in shown and "spam" in shown


def test_one_is_shown_with_what_came(desk: Reporting) -> None:
    raw = '{"source_identifier": "192.0.2.7"}\n\x1b[31mred'
    told = {"raw": raw, "fields": {"severity": "high"}, "warnings": ["it has no `sender`"]}
    desk.reports.views[1] = a_report(1).model_copy(update=told)
    shown = desk.shell.run("intake", "show", "1").stdout
    for part in ("nobody vouches for it", "severity", "it has no `sender`", "source_identifier"):
        assert part in shown
    assert "\x1b[31m" not in shown
    assert desk.shell.run("intake", "show", "99").exit_code == 3


def test_dismissing(desk: Reporting) -> None:
    answer = desk.shell.json("intake", "dismiss", "1", "--reason", "our own")
    assert (answer["state"], answer["said"]) == ("dismissed", "our own")


def test_ordering(desk: Reporting) -> None:
    words = ("intake", "order", "1", "--for", "1d", "--direction", "from", "--reason", "spam")
    answer = desk.shell.json(*words)
    assert answer["kind"] == "block_address" and desk.reports.views[1].order == answer["id"]
    wrong = desk.shell.run("intake", "order", "1", "--for", "1d", "--direction", "in", "-r", "x")
    assert wrong.exit_code == 2 and "from, to or both" in wrong.stderr
    desk.reports.views[1] = a_report(1).model_copy(update={"target": None})
    assert desk.shell.run(*words).exit_code == 2


def test_trying(desk: Reporting, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(b"{}")
    words = ("intake", "try", str(file), "--format", "xarf", "--source", "csirt")
    assert desk.shell.json(*words)[0]["course"] == "open"
    assert desk.tried == [("xarf", "csirt", b"{}")]
    assert "UDP alone" in desk.shell.run(*words).stdout
    desk.shell.run("intake", "try", "-", "--format", "xarf", answer=b"\xff\x00")
    assert desk.tried[-1] == ("xarf", "try", b"\xff\x00")
    assert desk.shell.run("intake", "try", "no-such-file", "-f", "xarf").exit_code == 2
    unknown = desk.shell.run("intake", "try", str(file), "--format", "morse")
    assert unknown.exit_code == 2 and "xarf" in unknown.stderr


def test_polling(desk: Reporting) -> None:
    assert desk.shell.json("intake", "poll")["held"] == 3
    assert desk.shell.json("intake", "poll", "--confirm-shrink")["held"] == 0
    assert "taken" in desk.shell.run("intake", "poll").stdout
