# SPDX-License-Identifier: GPL-2.0-or-later
"""Named lists: what they hold, where from, how fresh, and how versions differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.record_views import ListDiff
from enforcer.application.views import ListView
from enforcer.cli.tables.layout import columns, facts, indented, words
from enforcer.cli.words import absolute, both, counted, relative


def listing(found: Sequence[ListView], now: datetime) -> RenderableType:
    """The current version of each list; under the table what is wrong with feeds."""
    table = columns(
        "List",
        "Version",
        "Entries",
        "Rejected",
        "Imported",
        "From",
        fixed=("Imported",),
        right=("Version", "Entries", "Rejected"),
    )
    for view in found:
        imported_at = Group(
            relative(view.imported_at, now), Text(absolute(view.imported_at), style="dim")
        )
        table.add_row(
            words(view.name, "bold"),
            str(view.version),
            f"{view.entries:,}",
            f"{view.rejected:,}",
            imported_at,
            words(view.source, "dim"),
        )
    wrong = [words(f"{v.name}: {said}", "yellow") for v in found for said in _wrong(v, now)]
    return Group(table, *([Text(), *wrong] if wrong else []))


def _wrong(view: ListView, now: datetime) -> Iterator[str]:
    if view.stale:
        yield f"stale: fetched {both(view.fetched_at, now, 'never')}"
    if view.problem:
        yield view.problem


def in_detail(found: Sequence[ListView], now: datetime) -> RenderableType:
    """Everything known of each list's current version."""
    parts: list[RenderableType] = []
    for view in found:
        table = facts()
        table.add_row("list", words(view.name, "bold"))
        for name, value in _facts(view, now):
            table.add_row(name, words(value))
        parts += [table, Text()]
    return Group(*parts)


def _facts(view: ListView, now: datetime) -> Iterator[tuple[str, str]]:
    yield "version", str(view.version)
    yield "entries", f"{view.entries:,}"
    yield "imported", f"{both(view.imported_at, now)} from {view.source}"
    if view.rejected:
        yield "rejected", f"{_rejected(view)}: 'enforcer list rejects {view.name}'"
    if view.withheld:
        yield "withheld", _withheld(view)
    if view.feed:
        yield "feed", view.feed
        yield "fetched", both(view.fetched_at, now, "never")
    if view.stale:
        yield "stale", "older than its feed should be"
    if view.problem:
        yield "problem", view.problem


def versions(found: Sequence[ListView], now: datetime) -> RenderableType:
    """One row per version, newest first."""
    table = columns(
        "Version",
        "Entries",
        "+Ranges",
        "-Ranges",
        "Rejected",
        "Imported",
        "From",
        fixed=("Imported",),
        right=("Version", "Entries", "+Ranges", "-Ranges", "Rejected"),
    )
    for view in found:
        counts = (view.version, view.entries, view.added, view.removed, view.rejected)
        when = Group(relative(view.imported_at, now), Text(absolute(view.imported_at), style="dim"))
        table.add_row(*(f"{n:,}" for n in counts), when, words(view.source, "dim"))
    return table


def imported(view: ListView, now: datetime) -> RenderableType:
    """What an import did, and which lines it could not use."""
    return _import(view, "imported" if view.changed else "unchanged")


def would_import(view: ListView, now: datetime) -> RenderableType:
    """What an import would do."""
    done = _import(view, "would be imported" if view.changed else "would not change")
    return Group(done, Text("Nothing was changed.", style="dim"))


def _import(view: ListView, done: str) -> RenderableType:
    line = words(view.name, "bold")
    line.append(f"  {done}, version {view.version}: {counted(view.entries, 'entry', 'entries')}")
    if view.added or view.removed:
        line.append(f" (ranges of addresses: +{view.added:,} -{view.removed:,})")
    if view.duplicates:
        line.append(f", {counted(view.duplicates, 'duplicate')}", style="dim")
    parts: list[RenderableType] = [line]
    if view.rejected:
        parts.append(indented(f"{_rejected(view)} rejected:", "yellow"))
        parts += [indented(rejected, "dim") for rejected in view.rejected_lines]
        if view.rejected > len(view.rejected_lines):
            parts.append(indented(f"all of them: 'enforcer list rejects {view.name}'", "dim"))
    if view.withheld:
        parts.append(indented(f"withheld: {_withheld(view)}", "yellow"))
    if view.problem:
        parts.append(indented(view.problem, "red"))
    return Group(*parts)


def _rejected(view: ListView) -> str:
    reasons = ", ".join(f"{count:,} {code}" for code, count in sorted(view.reasons.items()))
    return counted(view.rejected, "line") + (f" ({reasons})" if reasons else "")


def _withheld(view: ListView) -> str:
    return f"a part of {counted(view.withheld, 'entry', 'entries')} is protected, not enforced"


def diff(view: ListDiff, now: datetime) -> RenderableType:
    """What two versions do not share."""
    title = words(view.name, "bold")
    title.append(
        f"  version {view.old} to {view.new}, in ranges of addresses:"
        f" +{view.added_total:,} -{view.removed_total:,}"
    )
    added = [words(f"+ {one}", "green") for one in view.added]
    removed = [words(f"- {one}", "red") for one in view.removed]
    rest = view.added_total + view.removed_total - len(added) - len(removed)
    more = [Text(f"… and {rest:,} more: --limit shows them", style="dim")] if rest > 0 else []
    return Group(title, *added, *removed, *more)
