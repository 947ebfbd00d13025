# SPDX-License-Identifier: GPL-2.0-or-later
"""One chapter after the other, each in a program and a lab of its own.

What one leaves behind, or the way in which it dies, is none of the next one's business. What was
measured is kept in a folder, so that a run that was interrupted goes on where it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from enforcer.clock import Clock, SystemClock
from lab.errors import LabCommandFailed, NoVerdict
from tests.bench import machine
from tests.bench.chapters import Chapter, Circumstances
from tests.bench.ground import Say

ROOT = Path(__file__).resolve().parents[2]
TOO_OLD = timedelta(days=1)
"""What was kept so long ago is measured again."""
_PATIENCE = 20 * 60.0
"""Seconds after which a chapter is ended."""
_ENDING = 30.0


def in_own_lab(name: str, topology: Path, quick: bool) -> Chapter:
    """Measure a chapter in a new lab. Raises LabCommandFailed, NoVerdict."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bench-") as folder:
        file = Path(folder) / "chapter.json"
        words = ["--only", name, "--chapter", str(file), *(["--quick"] if quick else [])]
        inside = [sys.executable, "-m", "tests.bench", *words]
        before, began, at = machine.load(), time.monotonic(), SystemClock().now()
        code = _run([sys.executable, "-m", "lab.clabns", str(topology), "--", *inside])
        # It is written last: that a lab could not be taken down in good order changes nothing.
        if not file.exists():
            raise LabCommandFailed(f"it ended with {code}; what it said is above")
        chapter = Chapter.of(json.loads(file.read_text(encoding="utf-8")))
    load = (before, machine.load())
    chapter.circumstances = Circumstances(at, time.monotonic() - began, quick, load)
    return chapter


def _run(command: Sequence[str]) -> int:
    with subprocess.Popen(command, cwd=ROOT) as lab:
        try:
            return lab.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            lab.terminate()
            try:
                lab.wait(_ENDING)
            except subprocess.TimeoutExpired:
                lab.kill()
            raise NoVerdict(f"not done after {_PATIENCE / 60:g} minutes") from None


@dataclass(frozen=True, slots=True)
class Kept:
    """Chapters in a folder, a file each."""

    folder: Path
    clock: Clock

    def keep(self, chapter: Chapter) -> None:
        """In place of what was kept of it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(chapter.record(), indent=1) + "\n"
        self._file(chapter.name).write_text(text, encoding="utf-8")

    def find(self, name: str, quick: bool) -> Chapter | None:
        """A chapter that was measured not long ago, at the same size."""
        try:
            found = Chapter.of(json.loads(self._file(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        known = found.circumstances
        if known is None or known.quick != quick or self.clock.now() - known.at > TOO_OLD:
            return None
        return found

    def forget(self, names: Sequence[str]) -> None:
        """All of these."""
        for name in names:
            self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def begin(kept: Kept, names: Sequence[str], quick: bool, say: Say) -> dict[str, Chapter]:
    """The chapters that an interrupted run kept; none of a run that was complete."""
    found = {name: one for name in names if (one := kept.find(name, quick)) is not None}
    if len(found) == len(names):
        kept.forget(names)
        return {}
    for name, chapter in found.items():
        assert chapter.circumstances is not None
        say(f"kept from {chapter.circumstances.at:%Y-%m-%d %H:%M} UTC: {name}")
    return found
