# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run did, as a part of a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.bench.figures import duration
from tests.bench.ratios import percentile
from tests.soak.minutes import Told
from tests.soak.service import People, Service

_BEGIN, _END = "<!-- result -->", "<!-- end of result -->"


@dataclass(frozen=True)
class Run:
    """One run; `violation`: what was not as it must be, "" nothing."""

    at: datetime
    seconds: float
    seed: int
    told: Told
    service: Service
    people: People
    violation: str


def page(run: Run) -> str:
    """The result in Markdown."""
    return "\n".join(_lines(run)) + "\n"


def updated(text: str, run: Run) -> str:
    """A page with this result in the place of the one before."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    return f"{head}{_BEGIN}\n\n{page(run)}\n{_END}{tail}"


def _lines(run: Run) -> Iterator[str]:
    told, people = run.told, run.people
    yield f"Run on {run.at:%Y-%m-%d}, {run.seconds / 60:.1f} minutes, seed {run.seed}."
    yield ""
    yield "| what | number |"
    yield "| --- | ---: |"
    for name, number in sorted(told.done.items()):
        yield f"| {name} | {number:,} |"
    yield f"| requests to the API | {people.asked:,} |"
    yield f"| of them asked again, because the service died or was busy | {people.again:,} |"
    for name, number in sorted(people.refused.items()):
        yield f"| refused: {name} | {number:,} |"
    yield f"| kills with SIGKILL | {run.service.kills:,} |"
    yield f"| settled passes that were checked | {told.settled:,} |"
    yield f"| packets looked up in the kernel's listing | {told.looked_up:,} |"
    yield f"| packets sent | {told.sent:,} |"
    yield f"| of them dropped | {told.dropped:,} |"
    yield f"| objects that a person had to release (changed back three times) | {told.released:,} |"
    if told.repairs:
        middle, most = percentile(told.repairs, 0.5), max(told.repairs)
        yield f"| stranger's edit to a kernel that is right, median | {duration(middle)} |"
        yield f"| the longest (a dead service is started again meanwhile) | {duration(most)} |"
    yield f"| **violations** | **{1 if run.violation else 0}** |"
    if run.violation:
        yield ""
        yield f"```\n{run.violation}\n```"
