# SPDX-License-Identifier: GPL-2.0-or-later
"""Paired measurements in the smallest lab; their page is docs/benchmarks.md.

    python -m tests.bench [--quick] [--only NAME ...] [--json FILE] [--page FILE]
                          [--into FILE]

Runs as root; the lab is brought up around it. Nothing is asserted about any time.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from enforcer.clock import SystemClock
from lab.errors import LabCommandFailed, LabError, NotInLab
from lab.inside import current
from tests.bench import (
    announced_blackholes,
    first_drop,
    fleet,
    full_pass,
    leaked_routes,
    machine,
    many_orders,
    members,
    pasting,
    peers,
    reimport,
    repair,
    service_load,
    single_element,
    starting,
    whole_list,
    why,
)
from tests.bench.chapters import Chapter
from tests.bench.ground import FULL, QUICK, Node, Say, Size
from tests.bench.pictures import draw
from tests.bench.report import Run, page, updated

ROOT = Path(__file__).resolve().parents[2]
TOPOLOGY = ROOT / "lab" / "two.clab.yml"
PAGE = ROOT / "docs" / "benchmarks.md"

MEASURES: dict[str, Callable[[Size, Say], Chapter]] = {
    module.NAME: module.measure
    for module in (
        single_element,
        first_drop,
        whole_list,
        reimport,
        full_pass,
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
    peers.NAME: peers.measure,
}
ELSEWHERE = {one.NAME: one.WHERE for one in (leaked_routes, announced_blackholes)}
"""Chapters that have a lab of their own."""


def main() -> int:
    """The command line; returns the exit code."""
    options = _parse()
    try:
        current()
    except NotInLab:
        _enter_lab()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {what}", file=sys.stderr, flush=True)

    if options.chapter:
        chapter = MEASURES[options.only[0]](QUICK if options.quick else FULL, say)
        options.chapter.write_bytes(pickle.dumps(chapter))
        return 0
    run, failures = _measure(options, say)
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(_record(run), indent=1) + "\n", encoding="utf-8")
    whole = not (options.quick or options.only or failures)
    if options.into:
        pictures = _pictures(run, options.into)
        text = options.into.read_text(encoding="utf-8")
        options.into.write_text(updated(text, run, pictures), encoding="utf-8")
        return 1 if failures else 0
    destination = options.page or (PAGE if whole else None)
    if destination is None:
        print(page(run, {}))
    else:
        _publish(run, destination)
        say(f"written: {destination}")
    return 1 if failures else 0


def _measure(options: argparse.Namespace, say: Say) -> tuple[Run, list[str]]:
    """The run, and what could not be measured."""
    size = QUICK if options.quick else FULL
    before = machine.load()
    chapters: list[Chapter] = []
    failures: list[str] = []
    for name in options.only or MEASURES:
        for node in current().nodes():
            Node(node).nft("flush ruleset\n")  # what an earlier failure may have left
        try:
            if name in ELSEWHERE:
                chapters.append(_in_own_lab(name, options.quick))
            else:
                chapters.append(MEASURES[name](size, say))
        except LabError as error:
            failures.append(f"{name}: {error}")
    load = (before, machine.load())
    run = Run(SystemClock().now(), options.quick, machine.facts(), load, chapters)
    return run, failures


def _in_own_lab(name: str, quick: bool) -> Chapter:
    """A chapter that is measured in another lab, inside this one. Raises LabCommandFailed."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bench-") as folder:
        file = Path(folder) / "chapter"
        words = ["--only", name, "--chapter", str(file), *(["--quick"] if quick else [])]
        inside = [sys.executable, "-m", "tests.bench", *words]
        lab = [sys.executable, "-m", "lab.clabns", str(ELSEWHERE[name]), "--", *inside]
        done = subprocess.run(lab, cwd=ROOT, check=False)
        if done.returncode != 0 or not file.exists():
            raise LabCommandFailed(f"its lab ended with {done.returncode}")
        chapter = pickle.loads(file.read_bytes())
        assert isinstance(chapter, Chapter)
        return chapter


def _publish(run: Run, file: Path) -> None:
    file.write_text(page(run, _pictures(run, file)), encoding="utf-8")


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


def _enter_lab() -> None:
    """This program again, as the command of a new lab; does not return."""
    inside = [sys.executable, "-m", "tests.bench", *_absolute(sys.argv[1:])]
    os.chdir(ROOT)
    lab = [sys.executable, "-m", "lab.clabns", str(TOPOLOGY), "--", *inside]
    os.execv(sys.executable, lab)


def _absolute(words: list[str]) -> list[str]:
    """The options with file names that mean the same from another directory."""
    named = ("--json", "--page", "--into")
    return [
        str(Path(word).absolute()) if before in named else word
        for before, word in zip(["", *words], words, strict=False)
    ]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, few rounds")
    parser.add_argument("--only", action="append", choices=[*MEASURES], help="one of them (again)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the page there")
    parser.add_argument("--into", type=Path, metavar="FILE", help="replace its chapters only")
    parser.add_argument("--chapter", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
