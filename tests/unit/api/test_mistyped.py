# SPDX-License-Identifier: GPL-2.0-or-later
"""What is mistyped in a query or a body is told, in words for people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from enforcer.api.examples import EXAMPLES
from tests.fakes.application import FakeApplication

API = "/api/v1"


@pytest.mark.parametrize(
    "path, known",
    [
        ("/orders?statsu=enforced", "active, before, cursor, customer, format"),
        ("/orders/0001-Y?verbose=1", "it takes none"),
        ("/devices?sort=name", "choose of cursor, format, limit"),
        ("/events?knd=order.placed", "choose of after, "),
        ("/lists/botnets/diff?old=1&new=2&lmit=5", "format, limit, new, old"),
    ],
)
def test_a_parameter_that_there_is_not_is_refused_with_those_there_are(
    client: TestClient, path: str, known: str
) -> None:
    answer = client.get(API + path)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid-input"
    assert known in answer.json()["detail"]
    (field,) = answer.json()["fields"]
    assert field["field"].startswith("query.")


def test_a_mistyped_dry_run_places_nothing(
    client: TestClient, application: FakeApplication
) -> None:
    body = EXAMPLES["PlaceBody"]["an address"]
    assert client.post(f"{API}/orders?dryrun=1", json=body).status_code == 422
    assert application.names_of("place") == []


def test_who_may_not_ask_hears_nothing_of_parameters(client: TestClient) -> None:
    nobody = {"Authorization": "Bearer wrong"}
    assert client.get(f"{API}/orders?statsu=x", headers=nobody).status_code == 401
    detector = {"Authorization": "Bearer token-detector"}
    assert client.get(f"{API}/devices?sort=x", headers=detector).status_code == 403


def test_too_short_and_too_long_is_said_in_words(client: TestClient) -> None:
    comments = f"{API}/orders/0001-Y/comments"
    said = client.post(comments, json={"text": ""}).json()["detail"]
    assert said == "body.text: too short: at least 1 character"
    said = client.post(comments, json={"text": "x" * 2001}).json()["detail"]
    assert said == "body.text: too long: at most 2,000 characters"
    said = client.post(f"{API}/orders/bulk", json={"orders": []}).json()["detail"]
    assert said == "body.orders: too short: at least 1 item"


def test_an_order_that_was_there_already_is_said_to_be(
    client: TestClient, application: FakeApplication
) -> None:
    body, key = EXAMPLES["PlaceBody"]["an address"], {"Idempotency-Key": "a"}
    first = client.post(f"{API}/orders", json=body, headers=key)
    assert "Idempotency-Replayed" not in first.headers
    application.now += timedelta(seconds=1)
    again = client.post(f"{API}/orders", json=body, headers=key)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    other = client.post(f"{API}/orders", json=body, headers={"Idempotency-Key": "b"})
    assert "Idempotency-Replayed" not in other.headers


def test_what_a_list_rejected_and_two_versions_differ_in_is_csv_too(
    client: TestClient, application: FakeApplication
) -> None:
    for text in ("192.0.2.1\nnonsense\n", "192.0.2.1\n192.0.2.2\n"):
        body = {"text": text, "source": "b.txt"}
        assert client.post(f"{API}/lists/botnets", json=body).status_code == 200
    for path in ("rejects?version=1", "diff?old=1&new=2"):
        plain = client.get(f"{API}/lists/botnets/{path}")
        assert plain.headers["content-type"] == "application/json"
        table = client.get(f"{API}/lists/botnets/{path}&format=csv")
        asked = client.get(f"{API}/lists/botnets/{path}", headers={"Accept": "text/csv"})
        assert table.headers["content-type"].startswith("text/csv")
        assert table.text == asked.text
        told = plain.json()
        rows = told["lines"] if "lines" in told else [*told["added"], *told["removed"]]
        assert len(table.text.splitlines()) == 1 + len(rows)
