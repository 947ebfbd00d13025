# SPDX-License-Identifier: GPL-2.0-or-later
"""FastNetMon: the JSON of its callback and of its notify script; Community and Advanced.

``{"action": "ban"|"unban"|"partial_block"|"alert", "ip": ..., "alert_scope": "host"|...,
"attack_details": {...}}``. An incoming attack has our address as the victim; an outgoing one has
it as the source, which UDP, ICMP and SYN do not prove.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enforcer.core.signals import Evidence, Part, Signal, Status
from enforcer.errors import InvalidInput
from enforcer.intake.documents import (
    member,
    network_of,
    read_object,
    severity_of,
    text_of,
    word_of,
)

_ACTIONS = ("ban", "unban", "partial_block", "alert")
_COUNTERS = {
    "udp": Evidence.UDP,
    "icmp": Evidence.ICMP,
    "syn_tcp": Evidence.SYN,
    "tcp": Evidence.SYN,
}
"""A count of TCP packets says nothing of handshakes."""


def read_fastnetmon(raw: bytes) -> list[Signal]:
    """The one event in `raw`. Raises InvalidInput."""
    document = read_object(raw)
    action = word_of(document.get("action"))
    if action not in _ACTIONS:
        raise InvalidInput(f"`action` is none of {', '.join(_ACTIONS)}")
    stated = text_of(document.get("ip"))
    scope = word_of(document.get("alert_scope")) or "host"
    target = network_of(stated)
    if target is None and scope == "host":
        raise InvalidInput("`ip` is not an address")
    warnings = [] if scope == "host" else [f"its scope is {scope}: it is about no single host"]
    details = document.get("attack_details")
    details = details if isinstance(details, Mapping) else {}
    direction = _direction(document, details)
    if not direction and action != "unban":
        warnings.append("it does not say in which direction the attack goes")
    return [
        Signal(
            "fastnetmon",
            "ddos_alert" if action == "alert" else "ddos",
            target if scope == "host" else None,
            evidence=_evidence(details, direction or "incoming"),
            part=Part.VICTIM if direction == "incoming" else Part.SOURCE,
            id=_identity(details, action),
            key=f"{scope} {stated}",
            severity=severity_of(details.get("attack_severity")),
            status=Status.RESOLVED if action == "unban" else Status.FIRING,
            reporter="fastnetmon",
            fields={**document, "direction": direction},
            warnings=tuple(warnings),
        )
    ]


def _direction(document: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    stated = word_of(details.get("attack_direction")) or word_of(document.get("direction"))
    if stated in ("incoming", "outgoing"):
        return stated
    incoming, outgoing = _pps(details, "total_incoming_pps"), _pps(details, "total_outgoing_pps")
    if incoming == outgoing:
        return ""
    return "incoming" if incoming > outgoing else "outgoing"


def _evidence(details: Mapping[str, Any], direction: str) -> Evidence:
    counted = {name: _pps(details, f"{direction}_{name}_pps") for name in _COUNTERS}
    most = max(counted, key=lambda name: counted[name])
    if counted[most] > 0:
        return _COUNTERS[most]
    kind = word_of(details.get("attack_type"))
    for name, evidence in (("syn", Evidence.SYN), ("udp", Evidence.UDP), ("icmp", Evidence.ICMP)):
        if name in kind.split("_"):
            return evidence
    return Evidence.UNKNOWN


def _identity(details: Mapping[str, Any], action: str) -> str:
    """What one delivered twice has in common; Community wrote zeros for the UUID of every one."""
    uuid = text_of(member(details, "attack_uuid"))
    return f"{uuid} {action}" if uuid.strip("0-") else ""


def _pps(details: Mapping[str, Any], name: str) -> float:
    value = details.get(name)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else 0.0
