# SPDX-License-Identifier: GPL-2.0-or-later
"""Why an address is blocked, now or then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from enforcer.application.views import WhyOrder, WhyView
from enforcer.cli.tables.layout import Status, columns, facts, words
from enforcer.cli.words import absolute, both, counted, relative

_CERTAINTY = {
    "assumed": "assumed: it follows from the orders, not everything is proved",
    "unknown": "unknown: nothing was recorded about it then",
}

_SHOWN = 3


def why(view: WhyView, now: datetime) -> RenderableType:
    """Whether an address is blocked, and by which orders."""
    table = facts()
    table.add_row("address", words(view.address, "bold"))
    past = abs((now - view.at).total_seconds()) >= 1
    if past:
        table.add_row("at", both(view.at, now))
    for name, values in (
        ("customer", [view.customer] if view.customer else []),
        ("tenants", view.tenants),
        ("shared", view.shared),
    ):
        for value in values:
            table.add_row(name, words(value))
    table.add_row("blocked from it", Status(view.blocked_from))
    table.add_row("blocked to it", Status(view.blocked_to))
    if view.certainty != "verified":
        table.add_row("certainty", words(_certainty(view), "yellow"))
    for protected in view.protected:
        table.add_row("protected", words(protected))
    if not view.orders:
        return Group(table, Text(), Text("no order touches it", style="dim"))
    return Group(table, Text(), _orders(view.orders, now, past))


def _certainty(view: WhyView) -> str:
    if not view.missing:
        return _CERTAINTY.get(view.certainty, view.certainty)
    more = len(view.missing) - _SHOWN
    said = "; ".join(view.missing[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return f"{view.certainty}: {said}"


def _orders(orders: Sequence[WhyOrder], now: datetime, past: bool) -> Table:
    table = columns("ID", "Status", "Blocks", "Ends", fixed=("ID", "Status", "Ends"))
    for found in orders:
        blocks = Group(
            words(f"{found.direction}, {found.what} ({found.relation})"),
            *(words(line, "dim") for line in _said(found, now, past)),
        )
        ends: RenderableType = "open-ended"
        if found.until is not None:
            ends = Group(relative(found.until, now), Text(absolute(found.until), style="dim"))
        table.add_row(found.id, Status(found.status), blocks, ends)
    return table


def _said(found: WhyOrder, now: datetime, past: bool) -> Iterator[str]:
    grounds = " · ".join(filter(None, (found.reason, found.ticket)))
    yield f"{grounds} · by {found.issuer}, {relative(found.since, now)}"
    if not found.devices:
        yield "on no device"
    for device in found.devices:
        if device.verified_at is None and past:
            yield f"on {device.device}, not proved around that time"
        else:
            verified = relative(device.verified_at, now) if device.verified_at else "never"
            yield f"on {device.device}, verified {verified}"
    if found.dropped is not None:
        shared = found.dropped_shared_by
        by = f", shared by {counted(shared, 'order')}" if shared else ""
        yield f"at least {counted(found.dropped, 'packet')} dropped{by}"
