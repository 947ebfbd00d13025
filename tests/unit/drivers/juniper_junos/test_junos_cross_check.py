# SPDX-License-Identifier: GPL-2.0-or-later
"""Independent tools agree: hier_config finds nothing left to do once a plan was applied."""

from __future__ import annotations

from pathlib import Path

import pytest
from hier_config import Platform, WorkflowRemediation, get_hconfig

from lab.emulators.juniper_junos import Router
from tests.unit.drivers.golden import cases, load


def after(folder: Path, file: str, text: str) -> str:
    """`text` with the commands of a case's file, as the EMULATED box shows it then."""
    router = Router("edge1")
    router.load(text)
    router.by_hand((folder / file).read_text(encoding="utf-8").splitlines())
    return router.running()


def remediation(there: str, wanted: str) -> str:
    hconfigs = (get_hconfig(Platform.JUNIPER_JUNOS, text) for text in (there, wanted))
    work = WorkflowRemediation(*hconfigs)
    return "\n".join(line.cisco_style_text() for line in work.remediation_config.all_children())


@pytest.mark.parametrize("folder", cases(Path(__file__).parent / "cases"))
def test_another_tool_finds_the_same_commands(folder: Path) -> None:
    """It knows nothing of the order of a list, nor of deactivated statements, and removes line by
    line what we remove as a whole."""
    before = load(folder).actual
    if "deactivate" in before:
        return
    then = after(folder, "plan.txt", before)
    planned = (folder / "plan.txt").read_text(encoding="utf-8").splitlines()
    tops = [line.removeprefix("delete ") for line in planned if line.startswith("delete ")]
    found = remediation(before, then).splitlines()
    assert bool(found) is (set(before.splitlines()) != set(then.splitlines()))
    for command in found:
        verb, _, path = command.partition(" ")
        if path.startswith("deactivate "):
            assert path in planned
        elif verb == "set":
            assert command in planned
        else:
            assert any(path == top or path.startswith(f"{top} ") for top in tops), command


@pytest.mark.parametrize("folder", cases(Path(__file__).parent / "cases"))
def test_undoing_leads_back(folder: Path) -> None:
    before = load(folder).actual
    back = after(folder, "undo.txt", after(folder, "plan.txt", before))
    # A deactivated member that was repaired comes back deactivated; where, means nothing.
    assert sorted(back.splitlines()) == sorted(before.splitlines())
