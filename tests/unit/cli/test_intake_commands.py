# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer intake ...``: on fake reports."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.application.report_views import Reports, TrialView
from enforcer.cli.main import build
from enforcer.client.connection import Server
from enforcer.settings import Settings
from tests.fakes.services import FakeReports, a_report
from tests.unit.cli.shell import Shell


class Reporting:
    """The command line with `FakeReports` behind it."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.reports = FakeReports(shell.application)
        self.tried: list[tuple[str, str, bytes]] = []
        wiring = replace(
            shell._wiring(), reports=self._reports, remote_reports=self._remote, trial=self._trial
        )
        shell.app = build(shell._application, wiring)

    def _reports(self, settings: Settings) -> Reports:
        return self.reports

    def _remote(self, server: Server) -> Reports:
        return self.reports

    def _trial(self, settings: Settings, form: str, source: str, raw: bytes) -> list[TrialView]:
        self.tried.append((form, source, raw))
        return [
            TrialView(
                format="xarf",
                type="spam",
                target="192.0.2.7",
                evidence="udp",
                part="source",
                course="open",
                rule="block",
                said="its evidence is UDP alone",
                demand=None,
                customer="acme",
                warnings=["it has no `sender`"],
            )
        ]


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
