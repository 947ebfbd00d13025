# SPDX-License-Identifier: GPL-2.0-or-later
"""Many orders in one request: a row that cannot be read is told, and stops no other one."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from enforcer.api.examples import EXAMPLES
from tests.fakes.application import FakeApplication

BULK = "/api/v1/orders/bulk"
GOOD = EXAMPLES["PlaceBody"]["an address"]
BAD: tuple[Any, ...] = (
    {**GOOD, "demand": {"kind": "block_address", "prefix": "192.0.2.999"}},
    {**GOOD, "reasn": "typo"},
    {"reason": "no target"},
    "192.0.2.7",
    None,
    [],
)


@pytest.mark.parametrize("dry_run", ["0", "1"])
def test_rows_that_cannot_be_read_are_told_and_the_others_are_done(
    client: TestClient, application: FakeApplication, dry_run: str
) -> None:
    rows = [BAD[0], GOOD, *BAD[1:], GOOD]
    answer = client.post(BULK, json={"orders": rows}, params={"dry_run": dry_run})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [one["line"] for one in items] == list(range(1, len(rows) + 1))
    good = {2, len(rows)}
    assert {one["line"] for one in items if one["code"] != "invalid"} == good
    assert all(one["message"] for one in items if one["line"] not in good)
    assert "demand.block_address.prefix: " in items[0]["message"]
    assert items[2]["message"].startswith("reasn: ")
    called, wanted = ("check_many", None) if dry_run == "1" else ("place_many", {2, len(rows)})
    ((_, _, commands),) = [c for c in application.calls if c[0] == called]
    assert len(commands) == 2
    if wanted is not None:
        assert {one["line"] for one in items if one["order"]} == wanted


def test_keys_go_by_the_position_in_the_request(
    client: TestClient, application: FakeApplication
) -> None:
    header = {"Idempotency-Key": "all"}
    client.post(BULK, json={"orders": [BAD[0], GOOD]}, headers=header)
    ((_, _, (command,)),) = [c for c in application.calls if c[0] == "place_many"]
    assert command.idempotency_key.endswith("/all:2")


def test_where_no_row_can_be_read_nothing_is_asked_for(
    client: TestClient, application: FakeApplication
) -> None:
    answer = client.post(BULK, json={"orders": [None]})
    assert answer.json()["items"][0]["code"] == "invalid"
    assert application.names_of("place_many") == []


@pytest.mark.parametrize("body", [{}, {"orders": []}, {"orders": {}}, {"orders": [GOOD], "x": 1}])
def test_what_is_no_request_at_all_is_refused_as_a_whole(client: TestClient, body: object) -> None:
    assert client.post(BULK, json=body).status_code == 422
