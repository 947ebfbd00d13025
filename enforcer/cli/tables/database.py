# SPDX-License-Identifier: GPL-2.0-or-later
"""One database, and what became of a copy."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.database_views import DatabaseCopied, DatabaseStatus
from enforcer.cli.tables.layout import Status, facts, words
from enforcer.cli.words import counted


def status(view: DatabaseStatus, now: datetime) -> RenderableType:
    """What it is, how much it holds, who leads it."""
    table = facts()
    table.add_row("database", words(view.url))
    table.add_row("schema", words(view.revision))
    table.add_row("rows", f"{view.rows:,}")
    table.add_row("changes", f"{view.head:,}")
    table.add_row("controller", Status("running" if view.led else "not running"))
    if view.leader:
        table.add_row("leader", words(view.leader))
    table.add_row("writes", Status("on" if view.state == "running" else view.state))
    if view.reason and view.state != "running":
        table.add_row("reason", words(view.reason))
    return table


def copied(view: DatabaseCopied, now: datetime) -> RenderableType:
    """What was copied, and what to do now."""
    entries = counted(view.entries, "audit entry", "audit entries")
    return Group(
        Text(f"copied {counted(view.rows, 'row')}; {entries} verified there", style="green"),
        words(f"this database is frozen now: {view.frozen}"),
        words("next: write the new one into enforcer.toml, then start 'enforcer run':"),
        words(f'  database = "{view.to}"', "bold"),
    )
