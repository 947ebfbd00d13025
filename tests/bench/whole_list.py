# SPDX-License-Identifier: GPL-2.0-or-later
"""A block list from its file to enforced, beside `nft -f` and raw netlink of the same elements."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np

from drivers.nftables.netlink import encode
from drivers.nftables.netlink.columns import NewElements
from drivers.nftables.netlink.socket import NftSocket
from enforcer.application.commands import ImportList, OrderFilter
from enforcer.clock import SystemClock
from enforcer.core.instants import to_ms
from enforcer.core.intervals import cover
from enforcer.core.orders import BlockList, order_id
from enforcer.core.rules import Key, Members, Rule
from enforcer.driver_api import GRACE_MS
from enforcer.usecases.local import LocalApplication
from inventory.list_files import parse_list
from lab.installation import Installation
from tests.bench.addresses import mixed_list
from tests.bench.by_hand import script, sets_of, shards_of
from tests.bench.chapters import Chapter
from tests.bench.enforcing import (
    ME,
    ROUTER,
    SINK,
    application,
    controlled,
    installed,
    lift,
    place,
    quiet_world,
    settled,
)
from tests.bench.ground import Node, Say, Size, interleaved, timed
from tests.bench.tampering import unheard
from tests.bench.timeline import Timeline

NAME = "list"
CLI = "enforcer list import, then order block-list"
IN_PROCESS = "import + place + pass in process"
NFT = "nft -f"
RAW = "raw netlink"

_DAY = timedelta(days=1)
_NUMBER = 4711
_AT_THE_SHELL = 2


def method(entries: int) -> str:
    """What was done, in Markdown."""
    return f"""
A file of 1,000 to {entries:,} entries (three quarters IPv4: 90 % /32, 10 % /24 to /28; IPv6:
60 % /64, 25 % /128, 15 % /48) is imported, ordered blocked both ways for a day, written, read back
and compared. The two commands of the CLI row are two programs and a controller that runs, from
before the first is started until the second has ended; `{IN_PROCESS}` is one program that is
running, without a controller. Beside them, in another namespace, while nobody listens to nftables
in any (whoever does makes writes slower in all): `{NFT}`, the program with a finished script of
the same cover (the same elements, timeouts, comments and counters; hosts in hash sets, ranges in
interval sets, none split), and `{RAW}`, one transaction of the same elements on an open socket
from columns in memory, into as many sets as the driver makes: the fastest that there is. Neither
reads anything back, parses a list, keeps a record, or knows what
stood before."""


def cover_of(text: str, now_ms: int) -> dict[Rule, Members]:
    """What the list asks for, both ways, for a day, as the controller compiles it."""
    parsed = parse_list(text)
    end = now_ms + int(_DAY.total_seconds() * 1000)
    columns = {4: (parsed.v4_first, parsed.v4_last), 6: (parsed.v6_first, parsed.v6_last)}
    found: dict[Rule, Members] = {}
    for family, (first, last) in columns.items():
        same = np.full(len(first), _NUMBER, np.int64)
        members = cover(first, last, np.full(len(first), end, np.int64), same)
        found |= {Rule(family, key): members for key in (Key.SOURCE, Key.DESTINATION)}
    return found


class ByHand:
    """Loads the same elements in another namespace."""

    def __init__(self, node: Node, addresses: Mapping[Rule, Members], folder: Path) -> None:
        self._node = node
        self._shards = shards_of(addresses)
        self._script = folder / "whole.nft"
        self._script.write_text(script(sets_of(addresses), _now_ms()), encoding="utf-8")

    def __len__(self) -> int:
        return sum(len(one.members) for one in self._shards)

    def nft(self, number: int) -> dict[str, float]:
        """By the program, into an empty ruleset."""
        self._node.nft("flush ruleset\n")
        return {NFT: self._node.timed("nft", "-f", str(self._script))}

    def raw(self, number: int) -> dict[str, float]:
        """By one transaction into empty sets."""
        self._node.nft("flush ruleset\n")
        self._node.nft(script(self._shards, _now_ms(), filled=False))
        rows = [(one.reference, _new(one.members)) for one in self._shards]
        with NftSocket.open(str(self._node.netns)) as kernel:
            began = time.monotonic()
            kernel.commit(m for target, new in rows for m in encode.add_elements(target, new))
            return {RAW: time.monotonic() - began}


def _new(members: Members) -> NewElements:
    comment = np.repeat(np.array([order_id(_NUMBER).encode()]), len(members))
    return NewElements(members.first, members.last, members.end + GRACE_MS - _now_ms(), comment)


def _now_ms() -> int:
    return to_ms(SystemClock().now())


class AtTheShell:
    """By the command line, with a controller that runs."""

    def __init__(self, installation: Installation, file: Path) -> None:
        self._installation = installation
        self._file = file
        self.app = application(installation)

    def run(self, number: int) -> dict[str, float]:
        """One list, imported, ordered, waited for; then lifted."""
        name = f"list-{number}"
        words = self._installation.words
        took = timed(*words("list", "import", name, str(self._file)))
        order = ("order", "block-list", name, "--for", "1d", "--reason", "a benchmark")
        took += timed(*words(*order, "--wait", "120s"))
        for view in self.app.orders(ME, OrderFilter(active=True)):
            lift(self.app, view.id)
        return {CLI: took}


class InOneProgram:
    """By a program that is running, without a controller; with where the time goes."""

    def __init__(self, installation: Installation, file: Path) -> None:
        self._file = file
        self._line = Timeline()
        opened = quiet_world(installation, self._line.step)
        given = opened.driver_for
        self._app = LocalApplication(
            replace(opened, driver_for=lambda *to: self._line.watched(given(*to)))
        )
        self.parts: dict[str, list[float]] = {}

    def run(self, number: int) -> dict[str, float]:
        """One list, imported, ordered, passed over; then lifted."""
        text = self._file.read_text()
        began = time.monotonic()
        parse_list(text)
        parsed = time.monotonic() - began
        began = time.monotonic()
        self._app.import_list(ME, ImportList(name=f"list-{number}", text=text, source="a file"))
        imported = time.monotonic() - began
        order = place(self._app, BlockList(f"list-{number}")).id
        placed = time.monotonic() - began
        self._line.begin()
        settled(self._app, order)
        took = time.monotonic() - began
        parts = {"parse": parsed, "store": imported - parsed, "place": placed - imported}
        for part, seconds in (parts | self._line.parts()).items():
            self.parts.setdefault(part, []).append(seconds)
        lift(self._app, order)
        return {IN_PROCESS: took}


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "A block list, from file to enforced", method(size.growth[-1]))
    for entries in size.growth:
        rounds = size.rounds(entries)
        _at_the_shell(entries, min(rounds, _AT_THE_SHELL), chapter, say)
        _in_one_program(entries, rounds, chapter, say)
    for node in (Node(ROUTER), Node(SINK)):
        node.nft("flush ruleset\n")
    return chapter


def _at_the_shell(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    text = mixed_list(entries, seed=1)
    with controlled() as (installation, controller):
        file = installation.folder / "list.txt"
        file.write_text(text, encoding="utf-8")
        hand = ByHand(Node(SINK), cover_of(text, _now_ms()), installation.folder)
        say(f"{entries:,} entries ({len(hand):,} elements) by the command line, {rounds} rounds")
        shell = AtTheShell(installation, file)

        def by_hand(number: int) -> dict[str, float]:
            with unheard(controller, shell.app):
                return hand.nft(number)

        times = interleaved(rounds, [shell.run, by_hand], chapter.remarks)
        chapter.compare(f"{entries:,} entries", times, CLI, NFT, True, entries)
    Node(ROUTER).nft("flush ruleset\n")


def _in_one_program(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    situation, text = f"{entries:,} entries", mixed_list(entries, seed=1)
    with installed() as installation:
        file = installation.folder / "list.txt"
        file.write_text(text, encoding="utf-8")
        hand = ByHand(Node(SINK), cover_of(text, _now_ms()), installation.folder)
        say(f"{situation} in process, {rounds} rounds")
        ours = InOneProgram(installation, file)
        times = interleaved(rounds, [ours.run, hand.nft, hand.raw], chapter.remarks)
        chapter.compare(situation, times, IN_PROCESS, NFT, True, entries)
        chapter.compare(situation, times, IN_PROCESS, RAW, entries=entries)
        chapter.compare(situation, times | {"write": ours.parts["write"]}, "write", RAW, True)
        chapter.compare(situation, times, NFT, RAW, entries=entries)
        chapter.split(f"{IN_PROCESS}, {situation}", ours.parts)
    Node(ROUTER).nft("flush ruleset\n")
