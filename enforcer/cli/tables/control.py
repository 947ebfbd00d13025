# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller, lists, the inventory's report and the doctor's checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.views import (
    AuditCheck,
    ControlView,
    DoctorCheck,
    InventoryReport,
    ListView,
)
from enforcer.cli.tables.layout import Status, columns, facts, indented, words
from enforcer.cli.words import absolute, both, counted, relative
from enforcer.errors import AuditBroken


def controller(view: ControlView, now: datetime) -> RenderableType:
    """The controller's state and who set it."""
    table = facts()
    table.add_row("controller", Status("running" if view.leader else "not running"))
    table.add_row("writes", Status("on" if view.state == "running" else view.state))
    if view.since and view.state != "running":
        table.add_row("since", both(view.since, now))
        table.add_row("by", words(view.by or "-"))
        table.add_row("reason", words(view.reason or "-"))
    table.add_row("identity", words(f"{view.controller}, epoch {view.epoch}"))
    table.add_row("changes", f"{view.head:,}")
    return table


def chain(view: AuditCheck, now: datetime) -> RenderableType:
    """Whether the audit chain holds, and what to do if it does not."""
    good = counted(view.entries, "entry", "entries")
    if view.ok:
        return Text(f"the audit chain holds: {good}", style="green")
    return Group(
        words(f"the audit chain is broken: {view.why}", "bold red"),
        words(f"{good} before it {'is' if view.entries == 1 else 'are'} good"),
        words(AuditBroken.REMEDY, "yellow"),
    )


def lists(found: Sequence[ListView], now: datetime) -> RenderableType:
    """The current version of each list."""
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
    return table


def imported(view: ListView, now: datetime) -> RenderableType:
    """What an import did, and which lines it could not use."""
    done = "imported" if view.changed else "unchanged"
    line = words(view.name, "bold")
    line.append(f"  {done}, version {view.version}: {counted(view.entries, 'entry', 'entries')}")
    if view.duplicates:
        line.append(f", {counted(view.duplicates, 'duplicate')}", style="dim")
    parts: list[RenderableType] = [line]
    if view.rejected:
        parts.append(indented(f"{counted(view.rejected, 'line')} rejected:", "yellow"))
        parts += [indented(rejected, "dim") for rejected in view.rejected_lines]
    return Group(*parts)


def inventory(view: InventoryReport, now: datetime) -> RenderableType:
    """What is in the inventory, or what is wrong with it."""
    parts: list[RenderableType] = [indented(problem) for problem in view.problems]
    summary = ", ".join(
        (
            counted(view.devices, "device"),
            counted(view.customers, "customer"),
            counted(view.service_sets, "service set"),
            counted(view.protected, "protected prefix", "protected prefixes"),
        )
    )
    if view.ok:
        return Group(*parts, Text(f"inventory is valid: {summary}", style="green"))
    title = f"inventory is not valid: {counted(len(view.problems), 'problem')}"
    return Group(Text(title, style="bold red"), *parts)


def checks(found: Sequence[DoctorCheck], now: datetime) -> RenderableType:
    """One row per check; advice under what failed."""
    table = columns("", "Check", "Found", fixed=("",))
    for check in found:
        detail: RenderableType = words(check.detail)
        if check.advice and not check.ok:
            detail = Group(detail, words(check.advice, "yellow"))
        table.add_row(Status("ok" if check.ok else "failed"), words(check.check, "bold"), detail)
    return table
