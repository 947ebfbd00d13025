# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP server in a thread: where it listens, what it refuses, how it begins and ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import (
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    nullcontext,
)
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from enforcer.api.app import create_app
from enforcer.application.actor import Actor
from enforcer.client.application import HttpApplication
from enforcer.client.connection import Connection, Server
from enforcer.clock import SystemClock
from enforcer.errors import ConfigurationInvalid, ServerUnreachable, StorageError
from enforcer.service_settings import WebSettings
from enforcer.serving import MakeApp, WebServer, serving
from enforcer.slow_clients import Patience
from tests.fakes.services import EVERYTHING, fake_services
from tests.integration.tls_server import Authority

PATIENCE = 60.0
ANN = Actor("ann", "cli")
ANY = WebSettings(listen="127.0.0.1:0")


@contextmanager
def served(settings: WebSettings = ANY, make_app: MakeApp | None = None) -> Iterator[WebServer]:
    made = create_app(fake_services())
    with (
        capture_logs(),
        serving(settings, make_app or (lambda: nullcontext(made)), SystemClock()) as server,
    ):
        assert server.ready.wait(PATIENCE)
        yield server


def state_at(url: str, ca: Path | None = None) -> str:
    """What a client hears of the controller."""
    with closing(Connection(Server(url, EVERYTHING, ca))) as connection:
        return HttpApplication(connection).control(ANN).state


def refused(settings: WebSettings, says: str) -> None:
    """It begins nothing, and says why."""
    with pytest.raises(ConfigurationInvalid, match=says), served(settings):
        pass


def test_it_answers_where_it_says_and_is_gone_after() -> None:
    with served() as server:
        assert state_at(server.url) == "running"
    with pytest.raises(ServerUnreachable):
        state_at(server.url)


def test_it_stops_while_somebody_listens_to_events() -> None:
    ended = threading.Event()

    def listen(url: str, ready: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {EVERYTHING}"}
        with httpx.stream("GET", f"{url}/api/v1/events", headers=headers, timeout=PATIENCE) as one:
            for _ in one.iter_lines():
                ready.set()
        ended.set()

    ready = threading.Event()
    with served() as server:
        listener = threading.Thread(target=listen, args=(server.url, ready))
        listener.start()
        assert ready.wait(PATIENCE)
    assert ended.wait(PATIENCE), "the stream ended whole"
    listener.join()


def test_two_cannot_have_the_same_port() -> None:
    with served() as server:
        taken = WebSettings(listen=server.url.removeprefix("http://"))
        refused(taken, "another program")


@pytest.mark.parametrize(
    "listen", ["127.0.0.1", "8080", "127.0.0.1:http", "127.0.0.1:70000", "nowhere:80", "1.2.3:80"]
)
def test_an_address_that_is_none_is_told(listen: str) -> None:
    refused(WebSettings(listen=listen), r"service\.web\.listen")


def test_an_address_of_another_machine_is_told() -> None:
    refused(WebSettings(listen="192.0.2.1:8080"), "not ours")


def test_by_tls_the_client_knows_whom_it_talks_to(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pem = str(authority.server_file())
    settings = WebSettings(listen="127.0.0.1:0", tls_certificate=pem, tls_key=pem)
    with served(settings) as server:
        assert server.url.startswith("https://")
        assert state_at(server.url, authority.file) == "running"
        with pytest.raises(ServerUnreachable, match="certificate"):
            state_at(server.url)


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    pem = str(Authority(tmp_path).server_file())
    (tmp_path / "text.pem").write_text("none")
    for certificate, key, says in (
        (pem, "", "both"),
        ("", pem, "both"),
        (str(tmp_path / "none.pem"), pem, "No such file"),
        (str(tmp_path / "text.pem"), pem, "PEM"),
    ):
        settings = WebSettings(listen="127.0.0.1:0", tls_certificate=certificate, tls_key=key)
        with pytest.raises(ConfigurationInvalid, match=says), served(settings):
            pass


def test_while_the_database_is_away_it_is_tried_again() -> None:
    tried: list[int] = []

    @contextmanager
    def make() -> Iterator[FastAPI]:
        tried.append(len(tried))
        if len(tried) < 3:
            raise StorageError("away")
        yield create_app(fake_services())

    clock = SystemClock()
    with capture_logs() as logged, serving(ANY, make, Quick(clock)) as server:
        assert server.ready.wait(PATIENCE)
    assert tried[:3] == [0, 1, 2]
    assert [one["error"] for one in logged if one["event"] == "not serving"] == ["away"]


class Quick(SystemClock):
    """Waits no longer than it must."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return self._clock.wait(event, 0.01)


def test_what_can_never_be_served_ends_whoever_waits() -> None:
    def make() -> AbstractContextManager[FastAPI]:
        raise ConfigurationInvalid("service.intake.rules: no")

    gave_up = threading.Event()
    with (
        pytest.raises(ConfigurationInvalid, match="rules"),
        capture_logs(),
        serving(ANY, make, SystemClock(), gave_up.set),
    ):
        assert gave_up.wait(PATIENCE)


def test_forwarded_addresses_are_believed_of_trusted_proxies_only() -> None:
    seen: list[str] = []

    class Accounts:
        """Remembers from where it was asked."""

        def by_token(self, secret: str, address: str) -> Actor:
            seen.append(address)
            return Actor("ann", "api")

    services = fake_services()
    app = create_app(type(services)(**vars(services) | {"accounts": Accounts()}))
    headers = {"Authorization": "Bearer x", "X-Forwarded-For": "203.0.113.9"}
    for trusted in ((), ("127.0.0.0/8",)):
        settings = WebSettings(listen="127.0.0.1:0", trusted_proxies=trusted)
        with served(settings, lambda: nullcontext(app)) as server:
            assert httpx.get(f"{server.url}/api/v1/control", headers=headers).status_code == 200
    assert seen == ["127.0.0.1", "203.0.113.9"]


def test_an_ipv6_address_is_shown_so_that_it_can_be_used() -> None:
    if not socket.has_ipv6:
        pytest.fail("this machine has no IPv6")
    with served(WebSettings(listen="[::1]:0")) as server:
        assert server.url.startswith("http://[::1]:")
        assert httpx.get(f"{server.url}/api/v1/openapi.json").status_code == 200


def test_connections_have_an_end_and_leave_descriptors_to_devices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("enforcer.serving.MOST_CONNECTIONS", 3)
    with served() as server, ExitStack() as idle:
        address = server.url.removeprefix("http://").rsplit(":", 1)
        for _ in range(3):
            idle.enter_context(closing(socket.create_connection((address[0], int(address[1])))))
        assert httpx.get(f"{server.url}/api/v1/openapi.json").status_code == 503
        idle.close()
        clock = SystemClock()
        deadline = clock.monotonic() + PATIENCE
        while httpx.get(f"{server.url}/api/v1/openapi.json").status_code != 200:
            assert clock.monotonic() < deadline
            clock.sleep(0.05)


@contextmanager
def hurried(**patience: float) -> Iterator[tuple[str, int]]:
    """A server that waits for nobody; its address."""
    made = create_app(fake_services())
    patient = Patience(**{"header": 60.0, "body": 60.0, **patience})
    with (
        capture_logs(),
        serving(ANY, lambda: nullcontext(made), SystemClock(), patience=patient) as server,
    ):
        assert server.ready.wait(PATIENCE)
        host, port = server.url.removeprefix("http://").rsplit(":", 1)
        yield host, int(port)


def answered(where: tuple[str, int], *sent: bytes) -> bytes:
    """All that comes until the connection is closed; nothing more is sent."""
    with closing(socket.create_connection(where)) as connection:
        connection.settimeout(PATIENCE)
        for part in sent:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


REQUEST = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n"
POSTING = b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n" % (
    EVERYTHING.encode()
)


def test_half_open_connections_are_closed() -> None:
    with hurried(header=0.2) as where:
        assert answered(where) == b""
        said = answered(where, REQUEST)
        assert said.startswith(b"HTTP/1.1 408 ") and b"connection: close" in said.lower()


def test_a_body_that_never_comes_is_not_waited_for() -> None:
    headers = b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    with hurried(body=0.2) as where:
        assert b" 20" not in answered(where, POSTING + headers + b'{"demand": ')


def test_who_sends_steadily_is_waited_for() -> None:
    """A body gains time with each part of it; so do those who are answered slowly."""
    body = b'{"demand": ' + b" " * 4000
    headers = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (3 * len(body))
    with hurried(body=0.2, rate=100.0) as where:
        said = answered(where, POSTING + headers, body, body, body)
        assert said.startswith(b"HTTP/1.1 4"), "it was read whole, and is no JSON"
        assert b" 408 " not in said


def test_listeners_to_events_stay() -> None:
    headers = {"Authorization": f"Bearer {EVERYTHING}"}
    with hurried(header=0.05, body=0.05) as (host, port):
        url = f"http://{host}:{port}/api/v1/events"
        with httpx.stream("GET", url, headers=headers, timeout=PATIENCE) as one:
            assert next(one.iter_lines()) is not None
            SystemClock().sleep(0.3)
            assert httpx.get(f"http://{host}:{port}/api/v1/openapi.json").status_code == 200
            assert not one.is_closed


def test_what_breaks_while_it_opens_is_told_and_tried_again() -> None:
    tried: list[int] = []
    told: list[str] = []

    @contextmanager
    def make() -> Iterator[FastAPI]:
        tried.append(len(tried))
        if len(tried) < 3:
            raise KeyError("a defect")
        yield create_app(fake_services())

    clock = Quick(SystemClock())
    with capture_logs() as logged, serving(ANY, make, clock, told=told.append) as server:
        assert server.ready.wait(PATIENCE)
        assert state_at(server.url) == "running"
    assert tried[:3] == [0, 1, 2]
    assert told[:3] == [told[0], told[0], ""] and "KeyError" in told[0]
    assert [one["exc_info"] for one in logged if one["event"] == "not serving"] == [True, True]


def test_a_server_that_cannot_start_is_tried_again_after_a_pause() -> None:
    opened: list[FastAPI] = []

    @asynccontextmanager
    async def broken(app: FastAPI) -> AsyncIterator[None]:
        if app.title:
            raise RuntimeError("not today")
        yield

    def make_app() -> AbstractContextManager[FastAPI]:
        opened.append(create_app(fake_services()) if opened else FastAPI(lifespan=broken))
        return nullcontext(opened[-1])

    with capture_logs() as said, serving(ANY, make_app, SystemClock()) as server:
        assert server.ready.wait(PATIENCE)
        assert state_at(server.url) == "running"
    assert len(opened) == 2
    assert [one for one in said if "ended by itself" in str(one.get("error"))]
