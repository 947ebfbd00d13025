# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages about network, record and accounts: a row for each route, a letter for each role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from structlog.testing import capture_logs

from enforcer.core.access import Role
from enforcer.web import (
    accounts,
    audit,
    customers,
    device_changes,
    devices,
    doctor,
    drift,
    inventory,
    list_import,
    lists,
    notices,
    own_account,
    reports,
    surroundings,
    tokens,
)
from tests.unit.api.rights_table import LETTERS
from tests.unit.web.sitting import Sitting

MODULES = (
    *(accounts, audit, customers, device_changes, devices, doctor, drift, inventory, list_import),
    *(lists, notices, own_account, reports, surroundings, tokens),
)
ALL, STAFF, PEOPLE, KEEPERS = "vaepx", "aex", "vaepx", "ex"
TABLE = {
    "GET /devices": ALL,
    "GET /devices/{name}": ALL,
    "GET /devices/{name}/drift": ALL,
    "GET /devices/{name}/plan": ALL,
    "GET /devices/{name}/release": KEEPERS,
    "GET /devices/{name}/adopt": KEEPERS,
    "POST /devices/{name}/reconcile": KEEPERS,
    "POST /devices/{name}/pause": KEEPERS,
    "POST /devices/{name}/resume": KEEPERS,
    "POST /devices/{name}/release": KEEPERS,
    "POST /devices/{name}/mode": KEEPERS,
    "POST /devices/{name}/adopt": KEEPERS,
    "POST /devices/{name}/retire": KEEPERS,
    "GET /drift": ALL,
    "GET /customers": ALL,
    "GET /customers/{name}": ALL,
    "POST /customers/{name}/gone": KEEPERS,
    "POST /customers/{name}/move": KEEPERS,
    "GET /dispute": PEOPLE,
    "GET /audit": PEOPLE,
    "GET /audit/chain": PEOPLE,
    "GET /audit/{sequence}": PEOPLE,
    "POST /audit/verify": PEOPLE,
    "POST /audit/sign": PEOPLE,
    "GET /lists": ALL,
    "GET /lists/{name}": ALL,
    "GET /lists/{name}/rejects": ALL,
    "GET /lists/{name}/diff": ALL,
    "POST /lists/{name}/refresh": "aexd",
    "GET /import-list": "aexd",
    "POST /import-list": "aexd",
    "GET /protected": ALL,
    "GET /sources": ALL,
    "GET /sources/{name}/stop": ALL,
    "POST /sources/{name}/stop": "aepx",
    "POST /sources/{name}/start": KEEPERS,
    "GET /alarms": ALL,
    "GET /reports": ALL,
    "GET /reports/{report_id}": ALL,
    "POST /reports/{report_id}/dismiss": STAFF,
    "GET /notices": ALL,
    "POST /notices/{notice_id}/retry": KEEPERS,
    "GET /inventory": ALL,
    "GET /inventory/diff": KEEPERS,
    "POST /inventory/reload": KEEPERS,
    "GET /status": ALL,
    "GET /status/doctor": KEEPERS,
    "GET /accounts": "x",
    "POST /accounts": "x",
    "GET /accounts/{name}": "x",
    "POST /accounts/{name}": "x",
    "POST /accounts/{name}/disable": "x",
    "POST /accounts/{name}/password": "x",
    "GET /me": PEOPLE,
    "POST /me/zone": PEOPLE,
    "POST /me/password": PEOPLE,
    "POST /sessions/{session_id}/end": PEOPLE,
    "GET /tokens": PEOPLE,
    "POST /tokens": PEOPLE,
    "POST /tokens/{name}/revoke": PEOPLE,
}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def test_every_route_has_a_row() -> None:
    found = [
        f"{method} {route.path}"
        for module in MODULES
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
    assert sorted(found) == sorted(TABLE)


def filled(path: str) -> str:
    for name in ("sequence", "report_id", "notice_id"):
        path = path.replace("{" + name + "}", "1")
    return path.replace("{name}", "nobody").replace("{session_id}", "session-nobody")


@pytest.mark.parametrize("role", Role)
def test_each_role_may_what_its_letter_says(role: Role) -> None:
    sitting = Sitting(role.value)
    wrong = []
    for row, letters in TABLE.items():
        method, path = row.split(" ")
        answer = sitting.get(filled(path)) if method == "GET" else sitting.post(filled(path))
        refused = answer.status_code == 403 and "needs the right" in answer.text
        if refused == (LETTERS[role] in letters) or answer.status_code >= 500:
            wrong.append((row, answer.status_code))
    assert not wrong


def test_no_form_is_taken_from_elsewhere() -> None:
    sitting = Sitting("admin")
    forms = [row.split(" ")[1] for row in TABLE if row.startswith("POST")]
    taken = [
        path
        for path in forms
        for token in ("", "csrf-engineer")
        if sitting.post(filled(path), csrf=token).status_code != 403
    ]
    assert not taken
    changing = {"device_pause", "source_stop", "inventory_reload", "device_adopt", "audit_sign"}
    assert changing.isdisjoint(name for name, _, _ in sitting.application.calls)


def test_a_forbidden_page_says_who_could() -> None:
    sitting = Sitting("viewer")
    text = sitting.page("/accounts", 403)
    assert "You may not do this" in text
    assert "Somebody with the right role can do it" in text
    assert 'href="/accounts"' not in text, "the navigation offers only what one may look at"


@pytest.mark.parametrize(
    "path",
    ["/devices", "/devices/edge1", "/drift", "/customers/acme", "/sources", "/reports/1"],
)
def test_a_viewer_is_shown_no_button_that_would_refuse(path: str) -> None:
    sitting = Sitting("viewer")
    text = sitting.page(path)
    forms = text.split('<form method="post" action="')[1:]
    assert {form.partition('"')[0] for form in forms} <= {"/desk/theme", "/logout"}
