# SPDX-License-Identifier: GPL-2.0-or-later
"""Each format on real samples and on what its senders get wrong."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from enforcer.core.signals import Evidence, Part, Signal, Status
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.intake.adapters import adapters
from enforcer.intake.alertmanager import read_alertmanager
from enforcer.intake.fastnetmon import read_fastnetmon
from enforcer.intake.generic import read_mapping
from enforcer.intake.intelmq import read_intelmq
from enforcer.intake.mail import read_mail
from enforcer.intake.xarf import read_xarf
from enforcer.service_settings import IntakeSettings

HERE = Path(__file__).parent / "samples"


def of(document: object) -> bytes:
    return json.dumps(document).encode()


def only(signals: list[Signal]) -> Signal:
    (one,) = signals
    return one


class TestXarf:
    BARE: ClassVar[dict[str, Any]] = {"source_identifier": "203.0.113.5", "type": "spam"}

    def test_every_real_report_is_taken(self, corpus: Path) -> None:
        files = sorted((corpus / "formats" / "xarf-v4").glob("*.json"))
        signals = [only(read_xarf(file.read_bytes())) for file in files]
        assert len(signals) == len(files) >= 17
        assert all(one.type and one.at and one.reporter for one in signals)
        assert sum(one.target is not None for one in signals) == 13
        assert {one.type for one in signals} >= {"port_scan", "infected_host", "malware", "spam"}

    def test_what_real_reports_rest_on(self, corpus: Path) -> None:
        place = corpus / "formats" / "xarf-v4"
        found = {
            file.stem: only(read_xarf(file.read_bytes())).evidence for file in place.glob("*.json")
        }
        assert found["connection-port-scan"] is Evidence.SYN
        assert found["connection-infected-host"] is Evidence.UNKNOWN
        assert found["connection-scraping"] is Evidence.ESTABLISHED
        assert found["content-malware"] is Evidence.ESTABLISHED
        assert found["infrastructure-botnet"] is Evidence.UNKNOWN
        assert found["reputation-blocklist"] is Evidence.UNKNOWN

    def test_the_least_is_taken_with_warnings(self) -> None:
        one = only(read_xarf(of(self.BARE)))
        assert (str(one.target), one.type) == ("203.0.113.5/32", "spam")
        assert any("sender" in said for said in one.warnings)
        assert any("report_id" in said for said in one.warnings)

    @pytest.mark.parametrize("gone", ["source_identifier", "type"])
    def test_without_a_source_or_a_type_it_is_none(self, gone: str) -> None:
        with pytest.raises(InvalidInput, match=r"source|type"):
            read_xarf(of({k: v for k, v in self.BARE.items() if k != gone}))

    def test_the_third_version(self) -> None:
        report = {
            "ReportClass": "Activity",
            "ReportType": "LoginAttack",
            "Date": "2026-01-02T03:04:05+01:00",
            "SourceIp": "198.51.100.9",
            "DestinationIp": "192.0.2.1",
            "DestinationPort": 22,
            "Protocol": "tcp",
        }
        one = only(read_xarf(of({"Version": "3", "ReporterInfo": {}, "Report": report})))
        assert (str(one.target), one.type, one.port) == ("198.51.100.9/32", "login_attack", 22)
        assert one.at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
        assert one.evidence is Evidence.ESTABLISHED

    @pytest.mark.parametrize(
        ("stated", "evidence"),
        [
            ({"protocol": "udp", "type": "login_attack"}, Evidence.UDP),
            ({"protocol": "icmp", "type": "login_attack"}, Evidence.ICMP),
            ({"protocol": "tcp", "type": "ddos"}, Evidence.SYN),
            ({"protocol": "smtp", "type": "spam"}, Evidence.ESTABLISHED),
            ({"type": "phishing", "category": "content"}, Evidence.ESTABLISHED),
            ({"protocol": "tcp", "type": "login_attack"}, Evidence.ESTABLISHED),
            ({"protocol": "tcp", "type": "probe", "scan_type": "SYN scan"}, Evidence.SYN),
            ({"protocol": "quic", "type": "login_attack"}, Evidence.UNKNOWN),
            ({"type": "login_attack", "category": "connection"}, Evidence.UNKNOWN),
            ({"type": "malware", "category": "content", "protocol": "udp"}, Evidence.UDP),
        ],
    )
    def test_what_is_not_stated_is_not_assumed(
        self, stated: dict[str, Any], evidence: Evidence
    ) -> None:
        assert only(read_xarf(of({**self.BARE, **stated}))).evidence is evidence

    def test_attached_files_are_not_kept_among_the_fields(self) -> None:
        one = only(read_xarf(of({**self.BARE, "evidence": [{"payload": "A" * 9000}]})))
        assert "evidence" not in one.fields and one.fields["evidence_items"] == 1

    def test_several_at_once(self) -> None:
        assert len(read_xarf(of([self.BARE, self.BARE]))) == 2
        with pytest.raises(InvalidInput, match="1000"):
            read_xarf(of([self.BARE] * 1001))


class TestMail:
    def test_every_real_feedback_loop_is_read(self, corpus: Path) -> None:
        files = sorted((corpus / "formats" / "arf").glob("*.eml"))
        signals = [only(read_mail(file.read_bytes())) for file in files]
        assert len(signals) == len(files) >= 12
        assert all(one.target is not None and one.format == "arf" for one in signals)
        assert all(one.type == "abuse" and one.evidence is Evidence.MAIL for one in signals)
        assert all(one.id and one.reporter for one in signals)

    def test_a_feedback_report(self) -> None:
        one = only(read_mail((HERE / "feedback.eml").read_bytes()))
        assert (one.type, str(one.target)) == ("abuse", "192.0.2.25/32")
        assert one.at == datetime(2026, 3, 8, 14, 0, tzinfo=UTC)
        assert one.fields["reported_domain"] == "example.net"
        assert "original_rcpt_to" not in one.fields

    def test_a_report_under_base64(self) -> None:
        one = only(read_mail((HERE / "feedback-base64.eml").read_bytes()))
        assert (one.type, str(one.target)) == ("fraud", "2001:db8::25/128")

    def test_xarf_inside_a_mail(self) -> None:
        one = only(read_mail((HERE / "xarf.eml").read_bytes()))
        assert (one.format, one.type, str(one.target)) == (
            "xarf-mail",
            "login_attack",
            "198.51.100.77/32",
        )
        assert one.evidence is Evidence.MAIL, "the mail can be forged, whatever it says inside"

    def test_an_old_xarf(self) -> None:
        one = only(read_mail((HERE / "xarf-old.eml").read_bytes()))
        assert (one.type, str(one.target), one.port) == ("login_attack", "198.51.100.78/32", 22)

    def test_a_plain_mail_is_for_a_person(self) -> None:
        one = only(read_mail(b"From: a@example.net\r\nSubject: your host attacks me\r\n\r\nhi\r\n"))
        assert (one.format, one.target, one.fields["subject"]) == (
            "mail",
            None,
            "your host attacks me",
        )

    def test_a_wrong_charset_and_broken_headers(self) -> None:
        raw = (
            b"From: =?nonsense?Q?=FF?= <\xff@\xfe>\r\nSubject: \xe9\r\nMessage-ID: <x\r\n"
            b"Content-Type: text/plain; charset=no-such-charset\r\n\r\n\xff\xfe\r\n"
        )
        assert only(read_mail(raw)).format == "mail"

    def test_many_parts_are_not_all_read(self) -> None:
        part = b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n"
        raw = b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 5000
        one = only(read_mail(raw + b"--b--\r\n"))
        assert any("more than 100 parts" in said for said in one.warnings)

    def test_deep_mails(self) -> None:
        raw = b"Content-Type: message/rfc822\r\n\r\n" * 3000
        try:
            signals = read_mail(b"From: a\r\n" + raw)
        except InvalidInput:
            return
        assert len(signals) == 1

    def test_what_is_no_mail(self) -> None:
        with pytest.raises(InvalidInput, match="no headers"):
            read_mail(b"\x00\x01\x02")


class TestFastNetMon:
    def test_the_real_one(self, corpus: Path) -> None:
        (file,) = (corpus / "formats" / "fastnetmon").glob("*.json")
        one = only(read_fastnetmon(file.read_bytes()))
        assert (one.type, str(one.target), one.severity) == ("ddos", "203.0.113.10/32", "high")
        assert (one.part, one.evidence) == (Part.VICTIM, Evidence.UDP)
        assert one.id.startswith("550e8400")

    def test_zeros_are_no_identity(self) -> None:
        details = {"attack_uuid": "00000000-0000-0000-0000-000000000000"}
        event = {"action": "ban", "ip": "192.0.2.1", "attack_details": details}
        assert only(read_fastnetmon(of(event))).id == ""

    def test_an_outgoing_attack_has_a_source(self) -> None:
        details = {"attack_direction": "outgoing", "outgoing_syn_tcp_pps": 9}
        event = {"action": "ban", "ip": "192.0.2.1", "attack_details": details}
        one = only(read_fastnetmon(of(event)))
        assert (one.part, one.evidence) == (Part.SOURCE, Evidence.SYN)

    def test_without_a_direction_nobody_is_a_victim(self) -> None:
        one = only(read_fastnetmon(of({"action": "ban", "ip": "192.0.2.1"})))
        assert (one.part, one.evidence) == (Part.SOURCE, Evidence.UNKNOWN)
        assert any("direction" in said for said in one.warnings)

    def test_ban_and_unban_are_about_the_same(self) -> None:
        ban = only(read_fastnetmon(of({"action": "ban", "ip": "192.0.2.1"})))
        over = only(read_fastnetmon(of({"action": "unban", "ip": "192.0.2.1"})))
        assert (ban.status, over.status) == (Status.FIRING, Status.RESOLVED)
        assert ban.key == over.key

    def test_a_whole_network_names_no_host(self) -> None:
        event = {"action": "ban", "ip": "0.0.0.0", "alert_scope": "total"}
        assert only(read_fastnetmon(of(event))).target is None

    @pytest.mark.parametrize("event", [{"ip": "192.0.2.1"}, {"action": "ban", "ip": "nobody"}])
    def test_what_makes_no_sense(self, event: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match=r"action|address"):
            read_fastnetmon(of(event))


class TestAlertmanager:
    def alert(self, **stated: Any) -> dict[str, Any]:
        labels = {"alertname": "SSHBruteForce", "src_ip": "198.51.100.9", "severity": "page"}
        return {
            "status": "firing",
            "labels": labels,
            "annotations": {"summary": "many"},
            "startsAt": "2026-03-01T10:00:00.123456789Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "b0e8d3d5d4b3b1a7",
            **stated,
        }

    def group(self, *alerts: dict[str, Any], **stated: Any) -> bytes:
        return of({"version": "4", "receiver": "enforcer", "alerts": list(alerts), **stated})

    def test_an_alert(self) -> None:
        one = only(read_alertmanager(self.group(self.alert())))
        assert (one.type, str(one.target)) == ("sshbrute_force", "198.51.100.9/32")
        assert (one.severity, one.key, one.reporter) == ("critical", "b0e8d3d5d4b3b1a7", "enforcer")
        assert one.evidence is Evidence.UNKNOWN
        assert one.at is not None and one.at.year == 2026

    def test_labels_state_the_evidence(self) -> None:
        labels = {"alertname": "x", "ip": "192.0.2.1", "evidence": "tcp-established"}
        assert only(read_alertmanager(self.group(self.alert(labels=labels)))).evidence is (
            Evidence.ESTABLISHED
        )

    def test_the_labels_can_be_named(self) -> None:
        settings = IntakeSettings(adapters={"alertmanager": {"target": "client"}})
        labels = {"alertname": "x", "client": "[2001:db8::1]:443"}
        (one,) = adapters(settings)["alertmanager"].read(self.group(self.alert(labels=labels)))
        assert str(one.target) == "2001:db8::1/128"

    def test_what_was_left_out_is_told(self) -> None:
        one = only(read_alertmanager(self.group(self.alert(), truncatedAlerts=7)))
        assert any("7 alerts" in said for said in one.warnings)

    def test_resolved(self) -> None:
        one = only(read_alertmanager(self.group(self.alert(status="resolved"))))
        assert one.status is Status.RESOLVED

    def test_an_empty_group(self) -> None:
        assert read_alertmanager(self.group()) == []

    @pytest.mark.parametrize("body", [{"version": "3", "alerts": []}, {"version": "4"}])
    def test_what_is_not_version_4(self, body: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match=r"version|alerts"):
            read_alertmanager(of(body))


class TestIntelMq:
    FLAT: ClassVar[dict[str, Any]] = {
        "source.ip": "198.51.100.4",
        "classification.type": "brute-force",
        "classification.taxonomy": "intrusion-attempts",
        "protocol.transport": "tcp",
        "destination.port": 22,
        "feed.name": "honeypot",
        "time.source": "2026-03-01T10:00:00+00:00",
    }

    def test_flat(self) -> None:
        one = only(read_intelmq(of(self.FLAT)))
        assert (one.type, str(one.target), one.port) == ("brute_force", "198.51.100.4/32", 22)
        assert (one.reporter, one.evidence) == ("honeypot", Evidence.ESTABLISHED)

    def test_hierarchical_is_the_same(self) -> None:
        nested: dict[str, Any] = {}
        for name, value in self.FLAT.items():
            first, _, second = name.partition(".")
            nested.setdefault(first, {})[second] = value
        assert read_intelmq(of(nested)) == read_intelmq(of(self.FLAT))

    def test_the_same_event_again_has_the_same_id(self) -> None:
        again = {**self.FLAT, "time.observation": "2026-03-02T00:00:00Z"}
        other = {**self.FLAT, "destination.port": 23}
        same, different = only(read_intelmq(of(again))), only(read_intelmq(of(other)))
        assert same.id == only(read_intelmq(of(self.FLAT))).id != different.id
        assert same.key == different.key

    def test_a_network(self) -> None:
        event = {"source.network": "198.51.100.0/24", "classification.type": "c2-server"}
        one = only(read_intelmq(of(event)))
        assert str(one.target) == "198.51.100.0/24" and one.evidence is Evidence.UNKNOWN

    @pytest.mark.parametrize(
        ("stated", "evidence"),
        [
            ({"protocol.transport": "udp"}, Evidence.UDP),
            ({"classification.type": "scanner"}, Evidence.SYN),
            ({"classification.type": "phishing"}, Evidence.ESTABLISHED),
            ({"classification.type": "ids-alert"}, Evidence.UNKNOWN),
            ({"classification.type": "ids-alert", "extra.enforcer.evidence": "tcp-established"},
             Evidence.ESTABLISHED),
            ({"protocol.transport": None}, Evidence.UNKNOWN),
            ({"protocol.transport": None, "extra.enforcer.evidence": "udp"}, Evidence.UDP),
            ({"protocol.transport": "udp", "extra.enforcer.evidence": "tcp-established"},
             Evidence.UDP),
        ],
    )  # fmt: skip
    def test_what_it_rests_on(self, stated: dict[str, Any], evidence: Evidence) -> None:
        assert only(read_intelmq(of({**self.FLAT, **stated}))).evidence is evidence


class TestGeneric:
    MAPPING: ClassVar[dict[str, Any]] = {
        "each": "$.events[*]",
        "target": "$.src.addr",
        "type": "$.rule",
        "evidence": "tcp-established",
        "severity": "$.sev",
        "status": "$.state",
        "resolved_when": ["ok", "cleared"],
        "duration": "$.ttl",
        "fields": {"host": "$.host", "origin": "siem"},
    }

    def test_a_mapping(self) -> None:
        events = [
            {"src": {"addr": "192.0.2.9"}, "rule": "Web Scan", "sev": "major", "ttl": 90},
            {"src": {"addr": "::ffff:192.0.2.8"}, "rule": "x", "state": "OK", "host": "w1"},
        ]
        one, two = read_mapping("siem", self.MAPPING).read(of({"events": events}))
        assert (one.format, one.type, str(one.target)) == (
            "generic-siem",
            "web_scan",
            "192.0.2.9/32",
        )
        assert one.severity == "high" and one.evidence is Evidence.ESTABLISHED
        assert one.duration is not None and one.duration.total_seconds() == 90
        assert str(two.target) == "192.0.2.8/32" and two.status is Status.RESOLVED
        assert two.fields == {"host": "w1", "origin": "siem"}

    def test_without_evidence_it_rests_on_nothing(self) -> None:
        mapping = {"target": "$.ip", "type": "x"}
        one = only(read_mapping("a", mapping).read(of({"ip": "192.0.2.1"})))
        assert one.evidence is Evidence.UNKNOWN

    @pytest.mark.parametrize(
        ("stated", "said"),
        [
            ({"target": "$.ip"}, "type"),
            ({"target": "$[", "type": "x"}, "target"),
            ({"target": "$.ip", "type": "x", "prot": "$.p"}, "prot"),
            ({"target": "$.ip", "type": 5}, "type"),
            ({"target": "$.ip", "type": "x", "each": "items"}, "each"),
        ],
    )
    def test_a_wrong_mapping_names_its_key(self, stated: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationInvalid, match=f"adapters.generic.siem: {said}"):
            read_mapping("siem", stated)

    def test_what_does_not_fit(self) -> None:
        webhook = read_mapping("siem", self.MAPPING)
        bodies: list[Any] = [{}, {"events": []}, {"events": [{"rule": "x"}]}, [], {"events": [7]}]
        for body in bodies:
            with pytest.raises(InvalidInput, match=r".+"):
                webhook.read(of(body))
