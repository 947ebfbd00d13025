# SPDX-License-Identifier: GPL-2.0-or-later
"""XARF v4 (https://xarf.org, schema 4.2) and v3: JSON abuse reports.

Lenient on purpose: real senders leave out what the schema asks for. What has a source and a type
is taken; whatever else is missing or wrong is a warning. A source that is a host name names
nobody to block: the report is kept, for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from enforcer.core.prefixes import shown
from enforcer.core.signals import Evidence, Signal
from enforcer.errors import InvalidInput
from enforcer.intake.documents import (
    instant_of,
    member,
    network_of,
    port_of,
    protocol_of,
    read_objects,
    severity_of,
    text_of,
    transport_evidence,
    word_of,
)
from enforcer.intake.proof import FETCHED, TALKED, one_sided

_TCP = 6
_OVER_TCP = frozenset(["smtp", "http", "https", "ssh", "imap", "pop3", "ftp"])
"""What is stated as a protocol and is spoken inside a connection."""
_CONTENT = frozenset(["content", "copyright", "fraud", "malware", "phishing"])
"""Categories of what a server answered."""
_ABOUT = ("category", "class", "type", "scan_type", "attack_type", "attack_vector")
_HEAVY = frozenset(["evidence", "attachment", "samples"])
"""What is not kept among the fields: whole files."""
_WANTED = ("report_id", "timestamp", "category", "reporter", "sender")
_SEVERITY_FIELDS = ("severity", "risk_level", "threat_level", "priority")


def read_xarf(raw: bytes) -> list[Signal]:
    """The reports in `raw`: one object, or a list. Raises InvalidInput."""
    return [signal_of(document) for document in read_objects(raw)]


def signal_of(document: Mapping[str, Any]) -> Signal:
    """One report of either version. Raises InvalidInput for one without source or type."""
    if isinstance(document.get("Report"), Mapping):
        return _signal(_from_v3(document), "3")
    version = text_of(document.get("xarf_version")) or text_of(document.get("version"))
    return _signal(document, version)


def _signal(document: Mapping[str, Any], version: str) -> Signal:
    source = text_of(document.get("source_identifier")) or text_of(document.get("source_ip"))
    category = word_of(document.get("category")) or word_of(document.get("class"))
    kind = word_of(document.get("type")) or category
    if not source:
        raise InvalidInput("the report names no source: `source_identifier` must be an address")
    if not kind:
        raise InvalidInput("the report has no `type`: say what happened")
    target = network_of(source)
    protocol = protocol_of(document.get("protocol"))
    fields = {k: v for k, v in document.items() if k.lower() not in _HEAVY}
    fields["evidence_items"] = _count(document.get("evidence"))
    return Signal(
        "xarf",
        kind,
        target,
        instant_of(document.get("timestamp")),
        _evidence(document, category, kind, protocol),
        peer=network_of(document.get("destination_ip")),
        id=text_of(document.get("report_id")),
        severity=next(filter(None, (severity_of(document.get(n)) for n in _SEVERITY_FIELDS)), ""),
        port=port_of(document.get("destination_port")) or port_of(document.get("source_port")),
        protocol=protocol,
        reporter=_reporter(document),
        fields=fields,
        warnings=tuple(_warnings(document, version, source, target is None)),
    )


def _evidence(
    document: Mapping[str, Any], category: str, kind: str, protocol: int | None
) -> Evidence:
    """What the report rests on; where it does not say, nothing is assumed."""
    if protocol not in (None, _TCP):
        return transport_evidence(protocol)
    stated = word_of(document.get("protocol"))
    if one_sided(category, kind, *(word_of(document.get(name)) for name in _ABOUT)):
        return Evidence.SYN if protocol == _TCP else Evidence.UNKNOWN
    inside = protocol == _TCP or stated in _OVER_TCP
    fetched = kind in FETCHED and category in _CONTENT
    if (inside and kind in TALKED) or ((inside or not stated) and fetched):
        return Evidence.ESTABLISHED
    return Evidence.UNKNOWN


def _reporter(document: Mapping[str, Any]) -> str:
    for who in ("reporter", "sender"):
        for what in ("domain", "org", "contact"):
            if found := text_of(member(document, who, what)):
                return found
    return text_of(document.get("reporter"))


def _warnings(
    document: Mapping[str, Any], version: str, source: str, no_address: bool
) -> Iterator[str]:
    if not version:
        yield "it states no xarf_version"
    elif version[0] not in "34":
        yield f"it is of XARF version {shown(version)}, which is not known here"
    if no_address:
        yield f"its source '{shown(source)}' is not an address"
    for name in _WANTED:
        if not document.get(name):
            yield f"it has no `{name}`"
    if document.get("timestamp") and instant_of(document["timestamp"]) is None:
        yield "its `timestamp` is not a time"
    for name in ("source_port", "destination_port"):
        if document.get(name) is not None and port_of(document[name]) is None:
            yield f"its `{name}` is not a port"


def _from_v3(document: Mapping[str, Any]) -> dict[str, Any]:
    """A v3 report in the words of v4."""
    report = document["Report"]
    who = document.get("ReporterInfo")
    source = member(report, "Source", "IP") or report.get("SourceIp") or report.get("SourceIP")
    source = source or member(report, "Source", "Value") or member(report, "Source", "URL")
    more = report.get("AdditionalInfo")
    laid = {
        "source_identifier": source,
        "source_port": member(report, "Source", "Port") or report.get("SourcePort"),
        "destination_ip": report.get("DestinationIp") or member(report, "Destination", "IP"),
        "destination_port": report.get("DestinationPort") or member(report, "Destination", "Port"),
        "protocol": report.get("Protocol") or member(more, "Protocol"),
        "category": report.get("ReportClass"),
        "type": report.get("ReportType"),
        "timestamp": report.get("Date"),
        "report_id": report.get("ReportID") or document.get("ReportID"),
        "reporter": {
            "org": member(who, "ReporterOrg"),
            "domain": member(who, "ReporterOrgDomain"),
            "contact": member(who, "ReporterOrgEmail"),
        },
        "sender": {"org": member(who, "ReporterOrg")},
        "evidence": report.get("Attachment") or report.get("Samples"),
        "additional_info": more,
    }
    return {name: value for name, value in laid.items() if value is not None}


def _count(items: object) -> int:
    return len(items) if isinstance(items, list) else 0
