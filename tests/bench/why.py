# SPDX-License-Identifier: GPL-2.0-or-later
"""Why is it blocked? Beside very many orders and entries, in a program that is running."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from enforcer.application import Application
from enforcer.clock import SystemClock
from lab.errors import NoVerdict
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, ROUTER, application, block_list, controlled, settled
from tests.bench.ground import Node, Say, Size, interleaved
from tests.bench.many_orders import Swarm

NAME = "why"
ORDERED, LISTED, FREE = "why, one order", "why, one entry", "why, nothing"
READ = "read one order"

METHOD = f"""
So many orders for one address each, and a list with so many entries blocked by one more order, are
enforced on the router, whose controller runs. `{ORDERED}`: `why` for an address that one order
blocks; `{LISTED}`: for one that the list blocks; `{FREE}`: for one that is not blocked; each with
the packets that the router counted, which it is asked for. Beside them `{READ}`: the application
reads one order by its id, with its status. All in one program that is running, without the
command line's start."""


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Why is it blocked", METHOD)
    for entries in size.growth:
        orders = min(entries, 100_000)
        say(f"why beside {orders:,} orders and {entries:,} entries, {size.short} rounds")
        with controlled() as (installation, _):
            app = application(installation)
            times = _measured(app, orders, entries, size.short, chapter.remarks)
        Node(ROUTER).nft("flush ruleset\n")
        situation = f"{orders:,} orders, {entries:,} entries"
        for subject in (ORDERED, LISTED, FREE):
            chapter.compare(situation, times, subject, READ, subject == LISTED, entries)
    return chapter


def _measured(
    app: Application, orders: int, entries: int, rounds: int, remarks: list[str]
) -> dict[str, list[float]]:
    text = mixed_list(entries, seed=1)
    block_list(app, "big", text)
    swarm = Swarm(orders, SystemClock().now() + timedelta(days=1))
    results = app.place_many(ME, swarm.commands())
    last = results[-1].order
    if last is None:
        raise NoVerdict(f"the last one was not placed: {results[-1].message}")
    settled(app, last.id)
    listed = text.splitlines()[entries // 2].split("/")[0]
    ordered = last.target.split("/")[0].split()[0]
    asked = {ORDERED: ordered, LISTED: listed, FREE: "9.9.9.9"}
    for name, address in asked.items():
        found = len(app.why(ME, address).orders)
        if found != (0 if name == FREE else 1):
            raise NoVerdict(f"{name}: {found} orders are told of {address}")
    runs = [_timed(name, _asking(app, address)) for name, address in asked.items()]
    runs.append(_timed(READ, lambda: app.order(ME, last.id)))
    return interleaved(rounds, runs, remarks)


def _asking(app: Application, address: str) -> Callable[[], object]:
    return lambda: app.why(ME, address)


def _timed(name: str, act: Callable[[], object]) -> Callable[[int], dict[str, float]]:
    def run(_number: int) -> dict[str, float]:
        began = time.monotonic()
        act()
        return {name: time.monotonic() - began}

    return run
