# SPDX-License-Identifier: GPL-2.0-or-later
"""What the order desk answers beside orders: inventory, customers, sources, alarms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from enforcer.application.views import OrderView, View


class PlaceResult(View):
    """One line of a bulk placing: the order, or why there is none."""

    line: int
    """Counted from 1, in the order given."""
    order: OrderView | None = None
    code: str | None = None
    """Of the refusal; ``invalid``, ``forbidden``, or ``awaiting-approval``."""
    message: str = ""
    proposal: str | None = None
    """What waits for a second person instead of an order."""


class Change(View):
    """One thing that differs between two inventories."""

    section: str
    """device, customer, attachment, prefix, service set, protected, pool, shared, feed, ..."""
    name: str
    what: str
    """added, removed, changed, kept (it left the files and stays in force)."""
    detail: str = ""


class DeviceChange(View):
    """What an inventory would move on one device, the orders being the same."""

    device: str
    adds: int
    removes: int
    braked: bool
    """Whether the brake would hold it until `enforcer device release`."""
    unsupported: list[str] = []
    """Orders that the device could not hold any more, with the reason."""


class InventoryDiff(View):
    """What a reload would change, or has changed."""

    ok: bool
    problems: list[str] = []
    """Why the files cannot be loaded; the inventory in force stays."""
    changes: list[Change] = []
    devices: list[DeviceChange] = []
    warnings: list[str] = []
    """What a person has to confirm or decide, one sentence each."""
    applied: bool = False
    sequence: int | None = None


class InventoryView(View):
    """The inventory in force."""

    sequence: int | None
    """The change at which it came into force; null: it was never loaded by a controller."""
    since: datetime | None
    origin: str
    digest: str
    devices: list[dict[str, Any]]
    customers: list[dict[str, Any]]
    service_sets: list[dict[str, Any]]
    protected: list[ProtectedView]
    pools: list[dict[str, Any]] = []
    shared: list[dict[str, Any]] = []
    feeds: list[dict[str, Any]] = []
    sources: list[dict[str, Any]] = []


class ProtectedView(View):
    """Space that no order may block, why, and where that comes from."""

    prefix: str
    reason: str
    origin: str


class CustomerView(View):
    """One customer: what it has, where it is connected, and the orders about it."""

    name: str
    prefixes: list[str]
    attachments: list[str]
    tenants: list[str]
    contacts: list[str]
    leaving: str
    shared: list[str]
    orders: list[OrderView]
    """In force or to come: those that name it, and those that touch its prefixes."""


class SourceView(View):
    """One source of orders: what it may do, what it does, whether it was stopped."""

    name: str
    longest: int | None
    """Seconds."""
    active_limit: int | None
    per_minute: int | None
    widest4: int | None
    widest6: int | None
    active: int
    last_minute: int
    stopped: bool
    stopped_by: str | None = None
    stopped_why: str | None = None
    stopped_since: datetime | None = None
    stopped_with_all: bool = False
    """It is stopped because all automated sources are."""


class SnippetView(View):
    """What makes a program that keeps configurations leave out what orders change."""

    tool: str
    """rancid, oxidized."""
    platforms: list[str]
    devices: list[str]
    file: str
    """Where that program looks for it."""
    text: str
    patterns: list[str]
    """The regular expressions in it, to be applied in this order; each match is taken out."""


class AlarmView(View):
    """One alarm: what a person must know of or decide."""

    sequence: int
    kind: str
    subject: str
    said: str
    raised: datetime
    cleared: datetime | None


InventoryView.model_rebuild()
