# SPDX-License-Identifier: GPL-2.0-or-later
"""Customers, sources of orders, and alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.desk_views import AlarmView, CustomerView, SourceView
from enforcer.cli.tables import orders
from enforcer.cli.tables.layout import Status, columns, facts, words
from enforcer.cli.words import absolute, both, relative
from enforcer.core.times import format_duration

_LEAVING = {"gone": "left the inventory's files and is kept: 'enforcer customer confirm-gone'"}


def customers(found: Sequence[CustomerView], now: datetime) -> RenderableType:
    """One row per customer."""
    table = columns("Customer", "Prefixes", "Attached at", "Tenants")
    for view in found:
        name = words(view.name, "bold")
        table.add_row(
            Group(name, words(view.leaving, "yellow")) if view.leaving else name,
            words(", ".join(view.prefixes)),
            words(", ".join(view.attachments) or "nowhere"),
            words(", ".join(view.tenants) or "-", "dim"),
        )
    return table


def customer(view: CustomerView, now: datetime) -> RenderableType:
    """Everything about one customer, and the orders about it."""
    table = facts()
    table.add_row("customer", words(view.name, "bold"))
    if view.leaving:
        table.add_row("leaving", words(_LEAVING.get(view.leaving, view.leaving), "yellow"))
    for name, values in (
        ("prefixes", view.prefixes),
        ("attached at", view.attachments),
        ("tenants", view.tenants),
        ("shares", view.shared),
        ("contacts", view.contacts),
    ):
        for position, value in enumerate(values):
            table.add_row("" if position else name, words(value))
    listed = orders.listing(view.orders, now) if view.orders else Text("no orders", style="dim")
    return Group(table, Text(), listed)


def sources(found: Sequence[SourceView], now: datetime) -> RenderableType:
    """One row per source; under the table who was stopped, and why."""
    table = columns(
        "Source", "Status", "Active", "Last minute", "Longest", "Widest",
        fixed=("Status", "Active", "Last minute"),
    )  # fmt: skip
    for view in found:
        table.add_row(
            words(view.name, "bold"),
            Status("stopped" if view.stopped else "ok"),
            _of(view.active, view.active_limit),
            _of(view.last_minute, view.per_minute),
            _longest(view),
            _widest(view),
        )
    stopped = [words(f"{v.name}: {_stop(v, now)}", "yellow") for v in found if v.stopped]
    return Group(table, *([Text(), *stopped] if stopped else []))


def source(view: SourceView, now: datetime) -> RenderableType:
    """One source."""
    table = facts()
    table.add_row("source", words(view.name, "bold"))
    table.add_row("status", Status("stopped" if view.stopped else "ok"))
    for name, value in _source_facts(view, now):
        table.add_row(name, words(value))
    return table


def _source_facts(view: SourceView, now: datetime) -> Iterator[tuple[str, str]]:
    if view.stopped:
        yield "stopped", _stop(view, now)
    yield "active orders", _of(view.active, view.active_limit)
    yield "last minute", _of(view.last_minute, view.per_minute)
    yield "longest order", _longest(view)
    yield "widest target", _widest(view)


def _stop(view: SourceView, now: datetime) -> str:
    when = both(view.stopped_since, now)
    return f"{when} by {view.stopped_by or '-'}: {view.stopped_why or '-'}"


def _of(count: int, limit: int | None) -> str:
    return f"{count:,}" if limit is None else f"{count:,} of {limit:,}"


def _longest(view: SourceView) -> str:
    return "-" if view.longest is None else format_duration(timedelta(seconds=view.longest))


def _widest(view: SourceView) -> str:
    lengths = (view.widest4, view.widest6)
    return (
        ", ".join(f"/{n} v{v}" for n, v in zip(lengths, "46", strict=True) if n is not None) or "-"
    )


def alarms(found: Sequence[AlarmView], now: datetime) -> RenderableType:
    """One row per alarm, newest first."""
    table = columns("#", "Raised", "About", "What", fixed=("Raised",), right=("#",))
    for view in found:
        raised = Group(relative(view.raised, now), Text(absolute(view.raised), style="dim"))
        said: list[RenderableType] = [words(view.said)]
        if view.cleared:
            said.append(words(f"over {relative(view.cleared, now)}", "dim"))
        about = Group(words(view.subject, "bold"), words(view.kind, "dim"))
        table.add_row(str(view.sequence), raised, about, Group(*said))
    return table
