# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking a local API of CrowdSec: its decisions come, go, and survive outages of either side."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from enforcer.core.signals import Evidence, Status
from enforcer.errors import ConfigurationInvalid, InvalidInput, ServerUnreachable
from enforcer.intake import service
from enforcer.intake.crowdsec_poll import Poller, go_seconds, read_settings, signal_of
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import IntakeSettings
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, ReportOffice
from tests.unit.usecases.office import ANN, HOUR

RULE = {**BLOCK, "format": ["crowdsec"], "type": "*", "duration": "asked", "ladder": ["7d"],
        "lift": True}  # fmt: skip
LIMITS = {"own_space": False, "longest": "7d"}


def decision(value: str, **changes: Any) -> dict[str, Any]:
    plain = {
        "id": 1, "duration": "3h59m55.5s", "origin": "crowdsec", "type": "ban", "value": value,
        "scenario": "crowdsecurity/ssh-bf", "scope": "Range" if "/" in value else "Ip",
    }  # fmt: skip
    return {**plain, **changes}


@dataclass
class LocalApi:
    """As CrowdSec's: it keeps what it told its one bouncer, and tells what changed since."""

    standing: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    status: int = 200
    raw: bytes | None = None
    url: str = ""

    def add(self, value: str, **changes: Any) -> None:
        self.standing[value] = decision(value, **changes)

    def answer(self, query: dict[str, list[str]]) -> bytes:
        self.asked.append(query)
        if self.raw is not None:
            return self.raw
        if query["startup"] == ["true"]:
            self.told = {}
        new = [one for value, one in self.standing.items() if value not in self.told]
        gone = [one for value, one in self.told.items() if value not in self.standing]
        self.told = dict(self.standing)
        return json.dumps({"new": new or None, "deleted": gone or None}).encode()


@pytest.fixture
def lapi() -> Iterator[LocalApi]:
    api = LocalApi()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            known = self.headers["X-Api-Key"] == "secret" and parts.path == "/v1/decisions/stream"
            status = api.status if known else 403
            body = api.answer(parse_qs(parts.query)) if status == 200 else b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield api
        server.shutdown()
        thread.join()


@dataclass
class Watch:
    """The poller and the office that it reports to."""

    office: ReportOffice
    inbox: Inbox
    api: LocalApi

    def poller(self, **stated: Any) -> Poller:
        laid = {"url": self.api.url, "key": "env:TEST_LAPI_KEY", "limits": LIMITS, **stated}
        return Poller(self.inbox, read_settings(laid), self.office.world)

    def blocked(self) -> set[str]:
        standing = (one for one in self.office.placed() if one.lifted is None)
        return {str(getattr(one.demand, "prefix", "")) for one in standing}


@pytest.fixture
def watch(office: MakeOffice, lapi: LocalApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    monkeypatch.setenv("TEST_LAPI_KEY", "secret")
    desk = office(RULE)
    with Inbox(desk.intake) as inbox:
        yield Watch(desk, inbox, lapi)


def test_decisions_come_and_go(watch: Watch) -> None:
    poller = watch.poller()
    watch.api.add("203.0.113.9")
    watch.api.add("2001:db8:9::1", duration="2h0m0s")
    assert poller.pull_once() == 2
    orders = watch.office.placed()
    assert watch.blocked() == {"203.0.113.9/32", "2001:db8:9::1/128"}
    lasting = {int((o.end - o.start).total_seconds()) for o in orders if o.end}
    assert lasting == {7200, 4 * 3600 - 5}
    assert orders[0].source == "crowdsec"
    del watch.api.standing["203.0.113.9"]
    assert poller.pull_once() == 1
    assert watch.blocked() == {"2001:db8:9::1/128"}
    assert poller.pull_once() == 0
    assert [one["startup"] for one in watch.api.asked] == [["true"], ["false"], ["false"]]
    assert watch.api.asked[0]["scopes"] == ["ip,range"]


def test_after_an_outage_everything_is_compared(watch: Watch) -> None:
    """What went meanwhile, as the local API forgot to say, is lifted; nobody else's is."""
    poller = watch.poller()
    watch.api.add("203.0.113.9")
    watch.api.add("203.0.113.10")
    poller.pull_once()
    other = watch.office.app.place(ANN, _by_hand("203.0.113.99"))
    watch.api.status = 500
    with pytest.raises(ServerUnreachable, match="500"):
        poller.pull_once()
    watch.api.status = 200
    watch.api.standing = {"203.0.113.10": decision("203.0.113.10")}
    watch.api.told = {}
    poller.pull_once()
    assert watch.blocked() == {"203.0.113.10/32", "203.0.113.99/32"}
    assert watch.office.app.order(ANN, other.id).lifted is None


def test_after_a_restart_of_ours_too(watch: Watch) -> None:
    watch.api.add("203.0.113.9")
    watch.api.add("203.0.113.10")
    watch.poller().pull_once()
    del watch.api.standing["203.0.113.9"]
    watch.poller().pull_once()
    assert watch.blocked() == {"203.0.113.10/32"}


def _by_hand(text: str) -> Any:
    from ipaddress import ip_network

    from enforcer.application.commands import PlaceOrder
    from enforcer.core.orders import BlockAddress

    return PlaceOrder(demand=BlockAddress(ip_network(text)), reason="by hand", duration=HOUR)


def test_limits_of_the_adapter_hold(watch: Watch) -> None:
    watch.api.add("203.0.0.0/16")
    watch.api.add("203.0.113.9")
    watch.poller(limits={"own_space": True}).pull_once()
    assert watch.blocked() == set()
    assert {r.state for r in watch.office.reports()} == {"failed"}


def test_scans_and_what_others_say_block_nobody(watch: Watch) -> None:
    watch.api.add("203.0.113.9", scenario="crowdsecurity/iptables-scan-multi_ports")
    watch.api.add("203.0.113.10", origin="CAPI", scenario="crowdsecurity/community-blocklist")
    watch.poller().pull_once()
    assert watch.blocked() == set()
    assert {r.state for r in watch.office.reports()} == {"open"}


@pytest.mark.parametrize(
    "raw", [b"{", b"[]", b'{"new": 5}', b'{"new": "x", "deleted": null}', b"\xff"]
)
def test_answers_that_are_none(watch: Watch, raw: bytes) -> None:
    watch.api.raw = raw
    with pytest.raises(InvalidInput):
        watch.poller().pull_once()


def test_odd_decisions_are_passed_over(watch: Watch) -> None:
    odd = [5, {}, decision("x"), decision("203.0.113.9", type="captcha"),
           decision("AS64500", scope="AS"), decision("203.0.113.8", simulated=True)]  # fmt: skip
    watch.api.raw = json.dumps({"new": odd, "deleted": None}).encode()
    assert watch.poller().pull_once() == 0


def test_a_wrong_key_is_told(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_LAPI_KEY", "wrong")
    with pytest.raises(ServerUnreachable, match="403"):
        watch.poller().pull_once()


def test_it_runs_and_ends_with_the_service(watch: Watch) -> None:
    """As `enforcer run` composes it: it asks by itself, and stops when the service does."""
    watch.api.add("203.0.113.9")
    stated = {"url": watch.api.url, "key": "env:TEST_LAPI_KEY", "limits": LIMITS}
    settings = IntakeSettings(rules=(RULE,), adapters={"crowdsec": stated})
    running = service.make(watch.office.world, watch.office.app, settings)
    taken = threading.Event()
    submit = running.inbox.submit

    def seen(arrivals: Any) -> Any:
        results = submit(arrivals)
        taken.set()
        return results

    running.inbox.submit = seen  # type: ignore[method-assign]  # to hear of it without asking
    with running.running():
        assert taken.wait(60)
    assert watch.blocked() == {"203.0.113.9/32"}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"key": "env:X"}, "url"),
        ({"url": "http://x", "key": "secret"}, "reference"),
        ({"url": "http://x", "key": "env:X", "scopes": "ip"}, "scopes"),
        ({"url": "http://x", "key": "env:X", "every": "soon"}, "every"),
        ({"url": "http://x", "key": "env:X", "colour": 1}, "colour"),
        ({"url": "http://x", "key": "env:X", "limits": {"colour": 1}}, "colour"),
    ],
)
def test_settings_that_are_wrong(stated: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        service.check(IntakeSettings(adapters={"crowdsec": stated}))


def test_durations_of_go() -> None:
    for text, seconds in (
        ("3h59m55.5s", 14395.5),
        ("-1m2s", -62),
        ("500ms", 0.5),
        ("1h", 3600),
        ("9999999h", 3.1536e8),
    ):
        assert go_seconds(text) == seconds
    for text in ("", "1", "h", "1d", "1h " * 30):
        assert go_seconds(text) is None


def test_one_decision_as_a_signal() -> None:
    signal = signal_of(decision("203.0.113.0/24"), Status.FIRING)
    assert signal is not None and signal.evidence is Evidence.ESTABLISHED
    assert (signal.type, signal.reporter) == ("ssh_bf", "crowdsec")
    over = signal_of(decision("203.0.113.0/24", duration="-5s"), Status.RESOLVED)
    assert over is not None and over.key == signal.key and over.duration is None
