# SPDX-License-Identifier: GPL-2.0-or-later
"""Independent judges of the golden plans: an EMULATED box, and hier_config."""

from __future__ import annotations

from pathlib import Path

import pytest
from hier_config import Platform, WorkflowRemediation, get_hconfig

from drivers.cisco_ios.words import normalised
from lab.emulators.cisco_ios import Router
from tests.unit.drivers.golden import cases, load

CASES = [
    case
    for case in cases(Path(__file__).parent / "cases")
    # A configuration without numbers is loaded with other ones than it had.
    if not str(case.id).startswith("old-release")
]
pytestmark = pytest.mark.emulated


def router_with(folder: Path) -> Router:
    """The case's box."""
    text = load(folder).actual
    router = Router("edge1")
    router.load(text[text.index("\n!") :])
    return router


def lines_of(folder: Path, file: str) -> list[str]:
    """The configuration lines of a plan; exec commands and remarks for people aside."""
    said = (folder / file).read_text(encoding="utf-8").splitlines()
    kept = [line for line in said if not line.startswith(("!", "configure ", "do ", "end"))]
    return [line.strip() for line in kept]


def numbered(router: Router) -> str:
    """What runs, with numbers, whatever the release shows."""
    return router.exact()


@pytest.mark.parametrize("folder", CASES)
def test_undoing_leads_back_letter_by_letter(folder: Path) -> None:
    router = router_with(folder)
    before = numbered(router)
    router.by_hand(lines_of(folder, "plan.txt"))
    assert numbered(router) != before
    router.by_hand(lines_of(folder, "undo.txt"))
    assert sorted(numbered(router).split("\n")) == sorted(before.split("\n"))


def remediation(there: str, wanted: str) -> list[str]:
    texts = (_without_remarks(text) for text in (there, wanted))
    hconfigs = (get_hconfig(Platform.CISCO_IOS, text) for text in texts)
    work = WorkflowRemediation(*hconfigs)
    return [line.cisco_style_text().strip() for line in work.remediation_config.all_children()]


def _without_remarks(text: str) -> str:
    """It ignores remarks, and in an IPv6 list stumbles over two that are equal."""
    return "\n".join(line for line in text.split("\n") if " remark " not in line)


@pytest.mark.parametrize("folder", CASES)
def test_hier_config_finds_the_same_commands_and_none_once_they_are_applied(folder: Path) -> None:
    router = router_with(folder)
    before = numbered(router)
    planned = lines_of(folder, "plan.txt")
    router.by_hand(planned)
    then = numbered(router)
    assert remediation(then, then) == []
    known = {plainly(line) for line in planned}
    for command in remediation(before, then):
        assert plainly(command) in known or _in_a_block(command, planned), command


def plainly(line: str) -> str:
    """Without numbers and in one spelling: it removes lines by the number, we by the text."""
    no = "no " if line.startswith("no ") else ""
    words = line.removeprefix("no ").removeprefix("sequence ").split()
    words = words[1:] if words and words[0].isdecimal() else words
    family = 6 if "ipv6" in words or any(":" in w for w in words) else 4
    return no + normalised(" ".join(words), family).lower()


def _in_a_block(command: str, planned: list[str]) -> bool:
    """It removes line by line what goes as a whole, and what is replaced before it is."""
    if command.startswith("no description "):
        return any(line.startswith("description ") for line in planned)
    if command.startswith("no neighbor ") and " prefix-list " in command:
        start = command.removeprefix("no ").partition(" prefix-list ")[0]
        if any(line.startswith(f"{start} prefix-list ") for line in planned):
            return True
    return command.startswith("no ") and any(line.startswith("no ") for line in planned)
