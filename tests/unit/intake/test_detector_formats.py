# SPDX-License-Identifier: GPL-2.0-or-later
"""fail2ban, Suricata, Wazuh: what their events say, and what they cannot prove."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from enforcer.core.signals import Evidence, Part, Signal, Status
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.intake.fail2ban import read_fail2ban
from enforcer.intake.suricata import Ends, read_ends, read_suricata
from enforcer.intake.wazuh import read_groups, read_wazuh
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK

BAN: dict[str, Any] = {
    "action": "ban", "ip": "192.0.2.7", "jail": "sshd", "bantime": "600", "time": "1700000000.5",
    "failures": "5", "port": "22", "protocol": "tcp", "evidence": "tcp-established", "host": "web1",
}  # fmt: skip
ALERT: dict[str, Any] = {
    "timestamp": "2026-01-11T18:57:14.198005+0000", "flow_id": 7, "event_type": "alert",
    "src_ip": "198.51.100.9", "src_port": 40000, "dest_ip": "192.0.2.7", "dest_port": 80,
    "proto": "TCP", "direction": "to_server", "app_proto": "http",
    "alert": {"action": "allowed", "signature_id": 1, "severity": 1,
              "category": "Web Application Attack"},
}  # fmt: skip
RESPONSE: dict[str, Any] = {
    "version": 1, "command": "add", "origin": {"name": "n", "module": "wazuh-execd"},
    "parameters": {"program": "active-response/bin/enforcer-wazuh-response", "alert": {
        "id": "1.2", "timestamp": "2026-06-17T14:46:27.816+0000",
        "rule": {"level": 10, "groups": ["syslog", "sshd"]},
        "agent": {"name": "web1"}, "data": {"srcip": "198.51.100.9"}}},
}  # fmt: skip
NEWER: dict[str, Any] = {
    "wazuh": {"active_response": {"name": "block-ip", "stateful_timeout": 60}},
    "source": {"ip": "192.168.1.100"}, "command": "enable",
}  # fmt: skip


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def one(signals: list[Signal]) -> Signal:
    (signal,) = signals
    return signal


def test_a_ban_of_fail2ban() -> None:
    ban = one(read_fail2ban(raw(BAN)))
    assert (str(ban.target), ban.type, ban.port) == ("192.0.2.7/32", "sshd", 22)
    assert ban.duration == timedelta(minutes=10) and ban.evidence is Evidence.ESTABLISHED
    over = one(read_fail2ban(raw({"action": "unban", "ip": "192.0.2.7", "jail": "sshd"})))
    assert over.status is Status.RESOLVED and over.key == ban.key
    assert one(read_fail2ban(raw({**BAN, "bantime": "-1"}))).duration == timedelta(days=3650)
    v6 = one(read_fail2ban(raw({**BAN, "ip": "2001:db8::7", "time": "nan?"})))
    assert str(v6.target) == "2001:db8::7/128" and v6.at is None


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"protocol": "udp"}, Evidence.UDP),
        ({"protocol": "udp", "evidence": "tcp-established"}, Evidence.UDP),
        ({"protocol": "all", "evidence": ""}, Evidence.UNKNOWN),
        ({"evidence": "syn"}, Evidence.SYN),
        ({"evidence": ""}, Evidence.UNKNOWN),
        ({"evidence": "", "jail": "ufw-block"}, Evidence.UNKNOWN),
        ({"evidence": "", "jail": "named-refused"}, Evidence.UNKNOWN),
        ({"jail": "portscan"}, Evidence.UNKNOWN),
        ({"jail": "nginx-ddos"}, Evidence.UNKNOWN),
    ],
)
def test_jails_that_prove_nothing(changes: dict[str, str], evidence: Evidence) -> None:
    assert one(read_fail2ban(raw({**BAN, **changes}))).evidence is evidence


def test_an_alert_of_suricata() -> None:
    alert = one(read_suricata(raw(ALERT)))
    assert (str(alert.target), str(alert.peer)) == ("198.51.100.9/32", "192.0.2.7/32")
    assert (alert.type, alert.severity, alert.port) == ("web_application_attack", "high", 80)
    assert alert.evidence is Evidence.ESTABLISHED and alert.part is Part.SOURCE


def test_an_answer_is_about_who_asked() -> None:
    answer = {**ALERT, "direction": "to_client", "src_ip": "192.0.2.7", "src_port": 80,
              "dest_ip": "198.51.100.9", "dest_port": 40000}  # fmt: skip
    alert = one(read_suricata(raw(answer)))
    assert (str(alert.target), alert.port) == ("198.51.100.9/32", 80)
    stated = {**ALERT, "alert": {**ALERT["alert"], "source": {"ip": "192.0.2.7"}}}
    assert str(one(read_suricata(raw(stated))).target) == "192.0.2.7/32"


def test_which_end_is_ours_decides() -> None:
    ours = read_ends({"home": ["192.0.2.0/24", "2001:db8::/32"], "about": "ours"})
    outside = read_ends({"home": "192.0.2.0/24", "about": "outside"})
    away = {**ALERT, "src_ip": "192.0.2.7", "dest_ip": "198.51.100.9"}
    for document in (ALERT, away):
        assert str(one(read_suricata(raw(document), ours)).target) == "192.0.2.7/32"
        assert str(one(read_suricata(raw(document), outside)).target) == "198.51.100.9/32"
    neither = {**ALERT, "dest_ip": "203.0.113.1"}
    signal = one(read_suricata(raw(neither), ours))
    assert str(signal.target) == "198.51.100.9/32" and "neither" in signal.warnings[0]
    assert one(read_suricata(raw(ALERT), ours)).fields["ours"] == "target"
    assert one(read_suricata(raw(ALERT))).fields["ours"] == ""


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({"app_proto": None}, Evidence.SYN),
        ({"app_proto": None, "flow": {"pkts_toserver": 9, "pkts_toclient": 9}}, Evidence.SYN),
        ({"app_proto": None, "flow": {"state": "established"}}, Evidence.ESTABLISHED),
        ({"app_proto": None, "flow": {"state": "new"}}, Evidence.SYN),
        ({"app_proto": "failed"}, Evidence.ESTABLISHED),
        ({"proto": "UDP", "app_proto": "dns"}, Evidence.UDP),
        ({"proto": "ICMP", "app_proto": None}, Evidence.ICMP),
        ({"proto": "IPv6-ICMP", "app_proto": None}, Evidence.ICMP),
        ({"proto": None}, Evidence.UNKNOWN),
    ],
)
def test_what_an_alert_rests_on(changes: dict[str, Any], evidence: Evidence) -> None:
    assert one(read_suricata(raw({**ALERT, **changes}))).evidence is evidence


def test_only_alerts_count() -> None:
    lines = [{"event_type": "flow"}, ALERT, {"event_type": "stats"}, {**ALERT, "flow_id": 8}]
    assert len(read_suricata(b"\n".join(map(raw, lines)) + b"\n\n")) == 2


def test_a_response_of_wazuh_4() -> None:
    signal = one(read_wazuh(raw(RESPONSE)))
    assert (str(signal.target), signal.type) == ("198.51.100.9/32", "sshd")
    assert (signal.severity, signal.evidence) == ("high", Evidence.ESTABLISHED)
    over = one(read_wazuh(raw({**RESPONSE, "command": "delete"})))
    assert over.status is Status.RESOLVED and over.key == signal.key and over.id != signal.id
    assert one(read_wazuh(raw(RESPONSE), ("nothing",))).evidence is Evidence.UNKNOWN
    alert = RESPONSE["parameters"]["alert"]
    datagram = {**alert, "data": {"src_ip": "198.51.100.9", "protocol": "UDP"}}
    by_udp = {**RESPONSE, "parameters": {**RESPONSE["parameters"], "alert": datagram}}
    assert one(read_wazuh(raw(by_udp))).evidence is Evidence.UDP


def test_a_response_of_wazuh_5() -> None:
    signal = one(read_wazuh(raw(NEWER)))
    assert (str(signal.target), signal.evidence) == ("192.168.1.100/32", Evidence.UNKNOWN)
    assert signal.duration == timedelta(minutes=1)
    over = one(read_wazuh(raw({**NEWER, "command": "disable"})))
    assert over.status is Status.RESOLVED and over.key == signal.key


BROKEN: tuple[tuple[Any, object, str], ...] = (
    (read_fail2ban, {**BAN, "action": "dance"}, "action"),
    (read_fail2ban, {**BAN, "ip": "example.net"}, "ip"),
    (read_fail2ban, {**BAN, "jail": ""}, "jail"),
    (read_fail2ban, [], "object"),
    (read_suricata, {"alert": {}}, "line 1: `event_type`"),
    (read_suricata, {"event_type": "alert"}, "alert"),
    (read_suricata, {**ALERT, "dest_ip": "x"}, "dest_ip"),
    (read_wazuh, {**RESPONSE, "command": "dance"}, "command"),
    (read_wazuh, {"command": "add"}, "alert"),
    (read_wazuh, {**NEWER, "source": {}}, "source.ip"),
    (read_wazuh, {"command": "add", "parameters": {"alert": {"data": {}}}}, "srcip"),
)


@pytest.mark.parametrize(("read", "document", "said"), BROKEN)
def test_what_cannot_be_read(read: Any, document: object, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(raw(document))


@pytest.mark.parametrize("read", [read_fail2ban, read_suricata, read_wazuh])
def test_hostile_documents_are_refused_in_words(read: Any) -> None:
    hostile = [b"[" * 100_000, b'{"a":' * 50 + b"1" + b"}" * 50, b"\xff", b"NaN", b'{"ip": 1e999}']
    for document in hostile:
        with pytest.raises(InvalidInput):
            read(document)


@pytest.mark.parametrize(
    ("read", "stated", "said"),
    [
        (read_ends, {"about": "ours"}, "home"),
        (read_ends, {"about": "all"}, "about"),
        (read_ends, {"home": ["x"]}, "x is no prefix"),
        (read_ends, {"homes": []}, "homes"),
        (read_groups, {"groups": []}, "groups"),
        (read_groups, {"established": "web"}, "list"),
    ],
)
def test_settings_that_are_wrong(read: Any, stated: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        read(stated)


def test_samples_are_read(corpus: Path) -> None:
    formats = corpus / "formats"
    alerts = read_suricata((formats / "suricata" / "eve-alert.jsonl").read_bytes())
    assert [a.evidence for a in alerts] == [Evidence.SYN, Evidence.ESTABLISHED]
    old = one(read_wazuh((formats / "wazuh" / "ar-add-v4.json").read_bytes()))
    new = one(read_wazuh((formats / "wazuh" / "ar-enable-v5.json").read_bytes()))
    assert (str(old.target), str(new.target)) == ("192.168.56.3/32", "192.168.1.100/32")
    assert old.severity == "critical" and old.evidence is Evidence.ESTABLISHED


def test_nobody_is_blocked_on_a_forged_source(office: MakeOffice) -> None:
    """The rule takes all; what may be forged waits for a person all the same."""
    desk = office({**BLOCK, "type": "*", "duration": "asked", "ladder": ["1h", "1d"]})
    forged = [
        *read_fail2ban(raw({**BAN, "protocol": "udp"})),
        *read_suricata(raw({**ALERT, "app_proto": None}), Ends()),
        *read_wazuh(raw(NEWER)),
    ]
    assert [r.state for r in desk.take(*forged)] == ["open"] * 3 and desk.placed() == []
    receipt = desk.take_one(one(read_fail2ban(raw(BAN))))
    (order,) = desk.placed()
    assert receipt.state == "ordered" and order.end is not None
    assert order.end - order.start == timedelta(minutes=10)
