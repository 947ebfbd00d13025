# SPDX-License-Identifier: GPL-2.0-or-later
"""Wazuh: active responses, as its manager states them in version 4 and in version 5.

Version 4 says ``add`` and ``delete`` and brings the alert; version 5 says ``enable`` and
``disable`` and brings the event. What the alert rests on is told by its rule's groups: those of
services that speak over established TCP can be named in the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from enforcer.core.orders import Network
from enforcer.core.signals import Evidence, Signal, Status
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.intake.documents import (
    instant_of,
    member,
    network_of,
    port_of,
    protocol_of,
    read_object,
    text_of,
    transport_evidence,
    word_of,
)

ESTABLISHED = (
    "sshd", "web", "accesslog", "web_scan", "apache", "nginx", "postfix", "sendmail", "dovecot",
    "imapd", "pop3", "vpopmail", "ftpd", "vsftpd", "pure-ftpd", "proftpd", "telnetd", "mysql_log",
    "postgresql_log", "wordpress", "squid",
)  # fmt: skip
"""Groups of rules about services that log what was said over an established connection."""
PLACE = "service.intake.adapters.wazuh"
_STATUS = {
    "add": Status.FIRING,
    "enable": Status.FIRING,
    "delete": Status.RESOLVED,
    "disable": Status.RESOLVED,
}
_LEVELS = ((13, "critical"), (10, "high"), (7, "medium"), (4, "low"), (0, "info"))
_TCP = 6
_SOURCES = ("srcip", "src_ip", "source_ip")


def read_groups(stated: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings of the adapter: globs of groups. Raises ConfigurationInvalid."""
    for key in stated:
        if key != "established":
            raise ConfigurationInvalid(f"{PLACE}: {key}: there is no such key: ['established']")
    value = stated.get("established", ESTABLISHED)
    if isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise ConfigurationInvalid(f"{PLACE}: established: write a list of groups")
    return tuple(value)


def read_wazuh(raw: bytes, established: tuple[str, ...] = ESTABLISHED) -> list[Signal]:
    """The one response in `raw`. Raises InvalidInput."""
    document = read_object(raw)
    status = _STATUS.get(word_of(document.get("command")))
    if status is None:
        raise InvalidInput(f"`command` is none of {', '.join(_STATUS)}")
    if isinstance(document.get("wazuh"), Mapping):
        return [_version5(document, status)]
    return [_version4(document, status, established)]


def _version4(document: Mapping[str, Any], status: Status, established: tuple[str, ...]) -> Signal:
    alert = member(document, "parameters", "alert")
    if not isinstance(alert, Mapping):
        raise InvalidInput("`parameters.alert` is missing")
    seen = member(alert, "data")
    stated = next((found for name in _SOURCES if (found := text_of(member(seen, name)))), "")
    target = _target(stated, "parameters.alert.data.srcip")
    groups = [word for one in _list(member(alert, "rule", "groups")) if (word := text_of(one))]
    protocol = protocol_of(member(seen, "protocol"))
    program = text_of(member(document, "parameters", "program")).rpartition("/")[2]
    return Signal(
        "wazuh",
        word_of(groups[-1] if groups else ""),
        target,
        instant_of(alert.get("timestamp")),
        _evidence(protocol, groups, established),
        peer=network_of(member(seen, "dstip")),
        id=f"{text_of(alert.get('id'))} {document['command']}" if alert.get("id") else "",
        key=f"{program} {stated}",
        severity=_severity(member(alert, "rule", "level")),
        port=port_of(member(seen, "dstport")),
        protocol=protocol,
        status=status,
        reporter=text_of(member(alert, "agent", "name")) or "wazuh",
        fields={
            "rule": alert.get("rule"),
            "agent": alert.get("agent"),
            "program": program,
            "location": alert.get("location"),
        },
    )


def _version5(document: Mapping[str, Any], status: Status) -> Signal:
    """A response of version 5, which names the event in the words of the Elastic schema."""
    stated = text_of(member(document, "source", "ip"))
    target = _target(stated, "source.ip")
    response = member(document, "wazuh", "active_response")
    name = text_of(member(response, "name"))
    protocol = protocol_of(member(document, "network", "transport"))
    return Signal(
        "wazuh",
        word_of(member(document, "event", "action")) or word_of(name) or "alert",
        target,
        instant_of(document.get("@timestamp")),
        # It says nothing of the service: TCP may be a lone SYN.
        Evidence.UNKNOWN if protocol == _TCP else transport_evidence(protocol),
        peer=network_of(member(document, "destination", "ip")),
        id=text_of(member(document, "event", "id")) and f"{member(document, 'event', 'id')} {name}",
        key=f"{name} {stated}",
        port=port_of(member(document, "destination", "port")),
        protocol=protocol,
        status=status,
        reporter=text_of(member(document, "wazuh", "agent", "name")) or "wazuh",
        duration=_lasting(member(response, "stateful_timeout")),
        fields={"active_response": response, "user": document.get("user")},
    )


def _target(stated: str, name: str) -> Network:
    target = network_of(stated)
    if target is None:
        raise InvalidInput(f"`{name}` is not an address")
    return target


def _evidence(protocol: int | None, groups: list[str], established: tuple[str, ...]) -> Evidence:
    if protocol is not None and protocol != _TCP:
        return transport_evidence(protocol)
    if any(fnmatchcase(group.lower(), glob) for group in groups for glob in established):
        return Evidence.ESTABLISHED
    return Evidence.UNKNOWN


def _severity(level: object) -> str:
    if isinstance(level, bool) or not isinstance(level, int):
        return ""
    return next((word for least, word in _LEVELS if level >= least), "")


def _lasting(value: object) -> timedelta | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**9:
        return None
    return timedelta(seconds=value)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
