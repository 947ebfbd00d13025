# SPDX-License-Identifier: GPL-2.0-or-later
"""The inventory: what its files say, what is in force, what a reload changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.desk_views import (
    DeviceChange,
    InventoryDiff,
    InventoryView,
    ProtectedView,
)
from enforcer.application.views import InventoryReport
from enforcer.cli.tables.layout import brief, columns, facts, indented, words
from enforcer.cli.words import both, counted

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_KEPT = ("=", "yellow")
_DIGEST_SHOWN = 12
_NAMES = ("name", "prefix", "device")


def report(view: InventoryReport, now: datetime) -> RenderableType:
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
        valid = Text(f"inventory is valid: {summary}", style="green")
        return Group(*parts, valid, *_whether_in_force(view))
    title = f"inventory is not valid: {counted(len(view.problems), 'problem')}"
    return Group(Text(title, style="bold red"), *parts)


def _whether_in_force(view: InventoryReport) -> Iterator[RenderableType]:
    if view.in_force:
        yield words("it is in force")
    elif view.in_force is False:
        yield words("it is not in force: 'enforcer inventory reload' puts it in force", "yellow")


def in_force(view: InventoryView, now: datetime) -> RenderableType:
    """The inventory in force, section by section."""
    table = facts()
    table.add_row("in force", both(view.since, now, "never put in force: the files count"))
    if view.sequence is not None:
        table.add_row("since change", f"{view.sequence:,}")
    table.add_row("from", words(view.origin or "-"))
    table.add_row("digest", words(view.digest[:_DIGEST_SHOWN]))
    sections: dict[str, Sequence[Mapping[str, Any]]] = {
        "devices": view.devices,
        "customers": view.customers,
        "service sets": view.service_sets,
        "protected": [one.model_dump() for one in view.protected],
        "pools": view.pools,
        "shared": view.shared,
        "feeds": view.feeds,
        "sources": view.sources,
    }
    parts: list[RenderableType] = [table]
    for title, things in sections.items():
        if things:
            parts += [Text(), Text(f"{title} ({len(things):,})", style="bold")]
            parts += [_thing(one) for one in things]
    return Group(*parts)


def _thing(thing: Mapping[str, Any]) -> RenderableType:
    """One thing in a line: its name, and what is said of it."""
    name = next((key for key in _NAMES if thing.get(key)), next(iter(thing), ""))
    said = (f"{key}: {brief(value)}" for key, value in thing.items() if key != name and value)
    return indented(" · ".join([brief(thing.get(name, "")), *said]))


def diff(view: InventoryDiff, now: datetime) -> RenderableType:
    """What a reload would change, or has changed: things, devices, what is to be decided."""
    if not view.ok:
        title = f"the files cannot be loaded: {counted(len(view.problems), 'problem')}"
        problems = (indented(problem) for problem in view.problems)
        kept = words("what is in force stays in force", "yellow")
        return Group(Text(title, style="bold red"), *problems, kept)
    parts: list[RenderableType] = []
    for change in view.changes:
        sign, style = _SIGNS.get(change.what, _KEPT)
        detail = f": {change.detail}" if change.detail else ""
        parts.append(words(f"{sign} {change.section} {change.name} {change.what}{detail}", style))
    for moved in view.devices:
        parts += _moved(moved, view.applied)
    return Group(*parts, diff_sum(view, now))


def _moved(device: DeviceChange, applied: bool) -> Iterator[RenderableType]:
    line = words(device.device, "bold")
    line.append(f"  +{device.adds:,} -{device.removes:,}", style="dim")
    yield line
    if device.braked:
        held = "is held" if applied else "would be held"
        yield indented(f"{held} by the brake, until 'enforcer device release'", "bold red")
    for order in device.unsupported:
        yield indented(f"could no longer hold {order}", "red")


def diff_sum(view: InventoryDiff, now: datetime) -> RenderableType:
    """What a person has to decide, and whether anything was changed."""
    parts: list[RenderableType] = [words(f"warning: {one}", "yellow") for one in view.warnings]
    braked = [device.device for device in view.devices if device.braked]
    if view.applied:
        change = "" if view.sequence is None else f", change {view.sequence:,}"
        parts.append(Text(f"in force{change}", style="green"))
        if braked:
            parts.append(words(f"held by the brake: {', '.join(braked)}", "bold red"))
    elif view.changes or view.devices:
        parts.append(Text("Nothing was changed.", style="dim"))
    else:
        parts.append(Text("the files say what is in force", style="green"))
    return Group(*parts)


def protected(found: Sequence[ProtectedView], now: datetime) -> RenderableType:
    """One row per prefix that no order may block."""
    table = columns("Prefix", "Why", "From")
    for view in found:
        table.add_row(words(view.prefix, "bold"), words(view.reason), words(view.origin, "dim"))
    return table
