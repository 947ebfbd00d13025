# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices, their drift, and passes over them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.views import DeviceView, DriftView, PassView
from enforcer.cli.tables.layout import Status, columns, facts, indented, words
from enforcer.cli.words import both, counted, relative

_LEAVING = {
    "gone": "left the inventory's files and is kept: 'enforcer device retire'",
    "draining": "is being drained; it is forgotten when it is verified empty",
}


def listing(devices: Sequence[DeviceView], now: datetime) -> RenderableType:
    """One row per device; under the table what is wrong."""
    table = columns(
        "Device",
        "Status",
        "Mode",
        "Platform",
        "Orders",
        "Verified",
        fixed=("Status", "Verified"),
        right=("Orders",),
    )
    for view in devices:
        verified = relative(view.verified_at, now) if view.verified_at else "never"
        table.add_row(
            words(view.name, "bold"),
            Status(view.status),
            view.mode,
            view.platform,
            "-" if view.orders is None else f"{view.orders:,}",
            verified,
        )
    said = [words(f"{v.name}: {said}", style) for v in devices for said, style in _wrong(v)]
    return Group(table, *([Text(), *said] if said else []))


def _wrong(view: DeviceView) -> Iterator[tuple[str, str]]:
    """What a person must know of a device, each with its colour."""
    if view.error:
        yield view.error, "red"
    if view.held:
        yield view.held, "bold red"
    if view.contested:
        yield f"contested: {', '.join(view.contested)}", "red"
    if view.paused:
        yield f"paused {view.paused}", "yellow"
    if view.waiting:
        yield view.waiting, "yellow"
    if view.leaving:
        yield _LEAVING.get(view.leaving, view.leaving), "yellow"


def device(view: DeviceView, now: datetime) -> RenderableType:
    """Everything known of one device."""
    table = facts()
    table.add_row("device", words(view.name, "bold"))
    table.add_row("status", Status(view.status))
    for name, value in _device_facts(view, now):
        table.add_row(name, words(value))
    return table


def _device_facts(view: DeviceView, now: datetime) -> Iterator[tuple[str, str]]:
    yield "mode", view.mode
    yield "platform", view.platform
    yield "site", view.site or "-"
    yield "roles", ", ".join(view.roles) or "-"
    yield "verified", both(view.verified_at, now, "never")
    if view.orders is not None:
        yield "orders", f"{view.orders:,}"
    if view.members is not None:
        yield "desired", counted(view.members, "entry", "entries")
    yield "can", ", ".join(view.traits) or "-"
    if view.owner is not None:
        yield "owner", view.owner
    yield from _in_the_way(view)
    if view.failing_since:
        yield "failing", both(view.failing_since, now)
    if view.error:
        yield "error", view.error


def _in_the_way(view: DeviceView) -> Iterator[tuple[str, str]]:
    """What keeps something from being written there."""
    if view.leaving:
        yield "leaving", _LEAVING.get(view.leaving, view.leaving)
    if view.paused:
        yield "paused", view.paused
    if view.held:
        yield "held", view.held
    for contested in view.contested:
        yield "contested", contested
    if view.waiting:
        yield "waiting", view.waiting


def drifts(found: Sequence[DriftView], now: datetime) -> RenderableType:
    """One row per device; what differs under it."""
    parts: list[RenderableType] = []
    for view in found:
        line = Text()
        line.append_text(words(view.device, "bold"))
        line.append(f"  {_difference(view)}", style="yellow" if view.drifted else "green")
        line.append(f"  {counted(view.verified, 'rule')} verified", style="dim")
        parts.append(line)
        parts += [indented(finding, "yellow") for finding in view.findings]
        parts += [indented(example, "dim") for example in view.examples]
        if view.owner:
            parts.append(indented(f"owner: {view.owner}", "dim"))
    return Group(*parts)


def _difference(view: DriftView) -> str:
    if not view.drifted:
        return "no drift"
    counts = {"missing": view.missing, "extra": view.extra, "altered": view.altered}
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    if view.findings:
        parts.append(counted(len(view.findings), "finding"))
    return ", ".join(parts)


def passes(made: Sequence[PassView], now: datetime) -> RenderableType:
    """One row per pass; its sentence tells the story."""
    table = columns(
        "Device", "Outcome", "+", "-", "Took", "What", fixed=("Outcome",), right=("+", "-", "Took")
    )
    for view in made:
        table.add_row(
            words(view.device, "bold"),
            Status(view.outcome),
            f"{view.added:,}",
            f"{view.removed:,}",
            f"{view.seconds:.2f} s",
            words(view.sentence, "dim"),
        )
    return table
