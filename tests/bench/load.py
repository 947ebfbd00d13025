# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients of the service by wrk, a load generator: what they asked, and what they were told."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from lab.errors import NoVerdict

CREATED = 201
_SCRIPT = Path(__file__).with_name("service_load.lua")
_EACH = 100_000
_PATIENCE = 60.0
"""Seconds that a client waits for one answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`what`: place, list or show. `began`, `seconds`: of the monotonic clock."""

    what: str
    status: int
    began: float
    seconds: float
    order: str
    address: str

    @property
    def right(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == (CREATED if self.what == "place" else 200)


@dataclass(slots=True)
class Heard:
    """What some clients were told, in the order of time."""

    answers: Sequence[Answer] = field(default_factory=list)

    @property
    def placed(self) -> dict[str, str]:
        """The address of each order that was taken."""
        return {one.order: one.address for one in self.answers if one.what == "place" and one.right}

    @property
    def wrong(self) -> int:
        """How many answers were not what was asked for."""
        return sum(not one.right for one in self.answers)

    def seconds(self, what: str, since: float = 0.0, until: float = float("inf")) -> list[float]:
        """How long the right answers took that were asked for in that time, from the first on."""
        first = self.answers[0].began
        return [
            one.seconds
            for one in self.answers
            if one.what == what and one.right and since <= one.began - first < until
        ]


def load(url: str, secret: str, clients: int, seconds: float, first: IPv4Address) -> Heard:
    """Let so many clients ask without a pause, each over a connection of its own.

    `first`: the addresses that are placed follow it. Raises NoVerdict.
    """
    program = shutil.which("wrk")
    if program is None:
        raise NoVerdict("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="enforcer-wrk-") as folder:
        words = [program, f"-t{clients}", f"-c{clients}", f"-d{seconds:g}s"]
        words += ["--timeout", f"{_PATIENCE:g}s", "-s", str(_SCRIPT), url, "--"]
        words += [folder, secret, str(int(first)), str(_EACH)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NoVerdict(f"wrk: {done.stderr or done.stdout}")
        files = sorted(Path(folder).iterdir())
        answers = sorted((one for file in files for one in _read(file)), key=lambda one: one.began)
    if not answers:
        raise NoVerdict(f"nobody was answered: {done.stdout}")
    return Heard(answers)


def _read(file: Path) -> Iterator[Answer]:
    for line in file.read_text().splitlines():
        words = line.split()
        # The end may come in the middle of a line.
        if len(words) == len(Answer.__slots__) and line.endswith(words[-1]):
            what, status, began, seconds, order, address = words
            yield Answer(what, int(status), float(began), float(seconds), order, address)
