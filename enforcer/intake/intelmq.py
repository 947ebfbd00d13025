# SPDX-License-Identifier: GPL-2.0-or-later
"""IntelMQ: single events, as its output bot ``restapi`` posts them, flat or hierarchical.

Names are those of IntelMQ's data format (``source.ip``, ``classification.type`` ...). Most feeds
say nothing of the transport, or of a handshake; such events block nobody. A bot may state what a
feed rests on in ``extra.enforcer.evidence``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from enforcer.core.signals import Evidence, Signal
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
from enforcer.intake.proof import FETCHED, TALKED, one_sided

_TCP = 6
_ABOUT = ("classification.type", "classification.identifier", "classification.taxonomy")
_LEFT_OUT = frozenset(["raw", "output"])
_EVERY_TIME = ("time.observation",)
"""What differs when the same event is sent again."""


def read_intelmq(raw: bytes) -> list[Signal]:
    """The one event in `raw`. Raises InvalidInput."""
    event = dict(_flat(read_object(raw), ""))
    stated = text_of(event.get("source.ip")) or text_of(event.get("source.network"))
    kind = word_of(event.get("classification.type"))
    if not stated:
        raise InvalidInput("the event has neither `source.ip` nor `source.network`")
    if not kind:
        raise InvalidInput("the event has no `classification.type`")
    target = network_of(stated)
    feed = text_of(event.get("feed.name"))
    identifier = text_of(event.get("classification.identifier"))
    protocol = protocol_of(event.get("protocol.transport"))
    same = {name: value for name, value in event.items() if name not in _EVERY_TIME}
    return [
        Signal(
            "intelmq",
            kind,
            target,
            instant_of(event.get("time.source")),
            _evidence(event, kind, protocol),
            peer=network_of(event.get("destination.ip")),
            id=hashlib.sha256(json.dumps(same, sort_keys=True, default=str).encode()).hexdigest(),
            key=f"{stated} {kind} {identifier} {feed}",
            severity=severity_of(event.get("extra.severity")),
            port=port_of(event.get("destination.port")) or port_of(event.get("source.port")),
            protocol=protocol,
            reporter=feed or text_of(event.get("feed.provider")),
            fields={n: v for n, v in event.items() if n not in _LEFT_OUT},
            warnings=() if target is not None else ("its source is not an address",),
        )
    ]


def _evidence(event: Mapping[str, Any], kind: str, protocol: int | None) -> Evidence:
    if protocol is not None and protocol != _TCP:
        return transport_evidence(protocol)
    stated = evidence_of(event.get("extra.enforcer.evidence"))
    if protocol == _TCP and stated is Evidence.UNKNOWN and kind in TALKED | FETCHED:
        stated = Evidence.ESTABLISHED
    if one_sided(*(word_of(event.get(name)) for name in _ABOUT)):
        if protocol == _TCP:
            return Evidence.SYN
        return Evidence.UNKNOWN if stated is Evidence.ESTABLISHED else stated
    return stated


def _flat(document: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
