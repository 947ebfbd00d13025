# SPDX-License-Identifier: GPL-2.0-or-later
"""The documentation as tests read it: pages, code blocks, tables, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
OUTSIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]

_FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>\w*)(?:[ ]+title=\"(?P<title>[^\"]*)\")?\n"
    r"(?P<text>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    language: str
    title: str
    text: str


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page in some languages; none named: all."""
    found = (
        Block(page, m["language"], m["title"] or "", m["text"])
        for m in _FENCE.finditer(page.read_text(encoding="utf-8"))
    )
    return [block for block in found if not languages or block.language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    return _INLINE.findall(re.sub(r"\n(?!\n)", " ", prose(page)))


def links(page: Path) -> list[str]:
    return _LINK.findall(_INLINE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """As the table of contents makes them: lower case, dashes, no other marks."""
    titles = (_INLINE.sub(r"\1", title) for title in _HEADING.findall(prose(page)))
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", t).strip().lower()) for t in titles}


def table(page: Path, name: str) -> list[tuple[str, ...]]:
    """The rows of the table between ``<!-- table: NAME -->`` and ``<!-- end of table -->``."""
    text = page.read_text(encoding="utf-8")
    _, found, rest = text.partition(f"<!-- table: {name} -->")
    assert found, f"{name_of(page)} has no table {name!r}"
    lines = rest.partition("<!-- end of table -->")[0].strip().splitlines()
    return [_cells(line) for line in lines[2:]]


def first_column(page: Path) -> set[str]:
    """What stands in backquotes in the first column of any table of a page."""
    rows = (line for line in prose(page).splitlines() if line.startswith("| `"))
    return {code for row in rows for code in _INLINE.findall(_cells(row)[0])}


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def shell_lines(page: Path) -> Iterator[str]:
    """The command lines of a page's shell blocks, continued lines joined, prompts taken off."""
    for block in blocks(page, "sh", "console"):
        text = block.text.replace("\\\n", " ")
        for line in text.splitlines():
            if block.language == "sh":
                yield line
            elif line.startswith(("$ ", "# ")):
                yield line[2:]
