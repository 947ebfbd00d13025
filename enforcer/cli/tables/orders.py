# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders, previews and histories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.views import (
    DevicePreview,
    DeviceStatus,
    EventView,
    OrderView,
    Preview,
)
from enforcer.cli.tables.layout import Status, Verbatim, brief, columns, facts, indented, words
from enforcer.cli.tables.routes import losses
from enforcer.cli.words import absolute, both, counted, plain, relative


def listing(orders: Sequence[OrderView], now: datetime) -> RenderableType:
    """Two lines per order: what it is, and under it why."""
    table = columns("ID", "Status", "Order", "Ends", fixed=("ID", "Status", "Ends"))
    for order in orders:
        grounds = " · ".join(filter(None, (order.reason, order.ticket)))
        table.add_row(
            order.id,
            Status(order.status),
            Group(words(_what(order)), words(grounds, "dim")),
            _end_cell(order, now),
        )
    return table


def order(view: OrderView, now: datetime) -> RenderableType:
    """Everything about one order, and its state on each device."""
    table = facts()
    table.add_row("order", Text(view.id, style="bold"))
    table.add_row("status", Status(view.status))
    for name, value in _order_facts(view, now):
        table.add_row(name, words(value))
    return Group(table, Text(), _device_statuses(view.devices, now))


def _order_facts(view: OrderView, now: datetime) -> Iterator[tuple[str, str]]:
    yield "what", _what(view)
    if view.entries is not None:
        yield "entries", f"{view.entries:,}"
    if listed := view.demand.get("prefixes"):
        yield "prefixes", f"{len(listed):,}, all of them with --output json"
    yield "reason", view.reason
    if view.ticket:
        yield "ticket", view.ticket
    if view.policy:
        yield "policy", "/".join(view.policy.values())
    yield "placed", f"{both(view.created, now)} by {view.issuer}, {view.source}"
    yield "starts" if view.start > now else "started", both(view.start, now)
    yield "ends", both(view.end, now, "open-ended")
    if view.lifted:
        yield "lifted", f"{both(view.lifted, now)}: {view.lift_reason or '-'}"
    for kind, names in view.scope.items():
        if names:
            yield f"only {kind}", ", ".join(names)
    for withheld in view.withheld:
        yield "withheld", withheld


def _device_statuses(devices: Sequence[DeviceStatus], now: datetime) -> RenderableType:
    if not devices:
        return Text("on no device", style="dim")
    table = columns("Device", "Status", "Verified", "Detail", fixed=("Status", "Verified"))
    for device in devices:
        verified = relative(device.verified_at, now) if device.verified_at else "never"
        table.add_row(
            words(device.device), Status(device.status), verified, words(device.detail, "dim")
        )
    return table


def preview(view: Preview, now: datetime) -> RenderableType:
    """What would happen: where, to whom, by which commands, and how back."""
    table = facts()
    table.add_row("target", words(view.target))
    table.add_row("from", both(view.start, now))
    table.add_row("until", both(view.end, now, "open-ended"))
    table.add_row("hits", words(", ".join(view.customers) or "no customer of ours"))
    for withheld in view.withheld:
        table.add_row("withheld", words(withheld, "yellow"))
    for collateral in view.collateral:
        table.add_row("also hits", words(collateral, "yellow"))
    for why in view.approval:
        table.add_row("would wait", words(f"for a second person: {why}", "yellow"))
    for warning in view.warnings:
        table.add_row("warning", words(warning, "yellow"))
    return Group(table, Text(), *losses(view.neighbors), *_device_previews(view))


def plan(view: Preview, now: datetime) -> RenderableType:
    """What the next pass over a device would do."""
    return Group(*_device_previews(view))


def _device_previews(view: Preview) -> Iterator[RenderableType]:
    for device in view.devices:
        yield from _device_preview(device)
        yield Text()
    yield Text("Nothing was changed.", style="dim")


def _device_preview(device: DevicePreview) -> Iterator[RenderableType]:
    age = "" if device.state_age is None else f", state read {device.state_age:.0f} s ago"
    title = Text(plain(device.device), style="bold")
    title.append(f"  +{device.adds:,} -{device.removes:,}{age}", style="dim")
    yield title
    if device.error:
        yield indented(device.error, "red")
    for finding in device.findings:
        yield indented(finding, "yellow")
    yield Verbatim((f"  {command}" for command in device.commands), "cyan")
    if not device.commands and not device.error:
        yield indented("nothing to do", "dim")
    if device.truncated:
        yield indented("… and more; these are the first", "dim")
    if device.undo:
        yield indented("undo:", "dim")
        yield Verbatim((f"  {command}" for command in device.undo), "dim")


def history(events: Sequence[EventView], now: datetime) -> RenderableType:
    """One row per recorded event, oldest first."""
    table = columns("#", "When", "Event", "By", fixed=("When",), right=("#",))
    for event in events:
        lines = [words(event.kind), *(words(f"{k}: {brief(v)}", "dim") for k, v in _detail(event))]
        when = Group(relative(event.at, now), Text(absolute(event.at), style="dim"))
        table.add_row(str(event.sequence), when, Group(*lines), words(event.actor))
    return table


def event(view: EventView, now: datetime) -> RenderableType:
    """One recorded event."""
    return history([view], now)


def _detail(event: EventView) -> Iterator[tuple[str, object]]:
    if event.device:
        yield "device", event.device
    yield from event.detail.items()


def _what(view: OrderView) -> str:
    entries = "" if view.entries is None else f", {counted(view.entries, 'entry', 'entries')}"
    return f"{view.kind.replace('_', '-')} {view.target}{entries}"


def _end_cell(view: OrderView, now: datetime) -> RenderableType:
    if view.lifted is not None:
        return f"lifted {relative(view.lifted, now)}"
    if view.end is None:
        return "open-ended"
    if view.start > now:
        return Group(f"starts {relative(view.start, now)}", Text(absolute(view.end), style="dim"))
    return Group(relative(view.end, now), Text(absolute(view.end), style="dim"))
