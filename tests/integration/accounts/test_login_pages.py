# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk's login over HTTP: cookies, forms of other sites, logging out."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from enforcer.api.guard import COOKIE, SECURE_COOKIE
from enforcer.application.account_views import CreateUser
from enforcer.application.actor import Actor
from tests.integration.accounts.visitor import Office

SHELL = Actor("root", "cli")
PASSWORD = "correct horse battery"
ME = "/api/v1/me"


@pytest.fixture
def desk(office: Office) -> Office:
    """The desk with a local account, anna."""
    office.accounts.create_user(SHELL, CreateUser(name="anna", roles=("abuse",), password=PASSWORD))
    return office


def enter(browser: TestClient, **more: Any) -> Any:
    form = {"name": "anna", "password": PASSWORD, **more.pop("form", {})}
    return browser.post("/login", data=form, **more)


def csrf_of(office: Office, browser: TestClient) -> str:
    cookie = browser.cookies.get(SECURE_COOKIE)
    assert cookie is not None
    return office.accounts.by_session(cookie)[2]


def test_the_form_logs_in_and_goes_on(desk: Office) -> None:
    browser = desk.browser()
    assert browser.get(ME).status_code == 401
    assert 'name="next" value="/orders?x=1"' in browser.get("/login?next=/orders%3Fx%3D1").text
    entered = enter(browser, form={"next": "/orders?x=1"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/orders?x=1")
    assert browser.get(ME).json()["name"] == "anna"
    assert browser.get("/login").status_code == 303


def test_the_cookie_is_kept_from_scripts_and_other_sites(desk: Office) -> None:
    stated = enter(desk.browser()).headers["set-cookie"]
    assert stated.startswith(f"{SECURE_COOKIE}=")
    parts = set(stated.split("; "))
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= parts
    assert not any(part.startswith(("Domain", "Max-Age", "Expires")) for part in parts)


def test_without_https_the_cookie_has_its_plain_name(desk: Office) -> None:
    settings = desk.settings.model_copy(
        update={"web": desk.settings.web.model_copy(update={"url": ""})}
    )
    plain = Office(
        desk.database, desk.clock, desk.accounts, desk.sign_on, settings, desk.provider
    ).browser("http://127.0.0.1:8080")
    stated = enter(plain).headers["set-cookie"]
    assert stated.startswith(f"{COOKIE}=") and "Secure" not in stated
    assert plain.get(ME).json()["name"] == "anna"


def test_by_https_a_cookie_that_another_host_can_set_is_not_looked_at(desk: Office) -> None:
    made = desk.accounts.login("anna", PASSWORD, "192.0.2.66", "")
    browser = desk.browser()
    browser.cookies.set(COOKIE, made.cookie)
    assert browser.get(ME).status_code == 401
    browser.cookies.set(SECURE_COOKIE, made.cookie)
    assert browser.get(ME).status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example.net",
        "//evil.example.net",
        "/\\evil.example.net",
        "javascript:alert(1)",
        "/\nSet-Cookie: x=y",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_by_a_link(desk: Office, elsewhere: str) -> None:
    assert enter(desk.browser(), form={"next": elsewhere}).headers["location"] == "/"


def test_a_wrong_password_is_told_on_the_page_and_nothing_is_set(desk: Office) -> None:
    browser = desk.browser()
    refused = enter(browser, form={"password": "wrong and <b>bold</b>"})
    assert refused.status_code == 401 and "name or the password is wrong" in refused.text
    assert "set-cookie" not in refused.headers and "bold" not in refused.text
    assert 'value="anna"' in refused.text
    assert "&lt;script" in enter(browser, form={"name": "<script>"}).text


def test_too_many_attempts_say_when_to_come_again(desk: Office) -> None:
    browser = desk.browser()
    for _ in range(5):
        enter(browser, form={"password": "a wrong guess"})
    refused = enter(browser)
    assert refused.status_code == 429 and refused.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.net"},
        {"origin": "null"},
        {"origin": "https://desk.example.net.evil.example.net"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_logs_nobody_in(desk: Office, headers: dict[str, str]) -> None:
    refused = enter(desk.browser(), headers=headers)
    assert refused.status_code == 403 and "set-cookie" not in refused.headers
    ours = {"origin": "https://desk.example.net", "sec-fetch-site": "same-origin"}
    assert enter(desk.browser(), headers=ours).status_code == 303


def test_logging_in_again_ends_the_login_before(desk: Office) -> None:
    browser = desk.browser()
    enter(browser)
    before = browser.cookies.get(SECURE_COOKIE)
    assert before is not None
    enter(browser)
    assert browser.cookies.get(SECURE_COOKIE) != before
    stale = desk.browser()
    stale.cookies.set(SECURE_COOKIE, before)
    assert stale.get(ME).status_code == 401


def test_logging_out_needs_the_token_of_the_form_and_ends_the_login(desk: Office) -> None:
    browser = desk.browser()
    enter(browser)
    cookie = browser.cookies.get(SECURE_COOKIE)
    assert cookie is not None
    for wrong in ({}, {"csrf": "x"}, {"csrf": ""}):
        assert browser.post("/logout", data=wrong).status_code == 403
    done = browser.post("/logout", data={"csrf": csrf_of(desk, browser)})
    assert (done.status_code, done.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in done.headers["set-cookie"]
    browser.cookies.set(SECURE_COOKIE, cookie)
    assert browser.get(ME).status_code == 401


def test_a_cookie_changes_nothing_without_the_token(desk: Office) -> None:
    browser = desk.browser()
    enter(browser)
    body = {"zone": "Europe/Athens"}
    assert browser.patch(ME, json=body).status_code == 403
    wrong = {"x-csrf-token": "x" * 43}
    assert browser.patch(ME, json=body, headers=wrong).status_code == 403
    right = {"x-csrf-token": csrf_of(desk, browser)}
    assert browser.patch(ME, json=body, headers=right).json()["zone"] == "Europe/Athens"


def test_a_page_that_only_refreshes_itself_idles_out(desk: Office) -> None:
    browser = desk.browser()
    enter(browser)
    for _ in range(3):
        desk.clock.advance(20 * 60 - 1)
        assert browser.get(f"{ME}?fragment=1").status_code == 200
    desk.clock.advance(3)
    assert browser.get(ME).status_code == 401


def test_providers_that_are_not_there_are_not_found(desk: Office) -> None:
    for path in ("/login/other", "/login/other/callback?state=x"):
        assert desk.browser().get(path).status_code == 404


def test_no_secret_is_in_the_log(desk: Office, capsys: pytest.CaptureFixture[str]) -> None:
    browser = desk.browser()
    enter(browser, form={"password": "a wrong guess"})
    enter(browser)
    desk.sign_in(desk.browser())
    said = "".join(capsys.readouterr())
    cookie = browser.cookies.get(SECURE_COOKIE)
    assert "/login" in said and cookie is not None
    for secret in (PASSWORD, "a wrong guess", cookie, "code=", "the client's own secret"):
        assert secret not in said
