# SPDX-License-Identifier: GPL-2.0-or-later
"""What came from outside, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.report_views import PullView, ReportView, TrialView
from enforcer.cli.tables.layout import Status, brief, columns, facts, indented, words
from enforcer.cli.words import both, relative


def listing(found: Sequence[ReportView], now: datetime) -> RenderableType:
    """One row per report, newest first."""
    table = columns("Report", "State", "Came", "What", fixed=("Report", "State"))
    for view in found:
        times = f" x{view.count}" if view.count > 1 else ""
        came = Group(
            words(view.source, "bold" if view.trusted else ""),
            Text(relative(view.last, now), style="dim"),
        )
        what = Group(
            words(f"{view.type or view.format} {view.target or ''}{times}"),
            words(view.said, "dim"),
        )
        table.add_row(str(view.id), Status(view.state), came, what)
    return table


def report(view: ReportView, now: datetime) -> RenderableType:
    """Everything about one, and what came."""
    table = facts()
    table.add_row("report", words(str(view.id), "bold"))
    table.add_row("state", Status(view.state))
    vouched = "authenticated" if view.trusted else "nobody vouches for it"
    for name, value in (
        ("because", view.said),
        ("target", view.target or ""),
        ("customer", view.customer or ""),
        ("type", view.type),
        ("format", view.format),
        ("from", f"{view.source}, {vouched}"),
        ("rule", view.rule or ""),
        ("order", view.order or ""),
        ("first", both(view.at, now)),
        ("last", both(view.last, now)),
        ("count", str(view.count)),
    ):
        if value:
            table.add_row(name, words(value))
    for name, field in view.fields.items():
        table.add_row(words(name.replace("_", " ")), words(brief(field)))
    for position, warning in enumerate(view.warnings):
        table.add_row("" if position else "warnings", words(warning, "yellow"))
    if not view.raw:
        return table
    return Group(table, Text("what came:", style="bold"), indented(view.raw))


def pulled(view: PullView, now: datetime) -> RenderableType:
    """What came of asking another system."""
    table = facts()
    table.add_row("asked", words(view.url))
    table.add_row("taken", f"{view.taken:,}")
    if view.held:
        said = f"{view.held:,} that are said to be over: add --confirm-shrink if that is right"
        table.add_row("held", words(said, "yellow"))
    return table


def trials(found: Sequence[TrialView], now: datetime) -> RenderableType:
    """One row per signal: what it would become."""
    table = columns("Would", "Type", "Target", "Why", fixed=("Would",))
    for view in found:
        why = Group(
            words(view.said),
            words(f"{view.evidence}, {view.part}", "dim"),
            *(words(one, "yellow") for one in view.warnings),
        )
        table.add_row(Status(view.course), words(view.type), words(view.target or "-"), why)
    return table
