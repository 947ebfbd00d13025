# SPDX-License-Identifier: GPL-2.0-or-later
"""fail2ban: what its action ``enforcer`` posts when a jail bans or unbans an address.

A jail reads a log; what its lines rest on is the service that wrote them, and only who set the
jail up knows it. A jail whose lines are of finished connections says so (``evidence``); any other
blocks nobody, because the address may be forged. ``protocol=tcp`` does not say it: a firewall logs
SYNs too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from enforcer.core.signals import Evidence, Signal, Status
from enforcer.errors import InvalidInput
from enforcer.intake.documents import (
    evidence_of,
    instant_of,
    network_of,
    port_of,
    protocol_of,
    read_object,
    severity_of,
    text_of,
    transport_evidence,
    word_of,
)
from enforcer.intake.proof import one_sided

_ACTIONS = ("ban", "unban")
_TCP = 6
_LONGEST = timedelta(days=3650)


def read_fail2ban(raw: bytes) -> list[Signal]:
    """The one ban or unban in `raw`. Raises InvalidInput."""
    document = read_object(raw)
    action = word_of(document.get("action"))
    if action not in _ACTIONS:
        raise InvalidInput("`action` is neither ban nor unban")
    stated = text_of(document.get("ip"))
    target = network_of(stated)
    if target is None:
        raise InvalidInput("`ip` is not an address")
    jail = word_of(document.get("jail"))
    if not jail:
        raise InvalidInput("`jail` is missing")
    protocol = protocol_of(document.get("protocol"))
    return [
        Signal(
            "fail2ban",
            jail,
            target,
            instant_of(_number(document.get("time"))),
            _evidence(document, jail, protocol),
            # No identity: fail2ban bans again with the same time after its restart.
            key=f"{jail} {stated}",
            severity=severity_of(document.get("severity")),
            port=port_of(document.get("port")),
            protocol=protocol,
            status=Status.RESOLVED if action == "unban" else Status.FIRING,
            reporter=text_of(document.get("host")) or "fail2ban",
            duration=_lasting(document.get("bantime")),
            fields=document,
        )
    ]


def _evidence(document: Mapping[str, Any], jail: str, protocol: int | None) -> Evidence:
    if protocol is not None and protocol != _TCP:
        return transport_evidence(protocol)
    stated = evidence_of(document.get("evidence"))
    if stated is Evidence.ESTABLISHED and one_sided(jail):
        return Evidence.UNKNOWN
    return stated


def _lasting(value: object) -> timedelta | None:
    """The ban's time; a permanent one (negative) asks for as long as may be."""
    seconds = _number(value)
    if seconds is None or seconds == 0:
        return None
    if seconds < 0 or seconds > _LONGEST.total_seconds():
        return _LONGEST
    return timedelta(seconds=seconds)


def _number(value: object) -> float | None:
    try:
        return float(text_of(value))
    except ValueError:
        return None
