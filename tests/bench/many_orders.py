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
from typing import ClassVar, Self

import numpy as np

from enforcer.application import Application
from enforcer.application.commands import PlaceOrder
from enforcer.clock import SystemClock
from enforcer.core.addresses import to_column
from enforcer.core.instants import to_ms
from enforcer.core.orders import BlockAddress
from enforcer.core.rules import Key, Members, Rule
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

_SWARM, _SINGLE = int(IPv4Address("16.0.0.0")), int(IPv4Address("80.0.0.0"))
_EVERY = 0.1
_LONG = timedelta(minutes=10)

METHOD = f"""
So many separate orders (no list), each for one IPv4 address, none beside another, both ways, with
an idempotency key each and all with the same end, are placed by `place_many` in one program while
the controller runs in another. `{ENFORCED}`: from before the first is placed until the last one is
said to be enforced. `{GONE}`: from the end that all have until the last one is said to be over
everywhere. Beside them `{NFT}` and `{RAW}` of the same elements in another namespace: nothing is
checked, recorded, read back or removed there. All the while a second thread of the same program
places a single order every {_EVERY:g} s: how long that call takes, and how long until the kernel
told that it has the address, each as the 99th percentile and the longest of a round, beside the
same without the others."""


class Singles:
    """Places one order after the other, in a thread, and notes what each took."""

    _next = _SINGLE

    def __init__(self, app: Application, kernel: NewElements) -> None:
        self._app = app
        self._kernel = kernel
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.placed: list[float] = []
        self.in_kernel: list[float] = []

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
            self.placed.append(time.monotonic() - began)
            there, missing = self._kernel.wait(60.0)
            if not missing:
                self.in_kernel.append(there - began)
            self._stop.wait(_EVERY)


@dataclass(slots=True)
class Rounds:
    """Seconds by what was timed, one per round."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, seconds: float) -> None:
        self.times.setdefault(name, []).append(seconds)

    def add_tail(self, name: str, seconds: list[float]) -> None:
        """The slow ones of many."""
        if not seconds:
            raise NoVerdict(f"{name}: not one single order was placed")
        self.add(f"{name} (99 %)", percentile(seconds, 0.99))
        self.add(f"{name} (longest)", max(seconds))


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
        with controlled() as (installation, _):
            _add(chapter, f"{count:,} orders", _measured(installation, count, rounds))
        Node(ROUTER).nft("flush ruleset\n")
    return chapter


def _measured(installation: Installation, count: int, rounds: int) -> dict[str, list[float]]:
    found = Rounds()
    app = application(installation)
    kernel = NewElements(Node(ROUTER).netns)
    try:
        for number in range(rounds):
            _round(app, kernel, count, found)
            members = Swarm(count, SystemClock().now() + _LONG).members()
            hand = ByHand(Node(SINK), members, installation.folder)
            for name, seconds in {**hand.nft(number), **hand.raw(number)}.items():
                found.add(name, seconds)
    finally:
        kernel.close()
    return found.times


def _round(app: Application, kernel: NewElements, count: int, found: Rounds) -> None:
    with Singles(app, kernel) as alone:
        time.sleep(3.0)
    found.add_tail(ALONE, alone.placed)
    found.add_tail(IN_KERNEL_ALONE, alone.in_kernel)
    swarm = Swarm(count, SystemClock().now() + timedelta(seconds=8 + 2.5 * count * Swarm.pace))
    commands = swarm.commands()
    with Singles(app, kernel) as meanwhile:
        began = time.monotonic()
        results = app.place_many(ME, commands)
        found.add(PLACED, time.monotonic() - began)
        Swarm.pace = (time.monotonic() - began) / count
        last = results[-1].order
        if last is None:
            raise NoVerdict(f"the last one was not placed: {results[-1].message}")
        settled(app, last.id)
        found.add(ENFORCED, time.monotonic() - began)
        _wait_until(swarm.ends)
        _wait_for_the_end(app, last.id)
        found.add(GONE, (SystemClock().now() - swarm.ends).total_seconds())
    found.add_tail(MEANWHILE, meanwhile.placed)
    found.add_tail(IN_KERNEL, meanwhile.in_kernel)


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


def _add(chapter: Chapter, situation: str, times: dict[str, list[float]]) -> None:
    for subject, headline in ((PLACED, False), (ENFORCED, True), (GONE, True)):
        chapter.compare(situation, times, subject, NFT, headline)
        chapter.compare(situation, times, subject, RAW)
    for subject, alone in ((MEANWHILE, ALONE), (IN_KERNEL, IN_KERNEL_ALONE)):
        for tail in ("(99 %)", "(longest)"):
            headline = subject == MEANWHILE and tail == "(longest)"
            chapter.compare(situation, times, f"{subject} {tail}", f"{alone} {tail}", headline)
