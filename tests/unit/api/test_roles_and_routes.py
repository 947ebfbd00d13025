# SPDX-License-Identifier: GPL-2.0-or-later
"""Every route asks for a right, and gives way to exactly the roles that have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from enforcer.api.app import create_app
from enforcer.api.examples import EXAMPLES
from enforcer.api.one_call import PREFIX
from enforcer.api.openapi import actions_of, routes_of
from enforcer.application.services import Services
from enforcer.core.access import Role
from enforcer.service_settings import IntakeSettings
from enforcer.web import site
from tests.fakes.services import fake_services
from tests.unit.api.rights_table import LETTERS, LOOKING, NOT_BY_READ_ONLY, TABLE

OPEN = {
    "/api/v1/openapi.json",
    "/login",
    "/login/{provider}",
    "/healthz",
    "/readyz",
}
"""Paths that anybody may ask for, by the whole application; static files beside them."""
STREAM = "GET /events"


@pytest.fixture
def anybody(app: FastAPI) -> Iterator[TestClient]:
    """A client that says nothing about itself."""
    with capture_logs():
        yield TestClient(app, raise_server_exceptions=False)


def routes(app: FastAPI) -> list[str]:
    """Method and path of every route of the API that has a guard."""
    return [
        f"{method} {str(route.path_format).removeprefix(PREFIX)}"
        for route in routes_of(app)
        for method in sorted(route.methods or ())
        if actions_of(route)
    ]


def test_every_route_of_the_api_has_a_row(app: FastAPI) -> None:
    found = routes(app)
    assert sorted(found) == sorted(TABLE)
    assert len(found) == len(set(found))


def test_every_route_of_everything_is_guarded_once_or_open() -> None:
    from enforcer.intake import http

    class NoInbox:
        """Nothing comes."""

    inbox: object = NoInbox()
    intake = http.routers(inbox, IntakeSettings())  # type: ignore[arg-type]  # nothing is asked of it
    app = create_app(fake_services(), [*site.routers(), *intake])
    wrong = []
    for route in routes_of(app):
        path, actions = str(route.path_format), actions_of(route)
        is_open = path in OPEN or path.startswith(("/static/", "/login"))
        if len(actions) != (0 if is_open else 1):
            wrong.append((path, actions))
    assert not wrong


def asked(client: TestClient, document: dict[str, object], row: str, secret: str) -> int:
    """The status of a request for what a row names, with a valid body."""
    method, path = row.split(" ", 1)
    filled = path.replace("{sequence}", "1").replace("{report_id}", "1")
    filled = filled.replace("{notice_id}", "1")
    for name in ("order_id", "proposal_id", "name", "session_id"):
        filled = filled.replace("{" + name + "}", "nobody")
    query = {"address": "192.0.2.7", "prefix": "192.0.2.0/24", "subject": "acme", "timeout": "0"}
    query |= {"old": "1", "new": "2"} | ({"format": "xarf"} if path == "/reports/try" else {})
    known = _parameters(document, method, path)
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    body = _body(document, method, path)
    response = client.request(
        method,
        PREFIX + filled,
        params={name: value for name, value in query.items() if name in known},
        headers=headers,
        json=body,
    )
    return int(response.status_code)


def _parameters(document: dict[str, object], method: str, path: str) -> set[str]:
    operation = document["paths"][PREFIX + path][method.lower()]  # type: ignore[index]  # JSON
    return {one["name"] for one in operation.get("parameters", ())}


def _body(document: dict[str, object], method: str, path: str) -> object:
    operation = document["paths"][PREFIX + path][method.lower()]  # type: ignore[index]  # JSON
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    examples = EXAMPLES.get(reference.rpartition("/")[2], {})
    return next(iter(examples.values()), {})


@pytest.mark.parametrize("row", [row for row in TABLE if row != STREAM])
def test_who_may_is_let_in_and_nobody_else(
    row: str, anybody: TestClient, app: FastAPI, services: Services
) -> None:
    document = app.openapi()
    for role, letter in LETTERS.items():
        status = asked(anybody, document, row, f"token-{role}")
        assert (status != 403) == (letter in TABLE[row]), (row, role, status)
        assert status not in (401, 500), (row, role, status)
    assert asked(anybody, document, row, "") == 401
    assert asked(anybody, document, row, "token-nobody") == 401
    reading = row.split(" ", 1)[0] in LOOKING or row in LOOKING
    for role, letter in LETTERS.items():
        status = asked(anybody, document, row, f"read-{role}")
        may = reading and letter in TABLE[row] and row not in NOT_BY_READ_ONLY
        assert (status != 403) == may, (row, role, status)


def test_events_are_for_those_who_may_read(anybody: TestClient) -> None:
    assert anybody.get(f"{PREFIX}/events").status_code == 401
    assert {"v", "d"} <= set(TABLE[STREAM]) and len(TABLE[STREAM]) == len(Role)


def test_a_cookie_changes_nothing_without_its_csrf_token(anybody: TestClient) -> None:
    body = EXAMPLES["PlaceBody"]["an address"]
    anybody.cookies.set("enforcer_session", "cookie-abuse")
    assert anybody.get(f"{PREFIX}/orders").status_code == 200
    assert anybody.post(f"{PREFIX}/orders", json=body).status_code == 403
    wrong = {"X-CSRF-Token": "csrf-viewer"}
    assert anybody.post(f"{PREFIX}/orders", json=body, headers=wrong).status_code == 403
    right = {"X-CSRF-Token": "csrf-abuse"}
    assert anybody.post(f"{PREFIX}/orders", json=body, headers=right).status_code == 201


def test_a_scheme_that_is_not_ours_is_refused(anybody: TestClient) -> None:
    answer = anybody.get(f"{PREFIX}/orders", headers={"Authorization": "Basic YTpi"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
