# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demo found: one row per order, and how rows are shown."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

GOOD, BAD = "[green]✓[/green]", "[red]✗[/red]"
WIDTH = 140  # characters, where the output is no terminal


@dataclass
class Check:
    """One thing beside the measured flows that must hold."""

    what: str
    ok: bool
    detail: str = ""


@dataclass
class Row:
    """One order and what packets said about it. Times are seconds.

    Attributes:
        before, after: what became of its packets before it stood and while it stood.
        effect: from the order's storing to the sending of the last packet let through.
        typed: the same from the start of the command.
        repair: from the foreign command's start to the last packet let through; None where
            nobody touched this order.
        leaked: packets let through meanwhile.
        spared: packets of unrelated and excepted flows that were lost meanwhile.
    """

    order: str
    kind: str
    target: str
    device: str
    before: str = ""
    after: str = ""
    effect: float | None = None
    typed: float | None = None
    repair: float | None = None
    leaked: int | None = None
    spared: int = 0
    measured: bool = False
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything about this row holds."""
        return self.measured and self.spared == 0 and all(check.ok for check in self.checks)

    def check(self, what: str, ok: bool, detail: str = "") -> None:
        """Note something that must hold."""
        self.checks.append(Check(what, ok, detail))


def seconds(value: float | None) -> str:
    """For people: milliseconds below one second."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def table(rows: Iterable[Row]) -> Table:
    """The rows for a terminal."""
    shown = Table(
        title="Orders, measured with packets",
        title_justify="left",
        caption=(
            "effect: from the storing of the order (its lifting, its end) to the sending of the"
            " last packet let through (the first one that passes again)\n"
            "repair: from the start of the nft command that broke it to the last packet let through"
        ),
        caption_justify="left",
    )
    for name in ("order", "kind", "target", "device", "before", "after"):
        shown.add_column(name, overflow="fold")
    for name in ("effect", "repair"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    for row in rows:
        shown.add_row(
            row.order,
            row.kind,
            row.target,
            row.device,
            row.before,
            row.after,
            seconds(row.effect),
            seconds(row.repair),
            GOOD if row.ok else BAD,
        )
    return shown


def show_checks(console: Console, rows: Iterable[Row]) -> None:
    """What was checked beside the flows: a line per order, and one per check that failed."""
    for row in rows:
        name = f"{row.order} {row.kind}"
        if row.spared:
            console.print(f"{BAD} {name}: {row.spared} packets of unrelated flows lost")
        for check in row.checks:
            if not check.ok:
                console.print(f"{BAD} {name}: not so: {check.what} ({check.detail})")
        held = [check.what for check in row.checks if check.ok]
        if held:
            console.print(f"{GOOD} {name}: {'; '.join(held)}", highlight=False)


def show_check(console: Console, check: Check) -> None:
    """One thing that must hold, and whether it does."""
    detail = f": {escape(check.detail)}" if check.detail else ""
    console.print(f"{GOOD if check.ok else BAD} {check.what}{detail}", highlight=False)


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """The rows as a JSON array; times in seconds."""
    found = [{**asdict(row), "ok": row.ok} for row in rows]
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
