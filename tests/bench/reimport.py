# SPDX-License-Identifier: GPL-2.0-or-later
"""A new version of an enforced list, one entry in a hundred another: file to proved."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from drivers.nftables.layout import first_layout, host_names, place, range_names
from drivers.nftables.names import RANGES
from drivers.nftables.netlink import encode
from drivers.nftables.netlink.columns import IPV4_KEY, IPV6_KEY, NewElements, SetRef
from drivers.nftables.netlink.socket import NftSocket
from enforcer.application.commands import ImportList
from enforcer.clock import SystemClock
from enforcer.control.book import OrderBook
from enforcer.control.case import Request
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.control.filling import fill
from enforcer.control.reconciler import Reconciler
from enforcer.core.instants import to_ms
from enforcer.core.orders import BlockList, order_id
from enforcer.core.patch import difference
from enforcer.core.rules import Members, Rule
from enforcer.driver_api import GRACE_MS, Session
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from inventory.list_files import parse_list
from lab.errors import NoVerdict
from tests.bench.addresses import mixed_list
from tests.bench.by_hand import TABLE, HandSet, script
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, ROUTER, SINK, installed, quiet_world
from tests.bench.enforcing import place as ordered
from tests.bench.ground import Node, Say, Size, interleaved
from tests.bench.whole_list import cover_of

NAME = "reimport"
OURS = "import + follow + pass"
FLOOR = "parse + raw write of the change"
_SHARE = 100
_LIST = "standing"

METHOD = """
A list is blocked both ways and proved. A new version of its file, in which one entry in a hundred
is another one, is imported; the order book follows, and a quick pass writes and proves what
changed: all in one program that is running, the session open. Beside it the least that there is to
do: the file parsed, and in another namespace, where the same stands in the same number of sets, one
transaction that deletes and adds the same elements from columns in memory; nothing is stored,
measured by the inventory, compared, or read back."""


def versions(entries: int, count: int, seed: int) -> list[str]:
    """So many files; of the entries of each, one in a hundred is another in the next one."""
    fresh = mixed_list(entries + count * entries // _SHARE, seed).splitlines()[1:]
    lines, coming = fresh[:entries], fresh[entries:]
    rng = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        texts.append("\n".join(lines) + "\n")
        for row in rng.choice(entries, entries // _SHARE, replace=False).tolist():
            if coming:
                lines[row] = coming.pop()
    return texts


class Ours:
    """What a controller does about each version, without its threads."""

    def __init__(self, world: World, book: OrderBook, reconciler: Reconciler) -> None:
        self._world = world
        self._app = LocalApplication(world)
        self._book = book
        self._reconciler = reconciler

    def stand(self, session: Session) -> None:
        """Write and prove the first version. Raises NoVerdict."""
        self._reconciler.run(session, Request("a benchmark", full=True))
        facts = self._reconciler.run(session, Request("a benchmark", full=True))
        if facts.outcome is not Outcome.CLEAN:
            raise NoVerdict(f"the list does not stand: {facts}")

    def run(self, session: Session, text: str) -> dict[str, float]:
        """One version. Raises NoVerdict: nothing changed, or all was read."""
        world = self._world
        began = time.monotonic()
        self._app.import_list(ME, ImportList(name=_LIST, text=text, source="a file"))
        fill(self._book, world.database, world.clock.now())
        facts = self._reconciler.run(session, Request("a benchmark", full=False))
        took = time.monotonic() - began
        if facts.outcome is not Outcome.APPLIED or facts.full or not facts.removed:
            raise NoVerdict(f"the pass did not follow the list: {facts}")
        return {OURS: took}


class Floor:
    """The same elements in the same number of sets of another namespace, by raw netlink."""

    def __init__(self, node: Node, text: str) -> None:
        self._now_ms = to_ms(SystemClock().now())
        self._standing = cover_of(text, self._now_ms)
        self._layouts = {rule: first_layout(rule, m) for rule, m in self._standing.items()}
        node.nft("flush ruleset\n")
        node.nft(script(list(self._sets()), self._now_ms, filled=False))
        self._kernel = NftSocket.open(str(node.netns))
        nothing = dict.fromkeys(self._standing, Members.none())
        self._write(nothing, self._standing)

    def close(self) -> None:
        """Give the socket back."""
        self._kernel.close()

    def _sets(self) -> list[HandSet]:
        return [
            HandSet(name, rule, Members.none(), name.startswith(RANGES))
            for rule, layout in self._layouts.items()
            for name in (*host_names(rule, layout.hosts), *range_names(rule, layout.ranges))
        ]

    def run(self, text: str) -> dict[str, float]:
        """One version."""
        wanted = cover_of(text, self._now_ms)
        began = time.monotonic()
        parse_list(text)
        parsed = time.monotonic() - began
        written = self._write(self._standing, wanted)
        self._standing = wanted
        return {FLOOR: parsed + written}

    def _write(self, old: Mapping[Rule, Members], new: Mapping[Rule, Members]) -> float:
        changes = {rule: difference(old[rule], new[rule]) for rule in new}
        gone = [
            (target, NewElements(m.first, m.last))
            for rule, change in changes.items()
            for target, m in self._placed(rule, change.remove)
        ]
        come = [
            (target, _new(m, self._now_ms))
            for rule, change in changes.items()
            for target, m in self._placed(rule, change.add)
        ]
        began = time.monotonic()
        messages = [m for target, rows in gone for m in encode.delete_elements(target, rows)]
        messages += [m for target, rows in come for m in encode.add_elements(target, rows)]
        self._kernel.commit(messages)
        return time.monotonic() - began

    def _placed(self, rule: Rule, members: Members) -> list[tuple[SetRef, Members]]:
        key_bytes = IPV4_KEY if rule.family == 4 else IPV6_KEY
        return [
            (SetRef(TABLE, one.name, key_bytes, one.name.startswith(RANGES)), one.members)
            for one in place(rule, self._layouts[rule], members)
        ]


def _new(members: Members, now_ms: int) -> NewElements:
    comment = np.repeat(np.array([order_id(1).encode()]), len(members))
    return NewElements(members.first, members.last, members.end + GRACE_MS - now_ms, comment)


def _measure(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    texts = versions(entries, rounds + 2, seed=7)
    with installed() as installation:
        world = quiet_world(installation)
        app = LocalApplication(world)
        app.import_list(ME, ImportList(name=_LIST, text=texts[0], source="a file"))
        ordered(app, BlockList(_LIST))
        book = OrderBook(world.topology)
        fill(book, world.database, world.clock.now())
        device, owner = world.topology.devices[ROUTER], world.evidence.identity()
        driver = world.driver_for(device, owner)
        state = DesiredState(ROUTER, book)
        reconciler = Reconciler(device, driver, state, world.evidence, owner, world.clock)
        ours, floor = Ours(world, book, reconciler), Floor(Node(SINK), texts[0])
        say(f"a list of {entries:,} entries, one in {_SHARE} another, {rounds} rounds")
        with driver.connect() as session:
            ours.stand(session)
            # The first version after a start compiles what later ones find compiled.
            ours.run(session, texts[1])
            floor.run(texts[1])
            runs = [
                lambda number: ours.run(session, texts[number + 2]),
                lambda number: floor.run(texts[number + 2]),
            ]
            times = interleaved(rounds, runs, chapter.remarks)
        floor.close()
    situation = f"{entries:,} entries, {entries // _SHARE:,} of them new"
    chapter.compare(situation, times, OURS, FLOOR, headline=True, entries=entries)
    for node in (Node(ROUTER), Node(SINK)):
        node.nft("flush ruleset\n")


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "A list imported again, one per cent of it new", METHOD)
    for entries in size.growth:
        _measure(entries, size.rounds(entries), chapter, say)
    return chapter
