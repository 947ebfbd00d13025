# SPDX-License-Identifier: GPL-2.0-or-later
"""Views as tables for people: made to fit 80 columns. Imports rich: import this late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from enforcer.application import (
    account_views,
    approval_views,
    database_views,
    desk_views,
    notice_views,
    record_views,
    report_views,
    route_views,
    views,
)
from enforcer.cli.tables import (
    accounts,
    approvals,
    bulk,
    control,
    database,
    desk,
    devices,
    inventory,
    lists,
    notices,
    orders,
    record,
    reports,
    routes,
    why,
)

_One = Callable[[Any, datetime], RenderableType]

_ONE: dict[type[views.View], _One] = {
    account_views.NewToken: accounts.new_token,
    account_views.TokenView: accounts.token,
    account_views.UserView: accounts.user,
    approval_views.ProposalView: approvals.proposal,
    database_views.DatabaseCopied: database.copied,
    database_views.DatabaseStatus: database.status,
    desk_views.CustomerView: desk.customer,
    desk_views.InventoryDiff: inventory.diff,
    desk_views.InventoryView: inventory.in_force,
    desk_views.SourceView: desk.source,
    notice_views.NoticeView: notices.notice,
    record_views.AuditEntryView: record.entry,
    record_views.KeyView: record.key,
    record_views.ListDiff: lists.diff,
    record_views.Report: record.report,
    record_views.SignatureView: record.signature,
    report_views.PullView: reports.pulled,
    report_views.ReportView: reports.report,
    route_views.WhyRouteView: routes.why,
    views.AuditCheck: control.chain,
    views.ControlView: control.controller,
    views.DeviceView: devices.device,
    views.EventView: orders.event,
    views.InventoryReport: inventory.report,
    views.ListView: lists.imported,
    views.OrderView: orders.order,
    views.Preview: orders.preview,
    views.WhyView: why.why,
}

_MANY: dict[type[views.View], tuple[str, _One]] = {
    account_views.SessionView: ("nobody is logged in by it", accounts.sessions),
    account_views.TokenView: ("no tokens: 'enforcer token add' makes one", accounts.tokens),
    account_views.UserView: ("no accounts: 'enforcer user add' makes one", accounts.users),
    approval_views.ProposalView: ("nothing waits for a second person", approvals.listing),
    desk_views.AlarmView: ("no alarms", desk.alarms),
    desk_views.CustomerView: ("no customers: add some to the inventory", desk.customers),
    desk_views.PlaceResult: ("nothing was placed", bulk.results),
    desk_views.ProtectedView: ("nothing of it is protected", inventory.protected),
    desk_views.SourceView: ("no source has placed an order, or has a limit", desk.sources),
    notice_views.ChannelView: ("no channels: [[service.notify]] makes one", notices.channels),
    notice_views.NoticeView: ("no notices", notices.listing),
    record_views.SignatureView: ("nothing is signed: 'enforcer audit sign'", record.signatures),
    report_views.ReportView: ("no reports", reports.listing),
    report_views.TrialView: ("it held no report", reports.trials),
    views.DeviceView: ("no devices: add some to the inventory", devices.listing),
    views.DoctorCheck: ("nothing was checked", control.checks),
    views.DriftView: ("no devices: add some to the inventory", devices.drifts),
    views.EventView: ("nothing is recorded", orders.history),
    views.ListView: ("no lists: 'enforcer list import' stores one", lists.listing),
    views.OrderView: ("no orders", orders.listing),
    views.PassView: ("no devices: add some to the inventory", devices.passes),
}

_VARIANTS: dict[str, _One] = {
    "plan": orders.plan,
    "dry run": lists.would_import,
    "sum": inventory.diff_sum,
    "versions": lists.versions,
    "one by one": lists.in_detail,
}


def one(view: views.View, now: datetime, variant: str = "") -> RenderableType:
    """The table of one view; `variant`: another one than its type's own."""
    return (_VARIANTS[variant] if variant else _ONE[type(view)])(view, now)


def many(
    listed: Sequence[views.View], model: type[views.View], now: datetime, variant: str = ""
) -> RenderableType:
    """The table of several views of one model, or a sentence when there are none."""
    nothing, render = _MANY[model]
    if variant:
        render = _VARIANTS[variant]
    return render(listed, now) if listed else Text(nothing, style="dim")
