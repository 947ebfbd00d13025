# SPDX-License-Identifier: GPL-2.0-or-later
"""A throw-away authority, and an HTTPS server on loopback that answers as a test tells it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2100, 1, 1, tzinfo=UTC)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs certificates; `context` believes it and nobody else."""

    def __init__(self, folder: Path, name: str = "test authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        made = self._certificate(self._name, self._key, _UNTIL, ca=True)
        self.pem = made.public_bytes(Encoding.PEM)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.pem)

    def context(self) -> ssl.SSLContext:
        """For a client."""
        return ssl.create_default_context(cadata=self.pem.decode())

    def server_file(self, host: str = "127.0.0.1", until: datetime = _UNTIL) -> Path:
        """Key and certificate of a server at an address or of a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._certificate(_name(host), key, until, ca=False, host=host)
        file = self._folder / f"{host}-{until:%Y}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + made.public_bytes(Encoding.PEM))
        return file

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        until: datetime,
        *,
        ca: bool,
        host: str = "",
    ) -> x509.Certificate:
        public = self._key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(_FROM, until - timedelta(days=1)))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
        )
        if ca:
            usage = x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                crl_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        if host:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_alternative(host)]), False
            )
        return builder.sign(self._key, hashes.SHA256())


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@dataclass
class Answer:
    """What the server says to the next request.

    `endless`: the body never ends; before it comes `first`, and a `pause` in seconds each time.
    `dribbles`: these bytes over and over, a few at a time, instead of headers.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    endless: bool = False
    dribbles: bytes = b""
    first: bytes = b""
    pause: float = 0.001


@dataclass
class Site:
    """`asked`: path and headers of each request. `over`: set when the test is done."""

    port: int
    answer: Answer
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/list.txt", host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}{path}"


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext | None, site: Site) -> None:
        self.site = site
        self._context = context

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _answer(self, site)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Answering)
        site.port = self.server_address[1]

    def finish_request(self, request: Any, client_address: Any) -> None:
        # In the connection's own thread: a client that refuses us must not stop the server.
        if self._context is None:
            return super().finish_request(request, client_address)
        with self._context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what the tests are about."""


def _answer(asked: BaseHTTPRequestHandler, site: Site) -> None:
    site.asked.append((asked.path, {k.lower(): v for k, v in asked.headers.items()}))
    answer = site.answer
    if answer.silent:
        site.over.wait(60.0)
        return
    while answer.dribbles and not site.over.wait(0.05):
        asked.wfile.write(answer.dribbles)
        asked.wfile.flush()
    known = answer.headers.get("ETag")
    if known and asked.headers.get("If-None-Match") == known:
        answer = Answer(status=304, headers={"ETag": known})
    asked.send_response(answer.status)
    for name, text in answer.headers.items():
        asked.send_header(name, text)
    if not answer.endless:
        asked.send_header("Content-Length", str(len(answer.body)))
    asked.end_headers()
    asked.wfile.write(answer.first + answer.body)
    while answer.endless and not site.over.wait(answer.pause):
        asked.wfile.write(answer.body)


@contextlib.contextmanager
def serving(certificate: Path | None, answer: Answer) -> Iterator[Site]:
    """A server on loopback; without a certificate it speaks plain HTTP."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    site = Site(0, answer)
    with _Quiet(context, site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            site.over.set()
            server.shutdown()
            thread.join(20.0)
