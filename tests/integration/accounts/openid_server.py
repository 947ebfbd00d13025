# SPDX-License-Identifier: GPL-2.0-or-later
"""An OpenID provider on loopback: discovery, keys, authorization, token and userinfo over HTTP.

It does what OpenID Connect Core says, and checks what a client has to send: client authentication,
the redirect URI, PKCE, codes that hold once. A test breaks one thing at a time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from enforcer.clock import Clock

CLIENT, SECRET = "enforcer", "the client's own secret"


@cache
def rsa_key(kid: str, _which: int = 0) -> RSAKey:
    """A key pair, made once: each takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid})


@dataclass
class OpenIdServer:
    """`person`: whom it logs in. `spoil` changes the claims of an ID token, `sign` signs it."""

    clock: Clock
    person: dict[str, Any] = field(
        default_factory=lambda: {
            "sub": "248289761001",
            "preferred_username": "Jane",
            "name": "Jane Doe",
            "email": "jane@example.net",
            "groups": ["noc", "everybody"],
        }
    )
    url: str = ""
    key: RSAKey = field(default_factory=lambda: rsa_key("first"))
    spoil: Callable[[dict[str, Any]], None] = lambda claims: None
    sign: Callable[[dict[str, Any]], str] | None = None
    more_facts: dict[str, Any] = field(default_factory=dict)
    thin: bool = False
    """Only the registered claims in the ID token; the rest by userinfo."""
    userinfo_subject: str | None = None
    says_issuer: str | None = None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _access: set[str] = field(default_factory=set)

    def facts(self) -> dict[str, Any]:
        """Discovery 1.0, section 3."""
        stated = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return {**stated, **self.more_facts}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to: with a code, as if somebody had logged in."""
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        issuer = self.url if self.says_issuer is None else self.says_issuer
        answer = {"code": code, "state": query["state"], "iss": issuer}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """RFC 6749 section 4.1.3, RFC 7636 section 4.6."""
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked.get("code_challenge_method") != "S256" or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        self._access.add(access)
        id_token = self.id_token(asked["nonce"], access)
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": id_token}

    def id_token(self, nonce: str, access: str) -> str:
        """What it says of the person."""
        now = int(self.clock.now().timestamp())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
            **({"sub": self.person["sub"]} if self.thin else self.person),
        }
        self.spoil(claims)
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)

    def userinfo(self, authorization: str) -> tuple[int, dict[str, Any]]:
        """Core, section 5.3."""
        if authorization.removeprefix("Bearer ") not in self._access:
            return 401, {"error": "invalid_token"}
        return 200, {**self.person, "sub": self.userinfo_subject or self.person["sub"]}

    def get(self, path: str, query: dict[str, str], authorization: str) -> tuple[int, Any]:
        """The answer to one GET: a status, and JSON or an address."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, self.facts()
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if path == "/authorize":
            return 302, self.authorize(query)
        if path == "/userinfo":
            return self.userinfo(authorization)
        return 404, {}


@contextmanager
def openid_server(clock: Clock, tls: Path | None = None) -> Iterator[OpenIdServer]:
    """A provider that answers on a free port of loopback; `tls`: its key and certificate."""
    made = OpenIdServer(clock)

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            self._answer(*made.get(parts.path, query, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            made.asked.append(self.path)
            self._answer(*made.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, said: Any) -> None:
            body = b"" if status == 302 else json.dumps(said).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test looks at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    made.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
