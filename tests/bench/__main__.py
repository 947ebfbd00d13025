# SPDX-License-Identifier: GPL-2.0-or-later
"""Paired measurements in the smallest lab; their page is docs/benchmarks.md.

    python -m tests.bench [--quick] [--only NAME ...] [--keep FOLDER] [--json FILE]
                          [--page FILE] [--into FILE] [--render]

Runs as root; a lab is brought up around each chapter. Nothing is asserted about any time. What a
run of all chapters has measured is kept in build/bench until it is complete: where it was
interrupted, or a chapter failed, the next one measures what is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from enforcer.clock import SystemClock
from lab.errors import LabError
from tests.bench import (
    announced_blackholes,
    first_drop,
    fleet,
    full_pass,
    leaked_routes,
    machine,
    many_orders,
    members,
    memory,
    pasting,
    peers,
    quick_pass,
    reimport,
    repair,
    service_load,
    single_element,
    starting,
    whole_list,
    why,
)
from tests.bench.chapters import Chapter
from tests.bench.ground import FULL, QUICK, Say, Size
from tests.bench.measuring import ROOT, Kept, begin, in_own_lab
from tests.bench.pictures import draw
from tests.bench.report import Run, page, updated
from tests.bench.targets import read_limits

TOPOLOGY = ROOT / "lab" / "two.clab.yml"
PAGE = ROOT / "docs" / "benchmarks.md"
KEPT = ROOT / "build" / "bench"

MEASURES: dict[str, Callable[[Size, Say], Chapter]] = {
    module.NAME: module.measure
    for module in (
        single_element,
        first_drop,
        whole_list,
        reimport,
        full_pass,
        quick_pass,
        starting,
        repair,
        pasting,
        members,
    )
} | {
    leaked_routes.NAME: leaked_routes.measure,
    announced_blackholes.NAME: announced_blackholes.measure,
    service_load.NAME: service_load.measure,
    fleet.NAME: fleet.measure,
    many_orders.NAME: many_orders.measure,
    why.NAME: why.measure,
    memory.NAME: memory.measure,
    peers.NAME: peers.measure,
}
ELSEWHERE = {one.NAME: one.WHERE for one in (leaked_routes, announced_blackholes)}
"""Chapters that have a lab of their own."""


def main() -> int:
    """The command line; returns the exit code."""
    options = _parse()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {what}", file=sys.stderr, flush=True)

    if options.chapter:
        return _measure_here(options, say)
    run, failures = _measure(options, say)
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(_record(run), indent=1) + "\n", encoding="utf-8")
    whole = not (options.quick or options.only or failures)
    limits = read_limits()
    if options.into:
        pictures = _pictures(run, options.into)
        text = options.into.read_text(encoding="utf-8")
        options.into.write_text(updated(text, run, pictures, limits), encoding="utf-8")
        return 1 if failures else 0
    destination = options.page or (PAGE if whole else None)
    if destination is None:
        print(page(run, {}, limits))
    else:
        pictures = _pictures(run, destination)
        destination.write_text(page(run, pictures, limits), encoding="utf-8")
        say(f"written: {destination}")
    return 1 if failures else 0


def _measure_here(options: argparse.Namespace, say: Say) -> int:
    """One chapter, in the lab around this program, into a file."""
    (name,) = options.only
    try:
        chapter = MEASURES[name](QUICK if options.quick else FULL, say)
    except LabError as error:
        print(f"bench: {name}: {error}", file=sys.stderr)
        return 1
    options.chapter.write_text(json.dumps(chapter.record()), encoding="utf-8")
    return 0


def _measure(options: argparse.Namespace, say: Say) -> tuple[Run, list[str]]:
    """The run, and what could not be measured."""
    before = machine.load()
    names = options.only or [*MEASURES]
    whole = not (options.quick or options.only)
    folder = options.keep or (KEPT if whole else None)
    kept = None if folder is None else Kept(folder, SystemClock())
    there: dict[str, Chapter] = {}
    failures: list[str] = []
    if kept is not None and options.render:
        there = {name: one for name in names if (one := kept.find(name, options.quick))}
        failures += [f"{name}: not kept: leave out --render" for name in names if name not in there]
    elif kept is not None:
        there = begin(kept, names, options.quick, say)
    for name in () if options.render else names:
        if name in there:
            continue
        say(f"chapter {name}")
        try:
            there[name] = in_own_lab(name, ELSEWHERE.get(name, TOPOLOGY), options.quick)
        except LabError as error:
            failures.append(f"{name}: {error}")
        else:
            if kept is not None:
                kept.keep(there[name])
    load = (before, machine.load())
    chapters = [there[name] for name in names if name in there]
    return Run(SystemClock().now(), options.quick, machine.facts(), load, chapters), failures


def _pictures(run: Run, file: Path) -> dict[str, list[str]]:
    """Draws them beside a page; their names by the chapter's."""
    folder = file.with_suffix("")
    return {
        chapter.name: [f"{folder.name}/{name}" for name in draw(chapter, folder)]
        for chapter in run.chapters
    }


def _record(run: Run) -> dict[str, object]:
    return {
        "at": run.at.isoformat(),
        "quick": run.quick,
        "machine": dict(run.machine),
        "load": run.load,
        "chapters": [chapter.record() for chapter in run.chapters],
    }


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--only", action="append", choices=[*MEASURES], help="one of them (again)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page there")
    parser.add_argument("--into", type=Path, metavar="FILE", help="replace its chapters only")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep there what is measured")
    parser.add_argument("--render", action="store_true", help="measure nothing: what is kept")
    parser.add_argument("--chapter", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
