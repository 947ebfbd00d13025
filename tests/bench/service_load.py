# SPDX-License-Identifier: GPL-2.0-or-later
"""Fifty clients at once place orders by the API and read them; none may be lost."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from multiprocessing import get_context
from pathlib import Path

import httpx

from enforcer.core.access import Role
from lab.errors import NoVerdict
from lab.inside import current
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ROUTER
from tests.bench.ground import FULL, Say, Size
from tests.bench.ratios import percentile
from tests.bench.report import duration
from tests.integration.api.served import Installed, an_order, eventually, running

NAME = "service"
CLIENTS, PROGRAMS = 50, 5
SECONDS, QUICK_SECONDS = 60.0, 5.0
PLACE, LIST, SHOW = "POST /orders", "GET /orders?limit=20", "GET /orders/ID"
_FIRST = int(IPv4Address("45.0.0.0"))
_EACH = 100_000
_SHARES = (0.5, 0.9, 0.99, 1.0)
_ENFORCED_WITHIN = 120.0

METHOD = """
`enforcer run` with API and controller in one program, SQLite, and one nftables router, which
enforces what is placed meanwhile. {clients} clients, in {programs} programs on the same machine,
each with a connection of its own: place an order for a new address, list the newest 20, look at
the one that was placed, and so on for {seconds:g} s without a pause. In the end the orders of the
service are compared with those that it said it took: {accepted:,} were taken, **{lost} lost**,
{doubled} twice, {refused} refused; {rate:.0f} requests per second. All were enforced {enforced}
after the last one was placed."""


@dataclass
class Heard:
    """What some clients saw: seconds by what was asked, ids of orders, statuses of refusals."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    orders: list[str] = field(default_factory=list)
    refused: int = 0

    def add(self, other: Heard) -> None:
        """Both together."""
        for what, seconds in other.seconds.items():
            self.seconds[what] += seconds
        self.orders += other.orders
        self.refused += other.refused


def measure(size: Size, say: Say) -> Chapter:
    """The chapter. Raises NoVerdict where an order was lost or is there twice."""
    seconds = SECONDS if size == FULL else QUICK_SECONDS
    with tempfile.TemporaryDirectory(prefix="enforcer-load-") as name:
        installed = Installed(Path(name), current().netns(ROUTER).name)
        installed.create()
        with running(installed) as service:
            eventually(service.leads, "the controller leads")
            say(f"{CLIENTS} clients for {seconds:g} s")
            heard = _heard(service.url, installed.secrets[Role.ENGINEER], seconds)
            with service.client() as client:
                stored = _all_orders(client)
                enforced = _enforced_after(client, heard.orders)
    lost = len(set(heard.orders) - set(stored))
    doubled = len(stored) - len(set(stored)) + len(heard.orders) - len(set(heard.orders))
    method = METHOD.format(
        clients=CLIENTS,
        programs=PROGRAMS,
        seconds=seconds,
        accepted=len(heard.orders),
        lost=lost,
        doubled=doubled,
        refused=heard.refused,
        rate=sum(map(len, heard.seconds.values())) / seconds,
        enforced=enforced,
    )
    if lost or doubled:
        raise NoVerdict(f"{lost} orders were lost, {doubled} are there twice")
    return Chapter(NAME, "Fifty clients of the API", method + "\n\n" + _table(heard))


def _heard(url: str, secret: str, seconds: float) -> Heard:
    """What all clients saw."""
    together = Heard()
    with ProcessPoolExecutor(PROGRAMS, get_context("spawn")) as pool:
        parts = [pool.submit(_program, url, secret, seconds, n) for n in range(PROGRAMS)]
        for part in parts:
            together.add(part.result())
    return together


def _program(url: str, secret: str, seconds: float, number: int) -> Heard:
    """A part of the clients, in one program."""
    each = CLIENTS // PROGRAMS
    together = Heard()
    with ThreadPoolExecutor(each) as pool:
        parts = [
            pool.submit(_client, url, secret, seconds, number * each + one) for one in range(each)
        ]
        for part in parts:
            together.add(part.result())
    return together


def _client(url: str, secret: str, seconds: float, number: int) -> Heard:
    """One client, for so long."""
    heard = Heard()
    headers = {"Authorization": f"Bearer {secret}"}
    deadline = time.monotonic() + seconds
    with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60.0) as client:
        row = 0
        while time.monotonic() < deadline:
            address = str(IPv4Address(_FIRST + number * _EACH + row))
            row += 1
            began = time.monotonic()
            answer = client.post("/orders", json=an_order(address))
            heard.seconds[PLACE].append(time.monotonic() - began)
            if answer.status_code != httpx.codes.CREATED:
                heard.refused += 1
                continue
            heard.orders.append(answer.json()["id"])
            for what, path in ((LIST, "/orders?limit=20"), (SHOW, f"/orders/{heard.orders[-1]}")):
                began = time.monotonic()
                client.get(path).raise_for_status()
                heard.seconds[what].append(time.monotonic() - began)
    return heard


def _all_orders(client: httpx.Client) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        asked = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/orders", params=asked).json()
        found += [order["id"] for order in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


def _enforced_after(client: httpx.Client, orders: Sequence[str]) -> str:
    """In how much time all of them were, from now on."""
    began = time.monotonic()
    for order in [*orders[-1:], *orders[:: max(1, len(orders) // 50)]]:
        while client.get(f"/orders/{order}/wait?timeout=20").json()["status"] != "enforced":
            if time.monotonic() - began > _ENFORCED_WITHIN:
                raise NoVerdict(f"order {order} is not enforced")
    return duration(time.monotonic() - began)


def _table(heard: Heard) -> str:
    head = ["| request | number | median | p90 | p99 | longest |", "| --- " + "| ---: " * 5 + "|"]
    rows = [
        f"| {what} | {len(seconds):,} | "
        + " | ".join(duration(percentile(seconds, share)) for share in _SHARES)
        + " |"
        for what, seconds in heard.seconds.items()
    ]
    return "\n".join([*head, *rows])
