# SPDX-License-Identifier: GPL-2.0-or-later
"""What detectors post, and what they are answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi.testclient import TestClient

from enforcer.api.app import create_app
from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import BlockAddress
from enforcer.errors import Throttled
from enforcer.intake.arrivals import Arrival, Receipt
from enforcer.intake.http import STRANGER, routers
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import ServiceSettings
from tests.fakes.services import FakeAccounts, FakeNotices
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, ReportOffice, signal
from tests.unit.usecases.office import ANN

COMMAND = PlaceOrder(
    demand=BlockAddress(ip_network("192.0.2.7")), reason="spam", duration=timedelta(hours=1)
)
DETECTOR = {"Authorization": "Bearer token-detector"}
RULES = (
    {**BLOCK, "type": "*", "format": ["xarf", "generic-*"]},
    {**BLOCK, "name": "logins", "type": "ssh*", "lift": True},
    {**BLOCK, "name": "guests", "type": "brute*"},
    {**BLOCK, "name": "victims", "type": "ddos", "direction": "to", "lift": True},
)
XARF: dict[str, Any] = {
    "xarf_version": "4.2.0",
    "report_id": "6f1f9c0e-1111-4111-8111-111111111111",
    "source_identifier": "192.0.2.7",
    "category": "connection",
    "type": "login_attack",
    "protocol": "tcp",
}
ADAPTERS = {
    "generic": {
        "siem": {
            "each": "$.hits[*]",
            "target": "$.ip",
            "type": "$.kind",
            "evidence": "tcp-established",
        }
    }
}


class Door:
    """A client of the service, and the office behind it."""

    def __init__(self, office: ReportOffice, client: TestClient, inbox: Inbox) -> None:
        self.office = office
        self.client = client
        self.inbox = inbox

    def post(self, name: str, body: object, status: int = 202) -> dict[str, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.post(f"/api/v1/in/{name}", content=raw, headers=DETECTOR)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def door(office: MakeOffice) -> Iterator[Door]:
    desk = office(*RULES, adapters=ADAPTERS, open_reports=True, largest=100_000)
    settings = ServiceSettings(intake=desk.settings)
    services = desk.services(FakeAccounts(), FakeNotices(), settings)
    with Inbox(desk.intake) as inbox:
        app = create_app(services, routers(inbox, desk.settings))
        with TestClient(app) as client:
            yield Door(desk, client, inbox)


def test_a_report_becomes_an_order(door: Door) -> None:
    answer = door.post("xarf", XARF)
    (order,) = door.office.placed()
    assert (answer["state"], answer["order"]) == ("ordered", order.id)
    assert answer["warnings"] == ["it has no `timestamp`", "it has no `reporter`",
                                  "it has no `sender`"]  # fmt: skip
    again = door.post("xarf", XARF)
    assert again["id"] == answer["id"] and again["duplicate"] is True
    (report,) = door.office.reports()
    assert report.trusted and report.source == "api" and report.count == 1


def test_an_alert_fires_and_is_resolved(door: Door) -> None:
    labels = {"alertname": "SSH", "ip": "192.0.2.8", "evidence": "tcp-established"}
    alert = {"status": "firing", "labels": labels, "fingerprint": "f1"}
    group = {"version": "4", "alerts": [alert], "truncatedAlerts": 0}
    assert door.post("alertmanager", group)["state"] == "ordered"
    assert door.post("alertmanager", group)["state"] == "ordered"
    over = {**group, "alerts": [{**alert, "status": "resolved"}]}
    assert door.post("alertmanager", over)["state"] == "lifted"
    (order,) = door.office.placed()
    assert order.lifted is not None
    assert door.post("alertmanager", {**group, "alerts": []})["reports"] == []


def test_a_ban_and_its_end(door: Door) -> None:
    details = {"incoming_udp_pps": 9, "total_incoming_pps": 9, "attack_uuid": "0-0"}
    ban = {"action": "ban", "ip": "192.0.2.9", "attack_details": details}
    assert door.post("fastnetmon", ban)["state"] == "ordered"
    assert door.post("fastnetmon", {"action": "unban", "ip": "192.0.2.9"})["state"] == "lifted"


def test_the_other_formats(door: Door) -> None:
    event = {
        "source.ip": "192.0.2.10",
        "classification.type": "brute-force",
        "protocol.transport": "tcp",
    }
    assert door.post("intelmq", event)["state"] == "ordered"
    hits = {"hits": [{"ip": f"192.0.2.{n}", "kind": "scan"} for n in range(20, 25)]}
    answer = door.post("generic/siem", hits)
    assert [one["state"] for one in answer["reports"]] == ["ordered"] * 5
    mail = b"From: a@example.net\r\nSubject: look\r\n\r\nhello\r\n"
    answer = door.post("arf", mail)
    assert answer["state"] == "open"
    assert len(door.office.placed()) == 6
    assert not door.office.reports()[0].trusted, "nobody vouches for a mail"


BROKEN: tuple[tuple[str, object, str], ...] = (
    ("xarf", b"{", "not JSON"),
    ("xarf", b'{"type": "\xff"}', "UTF-8"),
    ("xarf", {"type": "spam"}, "source_identifier"),
    ("fastnetmon", {"action": "dance", "ip": "192.0.2.1"}, "action"),
    ("alertmanager", {"version": "3"}, "version"),
    ("intelmq", {"source.ip": "192.0.2.1"}, "classification"),
    ("generic/siem", {"hits": []}, "each"),
    ("arf", b"\x00", "no mail"),
)


def test_what_cannot_be_read_is_refused_and_kept(door: Door) -> None:
    for name, body, said in BROKEN:
        assert said in door.post(name, body, 422)["detail"]
        report = door.office.reports()[0]
        assert (report.state, report.format) == ("malformed", name) and said in report.said
    assert len(door.office.reports()) == len(BROKEN)


def test_nothing_and_too_much(door: Door) -> None:
    door.post("xarf", b"", 422)
    door.post("xarf", b" " * 100_001, 413)
    chunks = iter([b"x" * 60_000] * 5)
    answer = door.client.post("/api/v1/in/xarf", content=chunks, headers=DETECTOR)
    assert answer.status_code == 413
    said = door.post("generic/other", {}, 404)
    assert (said["code"], "there are siem" in said["detail"]) == ("not-found", True)
    assert door.office.reports() == []


WHOSE: dict[str | None, int] = {
    "token-detector": 202,
    "read-detector": 403,
    "token-viewer": 403,
    "token-abuse": 403,
    "token-admin": 403,
    "nonsense": 401,
    None: 401,
}
WHAT = {
    "xarf": json.dumps(XARF),
    "arf": "From: a\r\n\r\nb",
    "fastnetmon": '{"action": "unban", "ip": "192.0.2.1"}',
    "alertmanager": '{"version": "4", "alerts": []}',
    "intelmq": '{"source.ip": "192.0.2.1", "classification.type": "x"}',
    "generic/siem": '{"hits": [{"ip": "192.0.2.1", "kind": "x"}]}',
}


def test_who_may_report(door: Door) -> None:
    for name, body in WHAT.items():
        for token, status in WHOSE.items():
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            answer = door.client.post(f"/api/v1/in/{name}", content=body, headers=headers)
            assert answer.status_code == status, (name, token)


def test_anybody_may_report_and_nobody_is_blocked(door: Door) -> None:
    answer = door.client.post("/api/v1/in/report", content=json.dumps(XARF))
    assert answer.status_code == 202
    (report,) = door.office.reports()
    assert report.state == "open" and not report.trusted and door.office.placed() == []


def test_a_stranger_is_told_nothing_but_that_it_was_received(door: Door) -> None:
    """Whoever posts again learns neither what people did about it, nor who did."""
    for _ in range(2):
        answer = door.client.post("/api/v1/in/report", content=json.dumps(XARF))
        assert (answer.status_code, answer.json()) == (202, {"received": True})
        for report in door.office.reports(states=("open",)):
            door.office.desk.order_for(ANN, report.id, COMMAND)
    assert [one.state for one in door.office.reports()] == ["ordered"]


def test_one_stranger_leaves_the_door_open_for_others(office: MakeOffice) -> None:
    """Each network has a tenth of what strangers may open in an hour."""
    desk = office(open_reports=True, strangers_per_hour=50)

    def post(peer: str, target: str) -> bool:
        actor = replace(STRANGER, name=peer)
        (result,) = desk.intake.take([Arrival(actor, signal(target), False)])
        return isinstance(result, Receipt)

    taken = [post(f"192.0.2.{n % 9 + 1}", f"198.51.100.{n}") for n in range(20)]
    assert taken == [True] * 5 + [False] * 15
    assert [post(f"2001:db8::{n}", f"198.51.100.{n}") for n in range(6)] == [True] * 5 + [False]
    assert post("203.0.113.1", "198.51.100.200")
    desk.clock.advance(3601)
    assert post("192.0.2.1", "198.51.100.201")


def test_a_token_does_not_make_the_open_door_trusted(door: Door) -> None:
    assert door.post("report", XARF) == {"received": True}
    assert [one.state for one in door.office.reports()] == ["open"]


def test_the_open_door_is_closed_unless_asked_for(office: MakeOffice) -> None:
    desk = office(*RULES)
    paths = [route.path for router in routers(Inbox(desk.intake), desk.settings)
             for route in router.routes if hasattr(route, "path")]  # fmt: skip
    assert "/api/v1/in/xarf" in paths and "/api/v1/in/report" not in paths


def test_a_full_queue_is_told_with_a_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(arrivals: object) -> None:
        raise Throttled(2.0, "too many wait")

    monkeypatch.setattr(door.inbox, "post", full)
    answer = door.client.post("/api/v1/in/xarf", content=json.dumps(XARF), headers=DETECTOR)
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "2"


def test_the_document_names_every_door(door: Door) -> None:
    paths = door.client.get("/api/v1/openapi.json", headers=DETECTOR).json()["paths"]
    assert {"/api/v1/in/xarf", "/api/v1/in/arf", "/api/v1/in/generic/siem"} <= paths.keys()
