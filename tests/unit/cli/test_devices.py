# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices, lists and the controller's state."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from enforcer.application.commands import ImportList
from enforcer.application.views import AuditCheck, DoctorCheck, InventoryReport, PassView
from enforcer.cli.words import look_of
from enforcer.control.facts import Outcome
from tests.fakes.views import a_drift, a_pass
from tests.unit.cli.shell import Shell


def test_device_list_shows_errors_under_the_table(shell: Shell) -> None:
    shown = shell.run("device", "list").stdout
    assert "● ok" in shown
    assert "✖ failing" in shown
    assert "edge2: away" in shown


def test_device_show(shell: Shell) -> None:
    shown = shell.run("device", "show", "edge2").stdout
    for part in ("edge2", "1,000,004", "atomic, watchable", "C0FFEE, epoch 3", "5m ago"):
        assert part in shown
    assert shell.run("device", "show", "nowhere").exit_code == 3


def test_device_show_leaves_out_what_nobody_knows(shell: Shell) -> None:
    known = shell.application.device_views[0]
    assert "desired   1,000,004 entries" in shell.run("device", "show", "edge1").stdout
    unknown = known.model_copy(update={"owner": None, "members": None})
    shell.application.device_views[0] = unknown
    shown = shell.run("device", "show", "edge1").stdout
    for word in ("owner", "nobody", "desired", "entries", "unknown"):
        assert word not in shown


def test_device_plan(shell: Shell) -> None:
    result = shell.run("device", "plan", "edge1")
    assert result.exit_code == 0
    assert "nothing to do" in result.stdout
    assert "Nothing was changed" in result.stdout


def test_drift_without_check_is_no_failure(shell: Shell) -> None:
    shell.application.drifts["edge1"] = a_drift("edge1", 2, ["missing: 192.0.2.7"])
    result = shell.run("device", "drift")
    assert result.exit_code == 0
    assert "2 missing" in result.stdout
    assert "missing: 192.0.2.7" in result.stdout
    assert "no drift" in result.stdout


def test_drift_check_finds_drift(shell: Shell) -> None:
    assert shell.run("device", "drift", "--check").exit_code == 0
    shell.application.drifts["edge1"] = a_drift("edge1", 1)
    assert shell.run("device", "drift", "--check").exit_code == 10
    assert shell.run("device", "drift", "edge2", "--check").exit_code == 0


def test_a_finding_alone_is_drift(shell: Shell) -> None:
    found = a_drift("edge1").model_copy(update={"findings": ["chain unbound"]})
    shell.application.drifts["edge1"] = found
    result = shell.run("device", "drift", "edge1", "--check")
    assert result.exit_code == 10
    assert "1 finding" in result.stdout


def test_a_device_that_is_away_does_not_hide_the_others(shell: Shell) -> None:
    shell.application.unreachable.add("edge1")
    shell.application.drifts["edge2"] = a_drift("edge2", 1)
    result = shell.run("device", "drift", "--check")
    assert result.exit_code == 1, "what could not be read is worse than drift"
    assert "edge1: no route" in result.stderr
    assert "edge2  1 missing" in result.stdout


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("clean", 0), ("repaired", 0), ("observed", 0), ("applied", 0), ("held", 5), ("failed", 1)],
)
def test_reconcile(shell: Shell, outcome: str, code: int) -> None:
    shell.application.passes["edge1"] = a_pass("edge1", outcome)
    result = shell.run("device", "reconcile", "edge1")
    assert result.exit_code == code
    assert outcome in result.stdout


def test_a_device_that_is_only_observed_is_said_to_stay_so(shell: Shell) -> None:
    shell.application.passes["edge1"] = a_pass("edge1", "observed")
    assert "mode is observe" not in shell.run("device", "reconcile", "edge1").stderr
    differing = a_pass("edge1", "observed").model_copy(update={"drift": 2})
    shell.application.passes["edge1"] = differing
    result = shell.run("device", "reconcile", "edge1")
    assert result.exit_code == 0
    assert "edge1 differs and stays so: its mode is observe" in result.stderr


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_of_a_pass_has_a_look_and_is_documented(outcome: Outcome) -> None:
    assert look_of(outcome) != look_of("no such word")
    source = inspect.getsource(PassView)
    assert re.search(rf"\b{outcome}\b", source)


def test_reconcile_wants_names_or_all(shell: Shell) -> None:
    assert shell.run("device", "reconcile").exit_code == 2
    assert shell.run("device", "reconcile", "edge1", "--all").exit_code == 2
    assert shell.run("device", "reconcile", "--all").exit_code == 0
    assert shell.names().count("device_reconcile") == 2


def test_adopt_asks_at_a_terminal(shell: Shell) -> None:
    shell.at_a_terminal = True
    assert shell.run("device", "adopt", "edge1", answer="n\n").exit_code == 1
    assert shell.names() == []
    assert shell.run("device", "adopt", "edge1", answer="y\n").exit_code == 0
    assert shell.run("device", "adopt", "edge1", "--yes").exit_code == 0
    assert shell.names() == ["device_adopt", "device_adopt"]


@pytest.mark.parametrize("state", ["pause", "freeze"])
def test_pause_and_freeze_need_a_reason(shell: Shell, state: str) -> None:
    assert shell.run(state).exit_code == 2
    assert shell.run(state, "--reason", "maintenance").exit_code == 0
    assert shell.last(state) == "maintenance"
    assert shell.json("status")["reason"] == "maintenance"
    assert shell.json("resume")["state"] == "running"


def test_import_from_a_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "botnets.txt"
    file.write_bytes(b"\xef\xbb\xbf192.0.2.1\n203.0.113.0/24\nrubbish\n")
    result = shell.run("list", "import", "botnets", str(file))
    assert result.exit_code == 0
    assert shell.last("import_list") == ImportList(
        name="botnets", text="192.0.2.1\n203.0.113.0/24\nrubbish\n", source=str(file)
    )
    assert "version 1: 2 entries" in result.stdout
    assert "line 3: 'rubbish'" in result.stdout


def test_import_from_standard_input(shell: Shell) -> None:
    assert shell.run("list", "import", "botnets", "-", answer="192.0.2.1\n").exit_code == 0
    assert shell.last("import_list").text == "192.0.2.1\n"
    assert shell.last("import_list").source == "standard input"


def test_import_of_what_is_no_text_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "list.bin"
    file.write_bytes(b"192.0.2.1\n\xff\n")
    assert "byte 10" in shell.run("list", "import", "x", str(file)).stderr
    missing = shell.run("list", "import", "x", str(tmp_path / "none"))
    assert missing.exit_code == 2
    assert "No such file" in missing.stderr
    assert shell.names() == []


def test_list_show(shell: Shell) -> None:
    for name in ("botnets", "spam"):
        shell.run("list", "import", name, "-", answer="192.0.2.1\n")
    assert [one["name"] for one in shell.json("list", "show")] == ["botnets", "spam"]
    assert [one["name"] for one in shell.json("list", "show", "spam")] == ["spam"]
    assert shell.run("list", "show", "other").exit_code == 3


def test_inventory_check(shell: Shell) -> None:
    result = shell.run("inventory", "check")
    assert result.exit_code == 0
    assert "2 devices, 1 customer, 0 service sets" in result.stdout
    shell.application.checked = InventoryReport(ok=False, problems=["a.yaml:3: devices: no"])
    result = shell.run("inventory", "check")
    assert result.exit_code == 1
    assert "a.yaml:3: devices: no" in result.stdout


def test_doctor(shell: Shell) -> None:
    assert shell.run("doctor").exit_code == 0
    shell.application.checks.append(
        DoctorCheck(check="nftables", ok=False, detail="not found", advice="install nftables")
    )
    result = shell.run("doctor")
    assert result.exit_code == 1
    assert "install nftables" in result.stdout
    assert shell.run("doctor", "-o", "json").exit_code == 1


def test_audit_verify(shell: Shell) -> None:
    result = shell.run("audit", "verify")
    assert result.exit_code == 0
    assert "the audit chain holds: 41 entries" in result.stdout
    shell.application.chain = AuditCheck(
        ok=False, entries=1, first_bad=2, why="entry 2 was changed after it was written"
    )
    result = shell.run("audit", "verify")
    assert result.exit_code == 1
    assert "the audit chain is broken: entry 2 was changed" in result.stdout
    assert "stop the controller" in result.stdout
    assert "1 entry before it is good" in result.stdout


def test_what_a_device_waits_for_is_shown(shell: Shell) -> None:
    known = shell.application.device_views[0]
    said = "waits for the maintenance window at 2026-11-24 02:00Z"
    shell.application.device_views[0] = known.model_copy(update={"waiting": said})
    assert f"edge1: {said}" in shell.run("device", "list").stdout
    assert said in shell.run("device", "show", "edge1").stdout
    assert "waiting" not in shell.run("device", "show", "edge2").stdout
    shown = shell.run("device", "show", "edge1", "--output", "json").stdout
    assert json.loads(shown)["waiting"] == said


def test_snippets_are_printed_as_they_are(shell: Shell) -> None:
    result = shell.run("device", "snippets", "edge1", "--for", "oxidized")
    assert result.stdout == "# for oxidized\n[a-z]\n"
    assert shell.run("device", "snippets").stdout.count("[a-z]") == 2
    shown = shell.run("device", "snippets", "--platform", "cisco_xr", "-o", "json").stdout
    assert [one["tool"] for one in json.loads(shown)] == ["rancid", "oxidized"]
    assert {tuple(one["platforms"]) for one in json.loads(shown)} == {("cisco_xr",)}
    assert shell.run("device", "snippets", "--for", "cvs").exit_code == 2
