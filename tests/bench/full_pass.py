# SPDX-License-Identifier: GPL-2.0-or-later
"""A full pass without drift, beside the raw dump of the same sets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.nftables.names import TABLE
from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.netlink.constants import NFT_SET_INTERVAL, NFT_SET_MAP
from drivers.nftables.netlink.socket import NftSocket
from enforcer.control.book import OrderBook
from enforcer.control.case import Request
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.control.filling import fill
from enforcer.control.reconciler import Reconciler
from enforcer.driver_api import Session
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from lab.errors import NoVerdict
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ROUTER, block_list, installed, quiet_world
from tests.bench.ground import Node, Say, Size, interleaved
from tests.bench.timeline import Timeline

NAME = "pass"
PASS, QUICK = "full pass", "quick pass"
BYTES = "raw dump"
ELEMENTS = "raw dump, decoded"
_MANY = 100_000


def method(entries: int) -> str:
    """What was done, in Markdown."""
    return f"""
A block list of 1,000 to {entries:,} entries stands, both ways. A full pass reads the router's
table with all its elements, compares every one of them (address, order, end) and the structure
with what is desired, and finds nothing to do; the session is open and the order book loaded, as in
a running controller. Beside it, in the same namespace: `{BYTES}`, all elements of the same sets on
an open socket, undecoded; and `{ELEMENTS}`, the same decoded into columns. From some hundred sets
on the pass reads on two sockets at once, so that it may be quicker than either."""


class Standing:
    """A list that is enforced, and what makes passes over it."""

    def __init__(self, world: World, line: Timeline) -> None:
        self._line = line
        book = OrderBook(world.topology)
        fill(book, world.database, world.clock.now())
        device = world.topology.devices[ROUTER]
        owner = world.evidence.identity()
        self._driver = world.driver_for(device, owner)
        self._reconciler = Reconciler(
            device,
            line.watched(self._driver),
            DesiredState(ROUTER, book),
            world.evidence,
            owner,
            world.clock,
            line.step,
        )
        self.parts: dict[str, list[float]] = {}

    @contextmanager
    def session(self) -> Iterator[Session]:
        """An open session."""
        with self._driver.connect() as session:
            yield session

    def quick_pass(self, session: Session) -> dict[str, float]:
        """One pass where nothing changed since the last one. Raises NoVerdict: it read all."""
        began = time.monotonic()
        facts = self._reconciler.run(session, Request("a benchmark", full=False))
        took = time.monotonic() - began
        if facts.outcome is not Outcome.CLEAN or facts.full:
            raise NoVerdict(f"the pass was not quick: {facts}")
        return {QUICK: took}

    def full_pass(self, session: Session) -> dict[str, float]:
        """One pass. Raises NoVerdict: there was something to do."""
        self._line.begin()
        began = time.monotonic()
        facts = self._reconciler.run(session, Request("a benchmark", full=True))
        took = time.monotonic() - began
        self._line.step("end")
        if facts.outcome is not Outcome.CLEAN:
            raise NoVerdict(f"the pass was not clean: {facts}")
        for part, seconds in self._line.parts().items():
            self.parts.setdefault(part, []).append(seconds)
        return {PASS: took}


def references(kernel: NftSocket) -> list[SetRef]:
    """Our sets of members."""
    return [
        SetRef(TABLE, one.name, one.key_bytes, bool(one.flags & NFT_SET_INTERVAL))
        for one in kernel.sets(TABLE)
        if not one.flags & NFT_SET_MAP
    ]


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "A full pass without drift", method(size.growth[-1]))
    for entries in size.growth:
        _measure(entries, size.medium if entries < _MANY else size.long, chapter, say)
    return chapter


def _measure(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    router = Node(ROUTER)
    with installed() as installation, NftSocket.open(str(router.netns)) as kernel:
        world = quiet_world(installation)
        block_list(LocalApplication(world), "standing", mixed_list(entries, seed=2))
        standing = Standing(world, Timeline())
        targets = references(kernel)
        say(f"full pass over {entries:,} entries, {rounds} rounds")

        def dump(number: int) -> dict[str, float]:
            began = time.monotonic()
            kernel.dump(targets)
            return {BYTES: time.monotonic() - began}

        def decoded(number: int) -> dict[str, float]:
            began = time.monotonic()
            for target in targets:
                kernel.elements(target)
            return {ELEMENTS: time.monotonic() - began}

        with standing.session() as session:
            runs = [lambda number: standing.full_pass(session), dump, decoded]
            times = interleaved(rounds, runs, chapter.remarks)
    situation = f"{entries:,} entries"
    chapter.compare(situation, times, PASS, BYTES, True, entries)
    chapter.compare(situation, times, PASS, ELEMENTS, entries=entries)
    chapter.split(f"{PASS}, {situation}", standing.parts)
    router.nft("flush ruleset\n")
