# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of the benchmarks: one chapter measured again, the others kept."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.bench.chapters import MEGABYTES, Chapter, Circumstances
from tests.bench.report import Run, page, updated
from tests.bench.targets import TARGETS

AT = datetime(2026, 1, 2, tzinfo=UTC)
LIMITS = {"order": "The disk takes its time."}
DEVICES, SAME = "order on all", "nornir, 100 workers"


def chapter(title: str, seconds: float, load: float = 0.5) -> Chapter:
    found = Chapter(title.lower(), title, f"How {title} was done.")
    found.compare("here", {"a": [seconds], "b": [1.0]}, "a", "b", headline=True)
    found.circumstances = Circumstances(AT, 61.0, False, (load, load))
    return found


def order(seconds: float) -> Chapter:
    found = Chapter("order", "Order", "How it was done.")
    times = {"POST /orders": [seconds], "nft": [1.0]}
    found.compare("one order beside 0", times, "POST /orders", "nft")
    return found


def fleet(seconds: float) -> Chapter:
    found = Chapter("fleet", "Fleet", "How it was done.")
    found.compare("1,000 devices", {DEVICES: [seconds], SAME: [1.0]}, DEVICES, SAME)
    return found


def run(*chapters: Chapter) -> Run:
    return Run(AT, False, {"nft": "1"}, (0.5, 0.5), chapters)


def line_of(text: str, key: str) -> str:
    (target,) = (one for one in TARGETS if one.key == key)
    (line,) = (one for one in text.splitlines() if one.startswith(f"| {target.what} | "))
    return line


def test_a_chapter_is_replaced_and_the_others_are_kept() -> None:
    text = page(run(chapter("One", 2.0), chapter("Two", 3.0)), {}, {})
    found = updated(text, run(chapter("One", 7.0, load=4.0)), {}, {})
    assert found.count("| One: here: a / b |") == 1
    assert "| One: here: a / b | **7**" in found
    assert "| a / b | **7**" in found
    assert "**2**" not in found
    # Two chapters may have situations of the same name.
    assert "| Two: here: a / b | **3**" in found
    assert found.count("in 61.0 s, at a load average of 4.0 before") == 1
    assert found.count("at a load average of 0.5 before") == 1
    assert found.index("## One") < found.index("## Two") < found.index("## How to repeat")


def test_a_new_chapter_comes_after_the_last() -> None:
    text = page(run(chapter("One", 2.0)), {}, {})
    found = updated(text, run(chapter("Two", 3.0)), {"two": ["two-growth.svg"]}, {})
    assert found.index("## One") < found.index("## Two") < found.index("## How to repeat")
    assert "![Two: cost against the number of entries](two-growth.svg)" in found
    assert found.count("## How to repeat") == 1
    assert found == updated(found, run(chapter("Two", 3.0)), {"two": ["two-growth.svg"]}, {})


def test_the_targets_come_first_and_say_what_was_met() -> None:
    text = page(run(order(1.5), fleet(1.25)), {}, LIMITS)
    assert text.index("## Targets") < text.index("## In short") < text.index("## Order")
    assert line_of(text, "order").endswith("| median at most 2 | **1.5** (1.5 to 1.5) | yes |")
    assert line_of(text, "fleet").endswith("| **1.25** (1.25 to 1.25) | **no** |")
    assert line_of(text, "pass").endswith("| not measured | - |")


def test_what_limits_a_target_is_shown_while_it_is_not_met() -> None:
    text = page(run(order(2.5), fleet(1.25)), {}, LIMITS)
    (what,) = (one.what for one in TARGETS if one.key == "order")
    assert f"- *{what}*: The disk takes its time." in text
    assert text.count("What limits it is not known yet.") == 1
    assert "The disk" not in updated(text, run(order(1.0)), {}, LIMITS)


def test_lines_of_chapters_that_were_not_measured_again_stay() -> None:
    text = page(run(order(2.5), fleet(1.25)), {}, LIMITS)
    found = updated(text, run(fleet(0.5)), {}, LIMITS)
    assert line_of(found, "order") == line_of(text, "order")
    assert "The disk takes its time." in found
    assert line_of(found, "fleet").endswith("| yes |")


def test_a_page_from_before_there_were_targets_gets_them() -> None:
    old = "\n".join(
        [
            "# Benchmarks",
            "",
            "| In short | median ratio | p10 | p90 |",
            "| --- | ---: | ---: | ---: |",
            "| here: a / b | **2** | 2 | 2 |",
            "",
            "## One",
            "",
            "## How to repeat",
            "",
        ]
    )
    found = updated(old, run(order(1.5)), {}, {})
    titles = [line for line in found.splitlines() if line.startswith("#")]
    sections = ["## Targets", "## In short", "## One", "## Order", "## How to repeat"]
    assert titles == ["# Benchmarks", *sections]
    assert line_of(found, "order").endswith("| yes |")
    assert found.count("| In short | median ratio |") == 1


def test_megabytes_are_no_seconds() -> None:
    found = chapter("One", 2.0)
    both = {"controller": [550.0], "columns": [100.0]}
    found.compare("there", both, "controller", "columns", unit=MEGABYTES)
    assert "| 550 MB | 100 MB |" in page(run(found), {}, {})
