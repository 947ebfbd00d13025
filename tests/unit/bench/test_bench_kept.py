# SPDX-License-Identifier: GPL-2.0-or-later
"""What an interrupted run keeps, and what the next one makes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.chapters import Chapter, Circumstances
from tests.bench.measuring import TOO_OLD, Kept, begin
from tests.fakes.clock import FakeClock

AT = datetime(2026, 1, 2, tzinfo=UTC)


def chapter(name: str, at: datetime = AT, quick: bool = False) -> Chapter:
    found = Chapter(name, name.title(), "How it was done.", remarks=["a remark"])
    found.compare("here", {"a": [2.0, 3.0], "b": [1.0, 2.0]}, "a", "b", True, 1_000)
    found.split("where it goes", {"a": [1.0, 2.0]})
    found.circumstances = Circumstances(at, 12.5, quick, (0.5, 1.5))
    return found


def kept_in(folder: Path, later: timedelta = timedelta(hours=1)) -> Kept:
    return Kept(folder / "kept", FakeClock(AT + later))


def test_a_chapter_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.keep(chapter("one"))
    assert kept.find("one", quick=False) == chapter("one")


def test_another_size_or_age_is_measured_again(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.keep(chapter("one", quick=True))
    assert kept.find("one", quick=False) is None
    kept.keep(chapter("one"))
    old = kept_in(tmp_path, later=TOO_OLD + timedelta(seconds=1))
    assert old.find("one", quick=False) is None


def test_a_file_that_is_none_is_measured_again(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.keep(chapter("one"))
    file = kept.folder / "one.json"
    for text in ("", "{}", "[]", file.read_text().replace('"situation"', '"other"')):
        file.write_text(text)
        assert kept.find("one", quick=False) is None
    assert kept.find("two", quick=False) is None


def test_an_interrupted_run_goes_on_and_a_complete_one_begins_anew(tmp_path: Path) -> None:
    kept, said = kept_in(tmp_path), list[str]()
    kept.keep(chapter("one"))
    assert begin(kept, ["one", "two"], False, said.append) == {"one": chapter("one")}
    assert said == ["kept from 2026-01-02 00:00 UTC: one"]
    kept.keep(chapter("two"))
    assert begin(kept, ["one", "two"], False, said.append) == {}
    assert kept.find("one", quick=False) is None
