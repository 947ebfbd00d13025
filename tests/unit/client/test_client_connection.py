# SPDX-License-Identifier: GPL-2.0-or-later
"""The client of the API: what it sends, tries again, and says when the server is no help."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest

from enforcer.api.app import create_app
from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter, OrderFilter, PlaceOrder
from enforcer.cli.options import Globals
from enforcer.cli.remote import config_file, server_of, url_of
from enforcer.client.application import HttpApplication
from enforcer.client.connection import Connection, ConnectionLost, Server
from enforcer.core.orders import BlockAddress
from enforcer.errors import (
    AwaitingApproval,
    ConfigurationInvalid,
    Forbidden,
    InvalidInput,
    NotFound,
    ServerUnreachable,
    Unauthenticated,
)
from tests.fakes.application import FakeApplication
from tests.fakes.no_network import NoNetwork
from tests.fakes.services import EVERYTHING, fake_services
from tests.fakes.views import a_device

URL = "http://127.0.0.1:8080"
ANN = Actor("ann", "cli")
Answers = Callable[[httpx.Request], httpx.Response]


@cache
def made() -> NoNetwork:
    return NoNetwork(create_app(fake_services()))


@pytest.fixture
def application() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def http(application: FakeApplication) -> NoNetwork:
    server = made()
    server.app.state.services = fake_services(application)
    server.asked.clear()
    server.away = None
    return server


@pytest.fixture
def client(http: NoNetwork) -> HttpApplication:
    return HttpApplication(Connection(Server(URL, EVERYTHING), http))


def answering(answers: Answers) -> HttpApplication:
    return HttpApplication(Connection(Server(URL, "t"), httpx.MockTransport(answers)))


def an_order(address: str = "192.0.2.7", key: str | None = None) -> PlaceOrder:
    return PlaceOrder(
        demand=BlockAddress(ip_network(address)),
        reason="spam",
        duration=timedelta(hours=2),
        idempotency_key=key,
    )


def test_many_orders_go_in_portions_and_keep_their_lines(
    client: HttpApplication, application: FakeApplication
) -> None:
    results = client.place_many(ANN, [an_order()] * 1001)
    assert [result.line for result in results] == list(range(1, 1002))
    assert len(application.names_of("place_many")) == 2


def test_a_list_is_fetched_page_by_page(
    client: HttpApplication, application: FakeApplication, http: NoNetwork
) -> None:
    application.device_views = [a_device(f"edge{number}") for number in range(1500)]
    assert [view.name for view in client.devices(ANN)] == [
        view.name for view in application.device_views
    ]
    assert len(http.asked) == 2


def test_no_more_is_fetched_than_is_wanted(client: HttpApplication, http: NoNetwork) -> None:
    client.place_many(ANN, [an_order(f"192.0.2.{number}") for number in range(10)])
    http.asked.clear()
    assert len(client.orders(ANN, OrderFilter(limit=3))) == 3
    assert len(client.audit_list(ANN, AuditFilter(limit=1))) == 1
    assert [request.url.params["limit"] for request in http.asked] == ["3", "1"]


def test_what_needs_a_second_person_is_raised_as_here(
    client: HttpApplication, application: FakeApplication, http: NoNetwork
) -> None:
    application.needs_approval["192.0.2.7"] = ["it is wide"]
    with pytest.raises(AwaitingApproval, match="it is wide") as waits:
        client.place(ANN, an_order())
    assert client.proposal(ANN, waits.value.proposal).state == "waiting"
    assert [one.id for one in client.proposals(ANN)] == [waits.value.proposal]
    with pytest.raises(Forbidden, match="yourself"):
        client.approve(ANN, waits.value.proposal, "fine")
    other = HttpApplication(Connection(Server(URL, "token-approver"), http))
    assert other.approve(ANN, waits.value.proposal, "fine").target == "192.0.2.7"
    assert client.proposals(ANN) == []


def test_a_request_that_was_cut_off_is_sent_again_with_its_key() -> None:
    sent: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if len(sent) == 1:
            raise httpx.ReadError("reset")
        return httpx.Response(404, json={"code": "not-found", "detail": "none"}, headers=PROBLEM)

    with pytest.raises(NotFound):
        answering(answers).place(ANN, an_order())
    first, second = sent
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.read() == second.read()


PROBLEM = {"Content-Type": "application/problem+json"}


def test_a_server_that_breaks_off_again_and_again_is_told() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("closed")

    with pytest.raises(ConnectionLost, match="was done"):
        answering(answers).place(ANN, an_order())


def test_a_server_that_is_not_there_is_told(http: NoNetwork, client: HttpApplication) -> None:
    http.away = httpx.ConnectError("Connection refused")
    with pytest.raises(ServerUnreachable, match="enforcer run"):
        client.control(ANN)
    assert len(http.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<h1>It works!</h1>"),
        httpx.Response(302, headers={"Location": "/login"}),
        httpx.Response(200, json={"state": "running"}),
        httpx.Response(200, json=[]),
        httpx.Response(500, text="oops"),
        httpx.Response(500, text="oops", headers=PROBLEM),
    ],
)
def test_what_is_no_enforcer_is_not_believed(answer: httpx.Response) -> None:
    with pytest.raises(ServerUnreachable):
        answering(lambda request: answer).control(ANN)


def test_a_token_that_does_not_hold_is_told(http: NoNetwork) -> None:
    with pytest.raises(Unauthenticated):
        HttpApplication(Connection(Server(URL, "nonsense"), http)).control(ANN)


def test_lines_end_at_newlines_only() -> None:
    text = "one\u2028still one\ntwo\x0bstill two\n"
    client = answering(lambda request: httpx.Response(200, text=text))
    assert list(client.audit_export(ANN, AuditFilter())) == [
        "one\u2028still one",
        "two\x0bstill two",
    ]


def test_an_export_that_is_refused_is_an_error(
    client: HttpApplication, application: FakeApplication
) -> None:
    application.fails = NotFound("no such list")
    with pytest.raises(NotFound, match="no such list"):
        list(client.audit_export(ANN, AuditFilter()))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://enforcer.example.net", "TLS"),
        ("http://192.0.2.1:8080", "TLS"),
        ("enforcer.example.net", "https://"),
        ("ftp://enforcer.example.net", "https://"),
        ("https://", "https://"),
    ],
)
def test_a_token_goes_nowhere_where_it_could_be_read(url: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        Connection(Server(url, "secret"))


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://[::1]:1", "https://a.example"])
def test_this_machine_and_tls_are_good_enough(url: str) -> None:
    Connection(Server(url, "secret")).close()


def test_the_secret_is_in_no_text_of_a_server() -> None:
    assert "secret" not in repr(Server(URL, "secret"))


def test_names_cannot_leave_their_place_in_a_path(client: HttpApplication, http: NoNetwork) -> None:
    for name in ("../control/freeze", "a/b?c#d", "%2e%2e"):
        with pytest.raises(NotFound):
            client.device(ANN, name)
    assert {request.url.path for request in http.asked} == {
        "/api/v1/devices/../control/freeze",
        "/api/v1/devices/a/b?c#d",
        "/api/v1/devices/%2e%2e",
    }
    assert b"/api/v1/devices/..%2Fcontrol%2Ffreeze" in {r.url.raw_path for r in http.asked}
    for name in ("", ".", ".."):
        with pytest.raises(InvalidInput):
            client.device(ANN, name)


# -------------------------------------------------------------------- where the token comes from


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("ENFORCER_SERVER", "ENFORCER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "enforcer").mkdir()
    return tmp_path


def kept(text: str, mode: int = 0o600) -> None:
    config_file().write_text(text)
    config_file().chmod(mode)


def test_the_token_is_looked_for_from_near_to_far(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert url_of(Globals()) is None
    with pytest.raises(InvalidInput, match="ENFORCER_TOKEN"):
        server_of(Globals(), URL)
    kept(f'["{URL}"]\ntoken = "kept"\nca = "/etc/ca.pem"\n')
    assert server_of(Globals(), URL + "/") == Server(URL + "/", "kept", Path("/etc/ca.pem"))
    monkeypatch.setenv("ENFORCER_TOKEN", "from the environment\n")
    assert server_of(Globals(), URL).token == "from the environment"
    file = home / "token"
    file.write_text("from a file\n")
    assert server_of(Globals(token_file=file), URL).token == "from a file"
    assert server_of(Globals(ca=home / "x.pem"), URL).ca == home / "x.pem"


def test_a_token_is_for_its_own_server_only(home: Path) -> None:
    kept(f'["{URL}"]\ntoken = "kept"\n')
    with pytest.raises(InvalidInput, match="no token"):
        server_of(Globals(), "https://other.example.net")


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (f'["{URL}"]\ntoken = "kept"\n', 0o644, "chmod 600"),
        ('token = "kept"\n', 0o600, "token"),
        (f'["{URL}"]\npassword = "kept"\n', 0o600, "token = "),
        ("[", 0o600, "config.toml"),
    ],
)
def test_a_file_that_cannot_be_right_is_told(home: Path, text: str, mode: int, says: str) -> None:
    kept(text, mode)
    with pytest.raises(ConfigurationInvalid, match=says):
        server_of(Globals(), URL)


def test_a_token_file_that_is_not_there_is_told(home: Path) -> None:
    with pytest.raises(InvalidInput, match="--token-file"):
        server_of(Globals(token_file=home / "none"), URL)


def test_certificates_that_are_none_are_told(home: Path) -> None:
    with pytest.raises(InvalidInput, match="--ca"):
        Connection(Server("https://a.example", "t", home / "none.pem"))


def test_waiting_goes_on_in_portions_until_it_is_settled() -> None:
    asked: list[float] = []
    place = json.loads(FakeApplication().place(ANN, an_order()).model_dump_json())

    class Time:
        """Moves by what was waited; the third answer comes before its time."""

        at = 0.0

        def monotonic(self) -> float:
            return self.at

    time = Time()

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(float(request.url.params["timeout"]))
        settled = len(asked) == 3
        time.at += 1.0 if settled else asked[-1]
        return httpx.Response(200, json=place | {"status": "enforced" if settled else "enforcing"})

    connection = Connection(Server(URL, "t"), httpx.MockTransport(answers))
    waiting = HttpApplication(connection, time)  # type: ignore[arg-type]  # it only tells the time
    assert waiting.wait(ANN, "0001-Y", timedelta(seconds=90)).status == "enforced"
    assert asked == [20.0, 20.0, 20.0]
    asked.clear()
    time.at = 0.0
    assert waiting.wait(ANN, "0001-Y", timedelta(seconds=25)).status == "enforcing"
    assert asked == [20.0, 5.0]
