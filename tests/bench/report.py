# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapters as a page of the documentation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.bench import targets
from tests.bench.chapters import Chapter, Comparison, Split
from tests.bench.figures import duration, quantity, significant
from tests.bench.ratios import spread


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmarks. `load`: the machine's load average before and after."""

    at: datetime
    quick: bool
    machine: Mapping[str, str]
    load: tuple[float, float]
    chapters: Sequence[Chapter]


_HEAD = """\
# Benchmarks

This page is made by `make bench`; do not edit it.

Every number that claims something is a **ratio of paired runs**: what is compared takes turns on
one machine (A B, B A, A B ...), the ratio is taken within each round, and the median of the ratios
is shown with its spread. Above 1, what stands first took longer than what it is compared with;
below 1, less. Times are medians too and are there for orientation only: another machine has
others. Each chapter says when it was measured, and how much else the machine had to do.
"""

_AGAIN = """
## How to repeat

As root, in an installed tree, on a machine that has little else to do:

```
make bench                                  # everything, this page and its pictures: an hour
.venv/bin/python -m tests.bench --quick     # small sizes, few rounds
.venv/bin/python -m tests.bench --only list --json samples.json
.venv/bin/python -m tests.bench --only list --into docs/benchmarks.md
.venv/bin/python -m tests.bench --render    # this page anew, from the last run's samples
```

Each chapter is measured by a program of its own, in a lab of its own. `make bench` keeps what it
has measured in `build/bench`: after an interruption, or where a chapter failed, it measures only
what is missing; after a complete run, or a day, everything. What is said of a target that is not
met stands in `tests/bench/limits.toml`.

Nothing leaves the machine: the router and its two hosts are network namespaces of the smallest lab
(`lab/two.clab.yml`), and for routes those of the BGP lab (`lab/isp-bgp.clab.yml`). `--json` writes
every sample. `--quick` and `--only` leave this page alone unless `--page FILE` names one to write,
or `--into FILE` one whose other chapters are kept.
The clients of the API are those of `wrk`, Debian's package of that name.
"""

_HEADLINES = ("| In short | median ratio | p10 | p90 |", "| --- | ---: | ---: | ---: |")
_PICTURED = {
    "ratios": "ratios with their spread",
    "growth": "cost against the number of entries",
    "time": "where the time goes",
}
_COLUMNS = ("ratio", "min", "p10", "p90", "max", "median time", "beside", "rounds")
_IN_SHORT = "In short"
_LAST = "How to repeat"

Pictures = Mapping[str, Sequence[str]]
"""File names of pictures by the chapter's name."""


def page(run: Run, pictures: Pictures, limits: Mapping[str, str]) -> str:
    """The page in Markdown. `limits`: see `tests.bench.targets.read_limits`."""
    parts = [_HEAD, *_machine(run)]
    parts += targets.section(targets.lines_of(run.chapters), limits)
    parts += [f"## {_IN_SHORT}", "", *_HEADLINES, *_headlines(run.chapters), ""]
    for chapter in run.chapters:
        parts += _chapter(chapter, pictures.get(chapter.name, ()))
    return "\n".join([*parts, _AGAIN.lstrip("\n")]).rstrip() + "\n"


def updated(text: str, run: Run, pictures: Pictures, limits: Mapping[str, str]) -> str:
    """A page of another run with this one's chapters in place of its own, or after the last.

    The lines of the targets that other chapters are about stay as they are.
    """
    parts = _Parts.of(text)
    parts.head = "\n".join([_HEAD, *_machine(run)])
    lines = targets.lines_in(parts.sections.get(targets.TITLE, ""))
    lines |= targets.lines_of(run.chapters)
    parts.put(targets.section(lines, limits))
    for chapter in run.chapters:
        parts.put(_chapter(chapter, pictures.get(chapter.name, ())))
    parts.put(["## " + _IN_SHORT, "", *_HEADLINES, *_shortened(parts.sections, run.chapters), ""])
    parts.put(_AGAIN.strip("\n").splitlines())
    return parts.text()


@dataclass(slots=True)
class _Parts:
    """A page: what stands first, and sections by title, without the titles."""

    head: str
    sections: dict[str, str]

    @staticmethod
    def of(text: str) -> _Parts:
        head, *others = text.split("\n## ")
        head, _, short = head.partition(_HEADLINES[0])
        # A dictionary keeps the place of a key that it has: these two stay the first ones.
        first = {targets.TITLE: "", _IN_SHORT: short}
        return _Parts(head, first | {t: b for t, _, b in (o.partition("\n") for o in others)})

    def put(self, section: Iterable[str]) -> None:
        """Replace a section, or put it before the last one."""
        title, _, body = "\n".join(section).removeprefix("## ").partition("\n")
        last = self.sections.pop(_LAST, "")
        self.sections[title] = body
        if title != _LAST:
            self.sections[_LAST] = last

    def text(self) -> str:
        """The page."""
        parts = [f"## {title}\n{body.rstrip()}\n" for title, body in self.sections.items()]
        return "\n".join([self.head.rstrip() + "\n", *parts])


def _shortened(sections: Mapping[str, str], chapters: Sequence[Chapter]) -> Iterator[str]:
    """The headlines of a page, with those of some chapters in place of their own."""
    new = {chapter.title: chapter for chapter in chapters}
    kept = sections[_IN_SHORT].splitlines()
    for title in sections:
        if title in new:
            yield from _headlines([new[title]])
        else:
            yield from (line for line in kept if line.startswith(f"| {title}: "))


def _headlines(chapters: Sequence[Chapter]) -> Iterator[str]:
    for chapter in chapters:
        for one in (c for c in chapter.comparisons if c.headline):
            ratio = one.ratio
            numbers = [significant(n) for n in (ratio.median, ratio.p10, ratio.p90)]
            what = f"{chapter.title}: {one.situation}: {one.subject} / {one.baseline}"
            yield _row(what, f"**{numbers[0]}**", *numbers[1:])


def _machine(run: Run) -> Iterator[str]:
    yield _row("Machine", "")
    yield _row("---", "---")
    yield from (_row(name, fact) for name, fact in run.machine.items())
    yield ""


def _chapter(chapter: Chapter, pictures: Sequence[str]) -> Iterator[str]:
    yield f"## {chapter.title}"
    yield ""
    if found := chapter.circumstances:
        before, after = found.load
        sizes = "small sizes (do not quote it)" if found.quick else "full sizes"
        yield f"Measured on {found.at:%Y-%m-%d} at {found.at:%H:%M} UTC, {sizes},"
        yield f"in {duration(found.seconds)}, at a load average of {before:.1f} before"
        yield f"and {after:.1f} after."
        yield ""
    yield chapter.method.strip()
    yield ""
    for picture in pictures:
        kind = picture.rpartition("-")[2].partition(".")[0]
        yield f"![{chapter.title}: {_PICTURED.get(kind, kind)}]({picture})"
        yield ""
    situations = dict.fromkeys(one.situation for one in chapter.comparisons)
    for situation in situations:
        yield _row(situation, *_COLUMNS)
        yield _row("---", *(("---:",) * len(_COLUMNS)))
        yield from (_comparison(c) for c in chapter.comparisons if c.situation == situation)
        yield ""
    for split in chapter.splits:
        yield from _split(split)
    yield from (f"Note: {remark}\n" for remark in dict.fromkeys(chapter.remarks))


def _comparison(one: Comparison) -> str:
    ratio = one.ratio
    numbers = (ratio.minimum, ratio.p10, ratio.p90, ratio.maximum)
    return _row(
        f"{one.subject} / {one.baseline}",
        f"**{significant(ratio.median)}**",
        *map(significant, numbers),
        quantity(spread(one.subject_seconds).median, one.unit),
        quantity(spread(one.baseline_seconds).median, one.unit),
        str(len(one.subject_seconds)),
    )


def _split(split: Split) -> Iterator[str]:
    medians = split.medians()
    whole = sum(medians.values())
    yield _row(f"Where the time goes: {split.title}", "median", "share")
    yield _row("---", "---:", "---:")
    for part, seconds in medians.items():
        yield _row(part, duration(seconds), f"{100 * seconds / whole:.0f} %")
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
