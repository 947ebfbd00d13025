# SPDX-License-Identifier: GPL-2.0-or-later
"""Every lie of a provider, or in its name, is refused, and nobody is let in by it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from enforcer.accounts.sign_on import SingleSignOn
from enforcer.api.guard import SECURE_COOKIE
from enforcer.application.account_views import CreateUser
from enforcer.application.actor import Actor
from enforcer.errors import ConfigurationInvalid, SignOnFailed
from enforcer.service_settings import OidcSettings
from tests.fakes.clock import FakeClock
from tests.integration.accounts.openid_server import CLIENT, SECRET, openid_server, rsa_key
from tests.integration.accounts.visitor import OUTSIDE, Office
from tests.integration.tls_server import Authority


def assert_refused(office: Office, said: str, browser: Any = None) -> None:
    arrived = office.sign_in(browser or office.browser())
    assert arrived.status_code == 401, arrived.text
    assert said in arrived.text
    assert SECURE_COOKIE not in arrived.cookies
    assert office.recorded("login.ok", "user.created") == []


SPOILED: dict[str, Callable[[dict[str, Any]], None]] = {
    "nonce of another login": lambda claims: claims.update(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "another audience": lambda claims: claims.update(aud="another"),
    "another audience, our party": lambda claims: claims.update(aud="another", azp=CLIENT),
    "no audience": lambda claims: claims.pop("aud"),
    "several audiences, party unsaid": lambda claims: claims.update(aud=["other", CLIENT]),
    "another party": lambda claims: claims.update(aud=[CLIENT, "other"], azp="other"),
    "another issuer": lambda claims: claims.update(iss="https://evil.example.net"),
    "issuer with a slash more": lambda claims: claims.update(iss=claims["iss"] + "/"),
    "no issuer": lambda claims: claims.pop("iss"),
    "expired": lambda claims: claims.update(exp=claims["iat"] - 61),
    "no expiry": lambda claims: claims.pop("exp"),
    "expiry as words": lambda claims: claims.update(exp="never"),
    "not valid yet": lambda claims: claims.update(nbf=claims["iat"] + 120),
    "issued in the future": lambda claims: claims.update(iat=claims["iat"] + 120),
    "no subject": lambda claims: claims.pop("sub"),
    "empty subject": lambda claims: claims.update(sub=""),
    "subject that is no text": lambda claims: claims.update(sub=7),
    "hash of another access token": lambda claims: claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_claims_that_do_not_hold_are_refused(
    office: Office, spoil: Callable[[dict[str, Any]], None]
) -> None:
    office.provider.spoil = spoil
    assert_refused(office, "the provider")


def unsigned(claims: dict[str, Any]) -> str:
    def part(said: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}."


def test_tokens_that_the_provider_did_not_sign_are_refused(office: Office) -> None:
    provider = office.provider
    public = provider.key.as_pem(private=False)
    foreign = rsa_key("first", 1)
    good = jwt.encode
    forgeries: list[Callable[[dict[str, Any]], str]] = [
        unsigned,
        lambda claims: good({"alg": "RS256", "kid": "first"}, claims, foreign),
        lambda claims: good({"alg": "RS256", "kid": "unknown"}, claims, foreign),
        lambda claims: good({"alg": "HS256"}, claims, OctKey.import_key(SECRET)),
        lambda claims: mac_by_public_key(claims, public),
        lambda claims: good({"alg": "RS256", "kid": "first"}, claims, provider.key)[:-4] + "AAAA",
        lambda claims: "not.a.token",
        lambda claims: "",
    ]
    for forged in forgeries:
        provider.sign = forged
        assert_refused(office, "the provider")


def mac_by_public_key(claims: dict[str, Any], public: bytes) -> str:
    """The well-known confusion: HS256 with the RSA key, which everybody has, as its secret."""

    def part(said: bytes) -> str:
        return base64.urlsafe_b64encode(said).decode().rstrip("=")

    header = json.dumps({"alg": "HS256", "kid": "first"}).encode()
    signed = f"{part(header)}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.digest(public, signed.encode(), hashlib.sha256))}"


def test_new_keys_are_fetched_when_the_provider_changes_them(office: Office) -> None:
    office.sign_in(office.browser())
    office.provider.key = rsa_key("second")
    office.clock.advance(60)
    assert office.sign_in(office.browser()).status_code == 303
    assert office.provider.asked.count("/keys") == 2
    assert office.provider.asked.count("/.well-known/openid-configuration") == 1


def test_unknown_keys_do_not_make_it_ask_all_the_time(office: Office) -> None:
    office.provider.sign = lambda claims: jwt.encode(
        {"alg": "RS256", "kid": "unknown"}, claims, rsa_key("unknown")
    )
    for _ in range(4):
        assert_refused(office, "the provider")
    assert office.provider.asked.count("/keys") == 1


def test_an_answer_that_another_browser_asked_for_is_refused(office: Office) -> None:
    address = office.go_away(office.browser())
    other = office.browser()
    for _ in range(2):
        refused = office.come_back(other, address)
        assert refused.status_code == 401 and "not asked for by this browser" in refused.text
        other.get("/login/sso")
    assert "/token" not in office.provider.asked
    assert office.recorded("login.ok", "user.created") == []


def test_an_answer_holds_once(office: Office) -> None:
    browser = office.browser()
    address = office.go_away(browser)
    kept = dict(browser.cookies)
    assert office.come_back(browser, address).status_code == 303
    again = office.browser()
    again.cookies.update(kept)
    assert office.come_back(again, address).status_code == 401


def test_an_answer_of_another_provider_is_refused(office: Office) -> None:
    office.provider.says_issuer = "https://evil.example.net"
    assert_refused(office, "another provider")
    browser = office.browser()
    address = office.go_away(browser).split("&iss=")[0]
    assert "another provider" in office.come_back(browser, address).text


def test_errors_of_the_provider_are_told_and_nothing_of_theirs_is_shown(office: Office) -> None:
    browser = office.browser()
    address = office.go_away(browser)
    state = parse_qs(urlsplit(address).query)["state"][0]
    query = {"state": state, "iss": office.provider.url, "error": "access_denied"}
    said = browser.get("/login/sso/callback", params=query)
    assert said.status_code == 401 and "access_denied" in said.text
    browser = office.browser()
    state = parse_qs(urlsplit(office.go_away(browser)).query)["state"][0]
    query = {**query, "state": state, "error": "<script>alert(1)</script>"}
    said = browser.get("/login/sso/callback", params=query)
    assert said.status_code == 401 and "script>alert" not in said.text


def test_a_provider_that_calls_itself_another_one_is_refused(office: Office) -> None:
    office.provider.more_facts = {"issuer": "https://evil.example.net"}
    said = office.browser().get("/login/sso")
    assert said.status_code == 401 and "another issuer" in said.text


def test_addresses_without_tls_are_refused(office: Office) -> None:
    office.provider.more_facts = {"token_endpoint": "http://192.0.2.1/token"}
    said = office.browser().get("/login/sso")
    assert said.status_code == 401 and "https" in said.text
    with pytest.raises(ConfigurationInvalid, match="https"):
        SingleSignOn(
            [OidcSettings(issuer="http://login.example.net", client_id="x")], str, FakeClock()
        )


def test_the_provider_is_believed_by_its_certificate_alone(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path_of(tmp_path, "other"), "another")
    with openid_server(FakeClock(), authority.server_file()) as provider:
        for trusted, said in ((authority, "/authorize?"), (other, "does not answer")):
            settings = OidcSettings(issuer=provider.url, client_id=CLIENT, ca=str(trusted.file))
            with closing(SingleSignOn([settings], str, provider.clock)) as sign_on:
                assert said in tried(sign_on)
        missing = OidcSettings(issuer=provider.url, client_id=CLIENT, ca=str(tmp_path / "none.pem"))
        with pytest.raises(ConfigurationInvalid, match="cannot read"):
            SingleSignOn([missing], str, provider.clock).depart("sso", "https://desk.example.net/x")


def tried(sign_on: SingleSignOn) -> str:
    """Where it sends people, or why it does not."""
    try:
        return sign_on.depart("sso", "https://desk.example.net/x").location
    except SignOnFailed as problem:
        return str(problem)


def tmp_path_of(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


def test_settings_that_cannot_work_are_refused_at_the_start() -> None:
    one = OidcSettings(issuer="https://login.example.net", client_id="x")
    for settings, said in (
        ([one, one], "the same name"),
        ([one, one.model_copy(update={"name": "two"})], "the same issuer"),
        ([one.model_copy(update={"scopes": ("profile",)})], "openid"),
        ([one.model_copy(update={"roles": {"noc": ("root",)}})], "no role"),
        ([one.model_copy(update={"roles": {"noc": ("detector",)}})], "for tokens"),
    ):
        with pytest.raises(ConfigurationInvalid, match=said):
            SingleSignOn(settings, str, FakeClock())


def test_a_wrong_client_secret_is_told_without_the_secret(office: Office) -> None:
    wrong = SingleSignOn(office.settings.oidc, lambda reference: "not that one", office.clock)
    departure = wrong.depart("sso", "https://desk.example.net/login/sso/callback")
    address = OUTSIDE.get(departure.location).headers["location"]
    answer = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
    with pytest.raises(SignOnFailed) as caught:
        wrong.arrive("sso", "https://desk.example.net/login/sso/callback", departure.secret, answer)
    assert "401" in str(caught.value) and "not that one" not in str(caught.value)


def test_local_accounts_log_in_while_the_provider_is_away(office: Office) -> None:
    password = "a sound pass phrase"
    office.accounts.create_user(
        Actor("root", "cli"), CreateUser(name="root", roles=("admin",), password=password)
    )
    office.provider.url = "gone"
    away = SingleSignOn(
        [OidcSettings(issuer="http://127.0.0.1:9", client_id="x")], str, office.clock
    )
    with pytest.raises(SignOnFailed, match="local account"):
        away.depart("sso", "https://desk.example.net/login/sso/callback")
    browser = office.browser()
    shown = browser.get("/login")
    assert "/login/sso" in shown.text and 'name="password"' in shown.text
    entered = browser.post("/login", data={"name": "root", "password": password})
    assert entered.status_code == 303


def test_userinfo_about_somebody_else_is_refused(office: Office) -> None:
    office.provider.thin = True
    office.provider.userinfo_subject = "another"
    assert_refused(office, "somebody else")
