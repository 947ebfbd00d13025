# SPDX-License-Identifier: GPL-2.0-or-later
"""What a running controller takes to undo what somebody else did to its table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from enforcer.clock import SystemClock
from enforcer.core.instants import to_ms
from enforcer.core.rules import Key, Rule
from lab.installation import Controller
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
from tests.bench.tampering import Listener, set_that_holds, verified_after
from tests.bench.whole_list import NFT, RAW, ByHand, cover_of

NAME = "repair"
EXPOSED = "flush: packets pass for"
VERIFIED = "flush to verified"
ELEMENT = "deletion to restored"
PROGRAM = "nft delete element"
_REST = 0.5
_SOURCES = Rule(4, Key.SOURCE)


def method(entries: int) -> str:
    """What was done, in Markdown."""
    return f"""
A controller runs, its watch open, and enforces a block list of so many entries both ways, and
one more address, whose {RATE:.0f} packets per second are dropped.

*Flush*: a foreign `nft flush ruleset` empties the router. `{EXPOSED}` is the time from the first
probe packet that passes to the last; `{VERIFIED}` from before the program is started until the
controller has written everything again, read it back and compared it. Beside them, in turns and
in another namespace, `{NFT}` of a script with the same cover, which is how a person would restore
it, had a person noticed, and `{RAW}`, the same elements in one transaction from columns in
memory.

*One element*: a foreign `nft delete element` of the address. `{ELEMENT}` is the time between the
kernel's notifications of the deletion and of the element's return, as a second subscriber reads
them (`nft monitor` sees the same); beside it the time that the program which deleted it takes."""


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

    def delete(self, listener: Listener, number: int) -> dict[str, float]:
        """Delete one element; wait until it is back and nothing moves any more."""
        name = set_that_holds(self._router, _SOURCES, SENT_FROM)
        since = len(listener.seen)
        mark = self._controller.log.mark()
        words = ("nft", "delete", "element", "inet", "enforcer", name, f"{{ {SENT_FROM} }}")
        began = time.monotonic()
        program = self._router.timed(*words)
        restored = listener.restored(name, since)
        verified_after(self._controller.log, mark, began)
        time.sleep(_REST)
        return {PROGRAM: program, ELEMENT: restored}


@contextmanager
def _standing(entries: int, say: Say) -> Iterator[tuple[Controller, Node]]:
    router = Node(ROUTER)
    with controlled() as (installation, controller):
        app = application(installation)
        say(f"a list of {entries:,} entries is enforced first")
        block_list(app, "standing", mixed_list(entries, seed=3))
        settled(app, place(app, address(SENT_FROM)).id)
        yield controller, router
    router.nft("flush ruleset\n")


def _flush(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    other = Node(SINK)
    with _standing(entries, say) as (controller, router):
        now_ms = to_ms(SystemClock().now())
        text = mixed_list(entries, seed=3)
        hand = ByHand(other, cover_of(text, now_ms), controller.installation.folder)
        broken = Broken(controller, router)
        say(f"flush of {entries:,} entries, {rounds} rounds")
        with BackgroundFlow(SENDER, SINK, SENT_FROM, SENT_TO) as sending:
            time.sleep(_REST)
            times = interleaved(rounds, [broken.flush, hand.nft, hand.raw], chapter.remarks)
    flow = sending.flow
    passed = [
        partial(lambda turn: {EXPOSED: exposed(flow, turn.began, turn.until)}, turn)
        for turn in broken.turns
    ]
    times |= collected(passed, chapter.remarks)
    situation = f"flush of {entries:,} entries"
    chapter.compare(situation, times, EXPOSED, NFT)
    chapter.compare(situation, times, VERIFIED, NFT, entries=entries)
    chapter.compare(situation, times, VERIFIED, RAW, True, entries)
    other.nft("flush ruleset\n")


def _delete(size: Size, entries: int, chapter: Chapter, say: Say) -> None:
    with _standing(entries, say) as (controller, router), Listener(router) as listener:
        broken = Broken(controller, router)
        say(f"deletion of one element beside {entries:,}, {size.medium} rounds")
        runs = [partial(broken.delete, listener)]
        times = interleaved(size.medium, runs, chapter.remarks)
    chapter.compare(f"one element beside {entries:,}", times, ELEMENT, PROGRAM, headline=True)


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Repair", method(size.entries))
    for entries in size.growth:
        _flush(entries, size.rounds(entries), chapter, say)
    for entries in (100, size.entries):
        _delete(size, entries, chapter, say)
    return chapter
