# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices: what they hold and should hold, what differs, what was done."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from enforcer.api.turns import SlowTurn
from enforcer.application.views import DeviceView, DriftView
from enforcer.core.device_status import table
from enforcer.errors import DeviceError
from enforcer.web.desk import Desk
from enforcer.web.device_history import happenings
from enforcer.web.senders import Reading

router = APIRouter(include_in_schema=False)
_HISTORY = 15
FINE = frozenset({"ok"})
"""States that need nobody."""
_ORDER = tuple(word for word, _ in table())
SENTENCES = {
    "ok": "It holds exactly what it should, as it was read back.",
    "not-adopted": "It carries no mark of this installation, or a foreign one: it is only read.",
    "failing": "It could not be read or written: what it holds now is not known.",
    "braked": "A change was too large at once and waits for somebody to release it.",
    "held": "A marker on the device forbids writing to it.",
    "contested": "Somebody changes objects back again and again: those are left alone.",
    "drifted": "It differs from what it should hold.",
    "paused": "Nothing is added to it; what ends is still removed.",
    "leaving": "It is leaving the inventory: it is kept until it is verified empty.",
    "observe": "It is read and compared, and never written to.",
    "unknown": "It was never read yet.",
    "unverified": "Its last proof is too old to be relied on.",
}
"""What each state means, for people."""


@router.get("/devices")
def devices(request: Request, caller: Reading, q: str = "", view: str = "all") -> Response:
    """All devices, those that need somebody first."""
    desk = Desk(request, caller)
    every = list(desk.application.devices(desk.actor))
    shown = [one for one in every if _fits(one, q) and (view != "watch" or one.status not in FINE)]
    context: dict[str, Any] = {
        "devices": sorted(shown, key=urgency),
        "total": len(every),
        "text": q.strip(),
        "view": "watch" if view == "watch" else "all",
        "states": sorted(Counter(one.status for one in every).items(), key=_by_state),
        "sentences": SENTENCES,
    }
    if "fragment" in request.query_params:
        return desk.fragment("devices_rows.html", **context)
    return desk.page("devices.html", **context)


@router.get("/devices/{name}")
def device(request: Request, name: str, caller: Reading) -> Response:
    """One device, or its live part."""
    desk = Desk(request, caller)
    view = desk.application.device(desk.actor, name)
    context: dict[str, Any] = {
        "device": view,
        "sentence": SENTENCES.get(view.status, ""),
        "happenings": happenings(desk, name, _HISTORY),
    }
    if "fragment" in request.query_params:
        return desk.fragment("device_live.html", **context)
    return desk.page("device.html", **context)


@router.get("/devices/{name}/drift")
def device_drift(request: Request, name: str, caller: Reading, turn: SlowTurn) -> Response:
    """What it should hold, what it holds, and what differs, read now."""
    desk = Desk(request, caller)
    found: DriftView | None = None
    problem = ""
    try:
        found = desk.application.device_drift(desk.actor, name)
    except DeviceError as error:
        problem = str(error)
    context: dict[str, Any] = {"name": name, "drift": found, "problem": problem}
    if "fragment" in request.query_params:
        return desk.fragment("device_drift.html", **context)
    return desk.page("device_drift_page.html", **context)


@router.get("/devices/{name}/plan")
def device_plan(request: Request, name: str, caller: Reading, turn: SlowTurn) -> Response:
    """What the next pass would tell it, in its own words, and the way back."""
    desk = Desk(request, caller)
    try:
        found, problem = desk.application.device_plan(desk.actor, name), ""
    except DeviceError as error:
        found, problem = None, str(error)
    return desk.page("device_plan.html", name=name, preview=found, problem=problem)


def urgency(device: DeviceView) -> tuple[int, str]:
    """Devices that need somebody come first."""
    place = _ORDER.index(device.status) if device.status in _ORDER else 0
    return place, device.name


def _by_state(counted: tuple[str, int]) -> int:
    return _ORDER.index(counted[0]) if counted[0] in _ORDER else 0


def _fits(device: DeviceView, text: str) -> bool:
    words = (device.name, device.platform, device.site, device.mode, device.status, *device.roles)
    return all(part in " ".join(words).lower() for part in text.lower().split())
