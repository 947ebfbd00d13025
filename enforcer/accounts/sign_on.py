# SPDX-License-Identifier: GPL-2.0-or-later
"""Single sign-on: the authorization code flow of OpenID Connect with PKCE, state and nonce.

Between departure and arrival the server keeps nothing: the browser has one random secret in a
cookie, and state, nonce and code verifier are hashes of it. An answer that was not asked for by
this very browser fits none of them (RFC 6749 section 10.12, RFC 7636, Core section 15.5.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from enforcer.accounts import names
from enforcer.accounts.openid import OpenIdProvider
from enforcer.application.sign_on import Arrival, Departure, Provider, SignOn
from enforcer.clock import Clock
from enforcer.errors import ConfigurationInvalid, InvalidInput, NotFound, SignOnFailed
from enforcer.service_settings import OidcSettings

_ERROR = re.compile(r"[a-z_]{1,40}")
_AGAIN = "begin the login again"


class SingleSignOn:
    """Implements `SignOn` for the configured providers; safe to share between threads.

    `resolve`: the secret behind a reference. Raises ConfigurationInvalid.
    """

    def __init__(
        self, settings: Sequence[OidcSettings], resolve: Callable[[str], str], clock: Clock
    ) -> None:
        _check(settings)
        self._known = {one.name: OpenIdProvider(one, resolve, clock) for one in settings}

    def providers(self) -> Sequence[Provider]:
        """See `SignOn.providers`."""
        return [Provider(name, one.settings.label) for name, one in self._known.items()]

    def depart(self, provider: str, redirect: str) -> Departure:
        """See `SignOn.depart`."""
        known = self._named(provider)
        secret = secrets.token_urlsafe(32)
        location = prepare_grant_uri(
            known.facts().authorization,
            client_id=known.settings.client_id,
            response_type="code",
            redirect_uri=redirect,
            scope=" ".join(known.settings.scopes),
            state=_derived("state", secret),
            nonce=_derived("nonce", secret),
            code_challenge=create_s256_code_challenge(_derived("verifier", secret)),
            code_challenge_method="S256",
        )
        return Departure(str(location), secret)

    def arrive(
        self, provider: str, redirect: str, secret: str, answer: Mapping[str, str]
    ) -> Arrival:
        """See `SignOn.arrive`."""
        known = self._named(provider)
        state = answer.get("state", "")
        if not secret or not hmac.compare_digest(
            state.encode("utf-8", "replace"), _derived("state", secret).encode()
        ):
            raise SignOnFailed(f"this answer was not asked for by this browser: {_AGAIN}")
        known.check_sender(answer.get("iss"))
        if error := answer.get("error"):
            said = error if _ERROR.fullmatch(error) else "an error"
            raise SignOnFailed(f"the provider says {said}: {_AGAIN}")
        if not (code := answer.get("code")):
            raise SignOnFailed(f"the provider sent no code: {_AGAIN}")
        claims = known.redeem(
            code, redirect, _derived("verifier", secret), _derived("nonce", secret)
        )
        return Arrival(known.settings.issuer, claims)

    def close(self) -> None:
        """Give up what is open towards the providers."""
        for one in self._known.values():
            one.close()

    def _named(self, provider: str) -> OpenIdProvider:
        if provider not in self._known:
            raise NotFound(f"no provider {provider[:40]!r} is configured here")
        return self._known[provider]


def _derived(use: str, secret: str) -> str:
    """43 characters of base64url: 256 bits that only who has the secret can tell."""
    digest = hashlib.sha256(f"{use}:{secret}".encode("utf-8", "replace")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _check(settings: Sequence[OidcSettings]) -> None:
    for field in ("name", "issuer"):
        stated = [getattr(one, field) for one in settings]
        if len(set(stated)) < len(stated):
            raise ConfigurationInvalid(
                f"service.oidc: two providers have the same {field}: give each its own"
            )
    for one in settings:
        if "openid" not in one.scopes:
            raise ConfigurationInvalid(f"service.oidc {one.name}: scopes lack 'openid': add it")
        for value, roles in one.roles.items():
            try:
                names.roles(roles, of_person=True)
            except InvalidInput as problem:
                raise ConfigurationInvalid(
                    f"service.oidc {one.name}: roles of {value!r}: {problem}"
                ) from problem


_: type[SignOn] = SingleSignOn
