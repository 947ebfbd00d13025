# SPDX-License-Identifier: GPL-2.0-or-later
"""Independent judges of the golden plans: an EMULATED box, and hier_config."""

from __future__ import annotations

from pathlib import Path

import pytest
from hier_config import Platform, WorkflowRemediation, get_hconfig

from lab.emulators.cisco_xr import Router
from tests.unit.drivers.golden import cases, load

CASES = cases(Path(__file__).parent / "cases")
pytestmark = pytest.mark.emulated


def after(folder: Path, file: str, text: str) -> str:
    """`text` with the commands of a case's file, as the emulated box shows it then."""
    router = Router("edge1")
    router.load(text)
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    if lines:
        router.by_hand([line.strip() for line in lines])
    return router.running()


def shown(text: str) -> str:
    """`text` as the emulated box shows it."""
    router = Router("edge1")
    router.load(text)
    return router.running()


@pytest.mark.parametrize("folder", CASES)
def test_undoing_leads_back_letter_by_letter(folder: Path) -> None:
    before = shown(load(folder).actual)
    then = after(folder, "plan.txt", before)
    planned = (folder / "plan.txt").read_text(encoding="utf-8")
    assert (then != before) is bool(planned)
    assert after(folder, "undo.txt", then) == before


def remediation(there: str, wanted: str) -> list[str]:
    texts = ("\n".join(_without_policies(text)) for text in (there, wanted))
    hconfigs = (get_hconfig(Platform.CISCO_XR, text) for text in texts)
    work = WorkflowRemediation(*hconfigs)
    return [line.cisco_style_text().strip() for line in work.remediation_config.all_children()]


def _without_policies(text: str) -> list[str]:
    """It does not know that prefix-sets and policies are replaced as a whole."""
    kept, inside = [], False
    for line in text.splitlines():
        inside = inside or line.startswith(("prefix-set", "route-policy"))
        if not inside and line != "end":
            kept.append(line)
        inside = inside and not line.startswith("end-")
    return kept


@pytest.mark.parametrize("folder", CASES)
def test_hier_config_finds_the_same_commands_and_none_once_they_are_applied(folder: Path) -> None:
    before = shown(load(folder).actual)
    then = after(folder, "plan.txt", before)
    assert remediation(then, then) == []
    planned = (folder / "plan.txt").read_text(encoding="utf-8").splitlines()
    stripped = [line.strip() for line in planned]
    for command in remediation(before, then):
        assert any(_same(command.split(), line.split()) for line in stripped), command


def _same(found: list[str], planned: list[str]) -> bool:
    """It names lines by their text as shown (ports by name), removes what is replaced first, and
    removes line by line what we remove, or make, as a block."""
    if found == planned:
        return True
    if found[0] == "no":
        number = found[1] in planned[1:2] and planned[0] == "no"
        return number or found[1] == planned[0] or planned[:2] == ["no", found[1]]
    return found[0].isdecimal() and found[0] == planned[0]
