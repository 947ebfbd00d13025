# SPDX-License-Identifier: GPL-2.0-or-later
"""Views as tables for people: made to fit 80 columns. Imports rich: import this late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from enforcer.application import views
from enforcer.cli.tables import control, devices, orders

_ONE: dict[type[views.View], Callable[[Any, datetime], RenderableType]] = {
    views.AuditCheck: control.chain,
    views.ControlView: control.controller,
    views.DeviceView: devices.device,
    views.InventoryReport: control.inventory,
    views.ListView: control.imported,
    views.OrderView: orders.order,
    views.Preview: orders.preview,
    views.WhyView: orders.why,
}

_MANY: dict[type[views.View], tuple[str, Callable[[Any, datetime], RenderableType]]] = {
    views.DeviceView: ("no devices: add some to the inventory", devices.listing),
    views.DoctorCheck: ("nothing was checked", control.checks),
    views.DriftView: ("no devices: add some to the inventory", devices.drifts),
    views.EventView: ("nothing is recorded", orders.history),
    views.ListView: ("no lists: 'enforcer list import' stores one", control.lists),
    views.OrderView: ("no orders", orders.listing),
    views.PassView: ("no devices: add some to the inventory", devices.passes),
}


_VARIANTS: dict[str, Callable[[Any, datetime], RenderableType]] = {"plan": orders.plan}


def one(view: views.View, now: datetime, variant: str = "") -> RenderableType:
    """The table of one view; `variant`: another one than its type's own."""
    return (_VARIANTS[variant] if variant else _ONE[type(view)])(view, now)


def many(listed: Sequence[views.View], model: type[views.View], now: datetime) -> RenderableType:
    """The table of several views of one model, or a sentence when there are none."""
    nothing, render = _MANY[model]
    return render(listed, now) if listed else Text(nothing, style="dim")
