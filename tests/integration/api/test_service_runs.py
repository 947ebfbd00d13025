# SPDX-License-Identifier: GPL-2.0-or-later
"""`enforcer run` as people and programs meet it: orders by the API reach the kernel, what happens
is heard in order, and nothing that was accepted is lost when it is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from enforcer.core.access import Role
from tests.integration.api.served import Installed, Service, an_order, eventually, running
from tests.integration.nft_router import namespaces

pytestmark = pytest.mark.root

BURST = 20
"""Orders that each of four clients places."""


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    with namespaces() as name:
        yield name


@pytest.fixture(scope="module")
def service(namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    installed = Installed(tmp_path_factory.mktemp("served"), namespace)
    installed.create()
    with running(installed) as service:
        eventually(service.leads, "the controller leads")
        yield service


class Listener:
    """Hears events in a thread of its own; `heard` are (id, kind, what)."""

    def __init__(self, service: Service, query: str = "", last: int | None = None) -> None:
        self.heard: list[tuple[int, str, dict[str, Any]]] = []
        self.ready = threading.Event()
        self._stop = threading.Event()
        self._service, self._query, self._last = service, query, last
        self._thread = threading.Thread(target=self._listen)

    def _listen(self) -> None:
        while not self._stop.is_set():
            # Nothing for a moment: what follows is asked for anew, from the last one heard on.
            with suppress(httpx.ReadTimeout):
                self._hear()

    def _hear(self) -> None:
        headers = {} if self._last is None else {"Last-Event-ID": str(self._last)}
        patience = httpx.Timeout(60.0, read=1.0)
        url = f"/events?{self._query}"
        with (
            self._service.client() as client,
            client.stream("GET", url, headers=headers, timeout=patience) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            kind = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.ready.set()
                elif name == "event":
                    kind = value
                elif name == "id":
                    self._last = int(value)
                elif name == "data":
                    assert self._last is not None
                    self.heard.append((self._last, kind, json.loads(value)))
                if self._stop.is_set():
                    return

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """While the block runs."""
        if self._last is None and "after" not in self._query:
            with self._service.client() as client:
                self._last = client.get("/audit?limit=1").json()["items"][0]["sequence"]
        self._thread.start()
        try:
            assert self.ready.wait(60)
            yield self
        finally:
            self._stop.set()
            self._thread.join()

    def kinds(self, subject: str) -> list[str]:
        """What happened to one order, in the order that it was heard."""
        return [kind for _, kind, event in self.heard if event["subject"] == subject]


def enforced(client: httpx.Client, order: str) -> bool:
    status = client.get(f"/orders/{order}/wait", params={"timeout": 20}).json()["status"]
    return bool(status == "enforced")


def in_kernel(namespace: str, address: str) -> bool:
    inside = ["ip", "netns", "exec", namespace, "nft", "list", "table", "inet", "enforcer"]
    return address in subprocess.run(inside, capture_output=True, text=True, check=False).stdout


def test_an_order_is_enforced_and_what_happens_is_heard_in_order(
    service: Service, namespace: str
) -> None:
    with service.client() as client, Listener(service).listening() as first:
        placed = client.post("/orders", json=an_order("203.0.113.7"))
        assert placed.status_code == 201, placed.text
        order = placed.json()["id"]
        assert enforced(client, order)
        assert in_kernel(namespace, "203.0.113.7")
        client.post(f"/orders/{order}/lift", json={"reason": "over"})
        eventually(lambda: not in_kernel(namespace, "203.0.113.7"), "it is gone")
        eventually(lambda: "order.lifted" in first.kinds(order), "the end is heard")
        numbers = [number for number, _, _ in first.heard]
        assert numbers == sorted(set(numbers))
        assert first.kinds(order)[0] == "order.placed"
        assert all(number == event["sequence"] for number, _, event in first.heard)
        recorded = client.get("/audit", params={"after": numbers[0] - 1, "newest_first": "false"})
        assert [one["sequence"] for one in recorded.json()["items"]][: len(numbers)] == numbers


def test_who_was_cut_off_goes_on_where_it_ended(service: Service) -> None:
    with service.client() as client:
        ids = [
            client.post("/orders", json=an_order(f"203.0.113.{number}")).json()["id"]
            for number in range(20, 24)
        ]
        entries = client.get("/audit", params={"kind": "order.placed", "limit": 4}).json()["items"]
    second = entries[2]["sequence"]
    with Listener(service, "kind=order.*", last=second).listening() as again:
        eventually(lambda: len(again.heard) >= 2, "what was missed is heard")
        assert [event["subject"] for _, _, event in again.heard][:2] == ids[2:]
    with Listener(service, f"after=0&subject={ids[0]}").listening() as about:
        eventually(lambda: bool(about.heard), "events of one order")
        assert {event["subject"] for _, _, event in about.heard} == {ids[0]}


def test_the_command_line_works_through_the_server(service: Service) -> None:
    installed = service.installed
    token = installed.folder / "token"
    token.write_text(installed.secrets[Role.ABUSE])
    words = installed.words("--server", service.url, "--token-file", str(token))

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*words, *more], capture_output=True, text=True, check=False)

    placed = run(
        *("order", "block-address", "203.0.113.40", "--for", "1h", "--reason", "spam"),
        *("--wait", "30s", "--output", "json"),
    )
    assert placed.returncode == 0, placed.stderr
    order = json.loads(placed.stdout)
    assert (order["status"], order["issuer"]) == ("enforced", "abuse")
    assert run("order", "lift", order["id"], "--reason", "over").returncode == 0
    assert run("order", "show", "0000-0").returncode in (2, 3)
    forbidden = run("device", "pause", "edge1", "--reason", "x")
    assert forbidden.returncode == 4, forbidden.stderr
    here_only = run("init")
    assert here_only.returncode == 2 and "--server" in here_only.stderr
    token.write_text("enf_nonsense")
    assert run("status").returncode == 1


def test_a_port_that_is_taken_is_a_clear_error(service: Service, tmp_path: Path) -> None:
    other = Installed(tmp_path / "other", listen=service.url.removeprefix("http://"))
    other.create()
    ended = subprocess.run(
        other.words("run"), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 1
    assert "service.web.listen" in ended.stderr and "--no-web" in ended.stderr


def test_who_stands_by_answers_too(service: Service) -> None:
    standby = Service(service.installed, service.installed.folder / "standby.log")
    standby.start()
    try:
        with standby.client() as client, service.client() as leader:
            placed = client.post("/orders", json=an_order("203.0.113.50")).json()
            assert enforced(leader, placed["id"])
            assert client.get("/control").json()["leader"] is True
            assert not standby.leads()
    finally:
        assert standby.end() == 0


def test_many_clients_at_once_lose_nothing(service: Service) -> None:
    def work(number: int) -> list[str]:
        with service.client(Role.ABUSE) as client:
            ids = []
            for row in range(5):
                address = f"198.51.{100 + number}.{row}"
                answer = client.post("/orders", json=an_order(address, reason=f"load {number}"))
                assert answer.status_code == 201, answer.text
                ids.append(answer.json()["id"])
                assert client.get("/orders", params={"limit": 10}).status_code == 200
            return ids

    with ThreadPoolExecutor(8) as pool:
        ids = [order for found in pool.map(work, range(8)) for order in found]
    assert len(set(ids)) == 40
    with service.client() as client:
        listed = client.get("/orders", params={"text": "load", "limit": 100}).json()["items"]
    assert {order["id"] for order in listed} == set(ids)


def test_killed_in_a_burst_it_has_every_accepted_order_once(namespace: str, tmp_path: Path) -> None:
    installed = Installed(tmp_path / "killed", namespace)
    installed.create()
    accepted: dict[str, str] = {}
    begun = threading.Event()
    service = Service(installed, installed.folder / "run.log")
    service.start()

    def burst(number: int) -> None:
        with service.client() as client:
            for row in range(BURST):
                key = f"{number}-{row}"
                body = an_order(f"198.51.{100 + number}.{row}", reason="burst")
                try:
                    answer = client.post("/orders", json=body, headers={"Idempotency-Key": key})
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                accepted[key] = answer.json()["id"]
                if len(accepted) >= 10:
                    begun.set()

    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(burst, number) for number in range(4)]
        assert begun.wait(60)
        assert service.end(signal.SIGKILL) == -signal.SIGKILL
        for one in working:
            one.result()
    assert 10 <= len(accepted) < 4 * BURST
    service.start()
    try:
        with service.client() as client:
            listed = client.get("/orders", params={"text": "burst", "limit": 500}).json()["items"]
            ids = [order["id"] for order in listed]
            assert len(ids) == len(set(ids)) and set(accepted.values()) <= set(ids)
            targets = [order["target"] for order in listed]
            assert len(targets) == len(set(targets)), "none is there twice"
            for number in range(4):
                for row in range(BURST):
                    key = f"{number}-{row}"
                    body = an_order(f"198.51.{100 + number}.{row}", reason="burst")
                    headers = {"Idempotency-Key": key}
                    answer = client.post("/orders", json=body, headers=headers)
                    assert answer.status_code == 201, answer.text
                    assert answer.json()["id"] == accepted.get(key, answer.json()["id"])
            again = client.get("/orders", params={"text": "burst", "limit": 500}).json()["items"]
            assert len(again) == 4 * BURST
            assert client.post("/audit/verify", json={}).json()["ok"] is True
    finally:
        assert service.end() == 0
