# SPDX-License-Identifier: GPL-2.0-or-later
"""From an order about routes to an upstream without them, beside the daemons' own floor.

In the BGP lab, on its FRR edge and on its BIRD edge; the orders go over SSH.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from math import log
from pathlib import Path

from enforcer.application import Application
from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import Demand, DropRoutes, Sessions
from enforcer.errors import OrderRefused
from lab.bgp import (
    EDGES,
    FRR,
    TOPOLOGY,
    Edge,
    announce,
    await_upstream,
    enrol,
    inventory_for,
    plain,
    upstream_count,
    wait_for_bgp,
)
from lab.bgp_by_hand import accept, reject, reject_but
from lab.errors import NoVerdict
from lab.installation import Controller, Installation
from lab.shell import wait_until
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, application, lift, settled
from tests.bench.ground import Say, Size, interleaved
from tests.bench.ratios import spread

NAME = "routes"
WHERE = TOPOLOGY
ORDER, READ, HAND = "order", "order, routes read first", "by hand"
LISTED, CHUNKED, NAIVE = "order, listed", "by hand, in chunks", "by hand, one list"
KEPT = "198.51.100.0/24"
FULL, QUICK = ((10_000, 100_000), (1_000, 2_000, 10_000)), ((1_000, 10_000), (1_000,))
"""Leaked routes; and, on FRR, listed ones."""
ROUNDS = 2
NAIVE_AT = (1_000, 2_000)
"""Listed prefixes that are put into one list, too: of more it would take too long."""
APART = 3
"""From one listed prefix to the next: none can be written together with another."""
PATIENCE = timedelta(seconds=300)
_TRIES = 5
"""BIRD does not list its routes while it still follows the change before."""
METHOD = """
The customer of `lab/isp-bgp.clab.yml` leaks made-up /24s on one edge, and the upstream has them
all. `order`: `drop-routes --all-but-registered`, placed in process with `--confirm-routes`, carried
out by a controller over SSH; the time is from before it is placed until the upstream has none of
them, by its own `show route count`. `order, routes read first` is not confirmed: all routes of the
session are read, and what would be lost is worked out, before it is stored. `by hand`: the
same filter, as a file that is ready on the router, loaded by `vtysh -f` on FRR and by `birdc
configure` on BIRD, until the same. It keeps no record, asks nobody, and reads nothing back. An
order has a fixed cost, logins and questions before anything is changed, beside what grows with the
table: the more is leaked, the less it counts.

Listed prefixes, no two of which can be written as one, are compared on FRR: `order, listed` until
it is read back and enforced, by hand until `vtysh -f` has ended; `in chunks` of ten entries,
each prefix-list followed by the rule of the route-map that names it (the driver writes as many
lists, but the route-map first, which spares bgpd most of the work), and `one list` as a person
would, with all entries in it, whose time grows with the square of their number."""


def leaked(count: int, step: int = 1) -> list[str]:
    """So many /24s outside of everybody's space in the lab; each `step` after the one before."""
    numbers = range(0, count * step, step)
    return [f"{20 + n // 65536}.{n // 256 % 256}.{n % 256}.0/24" for n in numbers]


class Ways:
    """The ways to be rid of a leak on one edge, and back to it."""

    def __init__(self, edge: Edge, app: Application, prefixes: Sequence[str]) -> None:
        self._edge = edge
        self._app = app
        self._prefixes = tuple(prefixes)
        self._session = Sessions(neighbors=(ip_address(edge.neighbors[0]),))
        self.parts: dict[str, list[float]] = {}

    def order(self, number: int) -> dict[str, float]:
        """By an order that confirms what is lost, until the upstream is clean."""
        return {ORDER: self._ordered(self.parts, confirmed=True)}

    def read_order(self, number: int) -> dict[str, float]:
        """By an order whose loss is worked out first, until the upstream is clean."""
        refused = ""
        for _ in range(_TRIES):
            try:
                return {READ: self._ordered({}, confirmed=False)}
            except OrderRefused as refusal:
                refused = str(refusal)
        raise NoVerdict(refused)

    def _ordered(self, into: dict[str, list[float]], confirmed: bool) -> float:
        began = time.monotonic()
        order = self._place(DropRoutes(self._session, choice="unregistered"), confirmed)
        placed = time.monotonic()
        clean = self._clean()
        settled(self._app, order, PATIENCE)
        done = time.monotonic()
        parts = {
            "place: guardrails, commit of the order": placed - began,
            "until the upstream is clean": clean - placed,
            "until it is proved": done - clean,
        }
        for part, seconds in parts.items():
            into.setdefault(part, []).append(seconds)
        lift(self._app, order, PATIENCE)
        self._back()
        return clean - began

    def hand(self, number: int) -> dict[str, float]:
        """By hand, until the upstream is clean."""
        began = time.monotonic()
        reject_but(self._edge, KEPT)
        took = self._clean() - began
        accept(self._edge)
        self._back()
        return {HAND: took}

    def listed(self, number: int) -> dict[str, float]:
        """By an order that names every prefix, until it is enforced."""
        prefixes = tuple(map(ip_network, self._prefixes))
        began = time.monotonic()
        order = self._place(DropRoutes(self._session, prefixes))
        settled(self._app, order, PATIENCE)
        took = time.monotonic() - began
        lift(self._app, order, PATIENCE)
        return {LISTED: took}

    def by_lists(self, name: str, chunk: int) -> Callable[[int], dict[str, float]]:
        """By hand, until the daemon has taken every entry."""

        def run(number: int) -> dict[str, float]:
            began = time.monotonic()
            reject(self._edge, self._prefixes, chunk)
            took = time.monotonic() - began
            accept(self._edge)
            return {name: took}

        return run

    def _place(self, demand: Demand, confirmed: bool = True) -> str:
        day = timedelta(days=1)
        asked = PlaceOrder(
            demand=demand, reason="a benchmark", duration=day, confirm_routes=confirmed
        )
        return self._app.place(ME, asked).id

    def _clean(self) -> float:
        """The instant at which the upstream has the customer's own prefix alone."""
        what = "the upstream is clean"
        seconds = PATIENCE.total_seconds()
        wait_until(lambda: upstream_count(self._edge, 4) == 1, what, timeout=seconds, every=0.02)
        return time.monotonic()

    def _back(self) -> None:
        wanted = {self._edge.own[0], *self._prefixes}
        await_upstream(self._edge, 4, wanted, timeout=PATIENCE.total_seconds())


@contextmanager
def controlled() -> Iterator[Application]:
    """A controller on the edges, and the application in this process."""
    wait_for_bgp()
    with tempfile.TemporaryDirectory(prefix="enforcer-bench-bgp-") as name:
        folder = Path(name)
        enrol(folder)
        installation = Installation(folder, inventory_for(folder))
        installation.create()
        with Controller(installation):
            wait_until(
                lambda: all(one["status"] == "ok" for one in installation.ask("device", "list")),
                "every router is read",
                timeout=PATIENCE.total_seconds(),
            )
            yield application(installation)


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the BGP lab."""
    chapter = Chapter(NAME, "Leaked routes, from order to a clean upstream", METHOD)
    quick = size.entries < 100_000
    counts, lengths = QUICK if quick else FULL
    with controlled() as app:
        for edge in EDGES:
            for count in counts:
                last = count == counts[-1]
                leaks(chapter, app, Leaked(edge, count, ROUNDS, last), say)
        for count in lengths:
            lists(chapter, app, count, 1 if quick or count > NAIVE_AT[0] else ROUNDS, say)
    chapter.remarks += beyond(chapter)
    return chapter


def beyond(chapter: Chapter) -> list[str]:
    """How long one list with the most entries would take, if its time went on growing as it did."""
    took = {
        one.situation: spread(one.baseline_seconds).median
        for one in chapter.comparisons
        if one.baseline == NAIVE
    }
    if len(took) < len(NAIVE_AT):
        return []
    (few, many), (short, long) = NAIVE_AT, took.values()
    power = log(long / short) / log(many / few)
    minutes = long * (FULL[1][-1] / many) ** power / 60
    return [
        f"One list with {FULL[1][-1]:,} entries was not measured: from {few:,} to {many:,} its time"
        f" grew {long / short:.1f}-fold; growing on like that it would take {minutes:.0f} minutes."
    ]


@dataclass(frozen=True)
class Leaked:
    """One row: so many leaked routes on one edge."""

    edge: Edge
    count: int
    rounds: int
    headline: bool


def leaks(chapter: Chapter, app: Application, row: Leaked, say: Say) -> None:
    """Add the comparison of an order with the same filter by hand."""
    edge, prefixes = row.edge, leaked(row.count)
    situation = f"{row.count:,} leaked routes, {edge.daemon.upper()}"
    say(f"{situation}, {row.rounds} rounds")
    announce(edge, plain(prefixes))
    wanted = {edge.own[0], *prefixes}
    await_upstream(edge, 4, wanted, timeout=PATIENCE.total_seconds())
    ways = Ways(edge, app, prefixes)
    times = interleaved(row.rounds, [ways.order, ways.read_order, ways.hand], chapter.remarks)
    chapter.compare(situation, times, ORDER, HAND, headline=row.headline)
    chapter.compare(situation, times, READ, HAND)
    if row.headline:
        chapter.split(f"order, {situation}", ways.parts)
    announce(edge, [])
    await_upstream(edge, 4, {edge.own[0]}, timeout=PATIENCE.total_seconds())


def lists(chapter: Chapter, app: Application, count: int, rounds: int, say: Say) -> None:
    """Add the comparison of an order that names so many prefixes with `vtysh -f`, on FRR."""
    situation = f"{count:,} listed prefixes, FRR"
    say(f"{situation}, {rounds} rounds")
    ways = Ways(FRR, app, leaked(count, step=APART))
    runs = [ways.listed, ways.by_lists(CHUNKED, 10)]
    if count in NAIVE_AT:
        runs.append(ways.by_lists(NAIVE, count))
    times = interleaved(rounds, runs, chapter.remarks)
    chapter.compare(situation, times, LISTED, CHUNKED)
    if NAIVE in times:
        chapter.compare(situation, times, LISTED, NAIVE, headline=count == NAIVE_AT[0])
