# SPDX-License-Identifier: GPL-2.0-or-later
"""What a running controller takes to undo what somebody else did to its table."""

from __future__ import annotations

import time
from functools import partial

from drivers.nftables.names import TABLE
from enforcer.clock import SystemClock
from enforcer.core.instants import to_ms
from enforcer.core.rules import Key, Rule
from lab.installation import Controller, Installation
from lab.traffic.stream import Flow
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import (
    ROUTER,
    SENDER,
    SENT_FROM,
    SENT_TO,
    SINK,
    address,
    application,
    block_list,
    controlled,
    place,
    settled,
)
from tests.bench.flow import RATE, BackgroundFlow, Turn, exposed
from tests.bench.ground import Node, Say, Size, collected, interleaved
from tests.bench.tampering import Listener, hosts_in, unheard, verified_after
from tests.bench.whole_list import NFT, RAW, ByHand, cover_of

NAME = "repair"
EXPOSED = "flush: packets pass for"
VERIFIED = "flush to verified"
ELEMENT = "deletion to restored"
PROGRAM = "nft delete element"
_REST = 0.5
_MANY = 1_000_000
_SOURCES = Rule(4, Key.SOURCE)


def method(entries: int) -> str:
    """What was done, in Markdown."""
    return f"""
A controller runs, its watch open, and enforces a block list of 1,000 to {entries:,} entries both
ways, and one more address, whose {RATE:.0f} packets per second are dropped.

*Flush*: a foreign `nft flush ruleset` empties the router. `{EXPOSED}` is the time from the first
probe packet that passes to the last; `{VERIFIED}` from before the program is started until the
controller has written everything again, read it back and compared it. Beside them, in turns and
in another namespace, `{NFT}` of a script with the same cover, which is how a person would restore
it, had a person noticed, and `{RAW}`, the same elements in one transaction from columns in
memory; both while no controller runs, because whoever listens to nftables in one namespace makes
writes slower in all (the controller does not listen while it writes as much).

*One element*: a foreign `nft delete element` of an address of the list, each time of another one.
`{ELEMENT}` is the time between the kernel's notifications of the deletion and of the element's
return, as a second subscriber reads them (`nft monitor` sees the same); beside it the time that the
program which deleted it takes."""


class Broken:
    """What is enforced, to be broken again and again."""

    def __init__(self, controller: Controller, router: Node) -> None:
        self._controller = controller
        self._router = router
        self.turns: list[Turn] = []

    def flush(self, number: int) -> dict[str, float]:
        """Empty the router's ruleset; wait until the controller has repaired it."""
        since = self._controller.log.mark()
        began = time.monotonic()
        self._router.timed("nft", "flush", "ruleset")
        took = verified_after(self._controller.log, since, began)
        time.sleep(_REST)
        self.turns.append(Turn(VERIFIED, number, began, time.monotonic()))
        return {VERIFIED: took}

    def delete(self, listener: Listener, name: str, host: str) -> dict[str, float]:
        """Delete one element; wait until it is back and nothing moves any more."""
        since = len(listener.seen)
        mark = self._controller.log.mark()
        words = ("nft", "delete", "element", "inet", TABLE, name, f"{{ {host} }}")
        began = time.monotonic()
        program = self._router.timed(*words)
        restored = listener.restored(name, since)
        verified_after(self._controller.log, mark, began)
        time.sleep(_REST)
        return {PROGRAM: program, ELEMENT: restored}


class Standing:
    """So many entries and one address, enforced by a controller."""

    def __init__(self, installation: Installation, controller: Controller, entries: int) -> None:
        self.entries = entries
        self.controller = controller
        self.router = Node(ROUTER)
        self.app = application(installation)
        self.text = mixed_list(entries, seed=3)
        block_list(self.app, "standing", self.text)
        settled(self.app, place(self.app, address(SENT_FROM)).id)


def _delete(standing: Standing, rounds: int, chapter: Chapter) -> None:
    # Whoever deletes the same one three times has a contest with the controller, not a repair.
    hosts = hosts_in(standing.router, _SOURCES, rounds)
    with Listener(standing.router) as listener:
        broken = Broken(standing.controller, standing.router)
        each = [partial(broken.delete, listener, name, host) for name, host in hosts]
        times = collected(each, chapter.remarks)
    situation = f"one element beside {standing.entries:,}"
    chapter.compare(situation, times, ELEMENT, PROGRAM, True, standing.entries)


def _flush(standing: Standing, rounds: int, chapter: Chapter) -> None:
    other, entries = Node(SINK), standing.entries
    cover = cover_of(standing.text, to_ms(SystemClock().now()))
    hand = ByHand(other, cover, standing.controller.installation.folder)
    broken = Broken(standing.controller, standing.router)

    def by_hand(number: int) -> dict[str, float]:
        with unheard(standing.controller, standing.app):
            return hand.nft(number) | hand.raw(number)

    with BackgroundFlow(SENDER, SINK, SENT_FROM, SENT_TO) as sending:
        time.sleep(_REST)
        times = interleaved(rounds, [broken.flush, by_hand], chapter.remarks)
    passed = [partial(_exposed, sending.flow, turn) for turn in broken.turns]
    times |= collected(passed, chapter.remarks)
    situation = f"flush of {entries:,} entries"
    chapter.compare(situation, times, EXPOSED, NFT)
    chapter.compare(situation, times, VERIFIED, NFT, entries=entries)
    chapter.compare(situation, times, VERIFIED, RAW, True, entries)
    other.nft("flush ruleset\n")


def _exposed(flow: Flow, turn: Turn) -> dict[str, float]:
    return {EXPOSED: exposed(flow, turn.began, turn.until)}


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Repair", method(size.growth[-1]))
    for entries in size.growth:
        with controlled() as (installation, controller):
            say(f"a list of {entries:,} entries is enforced first")
            standing = Standing(installation, controller, entries)
            # The program that deletes it reads everything first.
            deletions = size.medium if entries < _MANY else size.medium // 3
            say(f"deletion of one element beside {entries:,}, {deletions} rounds")
            _delete(standing, deletions, chapter)
            say(f"flush of {entries:,} entries, {size.rounds(entries)} rounds")
            _flush(standing, size.rounds(entries), chapter)
        standing.router.nft("flush ruleset\n")
    return chapter
