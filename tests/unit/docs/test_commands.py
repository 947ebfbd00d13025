# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command that a page shows exists, with these options."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from enforcer.cli.main import build
from tests.unit.docs.pages import OUTSIDE, PAGES, ROOT, inline_code, name_of, shell_lines

TOP = get_command(build())
WRITTEN = [page for page in [*PAGES, *OUTSIDE] if page.name != "cli.md"]
_END = re.compile(r"\s[|&><;]|\s#\s")
_TARGET = re.compile(r"^([a-z-]+)[ \w-]*:", re.MULTILINE)


def complaint(words: Sequence[str]) -> str:
    """Why ``enforcer WORDS`` is no command of ours; "" when it is one."""
    at: object = TOP
    rest = list(words)
    while isinstance(at, TyperGroup) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        if name not in at.commands:
            return f"there is no command '{name}'"
        at = at.commands[name]
    if not isinstance(at, TyperCommand | TyperGroup):
        return "not a command"
    known = {option for parameter in at.params for option in parameter.opts}
    known |= {"--help", "-h", "--version"}
    used = [word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)]
    return ", ".join(f"no option {option}" for option in used if option not in known)


def asked(page: Path) -> Iterator[str]:
    """What the page has somebody type after ``enforcer``."""
    for line in shell_lines(page):
        for part in line.split("&&"):
            found = re.match(r"\s*(?:\S+/)?enforcer\s+(.*)", part)
            if found:
                yield _END.split(found[1] + " ")[0]
    for code in inline_code(page):
        found = re.match(r"enforcer +([a-z][^…]*)", code)
        if found:
            yield found[1]


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_command_exists(page: Path) -> None:
    wrong = {line: said for line in asked(page) if (said := complaint(shlex.split(line)))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("order lift 0001-Y --reason x", ""),
        ("order list -o json", ""),
        ("order undo 0001-Y", "there is no command 'undo'"),
        ("order lift 0001-Y --because x", "no option --because"),
        ("audit verify", ""),
        ("audit erase", "there is no command 'erase'"),
    ],
)
def test_the_check_finds_what_is_not_there(line: str, wrong: str) -> None:
    assert complaint(shlex.split(line)) == wrong


def test_commands_are_found_in_the_pages() -> None:
    seen = {line.split()[0] for page in WRITTEN for line in asked(page)}
    assert {"init", "run", "order", "device", "why", "pause", "doctor"} <= seen


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    said = [line for line in shell_lines(page) if line.startswith("make ")]
    said += [code for code in inline_code(page) if code.startswith("make ")]
    used = {word for line in said for word in line.partition("#")[0].split()[1:] if "=" not in word}
    assert used <= targets
