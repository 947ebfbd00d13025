# SPDX-License-Identifier: GPL-2.0-or-later
"""Every page can be reached, every link leads somewhere, nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.docs.pages import DOCS, OUTSIDE, PAGES, ROOT, anchors, blocks, links, name_of

MKDOCS = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def broken(page: Path, link: str) -> bool:
    """Whether a link inside of this tree leads nowhere."""
    if re.match(r"https?://|mailto:", link):
        return False
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return True
    return bool(anchor) and anchor not in anchors(target)


@pytest.mark.parametrize("page", [*PAGES, *OUTSIDE], ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert [link for link in links(page) if broken(page, link)] == []


@pytest.mark.parametrize(
    ("link", "leads_nowhere"),
    [
        ("concepts.md", False),
        ("concepts.md#protected-space", False),
        ("concepts.md#no-such-heading", True),
        ("nowhere.md", True),
        ("../../../etc/passwd", True),
    ],
)
def test_a_broken_link_is_found(link: str, leads_nowhere: bool) -> None:
    assert broken(DOCS / "index.md", link) is leads_nowhere


def test_every_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"[\w/.-]+\.md", MKDOCS.partition("\nnav:\n")[2])
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


def test_no_script_comes_from_elsewhere() -> None:
    assert not re.search(r"extra_javascript|extra_css|https?://", MKDOCS)
    # Material fetches its diagram library when a page has such a block.
    assert [name_of(b.page) for page in PAGES for b in blocks(page, "mermaid")] == []
    scripts = [name_of(page) for page in PAGES if "<script" in page.read_text(encoding="utf-8")]
    assert scripts == []


def test_decisions_have_a_number_of_their_own_and_all_their_parts() -> None:
    records = sorted((DOCS / "adr").glob("*.md"))
    assert len({record.name[:4] for record in records}) == len(records) > 1
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
        for part in ("Status: ", "## Context", "## Decision", "## Consequences"):
            assert part in text, f"{record.name} has no '{part}'"
