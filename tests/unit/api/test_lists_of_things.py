# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages, cursors and CSV of lists; long answers line by line."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient

from enforcer.api.paging import cursor_of, key_in
from enforcer.errors import InvalidInput
from tests.fakes.application import FakeApplication
from tests.fakes.views import a_device


@pytest.fixture
def devices(application: FakeApplication) -> list[str]:
    names = [f"edge{number:02}" for number in range(25)]
    application.device_views = [a_device(name) for name in names]
    return names


def test_pages_follow_each_other_without_gap_or_repeat(
    client: TestClient, devices: list[str]
) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": "10"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/api/v1/devices", params=query).json()
        assert len(page["items"]) <= 10
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == devices


def test_a_cursor_of_something_that_is_gone_is_told(
    client: TestClient, application: FakeApplication, devices: list[str]
) -> None:
    cursor = client.get("/api/v1/devices", params={"limit": 10}).json()["next"]
    application.device_views = application.device_views[15:]
    answer = client.get("/api/v1/devices", params={"cursor": cursor})
    assert answer.status_code == 422 and "first page" in answer.json()["detail"]


def test_orders_and_audit_entries_are_asked_for_behind_the_cursor(
    client: TestClient, application: FakeApplication
) -> None:
    client.get("/api/v1/orders", params={"cursor": cursor_of("0001-Y"), "limit": "5"})
    (which,) = [asked for name, _, asked in application.calls if name == "orders"]
    assert (which.before, which.limit) == ("0001-Y", 6)
    for newest in ("true", "false"):
        query = {"cursor": cursor_of("17"), "newest_first": newest}
        client.get("/api/v1/audit", params=query)
    first, second = [asked for name, _, asked in application.calls if name == "audit_list"]
    assert (first.before, first.after) == (17, None)
    assert (second.before, second.after) == (None, 17)


@pytest.mark.parametrize("text", ["", "x", "ä", "e30", "bnVsbA", "WzFd", "A" * 1999])
def test_a_cursor_that_is_not_ours_is_refused(client: TestClient, text: str) -> None:
    answer = client.get("/api/v1/devices", params={"cursor": text})
    assert answer.status_code == 422
    with pytest.raises(InvalidInput):
        key_in(text)


def test_the_cursor_of_another_list_is_refused(client: TestClient) -> None:
    answer = client.get("/api/v1/audit", params={"cursor": cursor_of("edge1")})
    assert answer.status_code == 422


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("asked", [{"format": "csv"}, None])
def test_a_list_is_a_table_where_that_is_asked_for(
    client: TestClient, devices: list[str], asked: dict[str, str] | None
) -> None:
    headers = {} if asked else {"Accept": "text/csv"}
    answer = client.get("/api/v1/devices", params=asked, headers=headers)
    assert answer.headers["content-type"].startswith("text/csv")
    assert [row["name"] for row in rows(answer.text)] == devices
    assert "Link" not in answer.headers


def test_a_table_says_where_it_goes_on(client: TestClient, devices: list[str]) -> None:
    seen: list[str] = []
    url = "/api/v1/devices?format=csv&limit=10"
    while url:
        answer = client.get(url)
        seen += [row["name"] for row in rows(answer.text)]
        link = answer.headers.get("Link", "")
        url = link.partition(">")[0].removeprefix("<")
    assert seen == devices


def test_what_a_spreadsheet_would_run_is_quoted(
    client: TestClient, application: FakeApplication
) -> None:
    for text in ('=HYPERLINK("x")', '\uff1dHYPERLINK("x")', "\uff0b1", "\uff20SUM(1)", "\ufe631"):
        application.device_views = [a_device("edge1", error=text)]
        answer = client.get("/api/v1/devices?format=csv")
        (row,) = rows(answer.text)
        assert row["error"] == f"'{text}"
        assert answer.headers["Content-Disposition"] == "attachment"


def test_a_form_that_there_is_not_is_told(client: TestClient) -> None:
    assert client.get("/api/v1/devices", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/api/v1/devices", params={"format": "xml"}).status_code == 422
    several = {"Accept": "text/html,application/json;q=0.9,*/*;q=0.8"}
    assert "items" in client.get("/api/v1/devices", headers=several).json()


def test_filters_reach_the_application(client: TestClient, application: FakeApplication) -> None:
    query = "active=true&status=enforced&status=partial&kind=block_port&customer=acme&text=T-1"
    assert client.get(f"/api/v1/orders?{query}").status_code == 200
    (which,) = [asked for name, _, asked in application.calls if name == "orders"]
    assert which.active is True and which.statuses == ("enforced", "partial")
    assert (which.kinds, which.customer, which.text) == (("block_port",), "acme", "T-1")


def test_a_long_answer_comes_whole_or_as_a_problem(client: TestClient) -> None:
    answer = client.get("/api/v1/export", params={"format": "csv"})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    assert int(answer.headers["content-length"]) == len(answer.content)
    missing = client.get("/api/v1/export", params={"device": "nowhere"})
    assert missing.status_code in (200, 404)
