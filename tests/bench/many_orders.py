# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred thousand orders, each of its own: placed, enforced, ended in one second; and somebody
who places a single one meanwhile."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_network
from types import TracebackType
from typing import ClassVar, NamedTuple, Self

import numpy as np

from enforcer.application import Application
from enforcer.application.commands import PlaceOrder
from enforcer.clock import SystemClock
from enforcer.core.addresses import to_column
from enforcer.core.instants import to_ms
from enforcer.core.orders import BlockAddress
from enforcer.core.rules import Key, Members, Rule
from enforcer.responsive import responsive
from lab.errors import NoVerdict
from lab.installation import Installation
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, ROUTER, SINK, application, controlled, settled
from tests.bench.ground import Node, Say, Size
from tests.bench.new_elements import NewElements
from tests.bench.ratios import percentile
from tests.bench.whole_list import NFT, RAW, ByHand

NAME = "orders"
PLACED, ENFORCED, GONE = "placed", "placed, until all are enforced", "ended, until all are gone"
ALONE, MEANWHILE = "one order, alone", "one order, meanwhile"
IN_KERNEL_ALONE, IN_KERNEL = "in the kernel, alone", "in the kernel, meanwhile"
PHASES = ("while they are placed", "while the last of them are enforced", "while they end")

_SWARM, _SINGLE = int(IPv4Address("16.0.0.0")), int(IPv4Address("80.0.0.0"))
_EVERY = 0.05
_BEFORE = 0.5
"""So many seconds before the end of all of them the moment of their end begins."""
_LONG = timedelta(minutes=10)

METHOD = f"""
So many separate orders (no list), each for one IPv4 address, none beside another, both ways, with
an idempotency key each and all with the same end, are placed by `place_many` in one program while
the controller runs in another. `{ENFORCED}`: from before the first is placed until the last one is
said to be enforced. `{GONE}`: from the end that all have until the last one is said to be over
everywhere. Beside them `{NFT}` and `{RAW}` of the same elements in another namespace: nothing is
checked, recorded, read back or removed there. All the while a second thread of the same program
places a single order, {_EVERY:g} s after the one before was in the kernel: how long that call
takes, which waits for the disk, and how long until the kernel told that it has the address; each
as the median, the 99th percentile and the longest of a round, beside the same without the others,
and by itself while they are placed, enforced, and end (from {_BEFORE:g} s before). The program
takes turns between threads and looks for garbage as `enforcer run` does."""


class Single(NamedTuple):
    """When one was placed; seconds of the call, and until the kernel had it (None: never)."""

    began: float
    placed: float
    in_kernel: float | None


class Singles:
    """Places one order after the other, in a thread, and notes what each took."""

    _next = _SINGLE

    def __init__(self, app: Application, kernel: NewElements) -> None:
        self._app = app
        self._kernel = kernel
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.all: list[Single] = []

    def during(self, begin: float, end: float) -> list[Single]:
        """Those that were placed between two monotonic instants."""
        return [one for one in self.all if begin <= one.began < end]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            address = IPv4Address(Singles._next)
            Singles._next += 2
            demand = BlockAddress(ip_network(address))
            self._kernel.expect([str(address)])
            began = time.monotonic()
            self._app.place(ME, PlaceOrder(demand=demand, reason="a single one", duration=_LONG))
            placed = time.monotonic() - began
            there, missing = self._kernel.wait(60.0)
            self.all.append(Single(began, placed, None if missing else there - began))
            self._stop.wait(_EVERY)


TAILS = {"(median)": 0.5, "(99 %)": 0.99, "(longest)": 1.0}


@dataclass(slots=True)
class Rounds:
    """Seconds by what was timed, one per round."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        self.times.setdefault(name, []).append(seconds)

    def add_singles(self, placed: str, in_kernel: str, singles: list[Single]) -> None:
        """How long most of them and the slow ones took."""
        lost = sum(one.in_kernel is None for one in singles)
        if lost or not singles:
            raise NoVerdict(f"{placed}: {lost} of {len(singles)} never came into the kernel")
        calls = [one.placed for one in singles]
        ways = [one.in_kernel for one in singles if one.in_kernel is not None]
        for name, seconds in ((placed, calls), (in_kernel, ways)):
            for tail, at in TAILS.items():
                self.add(f"{name} {tail}", percentile(seconds, at))


class Swarm:
    """So many orders; each round other addresses, because the last ones' orders are history.

    `pace`: the seconds that one of many took the last time.
    """

    pace: ClassVar[float] = 0.001
    _next = _SWARM

    def __init__(self, count: int, ends: datetime) -> None:
        self._first, self.count, self.ends = Swarm._next, count, ends
        Swarm._next += 2 * count

    def commands(self) -> list[PlaceOrder]:
        return [
            PlaceOrder(
                demand=BlockAddress(ip_network(IPv4Address(address))),
                reason="a benchmark",
                end=self.ends,
                idempotency_key=f"swarm {address}",
            )
            for address in range(self._first, self._first + 2 * self.count, 2)
        ]

    def members(self) -> dict[Rule, Members]:
        """What they ask for, for who writes it by hand."""
        column = to_column(range(self._first, self._first + 2 * self.count, 2))
        end = np.full(self.count, to_ms(self.ends), np.int64)
        members = Members(column, column, end, np.arange(1, self.count + 1, dtype=np.int64))
        return {Rule(4, key): members for key in (Key.SOURCE, Key.DESTINATION)}


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Very many orders at once", METHOD)
    largest = 100_000 if size.entries >= 100_000 else 10_000
    for count in (n for n in (1_000, 10_000, 100_000) if n <= largest):
        rounds = 3 if count < largest else 1
        say(f"{count:,} orders, {rounds} rounds")
        with responsive(SystemClock()), controlled() as (installation, _):
            times = _measured(installation, count, rounds, say)
        _add(chapter, count, times)
        Node(ROUTER).nft("flush ruleset\n")
    return chapter


def _measured(
    installation: Installation, count: int, rounds: int, say: Say
) -> dict[str, list[float]]:
    found = Rounds()
    app = application(installation)
    kernel = NewElements(Node(ROUTER).netns)
    try:
        for number in range(rounds):
            _round(app, kernel, count, found, say)
            members = Swarm(count, SystemClock().now() + _LONG).members()
            hand = ByHand(Node(SINK), members, installation.folder)
            for name, seconds in {**hand.nft(number), **hand.raw(number)}.items():
                found.add(name, seconds)
    finally:
        kernel.close()
    return found.times


def _round(app: Application, kernel: NewElements, count: int, found: Rounds, say: Say) -> None:
    with Singles(app, kernel) as alone:
        time.sleep(3.0)
    found.add_singles(ALONE, IN_KERNEL_ALONE, alone.all)
    swarm = Swarm(count, SystemClock().now() + timedelta(seconds=8 + 2.5 * count * Swarm.pace))
    commands = swarm.commands()
    with Singles(app, kernel) as meanwhile:
        began = time.monotonic()
        results = app.place_many(ME, commands)
        placed = time.monotonic()
        found.add(PLACED, placed - began)
        Swarm.pace = (placed - began) / count
        last = results[-1].order
        if last is None:
            raise NoVerdict(f"the last one was not placed: {results[-1].message}")
        del commands, results
        settled(app, last.id)
        enforced = time.monotonic()
        found.add(ENFORCED, enforced - began)
        say(f"placed after {placed - began:.1f} s, enforced after {enforced - began:.1f} s")
        _wait_until(swarm.ends)
        ended = time.monotonic()
        _wait_for_the_end(app, last.id)
        gone = (SystemClock().now() - swarm.ends).total_seconds()
        found.add(GONE, gone)
    over = time.monotonic()
    found.add_singles(MEANWHILE, IN_KERNEL, meanwhile.all)
    spans = ((began, placed), (placed, enforced), (ended - _BEFORE, over))
    for phase, span in zip(PHASES, spans, strict=True):
        if some := meanwhile.during(*span):
            found.add_singles(f"{MEANWHILE}, {phase}", f"{IN_KERNEL}, {phase}", some)
            longest = max(one.in_kernel or 0 for one in some)
            say(f"{phase}: {len(some)} single orders, the longest took {longest * 1e3:.0f} ms")
    say(f"gone {gone:.1f} s after the end")


def _wait_until(instant: datetime) -> None:
    left = (instant - SystemClock().now()).total_seconds()
    if left <= 0:
        raise NoVerdict(f"they were not enforced before they ended, {-left:.0f} s ago")
    time.sleep(left)


def _wait_for_the_end(app: Application, order: str) -> None:
    for _ in range(1200):
        if app.order(ME, order).status == "expired":
            return
        time.sleep(0.1)
    raise NoVerdict("they are not gone after two minutes")


def _add(chapter: Chapter, count: int, times: dict[str, list[float]]) -> None:
    situation = f"{count:,} orders"
    for subject, headline in ((PLACED, False), (ENFORCED, True), (GONE, True)):
        chapter.compare(situation, times, subject, NFT, headline, entries=count)
        chapter.compare(situation, times, subject, RAW, entries=count)
    rounds = len(times[PLACED])
    for phase in ("", *(f", {one}" for one in PHASES)):
        for subject, alone in ((MEANWHILE, ALONE), (IN_KERNEL, IN_KERNEL_ALONE)):
            for tail in TAILS:
                name = f"{subject}{phase} {tail}"
                if len(times.get(name, ())) == rounds:
                    headline = name == f"{IN_KERNEL} (longest)"
                    chapter.compare(situation, times, name, f"{alone} {tail}", headline)
