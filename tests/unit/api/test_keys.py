# SPDX-License-Identifier: GPL-2.0-or-later
"""`Idempotency-Key`: a request that is sent again is done once and answered again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from enforcer.api.examples import EXAMPLES
from enforcer.application.answers import Answered, Turn
from enforcer.application.services import Services
from enforcer.errors import StorageError
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.usecases.answers import ABANDONED, KEPT, StoredAnswers
from tests.fakes.application import FakeApplication
from tests.fakes.clock import FakeClock

ORDER = EXAMPLES["PlaceBody"]["an address"]
PAUSE = "/api/v1/devices/edge1/pause"
WHY = {"reason": "maintenance"}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 22, 8, tzinfo=UTC))


@pytest.fixture
def answers(tmp_path: Path, clock: FakeClock) -> Iterator[StoredAnswers]:
    url = f"sqlite:///{tmp_path / 'answers.db'}"
    migrate.upgrade(url)
    database = Database(url)
    yield StoredAnswers(database, clock)
    database.close()


@pytest.fixture
def services(services: Services, answers: StoredAnswers) -> Services:
    return Services(**vars(services) | {"answers": answers})


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_the_same_request_is_answered_again_and_done_once(
    client: TestClient, application: FakeApplication
) -> None:
    first = client.post(PAUSE, json=WHY, headers=keyed("a"))
    again = client.post(PAUSE, json=WHY, headers=keyed("a"))
    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(application.names_of("device_pause")) == 1


def test_without_a_key_it_is_done_twice(client: TestClient, application: FakeApplication) -> None:
    for _ in range(2):
        client.post(PAUSE, json=WHY)
    assert len(application.names_of("device_pause")) == 2


def test_another_request_with_the_key_is_refused(
    client: TestClient, application: FakeApplication
) -> None:
    client.post(PAUSE, json=WHY, headers=keyed("a"))
    other = client.post(PAUSE, json={"reason": "else"}, headers=keyed("a"))
    elsewhere = client.post("/api/v1/devices/edge2/pause", json=WHY, headers=keyed("a"))
    for answer in (other, elsewhere):
        assert (answer.status_code, answer.json()["code"]) == (422, "key-reused")
    assert len(application.names_of("device_pause")) == 1


def test_the_key_of_somebody_else_is_another_one(
    client: TestClient, application: FakeApplication
) -> None:
    client.post(PAUSE, json=WHY, headers=keyed("a"))
    engineer = keyed("a") | {"Authorization": "Bearer token-engineer"}
    assert client.post(PAUSE, json=WHY, headers=engineer).status_code == 200
    assert len(application.names_of("device_pause")) == 2


def test_while_the_first_is_worked_on_the_second_is_told(
    client: TestClient, answers: StoredAnswers
) -> None:
    client.post(PAUSE, json=WHY, headers=keyed("a"))
    answers.begin("api/tester/b", "digest")
    assert client.post(PAUSE, json=WHY, headers=keyed("b")).status_code == 422
    body = client.build_request("POST", PAUSE, json=WHY).content
    digest = hashlib.sha256(f"POST {PAUSE}?\n".encode() + body).hexdigest()
    answers.begin("api/tester/c", digest)
    busy = client.post(PAUSE, json=WHY, headers=keyed("c"))
    assert (busy.status_code, busy.json()["code"]) == (409, "key-in-use")


def test_an_error_leaves_the_key_free(client: TestClient, application: FakeApplication) -> None:
    application.fails = StorageError("locked")
    assert client.post(PAUSE, json=WHY, headers=keyed("a")).status_code == 503
    application.fails = None
    assert client.post(PAUSE, json=WHY, headers=keyed("a")).status_code == 200


def test_a_refusal_leaves_the_key_free(client: TestClient, application: FakeApplication) -> None:
    assert client.post(PAUSE, json={"nonsense": 1}, headers=keyed("a")).status_code == 422
    assert client.post(PAUSE, json=WHY, headers=keyed("a")).status_code == 200


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\tb", " a"])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    for path, body in ((PAUSE, WHY), ("/api/v1/orders", ORDER)):
        answer = client.post(path, json=body, headers=keyed(key))
        assert answer.status_code in (400, 422) or key.strip() == "a"


def test_the_key_of_an_order_stays_with_the_order(
    client: TestClient, application: FakeApplication
) -> None:
    ids = {
        client.post("/api/v1/orders", json=ORDER, headers=keyed("order")).json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 1
    (first, _) = [asked for name, _, asked in application.calls if name == "place"]
    assert first.idempotency_key == "tester/order"


def test_rows_of_a_bulk_have_keys_by_their_place(
    client: TestClient, application: FakeApplication
) -> None:
    own = ORDER | {"idempotency_key": "mine"}
    client.post("/api/v1/orders/bulk", json={"orders": [ORDER, own]}, headers=keyed("all"))
    (commands,) = [asked for name, _, asked in application.calls if name == "place_many"]
    assert [one.idempotency_key for one in commands] == ["tester/all:1", "tester/mine"]


def test_what_waits_for_a_second_person_is_answered_again(
    client: TestClient, application: FakeApplication
) -> None:
    application.needs_approval["192.0.2.7"] = ["it is wide"]
    answer = client.post("/api/v1/orders", json=ORDER)
    said = answer.json()
    assert answer.status_code == 202 and said["code"] == "awaiting-approval"
    assert answer.headers["Location"] == f"/api/v1/proposals/{said['proposal']['id']}"
    assert said["proposal"]["why"] == ["it is wide"]


def test_answers_are_kept_for_a_day(answers: StoredAnswers, clock: FakeClock) -> None:
    assert answers.begin("k", "r") is Turn.OURS
    answers.finish("k", Answered(200, "{}"))
    assert answers.begin("k", "r") == Answered(200, "{}")
    clock.advance(KEPT.total_seconds() + 1)
    assert answers.begin("k", "r") is Turn.OURS


def test_one_that_ended_with_its_process_can_be_asked_for_again(
    answers: StoredAnswers, clock: FakeClock
) -> None:
    assert answers.begin("k", "r") is Turn.OURS
    assert answers.begin("k", "r") is Turn.IN_USE
    assert answers.begin("k", "other") is Turn.REUSED
    clock.advance(ABANDONED.total_seconds())
    assert answers.begin("k", "r") is Turn.OURS
    answers.forget("k")
    assert answers.begin("k", "other") is Turn.OURS
