# SPDX-License-Identifier: GPL-2.0-or-later
"""One OpenID provider: what it publishes, its keys, and what it says of somebody, checked.

OpenID Connect Core 1.0 section 3.1.3.7 and Discovery 1.0 section 4.3. Signatures and claims are
checked by joserfc and authlib; only asymmetric algorithms are taken, whatever a token says.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from enforcer.clock import Clock
from enforcer.errors import ConfigurationInvalid, SignOnFailed
from enforcer.service_settings import OidcSettings

log = structlog.get_logger()

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Never `none`, and never a MAC: its key would be a secret that the provider's keys are not."""

_SECONDS = 5.0
_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
"""A login comes now and then: the provider would have closed what was kept."""
_LEEWAY = 60
_FACTS_HOLD = timedelta(hours=1)
_KEYS_AGAIN = timedelta(seconds=30)
_AWAY = "log in with a local account meanwhile"
_INVALID = "what the provider says does not hold"


@dataclass(frozen=True)
class Facts:
    """What the provider publishes. `says_who`: it names itself in its answers (RFC 9207)."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    says_who: bool
    methods: tuple[str, ...]
    since: datetime


class OpenIdProvider:
    """Fetches when it must, remembers for an hour; safe to share between threads."""

    def __init__(self, settings: OidcSettings, resolve: Callable[[str], str], clock: Clock) -> None:
        self.settings = settings
        self._resolve = resolve
        self._clock = clock
        self._lock = threading.Lock()
        self._facts: Facts | None = None
        self._keys: tuple[KeySet, datetime] | None = None
        _secure(settings.issuer, settings.issuer, ConfigurationInvalid)

    def facts(self) -> Facts:
        """What the provider publishes. Raises SignOnFailed."""
        with self._lock:
            now = self._clock.now()
            if self._facts is None or now - self._facts.since > _FACTS_HOLD:
                self._facts = self._discover(now)
                self._keys = None
            return self._facts

    def check_sender(self, issuer: str | None) -> None:
        """RFC 9207, section 2.4: an answer of another provider is none. Raises SignOnFailed."""
        if issuer is None and not self.facts().says_who:
            return
        if issuer != self.settings.issuer:
            raise SignOnFailed(f"{_INVALID}: the answer is another provider's")

    def redeem(self, code: str, redirect: str, verifier: str, nonce: str) -> dict[str, object]:
        """What the provider says of whoever has logged in there. Raises SignOnFailed."""
        facts = self.facts()
        answer = self._token(facts, code, redirect, verifier)
        id_token, access = answer.get("id_token"), answer.get("access_token")
        if not isinstance(id_token, str):
            raise SignOnFailed(f"{_INVALID}: no ID token")
        claims = self._validated(facts, id_token, access, nonce)
        wanted = (self.settings.roles_claim.split(".")[0], self.settings.name_claim)
        if facts.userinfo and isinstance(access, str) and not all(w in claims for w in wanted):
            return {**self._userinfo(facts, access, claims["sub"]), **claims}
        return claims

    def _discover(self, now: datetime) -> Facts:
        issuer = self.settings.issuer
        said = self._json("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if said.get("issuer") != issuer:
            raise SignOnFailed(f"{_INVALID}: it calls itself another issuer than {issuer}")
        methods = said.get("token_endpoint_auth_methods_supported")
        return Facts(
            self._place(said, "authorization_endpoint"),
            self._place(said, "token_endpoint"),
            self._place(said, "jwks_uri"),
            self._place(said, "userinfo_endpoint") if "userinfo_endpoint" in said else "",
            said.get("authorization_response_iss_parameter_supported") is True,
            tuple(m for m in methods if isinstance(m, str)) if isinstance(methods, list) else (),
            now,
        )

    def _place(self, said: Mapping[str, object], key: str) -> str:
        place = said.get(key)
        if not isinstance(place, str):
            raise SignOnFailed(f"{_INVALID}: it publishes no {key}")
        _secure(place, self.settings.issuer, SignOnFailed)
        return place

    def _token(self, facts: Facts, code: str, redirect: str, verifier: str) -> Mapping[str, object]:
        secret = self._resolve(self.settings.client_secret) if self.settings.client_secret else ""
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=redirect, code_verifier=verifier
        )
        auth = ClientAuth(self.settings.client_id, secret, _method(facts, secret))
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        place, headers, body = auth.prepare("POST", facts.token, headers, body)
        return self._json("POST", place, headers, body)

    def _validated(
        self, facts: Facts, id_token: str, access: object, nonce: str
    ) -> dict[str, object]:
        try:
            token = self._signed(facts, id_token)
            options = {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
            }
            parameters = {"nonce": nonce, "client_id": self.settings.client_id}
            if isinstance(access, str):
                parameters["access_token"] = access
            claims = CodeIDToken(token.claims, token.header, options, parameters)
            claims.validate(now=int(self._clock.now().timestamp()), leeway=_LEEWAY)
        except (JoseError, ValueError, TypeError, KeyError) as problem:
            log.warning("ID token refused", provider=self.settings.name, why=type(problem).__name__)
            raise SignOnFailed(f"{_INVALID}: {_why(problem)}") from None
        return dict(claims)

    def _signed(self, facts: Facts, id_token: str) -> jwt.Token:
        """The token, whose signature is one of the provider's keys now."""
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(id_token, self._key_set(facts), registry=registry)
        except InvalidKeyIdError:
            return jwt.decode(id_token, self._key_set(facts, again=True), registry=registry)

    def _key_set(self, facts: Facts, again: bool = False) -> KeySet:
        """The provider's keys; `again`: it has changed them, but it is not asked all the time."""
        with self._lock:
            now = self._clock.now()
            if self._keys is None or (again and now - self._keys[1] >= _KEYS_AGAIN):
                said = self._json("GET", facts.keys)
                self._keys = (_asymmetric(said), now)
            return self._keys[0]

    def _userinfo(self, facts: Facts, access: str, subject: object) -> Mapping[str, object]:
        """More about the same subject (Core, section 5.3.2: of another one it must not be used)."""
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        said = self._json("GET", facts.userinfo, headers)
        if said.get("sub") != subject:
            raise SignOnFailed(f"{_INVALID}: it tells about somebody else")
        return said

    def _json(
        self, method: str, place: str, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> Mapping[str, object]:
        """The JSON object that the provider answers; errors never show what was sent."""
        try:
            answer = self._client.request(method, place, headers=headers, content=body or None)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            log.warning("provider away", provider=self.settings.name, why=str(problem))
            raise SignOnFailed(f"{self.settings.label} does not answer: {_AWAY}") from None
        said = _object(answer)
        if said is None:
            log.warning("provider refused", provider=self.settings.name, status=answer.status_code)
            raise SignOnFailed(
                f"{self.settings.label} answered {answer.status_code} to {urlsplit(place).path}:"
                f" begin the login again, or {_AWAY}"
            )
        return said

    @cached_property
    def _client(self) -> httpx.Client:
        try:
            trusted = ssl.create_default_context(cafile=self.settings.ca or None)
        except OSError as problem:
            raise ConfigurationInvalid(
                f"service.oidc {self.settings.name}: ca: cannot read {self.settings.ca}: {problem}"
            ) from problem
        return httpx.Client(verify=trusted, timeout=_SECONDS, limits=_NONE_KEPT)

    def close(self) -> None:
        """Give up what is open towards the provider."""
        if "_client" in self.__dict__:
            self._client.close()


def _object(answer: httpx.Response) -> Mapping[str, object] | None:
    """The JSON object of a good answer; None: it is none."""
    if not answer.is_success:
        return None
    try:
        said = answer.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _asymmetric(said: Mapping[str, object]) -> KeySet:
    """The public keys of a key set; what else is in it could only do harm."""
    keys = said.get("keys")
    found = [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": found})
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignOnFailed(f"{_INVALID}: its keys cannot be read") from None


def _method(facts: Facts, secret: str) -> str:
    if not secret:
        return "none"
    basic = not facts.methods or "client_secret_basic" in facts.methods
    return "client_secret_basic" if basic else "client_secret_post"


def _secure(place: str, issuer: str, error: type[Exception]) -> None:
    """HTTPS, or plain HTTP on this machine where the issuer itself is there."""
    parts = urlsplit(place)
    if parts.scheme == "https" and parts.hostname:
        return
    if (
        parts.scheme == "http"
        and _loopback(parts.hostname)
        and _loopback(urlsplit(issuer).hostname)
    ):
        return
    raise error(f"service.oidc: {place[:200]} is not an https:// address: correct it")


def _loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False


def _why(problem: Exception) -> str:
    """Which check failed, without what was checked."""
    said = str(problem) if isinstance(problem, JoseError) else "it cannot be read"
    return said[:200]
