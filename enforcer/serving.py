# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server in a thread of this process: it listens before anything else begins."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address

import structlog
import uvicorn
from fastapi import FastAPI

from enforcer.clock import Clock
from enforcer.errors import ConfigurationInvalid, EnforcerError, StorageError
from enforcer.service_settings import WebSettings
from enforcer.slow_clients import Patience, patient

log = structlog.get_logger()

MakeApp = Callable[[], AbstractContextManager[FastAPI]]
"""The application, opened for the time that it is served. Raises StorageError."""

Told = Callable[[str], None]
"""Hears why nothing is served though it should be; empty: it is served. Raises nothing."""

_AGAIN_SECONDS = 1.0
_BROKEN_SECONDS = 5.0
_ENDED = "the server ended by itself; it is tried again"
_DEFECTS = (
    ArithmeticError, AssertionError, AttributeError, EnforcerError, ImportError, LookupError,
    OSError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What a defect of ours or of a library raises: said with its traceback, and it ends no thread."""
_GRACE_SECONDS = 5
"""So long requests under way may go on once the server stops."""
MOST_CONNECTIONS = 1000
"""At once; whoever comes after them is told 503. The devices need descriptors too."""
_KEY = "service.web.listen"


def _nobody(said: str) -> None:
    return


@dataclass
class WebServer:
    """A server that is listening; `url` is where, seen from this machine."""

    url: str
    ready: threading.Event = field(default_factory=threading.Event)
    """Set while requests are answered."""


@contextmanager
def serving(
    settings: WebSettings,
    make_app: MakeApp,
    clock: Clock,
    gave_up: Callable[[], None] = lambda: None,
    told: Told = _nobody,
    patience: Patience | None = None,
) -> Iterator[WebServer]:
    """Serve while the block runs. Raises ConfigurationInvalid: address, port or certificate.

    Where the application cannot be opened because the database is away, or because something in
    it breaks, it is tried again; the latter is `told`. Where it can never be, `gave_up` is called,
    and the reason is raised when the block ends. `patience`: with those who send slowly.
    """
    _check_certificate(settings)
    listening = _listen(settings.listen)
    host, port = listening.getsockname()[:2]
    scheme = "https" if settings.tls_certificate else "http"
    server = WebServer(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
    stopping = threading.Event()
    config = partial(_config, settings=settings, patience=patience or Patience())
    running = _Running(config, make_app, clock, server, listening, stopping, told)

    def serve() -> None:
        running.serve()
        if running.failed is not None:
            gave_up()

    thread = threading.Thread(target=serve, name="web", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopping.set()
        running.stop()
        thread.join()
        listening.close()
    if running.failed is not None:
        raise running.failed


class _Running:
    def __init__(
        self,
        config: Callable[[FastAPI], uvicorn.Config],
        make_app: MakeApp,
        clock: Clock,
        server: WebServer,
        listening: socket.socket,
        stopping: threading.Event,
        told: Told,
    ) -> None:
        self._config = config
        self._told = told
        self._make_app = make_app
        self._clock = clock
        self._server = server
        self._listening = listening
        self._stopping = stopping
        self._lock = threading.Lock()
        self._app: FastAPI | None = None
        self._uvicorn: uvicorn.Server | None = None
        self.failed: ConfigurationInvalid | None = None

    def serve(self) -> None:
        """Until it is stopped; again, where the database is away or something breaks."""
        said = ""
        while not self._stopping.is_set():
            try:
                with self._make_app() as app:
                    self._serve(app)
                if not self._stopping.is_set():
                    log.error("not serving", error=_ENDED)
                    self._told(_ENDED)
                    self._clock.wait(self._stopping, _AGAIN_SECONDS)
            except StorageError as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("not serving", error=said)
                self._clock.wait(self._stopping, _AGAIN_SECONDS)
            except ConfigurationInvalid as error:
                self.failed = error
                return
            except _DEFECTS as error:
                log.exception("not serving", error=str(error))
                self._told(f"it broke ({type(error).__name__}: {error}); it is tried again")
                self._clock.wait(self._stopping, _BROKEN_SECONDS)

    def stop(self) -> None:
        """End it, listeners to events first: they would wait for ever."""
        with self._lock:
            if self._app is not None:
                self._app.state.events.close()
            if self._uvicorn is not None:
                self._uvicorn.should_exit = True

    def _serve(self, app: FastAPI) -> None:
        server = _Server(self._config(app), self._server, self._told)
        with self._lock:
            if self._stopping.is_set():
                return
            self._app, self._uvicorn = app, server
        try:
            # A socket of its own: uvicorn closes what it is given, unless it could not start.
            # Where it cannot, it ends its thread by SystemExit, of which nobody would hear.
            with self._listening.dup() as own, suppress(SystemExit):
                server.run([own])
        finally:
            self._server.ready.clear()
            with self._lock:
                self._app = self._uvicorn = None


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, said: WebServer, told: Told) -> None:
        super().__init__(config)
        self._said = said
        self._told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        log.info("serving", url=self._said.url)
        self._said.ready.set()
        self._told("")


def _config(app: FastAPI, settings: WebSettings, patience: Patience) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=patient(patience),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
    )


def _listen(stated: str) -> socket.socket:
    """A socket bound to ``ADDRESS:PORT``; nobody is answered before it is served."""
    host, colon, port = stated.rpartition(":")
    try:
        if not colon:
            raise ValueError(stated)
        address = ip_address(host.strip("[]") or "::")
        number = int(port)
        if not 0 <= number <= 65535:
            raise ValueError(port)
    except ValueError:
        raise ConfigurationInvalid(
            f"{_KEY}: {stated!r}: write an address and a port, such as 127.0.0.1:8080"
        ) from None
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            with suppress(OSError):
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(host)))
        listening.bind((str(address), number))
        # Bound alone, two could share a port that was reused: only one can listen.
        listening.listen(512)
    except OSError as error:
        listening.close()
        raise ConfigurationInvalid(
            f"{_KEY}: {stated}: {error.strerror}: another program has it, or it is not ours;"
            " choose another one, or `enforcer run --no-web`"
        ) from None
    return listening


def _check_certificate(settings: WebSettings) -> None:
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        raise ConfigurationInvalid("service.web: tls_certificate and tls_key: set both, or neither")
    if not settings.tls_certificate:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except OSError as error:
        raise ConfigurationInvalid(
            f"service.web.tls_certificate: {settings.tls_certificate} with"
            f" {settings.tls_key}: {error.strerror or error}: give PEM files that fit"
        ) from None
