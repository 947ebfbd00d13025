# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts and tokens over the API: what each role gets, and what never comes back."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from enforcer.api.app import create_app
from enforcer.application.account_views import CreateToken
from enforcer.application.services import Services
from enforcer.core.access import Role
from tests.fakes.application import FakeApplication
from tests.fakes.services import FakeNotices, FakeReports
from tests.unit.accounts.house import SETTINGS, SHELL, House

V1 = "/api/v1"


_MADE: list[FastAPI] = []


def made_once(services: Services) -> FastAPI:
    """To make an application with all its routes takes longer than these tests."""
    if not _MADE:
        _MADE.append(create_app(services))
    return _MADE[0]


@pytest.fixture
def client(house: House) -> TestClient:
    application = FakeApplication()
    services = Services(
        application=application,
        accounts=house.accounts,
        reports=FakeReports(application),
        notices=FakeNotices(),
        settings=SETTINGS,
        now=house.clock.now,
    )
    app = made_once(services)
    app.state.services = services
    return TestClient(app, client=("192.0.2.10", 50_000))


def bearer(house: House, *roles: str, owner: str | None = None) -> dict[str, str]:
    """Headers with a token of a new account that has these roles (or of nobody)."""
    name = "-".join(roles)
    if owner is None and "detector" not in roles:
        house.user(name, *roles)
        owner = name
    source = "api" if owner else "robot"
    command = CreateToken(source=source, roles=roles, owner=owner or "")
    return {"authorization": f"Bearer {house.token(SHELL, command)}"}


def test_who_one_is(house: House, client: TestClient) -> None:
    anna = bearer(house, "abuse")
    assert client.get(f"{V1}/me", headers=anna).json()["name"] == "abuse"
    said = client.get(f"{V1}/me/rights", headers=anna).json()
    assert said["roles"] == ["abuse"] and "place" in said["actions"] and said["limits"] is None
    said = client.get(f"{V1}/me/rights", headers=bearer(house, "detector")).json()
    assert (said["source"], said["limits"]["longest"]) == ("robot", 86_400)


@pytest.mark.parametrize("role", list(Role))
def test_only_who_keeps_accounts_reaches_those_of_others(
    house: House, client: TestClient, role: Role
) -> None:
    headers = bearer(house, role.value)
    house.user("other", "viewer")
    new = {"name": "new", "roles": ["viewer"]}
    asked: list[tuple[str, str, Any, int]] = [
        ("GET", "/users", None, 200),
        ("POST", "/users", new, 201),
        ("PATCH", "/users/other", {"display": "Other"}, 200),
        ("PUT", "/users/other/password", {"password": "a sound pass phrase"}, 204),
        ("GET", "/sessions?user=other", None, 200),
    ]
    for method, path, body, good in asked:
        answer = client.request(method, f"{V1}{path}", json=body, headers=headers)
        assert answer.status_code == (good if role is Role.ADMIN else 403), (path, answer.text)


def test_a_token_is_shown_once(house: House, client: TestClient) -> None:
    admin = bearer(house, "admin")
    body = {
        "source": "fastnetmon",
        "roles": ["detector"],
        "owner": "",
        "networks": ["192.0.2.0/24"],
    }
    made = client.post(f"{V1}/tokens", json=body, headers=admin)
    assert made.status_code == 201
    secret, name = made.json()["secret"], made.json()["token"]["name"]
    assert secret.startswith(name)
    listed = client.get(f"{V1}/tokens", headers=admin)
    assert name in listed.text and secret not in listed.text
    as_table = client.get(f"{V1}/tokens?format=csv", headers=admin)
    assert name in as_table.text and secret not in as_table.text
    used = {"authorization": f"Bearer {secret}"}
    assert client.get(f"{V1}/me/rights", headers=used).status_code == 200
    assert client.delete(f"{V1}/tokens/{name}", headers=admin).json()["revoked"] is not None
    assert client.get(f"{V1}/me/rights", headers=used).status_code == 401


def test_tokens_end_no_logins_of_others(house: House, client: TestClient) -> None:
    house.user("victim", "viewer")
    session = house.enter("victim").session.id
    headers = bearer(house, "engineer")
    assert client.delete(f"{V1}/sessions/{session}", headers=headers).status_code == 403
    admin = bearer(house, "admin")
    assert client.delete(f"{V1}/sessions/{session}", headers=admin).status_code == 204
    assert client.delete(f"{V1}/sessions/{session}", headers=admin).status_code == 404


def test_passwords_are_never_repeated_in_an_answer(house: House, client: TestClient) -> None:
    admin = bearer(house, "admin")
    short = {"name": "new", "roles": ["viewer"], "password": "hunter2"}
    broken = {"name": "new", "roles": ["viewer"], "password": ["hunter2"]}
    for body in (short, broken, {**short, "unknown": 1}):
        answer = client.post(f"{V1}/users", json=body, headers=admin)
        assert answer.status_code == 422 and "hunter2" not in answer.text


def test_a_login_changes_its_own_password(house: House, client: TestClient) -> None:
    house.user("anna", "abuse")
    made = house.enter("anna")
    client.cookies.set("enforcer_session", made.cookie)
    body = {"old": "correct horse battery", "new": "a sound pass phrase"}
    assert client.post(f"{V1}/me/password", json=body).status_code == 403
    headers = {"x-csrf-token": made.csrf}
    assert client.post(f"{V1}/me/password", json=body, headers=headers).status_code == 204
    assert house.enter("anna", "a sound pass phrase").session.user == "anna"
    sessions = client.get(f"{V1}/sessions").json()["items"]
    assert [one["current"] for one in sessions].count(True) == 1


@pytest.mark.parametrize(
    "authorization", ["", "Basic YTpi", "Bearer", "Bearer ", "Bearer x", "bearer \u00e9", "x"]
)
def test_what_is_no_token_is_nobody(client: TestClient, authorization: str) -> None:
    answer = client.get(
        f"{V1}/me/rights", headers={"authorization": authorization.encode("latin-1")}
    )
    assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")
