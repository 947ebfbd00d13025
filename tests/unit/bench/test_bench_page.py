# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of the benchmarks: one chapter measured again, the others kept."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.bench.chapters import Chapter
from tests.bench.report import Run, page, updated

AT = datetime(2026, 1, 2, tzinfo=UTC)


def chapter(title: str, seconds: float) -> Chapter:
    found = Chapter(title.lower(), title, f"How {title} was done.")
    found.compare(f"{title} here", {"a": [seconds], "b": [1.0]}, "a", "b", headline=True)
    return found


def run(*chapters: Chapter, load: float = 0.5) -> Run:
    return Run(AT, False, {"nft": "1"}, (load, load), chapters)


def test_a_chapter_is_replaced_and_the_others_are_kept() -> None:
    text = page(run(chapter("One", 2.0), chapter("Two", 3.0)), {})
    found = updated(text, run(chapter("One", 7.0), load=4.0), {})
    assert found.count("| One here: a / b |") == 1
    assert "| One here: a / b | **7**" in found
    assert "| a / b | **7**" in found
    assert "**2**" not in found
    assert "| Two here: a / b | **3**" in found
    assert found.count("at a load average of 4.0 before") == 1
    assert found.index("## One") < found.index("## Two") < found.index("## How to repeat")


def test_a_new_chapter_comes_after_the_last() -> None:
    text = page(run(chapter("One", 2.0)), {})
    found = updated(text, run(chapter("Two", 3.0)), {"two": ["x.svg"]})
    assert found.index("## One") < found.index("## Two") < found.index("## How to repeat")
    assert "(x.svg)" in found
    assert found.count("## How to repeat") == 1
    assert found == updated(found, run(chapter("Two", 3.0)), {"two": ["x.svg"]})
