# SPDX-License-Identifier: GPL-2.0-or-later
"""The chapters as a page of the documentation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.bench.chapters import Chapter, Comparison, Split
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
others.
"""

_AGAIN = """
## How to repeat

As root, in an installed tree, on a machine that has little else to do:

```
make bench                                  # everything, this page and its pictures
.venv/bin/python -m tests.bench --quick     # small sizes, few rounds, in a few minutes
.venv/bin/python -m tests.bench --only list --json samples.json
.venv/bin/python -m tests.bench --only list --into docs/benchmarks.md
```

Nothing leaves the machine: the router and its two hosts are network namespaces of the smallest lab
(`lab/two.clab.yml`), and for routes those of the BGP lab (`lab/isp-bgp.clab.yml`). `--json` writes
every sample. `--quick` and `--only` leave this page alone unless `--page FILE` names one to write,
or `--into FILE` one whose other chapters are kept.
The clients of the API are those of `wrk`, Debian's package of that name.
"""

_COLUMNS = ("ratio", "min", "p10", "p90", "max", "median time", "beside", "rounds")


def page(run: Run, pictures: Mapping[str, Sequence[str]]) -> str:
    """The page in Markdown. `pictures`: file names by the chapter's name."""
    parts = [_HEAD, *_machine(run), *_headlines(run)]
    for chapter in run.chapters:
        parts += _chapter(chapter, pictures.get(chapter.name, ()))
    return "\n".join([*parts, _AGAIN.lstrip("\n")]).rstrip() + "\n"


def updated(text: str, run: Run, pictures: Mapping[str, Sequence[str]]) -> str:
    """A page of another run with this one's chapters in place of its own, or after the last.

    Each says when it was measured, and the machine's load: the page's own is the other run's.
    """
    for chapter in run.chapters:
        section = [*_chapter(chapter, pictures.get(chapter.name, ()))]
        before, after = run.load
        sizes = "small sizes" if run.quick else "full sizes"
        section[1:1] = [
            "",
            f"Measured by itself on {run.at:%Y-%m-%d}, {sizes},"
            f" at a load average of {before:.1f} before and {after:.1f} after.",
        ]
        text = _with_section(text, section)
        text = _with_headlines(text, chapter)
    return _with_section(text, _AGAIN.strip("\n").splitlines()).rstrip() + "\n"


def _with_section(text: str, section: Sequence[str]) -> str:
    head, *others = text.split("\n## ")
    title = section[0].removeprefix("## ")
    new = "\n".join(section).removeprefix("## ").rstrip() + "\n"
    titles = [other.partition("\n")[0] for other in others]
    if title in titles:
        others[titles.index(title)] = new
    else:
        others.insert(len(others) - 1, new)
    return "\n## ".join([head, *others])


def _with_headlines(text: str, chapter: Chapter) -> str:
    head, found, rest = text.partition("\n## ")
    own = tuple(f"| {one.situation}: " for one in chapter.comparisons)
    lines = [line for line in head.rstrip().splitlines() if not line.startswith(own)]
    lines += (_headline(one) for one in chapter.comparisons if one.headline)
    return "\n".join([*lines, ""]) + found + rest


def _machine(run: Run) -> Iterator[str]:
    yield f"Measured on {run.at:%Y-%m-%d}."
    if run.quick:
        yield "A quick run: small sizes, few rounds. Do not quote it."
    yield ""
    yield _row("Machine", "")
    yield _row("---", "---")
    yield from (_row(name, fact) for name, fact in run.machine.items())
    before, after = run.load
    yield _row("Load average", f"{before:.1f} before, {after:.1f} after")
    yield ""


def _headlines(run: Run) -> Iterator[str]:
    yield _row("In short", "median ratio", "p10", "p90")
    yield _row("---", "---:", "---:", "---:")
    for chapter in run.chapters:
        yield from (_headline(one) for one in chapter.comparisons if one.headline)
    yield ""


def _headline(one: Comparison) -> str:
    ratio = one.ratio
    numbers = (f"**{significant(ratio.median)}**", *map(significant, (ratio.p10, ratio.p90)))
    return _row(f"{one.situation}: {one.subject} / {one.baseline}", *numbers)


def _chapter(chapter: Chapter, pictures: Sequence[str]) -> Iterator[str]:
    yield f"## {chapter.title}"
    yield ""
    yield chapter.method.strip()
    yield ""
    for picture in pictures:
        yield f"![{chapter.title}: ratios and where the time goes]({picture})"
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
        duration(spread(one.subject_seconds).median),
        duration(spread(one.baseline_seconds).median),
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


def significant(number: float) -> str:
    """Three significant digits, as plain digits: 0.0123, 1.23, 12.3, 1,234."""
    if number >= 100:
        return f"{number:,.0f}"
    if number >= 10:
        return f"{number:.1f}"
    return f"{number:.3g}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{significant(seconds / scale)} {unit}"
    return f"{significant(seconds / 1e-6)} µs"
