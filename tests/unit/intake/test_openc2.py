# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenC2 commands for packet filtering: what they place and lift, and what is refused as what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from enforcer.api.app import create_app
from enforcer.application import Application
from enforcer.application.services import Services
from enforcer.core.orders import BlockAddress, BlockFlow, BlockPort, Direction, Order
from enforcer.errors import NotFound
from enforcer.intake.openc2 import router
from enforcer.intake.openc2_messages import CONTENT_TYPE, NOT_REMOVED
from enforcer.service_settings import ServiceSettings
from enforcer.storage.errors import DatabaseAway
from tests.fakes.services import FakeAccounts, FakeNotices
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import ReportOffice

HOUR = 3_600_000
SOON = 300_000


@dataclass
class Actuator:
    """`say` sends a command with the detector's token; `office` is behind it."""

    office: ReportOffice
    client: TestClient

    @property
    def application(self) -> Application:
        """What the commands reach."""
        services: Services = self.client.app.state.services  # type: ignore[attr-defined]  # an ASGI app to it
        return services.application

    def post(
        self,
        body: object,
        token: str = "token-detector",
        kind: str = CONTENT_TYPE,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        every = {"Authorization": f"Bearer {token}", "Content-Type": kind, **headers}
        return self.client.post("/.well-known/openc2", content=raw, headers=every)

    def say(self, action: str, target: dict[str, Any], **args: Any) -> dict[str, Any]:
        answer = self.post({"action": action, "target": target, "args": args})
        found: dict[str, Any] = answer.json()
        shown = 200 if found["status"] == 102 else found["status"]
        assert answer.status_code == shown, answer.text
        assert answer.headers["content-type"] == CONTENT_TYPE
        return found

    def deny(self, target: dict[str, Any], **args: Any) -> Order:
        said = self.say("deny", target, duration=HOUR, **args)
        assert said["status"] == 200, said
        order = self.office.placed()[-1]
        assert said["results"] == {"slpf": {"rule_number": order.number}}
        return order


@pytest.fixture
def actuator(office: MakeOffice) -> Iterator[Actuator]:
    desk = office()
    services = desk.services(FakeAccounts(), FakeNotices(), ServiceSettings())
    with TestClient(create_app(services, [router(desk.settings)])) as client:
        yield Actuator(desk, client)


def test_denying_and_deleting(actuator: Actuator) -> None:
    order = actuator.deny({"ipv4_net": "192.0.2.7"}, slpf={"direction": "ingress"})
    assert isinstance(order.demand, BlockAddress) and order.demand.direction is Direction.FROM
    assert order.end is not None and order.end - order.start == timedelta(hours=1)
    said = actuator.say("delete", {"slpf:rule_number": order.number})
    assert said["status"] == 200
    assert actuator.office.placed()[-1].lifted is not None


def test_allowing_lifts_what_was_denied_and_nothing_else(actuator: Actuator) -> None:
    order = actuator.deny({"ipv6_net": "2001:db8:1::/64"})
    assert actuator.say("allow", {"ipv6_net": "2001:db8:1::7"})["status"] == 501
    said = actuator.say("allow", {"ipv6_net": "2001:db8:1::/64"})
    assert (said["status"], said["results"]) == (200, {"slpf": {"rule_number": order.number}})
    assert actuator.office.placed()[-1].number == order.number
    assert actuator.office.placed()[-1].lifted is not None


def test_connections(actuator: Actuator) -> None:
    ends = {"src_addr": "192.0.2.7", "dst_addr": "203.0.113.9", "protocol": "tcp", "dst_port": 25}
    flow = actuator.deny({"ipv4_connection": ends}).demand
    assert isinstance(flow, BlockFlow) and flow.protocols == (6,)
    service = {"dst_addr": "192.0.2.8", "protocol": "udp", "dst_port": 53}
    port = actuator.deny({"ipv4_connection": service}).demand
    assert isinstance(port, BlockPort) and port.direction is Direction.TO
    every = {"src_addr": "2001:db8:1::7", "protocol": "tcp"}
    port = actuator.deny({"ipv6_connection": every}).demand
    assert isinstance(port, BlockPort) and (port.ports[0].first, port.ports[0].last) == (0, 65535)
    plain = actuator.deny({"ipv4_connection": {"src_addr": "192.0.2.9"}}).demand
    assert isinstance(plain, BlockAddress) and plain.direction is Direction.FROM


def test_times(actuator: Actuator) -> None:
    now = int(actuator.office.clock.now().timestamp() * 1000)
    target = {"ipv4_net": "192.0.2.7"}
    said = actuator.say("deny", target, start_time=now + SOON, stop_time=now + SOON + HOUR)
    order = actuator.office.placed()[-1]
    assert said["status"] == 200 and order.end is not None
    assert order.end - order.start == timedelta(hours=1)
    assert actuator.say("deny", target, start_time=now, stop_time=now - 1)["status"] == 400
    three = {"start_time": now, "stop_time": now + HOUR, "duration": HOUR}
    assert actuator.say("deny", target, **three)["status"] == 400
    unending = actuator.say("deny", target)
    assert unending["status"] == 403 and len(actuator.office.placed()) == 1


@pytest.mark.parametrize(
    ("wanted", "status", "keys"),
    [
        ("ack", 102, {"status", "status_text"}),
        ("status", 200, {"status", "status_text"}),
        ("complete", 200, {"status", "status_text", "results"}),
    ],
)
def test_the_response_that_was_requested(
    actuator: Actuator, wanted: str, status: int, keys: set[str]
) -> None:
    args = {"duration": HOUR, "response_requested": wanted}
    said = actuator.say("deny", {"ipv4_net": "192.0.2.7"}, **args)
    assert said["status"] == status and said.keys() == keys


def test_no_response(actuator: Actuator) -> None:
    args = {"duration": HOUR, "response_requested": "none"}
    answer = actuator.post({"action": "deny", "target": {"ipv4_net": "192.0.2.7"}, "args": args})
    assert (answer.status_code, answer.content) == (200, b"")
    assert len(actuator.office.placed()) == 1


def test_features(actuator: Actuator) -> None:
    said = actuator.say("query", {"features": ["versions", "profiles", "pairs"]})
    assert said["results"]["versions"] == ["1.0"] and said["results"]["profiles"] == ["slpf"]
    assert "ipv4_net" in said["results"]["pairs"]["deny"]
    assert actuator.say("query", {"features": []})["status"] == 200
    twice = actuator.say("query", {"features": ["versions", "rate_limit", "versions"]})
    assert twice["results"] == {"versions": ["1.0"], "rate_limit": 600}


def test_an_envelope_is_answered_in_one(actuator: Actuator) -> None:
    request = {"action": "query", "target": {"features": ["versions"]}}
    headers = {"request_id": "r-1", "from": "soar", "created": 1}
    answer = actuator.post({"headers": headers, "body": {"openc2": {"request": request}}}).json()
    assert answer["headers"] == {"request_id": "r-1", "to": ["soar"]}
    assert answer["body"]["openc2"]["response"]["status"] == 200
    broken = {"headers": headers, "body": {"openc2": {"request": {"action": "dance"}}}}
    assert actuator.post(broken).json()["body"]["openc2"]["response"]["status"] == 400


NET = {"ipv4_net": "192.0.2.7"}
REFUSED: tuple[tuple[str, dict[str, Any], dict[str, Any], int], ...] = (
    ("dance", NET, {}, 400),
    ("scan", NET, {}, 501),
    ("update", {"file": {"name": "x"}}, {}, 501),
    ("deny", {"file": {"name": "x"}}, {}, 501),
    ("deny", {"domain_name": "example.net"}, {}, 501),
    ("deny", {**NET, "ipv6_net": "2001:db8::1"}, {}, 400),
    ("deny", {"ipv4_net": "example"}, {}, 400),
    ("deny", {"ipv4_net": "2001:db8::1"}, {}, 400),
    ("deny", {"ipv4_net": "192.0.0.0/16"}, {}, 403),
    ("deny", {"ipv4_net": "203.0.113.99"}, {}, 403),
    ("deny", NET, {"slpf": {"drop_process": "reject"}}, 501),
    ("deny", NET, {"slpf": {"drop_process": "explode"}}, 400),
    ("deny", NET, {"slpf": {"persistent": False}}, 501),
    ("deny", NET, {"slpf": {"insert_rule": 7}}, 501),
    ("deny", NET, {"colour": "red"}, 400),
    ("deny", {"ipv4_connection": {"src_addr": "192.0.2.7", "src_port": 21}}, {}, 501),
    ("deny", {"ipv4_connection": {"protocol": "tcp", "dst_port": 25}}, {}, 501),
    ("deny", {"ipv4_connection": {"dst_addr": "192.0.2.7", "dst_port": 25}}, {}, 400),
    ("deny", {"ipv4_connection": {"dst_addr": "192.0.2.7", "dst_port": 99999}}, {}, 400),
    ("delete", {"slpf:rule_number": 999_999}, {}, 404),
    ("delete", {"slpf:rule_number": 32**9}, {}, 404),
    ("delete", {"slpf:rule_number": 0}, {}, 400),
    ("delete", NET, {}, 501),
    ("query", NET, {}, 501),
)


def test_what_is_refused(actuator: Actuator) -> None:
    for action, target, args, status in REFUSED:
        given = {"duration": HOUR, **args} if action == "deny" else args
        said = actuator.say(action, target, **given)
        assert said["status"] == status, (action, target, args, said)
        assert said["status_text"]
    assert actuator.office.placed() == []


def test_the_token_s_limits_hold(actuator: Actuator) -> None:
    too_long = actuator.say("deny", NET, duration=48 * HOUR)
    assert too_long["status"] == 403 and actuator.office.placed() == []


def test_what_others_ordered_stays(actuator: Actuator) -> None:
    placed = actuator.office.place(
        BlockAddress(actuator.office.world.topology.customers["cust2"].prefixes[0])
    )
    assert actuator.say("delete", {"slpf:rule_number": placed.number})["status"] == 404
    command = {"action": "delete", "target": {"slpf:rule_number": placed.number}}
    assert actuator.post(command, "token-engineer").status_code == 403
    assert actuator.say("allow", {"ipv4_net": "192.0.2.64/26"})["status"] == 501
    assert actuator.office.placed()[0].lifted is None


def test_the_same_command_twice_is_one_order(actuator: Actuator) -> None:
    command = {"action": "deny", "target": NET, "args": {"duration": HOUR}, "command_id": "c-1"}
    first, second = actuator.post(command).json(), actuator.post(command).json()
    assert first["results"] == second["results"] and len(actuator.office.placed()) == 1


def test_the_identifier_of_the_command_comes_back(actuator: Actuator) -> None:
    request = {"action": "query", "target": {"features": []}}
    told = {"X-Request-ID": "d1ac0489"}
    bare = actuator.post(request, headers=told)
    assert bare.headers["x-request-id"] == "d1ac0489" and bare.json() == {"status": 200}
    wrapped = actuator.post({"headers": {}, "body": {"openc2": {"request": request}}}, headers=told)
    assert wrapped.json()["headers"] == {"request_id": "d1ac0489"}
    both = {"headers": {"request_id": "r-1"}, "body": {"openc2": {"request": request}}}
    assert actuator.post(both, headers=told).json()["headers"] == {"request_id": "r-1"}
    assert actuator.post(b"{", headers=told).headers["x-request-id"] == "d1ac0489"
    strange = actuator.post(request, headers={"X-Request-ID": "a b"})
    assert strange.headers["x-request-id"] != "a b"
    assert bare.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("error", "status", "begins"),
    [
        (DatabaseAway("the disk is full"), 500, NOT_REMOVED),
        (NotFound("gone meanwhile"), 404, "gone"),
    ],
)
def test_a_rule_that_stays_is_told(
    actuator: Actuator, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, begins: str
) -> None:
    order = actuator.deny(NET)

    def lift(*given: object) -> object:
        raise error

    monkeypatch.setattr(actuator.application, "lift", lift)
    said = actuator.say("delete", {"slpf:rule_number": order.number})
    assert said["status"] == status and said["status_text"].startswith(begins)


def test_what_can_be_tried_again_is_503(
    actuator: Actuator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(*given: object) -> object:
        raise DatabaseAway("the database is away")

    monkeypatch.setattr(actuator.application, "place", place)
    command = {"action": "deny", "target": NET, "args": {"duration": HOUR}}
    answer = actuator.post(command)
    assert (answer.status_code, answer.json()["status"]) == (503, 503)
    assert answer.headers["retry-after"] == "1"


def test_too_much_is_a_bad_request(actuator: Actuator) -> None:
    answer = actuator.post(b"x" * (actuator.office.settings.largest + 1))
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_who_may_command(actuator: Actuator) -> None:
    command = {"action": "query", "target": {"features": []}}
    assert actuator.post(command, "token-viewer").status_code == 403
    assert actuator.post(command, "read-detector").status_code == 403
    nobody = actuator.post(command, "nonsense")
    assert (nobody.status_code, nobody.json()["status"]) == (401, 401)
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert nobody.headers["content-type"] == CONTENT_TYPE


@pytest.mark.parametrize("raw", [b"{", b"[]", b"\xff", b"[" * 100_000, b'{"action": NaN}'])
def test_what_is_no_command(actuator: Actuator, raw: bytes) -> None:
    answer = actuator.post(raw)
    assert answer.status_code == 400 and answer.json()["status"] == 400


def test_another_content_type(actuator: Actuator) -> None:
    answer = actuator.post({}, kind="text/plain")
    assert answer.status_code == 400 and CONTENT_TYPE in answer.json()["status_text"]


def test_samples(actuator: Actuator, corpus: Path) -> None:
    place = corpus / "formats" / "openc2"
    names = {"delete_rulenumber": 404, "deny_ipv4connection": 501}
    for name, status in names.items():
        (file,) = place.glob(f"*_{name}.json")
        assert actuator.post(file.read_bytes()).json()["status"] == status
