# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors of the application become problem details, and the client's exceptions again."""

from __future__ import annotations

from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from enforcer.api.examples import EXAMPLES
from enforcer.api.middleware import LARGEST_OF_NOBODY
from enforcer.api.problems import KINDS, answer_to, kind_of
from enforcer.client.answers import error_of
from enforcer.errors import (
    AnotherControllerActive,
    AuthenticationFailed,
    ConfigurationInvalid,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotOwned,
    OrderRefused,
    ParseFailed,
    PlanBraked,
    ServerUnreachable,
    StaleState,
    StorageError,
    Throttled,
    Unauthenticated,
    Unsupported,
)
from tests.fakes.application import FakeApplication
from tests.fakes.no_network import NoNetwork

ORDER = EXAMPLES["PlaceBody"]["an address"]

ERRORS: list[tuple[EnforcerError, int]] = [
    (InvalidInput("what is that?"), 422),
    (NotFound("no such order"), 404),
    (OrderRefused("protected", "it is protected"), 422),
    (Unauthenticated("log in"), 401),
    (Throttled(7.5, "later"), 429),
    (Forbidden("not you"), 403),
    (ConfigurationInvalid("service: no"), 503),
    (StorageError("locked"), 503),
    (AnotherControllerActive("another one"), 409),
    (DeviceUnreachable("edge1", "no route"), 504),
    (AuthenticationFailed("edge1", "refused"), 502),
    (DeviceBusy("edge1", "locked"), 409),
    (StaleState("edge1", "moved"), 409),
    (PlanBraked("edge1", "too much"), 409),
    (Unsupported("edge1", "cannot"), 422),
    (NotOwned("edge1", "foreign"), 409),
    (DeviceError("edge1", "broken"), 502),
]


@pytest.mark.parametrize(("error", "status"), ERRORS, ids=lambda e: type(e).__name__)
def test_an_error_is_a_problem_and_the_same_error_again(error: EnforcerError, status: int) -> None:
    answer = answer_to(error, "urn:enforcer:request:1")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    seen = httpx.Response(
        status,
        headers=dict(answer.headers),
        content=bytes(answer.body),
        request=httpx.Request("GET", "https://enforcer.example.net/"),
    )
    again = error_of(seen)
    assert type(again) is type(error)
    assert str(again) == str(error)
    if isinstance(error, OrderRefused) and isinstance(again, OrderRefused):
        assert again.code == error.code
    if isinstance(error, Throttled) and isinstance(again, Throttled):
        assert again.seconds == 8, "rounded up: earlier is too early"
        assert answer.headers["retry-after"] == "8"


def test_every_kind_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(codes) == len(set(codes))
    assert kind_of(ParseFailed("edge1", "what?")).code == "device"


def test_an_answer_that_is_not_ours_says_so() -> None:
    page = httpx.Response(
        502, text="<h1>Bad gateway</h1>", request=httpx.Request("GET", "https://proxy.example.net/")
    )
    assert isinstance(error_of(page), ServerUnreachable)
    assert "proxy.example.net" in str(error_of(page))


def test_a_guardrail_says_its_code(client: TestClient, application: FakeApplication) -> None:
    application.refuses["192.0.2.7"] = OrderRefused("own-space", "that is ours")
    answer = client.post("/api/v1/orders", json=ORDER)
    problem = answer.json()
    assert answer.status_code == 422
    assert (problem["code"], problem["detail"]) == ("own-space", "that is ours")
    assert problem["type"] == "urn:enforcer:problem:own-space"
    assert problem["instance"].endswith(answer.headers["X-Request-ID"])


def test_a_field_that_cannot_be_read_is_named(client: TestClient) -> None:
    demand = {"kind": "block_address", "prefix": "192.0.2.7777"}
    answer = client.post("/api/v1/orders", json={"demand": demand, "reason": 1, "extra": True})
    fields = {one["field"]: one["message"] for one in answer.json()["fields"]}
    assert answer.status_code == 422
    assert fields.keys() == {"body.demand.block_address.prefix", "body.reason", "body.extra"}
    assert "192.0.2.7777" in fields["body.demand.block_address.prefix"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"duration": 0}, "more than 0"),
        ({"duration": 1e300}, "at most"),
        ({"duration": True}, "seconds"),
        ({"duration": "2"}, "2m or 2h"),
        ({"end": "2026-11-22T08:00:00"}, "zone"),
        ({"reason": "a\u0000b", "duration": 60}, "NUL"),
        ({"open_ended": "yes"}, "boolean"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, body: dict[str, object], says: str
) -> None:
    plain = {key: value for key, value in ORDER.items() if key != "duration"}
    answer = client.post("/api/v1/orders", json=plain | body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]


def test_an_unknown_path_and_method_are_problems_too(client: TestClient) -> None:
    nowhere = client.get("/api/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not-found")
    wrong = client.put("/api/v1/orders")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method-not-allowed")
    assert "GET" in wrong.headers["Allow"] or "POST" in wrong.headers["Allow"]


def test_nul_is_nothing_that_a_name_can_have(client: TestClient) -> None:
    assert client.get("/api/v1/devices/a%00b").status_code == 400
    assert client.get("/api/v1/orders?customer=a%00b").status_code == 400


def test_a_body_of_nobody_is_short(app: FastAPI) -> None:
    anybody = TestClient(app)
    assert anybody.post("/api/v1/orders", content=b"x" * LARGEST_OF_NOBODY).status_code != 413
    refused = anybody.post("/api/v1/orders", content=b"x" * (LARGEST_OF_NOBODY + 1))
    assert (refused.status_code, refused.json()["code"]) == (413, "too-large")


def test_a_fault_is_a_problem_with_all_headers(
    client: TestClient, application: FakeApplication
) -> None:
    with patch.object(FakeApplication, "control", side_effect=ZeroDivisionError):
        answer = client.get("/api/v1/control")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-server-error")
    assert answer.json()["instance"].endswith(answer.headers["X-Request-ID"])
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("approver", 403), ("abuse", 200), ("engineer", 200)]
)
def test_devices_are_asked_anew_only_for_who_may_order(
    app: FastAPI, role: str, status: int
) -> None:
    asking = TestClient(app, headers={"Authorization": f"Bearer token-{role}"})
    path = "/api/v1/orders/preview"
    assert asking.post(path, json=ORDER).status_code == 200
    assert asking.post(f"{path}?fresh=1", json=ORDER).status_code == status


def test_browsers_are_told_what_protects_them(client: TestClient) -> None:
    headers = client.get("/api/v1/control").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers
    secure = client.get("https://testserver/api/v1/control").headers
    assert "max-age=" in secure["Strict-Transport-Security"]


def test_the_log_has_the_request_and_no_secret(app: FastAPI) -> None:
    http = NoNetwork(app)
    secret = {"Authorization": "Bearer token-abuse"}
    url = "http://testserver/api/v1/orders?text=private"
    http.handle_request(httpx.Request("GET", url, headers=secret))
    (line,) = [line for line in http.logged if line["event"] == "request"]
    assert (line["path"], line["status"], line["actor"]) == ("/api/v1/orders", 200, "abuse")
    assert "token-abuse" not in str(line) and "private" not in str(line)
