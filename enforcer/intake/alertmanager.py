# SPDX-License-Identifier: GPL-2.0-or-later
"""Prometheus Alertmanager: its webhook, version 4.

Labels say whom an alert is about, and how that is known; their names can be set in
``[service.intake.adapters.alertmanager]``. An alert without the label ``evidence`` rests on
nothing that is stated, so it blocks no source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from enforcer.core.orders import Network
from enforcer.core.signals import Part, Signal, Status
from enforcer.errors import InvalidInput
from enforcer.intake.documents import (
    MOST_SIGNALS,
    evidence_of,
    instant_of,
    network_of,
    port_of,
    protocol_of,
    read_object,
    severity_of,
    text_of,
    word_of,
)


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of the labels that are looked at, the first one that is there."""

    target: tuple[str, ...] = ("target", "address", "ip", "src_ip", "instance")
    peer: tuple[str, ...] = ("peer", "dst_ip")
    evidence: str = "evidence"
    part: str = "part"


def read_alertmanager(raw: bytes, labels: Labels = Labels()) -> list[Signal]:
    """Each alert of the group. Raises InvalidInput."""
    document = read_object(raw)
    version = text_of(document.get("version"))
    if version != "4":
        raise InvalidInput("`version` is not 4: this is not the webhook of an Alertmanager 0.16+")
    alerts = document.get("alerts")
    if not isinstance(alerts, list) or not all(isinstance(one, dict) for one in alerts):
        raise InvalidInput("`alerts` is not a list of alerts")
    if len(alerts) > MOST_SIGNALS:
        raise InvalidInput(f"more than {MOST_SIGNALS} alerts at once: set `max_alerts`")
    cut = document.get("truncatedAlerts")
    left_out = cut if isinstance(cut, int) and cut > 0 else 0
    receiver = text_of(document.get("receiver"))
    return [_signal(alert, labels, receiver, left_out) for alert in alerts]


def _signal(alert: Mapping[str, Any], names: Labels, receiver: str, left_out: int) -> Signal:
    labels = alert.get("labels")
    labels = labels if isinstance(labels, Mapping) else {}
    status = text_of(alert.get("status"))
    if status not in (Status.FIRING, Status.RESOLVED):
        raise InvalidInput("an alert's `status` is neither firing nor resolved")
    target = _address(labels, names.target)
    warnings = []
    if target is None:
        warnings.append(f"no label of {', '.join(names.target)} is an address")
    if left_out:
        warnings.append(f"{left_out} alerts of its group were left out: raise `max_alerts`")
    return Signal(
        "alertmanager",
        word_of(labels.get("alertname")) or "alert",
        target,
        instant_of(alert.get("startsAt")),
        evidence_of(labels.get(names.evidence)),
        Part.VICTIM if text_of(labels.get(names.part)) == Part.VICTIM else Part.SOURCE,
        _address(labels, names.peer),
        key=text_of(alert.get("fingerprint")),
        severity=severity_of(labels.get("severity")),
        port=port_of(labels.get("port")),
        protocol=protocol_of(labels.get("protocol")),
        status=Status(status),
        reporter=receiver,
        fields={"labels": labels, "annotations": alert.get("annotations")},
        warnings=tuple(warnings),
    )


def _address(labels: Mapping[str, Any], names: tuple[str, ...]) -> Network | None:
    for name in names:
        text = text_of(labels.get(name))
        found = network_of(text) or network_of(text.rpartition(":")[0])
        if found is not None:
            return found
    return None
