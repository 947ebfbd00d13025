# SPDX-License-Identifier: GPL-2.0-or-later
"""Fifty clients at once place orders by the API and read them; none may be lost."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path

import httpx

from enforcer.core.access import Role
from lab.errors import NoVerdict
from lab.inside import current
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ROUTER
from tests.bench.figures import duration
from tests.bench.ground import FULL, Say, Size
from tests.bench.load import Heard, load
from tests.bench.ratios import percentile
from tests.integration.api.served import Installed, Service, an_order, eventually, running

NAME = "service"
CLIENTS = 50
SECONDS, QUICK_SECONDS = 60.0, 5.0
BURST_SECONDS, QUICK_BURST_SECONDS = 10.0, 3.0
ASKED = {
    "place": "POST /orders",
    "list": "GET /orders?limit=20",
    "show": "GET /orders/ID",
}
_FIRST = IPv4Address("45.0.0.0")
_BURST_FIRST = IPv4Address("46.0.0.0")
_PERSONS_FIRST = IPv4Address("47.0.0.0")
_PAUSE = 0.1
_SHARES = (0.5, 0.9, 0.99, 1.0)
_ENFORCED_WITHIN = 120.0

METHOD = """
`enforcer run` with API and controller in one program, SQLite, and one nftables router, which
enforces what is placed meanwhile. {clients} clients of `wrk` on the same machine, each with a
connection of its own: place an order for a new address, list the newest 20, look at the one that
was placed, and so on for {seconds:g} s without a pause. In the end the orders of the service are
compared, address by address, with those that it said it took: {accepted:,} were taken, **{lost}
lost**, {doubled} twice, {wrong} answers were not what was asked for; {rate:.0f} requests per
second. All were enforced {enforced} after the last one was placed.

Orders do not make it slower: placing one took {early} (median) in the first sixth of the time and
{late} in the last one, with {accepted:,} orders more.

Nobody starves: while the {clients} clients were one program with one token, a person placed an
order every {pause:g} s, and waited {person} (median), {person_worst} at worst; the program waited
{burst} for each."""


def measure(size: Size, say: Say) -> Chapter:
    """The chapter. Raises NoVerdict where an order was lost or is there twice."""
    full = size == FULL
    seconds = SECONDS if full else QUICK_SECONDS
    with tempfile.TemporaryDirectory(prefix="enforcer-load-") as name:
        installed = Installed(Path(name), current().netns(ROUTER).name)
        installed.create()
        with running(installed) as service:
            eventually(service.leads, "the controller leads")
            say(f"{CLIENTS} clients for {seconds:g} s")
            heard = load(service.url, installed.secrets[Role.ENGINEER], CLIENTS, seconds, _FIRST)
            with service.client() as client:
                enforced = _enforced_after(client, list(heard.placed))
                stored = _all_orders(client)
            say("a person beside a detector's burst")
            alone, burst = _beside(service, BURST_SECONDS if full else QUICK_BURST_SECONDS)
    lost, doubled = _compared(heard, stored)
    method = METHOD.format(
        clients=CLIENTS,
        seconds=seconds,
        accepted=len(heard.placed),
        lost=lost,
        doubled=doubled,
        wrong=heard.wrong,
        rate=len(heard.answers) / seconds,
        enforced=enforced,
        early=_median(heard.seconds("place", 0.0, seconds / 6)),
        late=_median(heard.seconds("place", seconds * 5 / 6)),
        pause=_PAUSE,
        person=_median(alone),
        person_worst=duration(max(alone)),
        burst=_median(burst),
    )
    if lost or doubled:
        raise NoVerdict(f"{lost} orders were lost, {doubled} are there twice")
    return Chapter(NAME, "Fifty clients of the API", method + "\n\n" + _table(heard))


def _compared(heard: Heard, stored: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """How many that were taken are not there as they were asked for, and how many are twice.

    What was under way when the time was over may be there and was not heard of.
    """
    there = dict(stored)
    lost = sum(there.get(order) != address for order, address in heard.placed.items())
    ids = Counter(order for order, _ in stored)
    addresses = Counter(address for _, address in stored)
    twice = sum(count - 1 for found in (ids, addresses) for count in found.values())
    said = sum(one.what == "place" and one.right for one in heard.answers)
    return lost, twice + said - len(heard.placed)


def _beside(service: Service, seconds: float) -> tuple[list[float], list[float]]:
    """Seconds of a person's orders, and of those of a burst at the same time."""
    over = threading.Event()
    installed = service.installed
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(_person, service, over)
        try:
            burst = load(
                service.url, installed.secrets[Role.ENGINEER], CLIENTS, seconds, _BURST_FIRST
            )
        finally:
            over.set()
        return waits.result(), burst.seconds("place")


def _person(service: Service, over: threading.Event) -> list[float]:
    seconds: list[float] = []
    with service.client(Role.ABUSE) as client:
        while not over.wait(_PAUSE):
            address = str(_PERSONS_FIRST + len(seconds))
            began = time.monotonic()
            client.post("/orders", json=an_order(address)).raise_for_status()
            seconds.append(time.monotonic() - began)
    return seconds


def _all_orders(client: httpx.Client) -> list[tuple[str, str]]:
    """(id, address) of each that is stored."""
    found: list[tuple[str, str]] = []
    cursor = None
    while True:
        asked = {"limit": "1000"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/orders", params=asked).json()
        found += [(one["id"], one["demand"]["prefix"].split("/")[0]) for one in page["items"]]
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


def _median(seconds: Sequence[float]) -> str:
    return duration(percentile(seconds, 0.5)) if seconds else "-"


def _table(heard: Heard) -> str:
    head = ["| request | number | median | p90 | p99 | longest |", "| --- " + "| ---: " * 5 + "|"]
    rows = []
    for what, shown in ASKED.items():
        seconds = heard.seconds(what)
        cells = " | ".join(duration(percentile(seconds, share)) for share in _SHARES)
        rows.append(f"| {shown} | {len(seconds):,} | {cells} |")
    return "\n".join([*head, *rows])
