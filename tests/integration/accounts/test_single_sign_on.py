# SPDX-License-Identifier: GPL-2.0-or-later
"""Single sign-on against a provider that speaks HTTP: whom it lets in, and every lie it refuses."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from enforcer.accounts.sign_on_logins import roles_of
from enforcer.api.guard import SECURE_COOKIE
from enforcer.application.account_views import ChangeUser, CreateToken, CreateUser
from enforcer.application.actor import Actor
from enforcer.core.access import Role
from enforcer.errors import Unauthenticated
from enforcer.service_settings import OidcSettings
from tests.integration.accounts.openid_server import CLIENT
from tests.integration.accounts.visitor import Office

SHELL = Actor("root", "cli")


def cookie(response: Any) -> str:
    return str(response.cookies.get(SECURE_COOKIE))


def test_a_first_login_makes_an_account_with_the_roles_of_the_claim(office: Office) -> None:
    browser = office.browser()
    arrived = office.sign_in(browser, "/orders?status=failing")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/orders?status=failing")
    actor, session, _ = office.accounts.by_session(cookie(arrived))
    assert (actor.name, actor.source, session.address) == ("jane", "web", "192.0.2.10")
    assert actor.rights is not None and actor.rights.roles == {Role.ENGINEER}
    (user,) = office.accounts.users(SHELL)
    assert (user.name, user.display, user.email, user.local) == (
        "jane",
        "Jane Doe",
        "jane@example.net",
        False,
    )
    assert office.recorded("user.created", "login.ok") == [
        ("user.created", "jane"),
        ("login.ok", "jane"),
    ]


def test_the_request_says_what_it_has_to(office: Office) -> None:
    away = office.browser().get("/login/sso").headers["location"]
    asked = {key: value[0] for key, value in parse_qs(urlsplit(away).query).items()}
    assert away.startswith(f"{office.provider.url}/authorize?")
    assert asked["redirect_uri"] == "https://desk.example.net/login/sso/callback"
    assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
    assert asked["code_challenge_method"] == "S256"
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert {"openid", "profile"} <= set(asked["scope"].split())


def test_the_cookies_can_be_read_by_no_script_and_set_by_no_other_host(office: Office) -> None:
    browser = office.browser()
    away = browser.get("/login/sso").headers["set-cookie"]
    arrived = office.sign_in(browser).headers.get_list("set-cookie")
    for stated in (away, *arrived):
        assert stated.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(stated.split("; "))
        assert "Domain" not in stated
    assert any("enforcer_sign_on=" in stated and "Max-Age=0" in stated for stated in arrived)


def test_the_second_login_is_the_same_account_with_the_roles_of_now(office: Office) -> None:
    office.sign_in(office.browser())
    office.provider.person.update(groups=["heads"], name="Jane Roe")
    arrived = office.sign_in(office.browser())
    actor, _, _ = office.accounts.by_session(cookie(arrived))
    assert actor.rights is not None and actor.rights.roles == {Role.APPROVER, Role.VIEWER}
    (user,) = office.accounts.users(SHELL)
    assert user.display == "Jane Roe"
    assert ("user.changed", "jane") in office.recorded("user.changed")


def test_nobody_is_matched_by_name_or_mail(office: Office) -> None:
    local = CreateUser(
        name="jane", roles=("admin",), email="jane@example.net", password="a sound pass phrase"
    )
    office.accounts.create_user(SHELL, local)
    arrived = office.sign_in(office.browser())
    actor, _, _ = office.accounts.by_session(cookie(arrived))
    assert actor.name == "jane+sso"
    assert actor.rights is not None and Role.ADMIN not in actor.rights.roles
    office.provider.person["sub"] = "another"
    arrived = office.sign_in(office.browser())
    assert office.accounts.by_session(cookie(arrived))[0].name == "jane+sso1"


def test_a_name_that_no_account_can_have_is_not_taken(office: Office) -> None:
    office.provider.person["preferred_username"] = "controller"
    arrived = office.sign_in(office.browser())
    assert office.accounts.by_session(cookie(arrived))[0].name.startswith("sso-")


@pytest.mark.parametrize("groups", [None, [], ["everybody"], "everybody", {"noc": 1}, [7]])
def test_whoever_has_no_role_is_not_let_in(office: Office, groups: object) -> None:
    office.provider.person["groups"] = groups
    arrived = office.sign_in(office.browser())
    assert arrived.status_code == 403 and "groups" in arrived.text
    assert SECURE_COOKIE not in arrived.cookies
    assert list(office.accounts.users(SHELL)) == []


def test_whoever_loses_the_last_role_loses_logins_and_tokens(office: Office) -> None:
    first = cookie(office.sign_in(office.browser()))
    actor = office.accounts.by_session(first)[0]
    secret = office.accounts.create_token(
        actor, CreateToken(source="api", roles=("viewer",))
    ).secret
    assert office.accounts.by_token(secret, "192.0.2.1").name == "jane"
    office.provider.person["groups"] = ["everybody"]
    assert office.sign_in(office.browser()).status_code == 403
    with pytest.raises(Unauthenticated):
        office.accounts.by_session(first)
    rights = office.accounts.by_token(secret, "192.0.2.1").rights
    assert rights is not None and rights.roles == frozenset()


def test_tokens_of_who_left_at_the_provider_end_with_time(office: Office) -> None:
    actor = office.accounts.by_session(cookie(office.sign_in(office.browser())))[0]
    secret = office.accounts.create_token(
        actor, CreateToken(source="api", roles=("viewer",))
    ).secret
    office.clock.advance(29 * 86_400)
    assert office.accounts.by_token(secret, "192.0.2.1").name == "jane"
    office.clock.advance(2 * 86_400)
    with pytest.raises(Unauthenticated, match="30 days"):
        office.accounts.by_token(secret, "192.0.2.1")
    office.sign_in(office.browser())
    assert office.accounts.by_token(secret, "192.0.2.1").name == "jane"


def test_a_disabled_account_is_not_let_in_by_its_provider(office: Office) -> None:
    office.sign_in(office.browser())
    office.accounts.change_user(SHELL, ChangeUser(name="jane", disabled=True))
    arrived = office.sign_in(office.browser())
    assert arrived.status_code == 401 and "disabled" in arrived.text
    assert office.recorded("login.failed") == [("login.failed", "jane")]


def test_claims_that_only_userinfo_has_are_fetched_there(office: Office) -> None:
    office.provider.thin = True
    arrived = office.sign_in(office.browser())
    assert office.accounts.by_session(cookie(arrived))[0].name == "jane"
    assert "/userinfo" in office.provider.asked


def test_roles_can_lie_deep_in_the_claims() -> None:
    settings = OidcSettings(
        issuer="https://login.example.net",
        client_id="x",
        roles_claim="realm_access.roles",
        roles={"noc": ("engineer",)},
    )
    assert roles_of(settings, {"realm_access": {"roles": ["noc"]}}) == (Role.ENGINEER,)
    assert roles_of(settings, {"realm_access": "noc"}) == ()
