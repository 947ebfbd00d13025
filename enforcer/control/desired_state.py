# SPDX-License-Identifier: GPL-2.0-or-later
"""One device's desired state, kept up to date with the order book and the time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from enforcer.control.book import KEEP_ENDED, Entry, Moves, OrderBook, Position
from enforcer.control.boundaries import end_of
from enforcer.control.ended import Ended
from enforcer.core.compile import Compiled, advance, compile_device
from enforcer.core.contributions import Contribution, Contributions
from enforcer.core.drift import Delta
from enforcer.core.intervals import Ranges, merge
from enforcer.core.orders import Order, in_force, is_over
from enforcer.core.raw import region_of
from enforcer.core.rules import Desired, Members, Rule
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import BrakeLimits

AT_ONCE = 1_000
"""No more orders begin or end in one plan where something may be written between two batches: to
compile, plan and record a hundred thousand ends at once takes a second, in which an order that
somebody places would wait."""
_LOOKED_AT = 2
"""So many times the members that may be moved ahead are looked at for orders that fit."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Some of what moved in the book. `region`: by rule the addresses that it is about, none for
    a rule by interface. `moves`: the whole of it, where that is all.
    """

    entries: tuple[Entry, ...]
    region: Mapping[Rule, Ranges]
    moves: Moves | None


@dataclass(frozen=True, eq=False, slots=True)
class Foreseen:
    """What would be desired with what is `ahead`, as of `now`, and how that differs."""

    ahead: Ahead
    now: datetime
    compiled: Compiled
    delta: Delta


class DesiredState:
    """Used by one worker thread."""

    def __init__(self, device: str, book: OrderBook, at_once: int = AT_ONCE) -> None:
        self.device = device
        self._at_once = at_once
        self._book = book
        self._position: Position | None = None
        self._standing: dict[int, Contributions] = {}
        self._held: set[int] = set()
        self._ended = Ended(device)
        self._compiled = compile_device(device, ())
        self._inventory = self._basis = book.topology.digest
        self.head = 0
        self.moved_at: datetime | None = None
        """The instant of the last `advance` in which an order began, changed or ended here."""

    @property
    def desired(self) -> Desired:
        """What must stand on the device, as of the last `advance`."""
        return self._compiled.desired

    @property
    def inventory(self) -> str:
        """Digest of the inventory in force."""
        return self._inventory

    @property
    def basis(self) -> str:
        """Digest of the inventory that counts here: an older one while the brake holds it."""
        return self._basis

    @property
    def held(self) -> frozenset[int]:
        """Orders in force that ask here for what an older inventory says, and now would not."""
        return frozenset(self._held)

    def moved_since(self, sequence: int, since: datetime, now: datetime) -> frozenset[int]:
        """Orders that were changed after `sequence`, or began or ended in (`since`, `now`]."""
        return self._book.moved(sequence, since, now)

    def known(self, numbers: Collection[int]) -> dict[int, Order]:
        """Those of `numbers` that the book still has."""
        return self._book.orders(numbers)

    @property
    def limits(self) -> BrakeLimits:
        """How much a change that no order explains may move."""
        return self._book.topology.brake

    @property
    def orders(self) -> frozenset[int]:
        """Numbers of the orders that ask something of this device now."""
        return frozenset(self._standing)

    def orders_over(self, rule: Rule, rows: Members) -> frozenset[int]:
        """Orders in force that ask for any of the addresses in `rows` of `rule`, winners or not."""
        raw = self._compiled.raw.get(rule)
        if raw is None or not len(rows):
            return frozenset()
        found = raw.within(merge(Ranges(rows.first, rows.last)))
        return frozenset(np.unique(found.order).tolist())

    def orders_on(self, rule: Rule, names: Collection[str]) -> frozenset[int]:
        """Orders in force that ask for any of the interfaces `names` of `rule`."""
        return frozenset(
            number
            for number, parts in self._compiled.orders.items()
            if any(p.rule == rule and not set(names).isdisjoint(p.interfaces) for p in parts)
        )

    def ended_over(self, rule: Rule, rows: Members) -> frozenset[int]:
        """Orders that are over and asked for any of the addresses in `rows` of `rule`.

        With those of which nobody knows any more what they asked for.
        """
        return self._ended.over(rule, rows, self._standing.keys())

    def ended_on(self, rule: Rule, names: Collection[str]) -> frozenset[int]:
        """The same for the interfaces `names` of `rule`."""
        return self._ended.on(rule, names, self._standing.keys())

    @property
    def unproved(self) -> frozenset[int]:
        """Orders that ended since the device was last proved exactly."""
        return self._ended.unproved(self._standing.keys())

    def settle(self, exact: bool, standing: Collection[int]) -> None:
        """As `Ended.settle`, as of the last `advance`."""
        if self._position is not None:
            self._ended.settle(self._position.now, exact, standing)

    def recall(
        self,
        facts: DeviceFacts | None,
        ended_between: Callable[[datetime, datetime], frozenset[int]],
    ) -> None:
        """Which orders may still stand by what was recorded; once, after the first `advance`.

        `ended_between`: numbers of orders, also of those that the book has long forgotten.
        """
        if self._position is None:
            return
        now, heard = self._position.now, self._ended.known
        if facts is None or facts.proved_for is None:
            self._ended.recall(heard | (facts.held_orders if facts else frozenset()))
            return
        since = facts.proved_for
        numbers = self._book.moved(facts.verified_seq, since, now)
        numbers |= facts.held_orders | facts.contested_orders
        if since < now - KEEP_ENDED:
            numbers |= ended_between(since, now)
        numbers = frozenset(n for n in numbers if n > 0)
        self._ended.recall((numbers & heard) | (numbers - self._book.orders(numbers).keys()))

    @property
    def looked_at(self) -> datetime | None:
        """The instant of the last `advance`."""
        return self._position.now if self._position else None

    @property
    def behind(self) -> bool:
        """Whether more began or ended by the last `advance` than it followed."""
        return self._position is not None and self._position.through is not None

    def advance(self, now: datetime, whole: bool = True) -> Delta:
        """Follow the book up to `now`; returns how the desired state changed.

        Not `whole`: where very many began or ended, the oldest of them, with all that changed;
        what was not followed is as it was, and the next call goes on (`behind`).
        """
        moves = self._book.moves(self._position, now, None if whole else self._at_once)
        if self._opens_early(moves, now):
            moves = self._book.moves(self._position, now)
        changes = self._changes(moves, now)
        self._reach(moves)
        return self._move(*changes, now)

    def _opens_early(self, moves: Moves, now: datetime) -> bool:
        """Whether something would go before its turn, as what is lifted does, while starts wait
        that may ask for the same."""
        through = moves.position.through
        return through is not None and any(
            self._loses(entry, now) and ((end := end_of(entry.order)) is None or end > through)
            for entry in moves.entries
        )

    def ahead(self, now: datetime, most: int) -> Ahead:
        """Orders that moved since the last `advance`, if all of them together move no more than
        `most` members here; else those that only add, as far as they fit.

        What only adds opens nothing. What ends or changes may count on another that does not fit.
        """
        moves = self._book.moves(self._position, now, _LOOKED_AT * most)
        if moves.complete:
            return Ahead((), {}, None)
        moved = [(entry, self._parts_moved(entry, now)) for entry in moves.entries]
        whole = moves.position.through is None
        whole &= sum(len(part) for _, parts in moved for part in parts) <= most
        entries: list[Entry] = []
        found: dict[Rule, list[Contribution]] = {}
        for entry, parts in moved:
            if not whole:
                rows = sum(map(len, parts))
                if rows > most or self._loses(entry, now):
                    continue
                most -= rows
            entries.append(entry)
            for part in parts:
                found.setdefault(part.rule, []).append(part)
        region = {rule: region_of(parts) for rule, parts in found.items()}
        return Ahead(tuple(entries), region, moves if whole else None)

    def foresee(self, ahead: Ahead, now: datetime) -> Foreseen:
        """What `follow` would do; nothing is followed yet."""
        began: list[Contributions] = []
        ended: list[int] = []
        for entry in ahead.entries:
            standing, wanted = self._both(entry, now)
            if wanted is not standing and wanted is not None:
                began.append(wanted)
            elif wanted is None and standing is not None:
                ended.append(entry.order.number)
        return Foreseen(ahead, now, *advance(self._compiled, began, ended))

    def follow(self, foreseen: Foreseen) -> None:
        """As `advance`, for what was foreseen alone: the next `advance` follows the rest.

        Nothing else was followed since.
        """
        ahead, now = foreseen.ahead, foreseen.now
        began, ended = self._changes(Moves(ahead.entries, False, Position(0, now), self.head), now)
        if ahead.moves is not None:
            self._reach(ahead.moves)
        if began or ended:
            self.moved_at = now
            self._compiled = foreseen.compiled

    def _reach(self, moves: Moves) -> None:
        self._position, self.head = moves.position, moves.head
        self._inventory = moves.inventory
        self._basis = moves.older.get(self.device, moves.inventory)

    def _move(self, began: list[Contributions], ended: list[int], now: datetime) -> Delta:
        if not began and not ended:
            return Delta()
        self.moved_at = now
        self._compiled, delta = advance(self._compiled, began, ended)
        return delta

    def _both(
        self, entry: Entry, now: datetime
    ) -> tuple[Contributions | None, Contributions | None]:
        """What an entry asks for here as of the last `advance`, and now."""
        asks = entry.asks_on(self.device)
        wanted = asks if in_force(entry.order, now) and self.device in asks.devices else None
        return self._standing.get(entry.order.number), wanted

    def _parts_moved(self, entry: Entry, now: datetime) -> tuple[Contribution, ...]:
        """What an entry adds or takes away here; nothing if it is as it was."""
        standing, wanted = self._both(entry, now)
        if wanted is standing:
            return ()
        both = (one.on(self.device) for one in (standing, wanted) if one is not None)
        return tuple(part for parts in both for part in parts)

    def _loses(self, entry: Entry, now: datetime) -> bool:
        """Whether something that it asked for here ends or changes."""
        standing, wanted = self._both(entry, now)
        return standing is not None and wanted is not standing

    def imagine(self, asks: Contributions) -> tuple[Desired, Delta]:
        """What would stand here, and change, if `asks` were in force too."""
        compiled, delta = advance(self._compiled, (asks,), ())
        return compiled.desired, delta

    def _changes(self, moves: Moves, now: datetime) -> tuple[list[Contributions], list[int]]:
        began: list[Contributions] = []
        ended: list[int] = []
        if moves.complete:
            present = {entry.order.number for entry in moves.entries}
            ended = [number for number in self._standing if number not in present]
            self._held.clear()
        for entry in moves.entries:
            number = entry.order.number
            standing = self._standing.get(number)
            asks = entry.asks_on(self.device)
            running = in_force(entry.order, now)
            self._held.discard(number)
            if running and self.device in entry.held:
                self._held.add(number)
            if is_over(entry.order, now) and self.device in asks.devices:
                self._ended.hear(number, asks, entry.order.ends or now)
            if self.device in asks.devices and running:
                if standing is not None and standing is not asks:
                    self._ended.change(number)
                if standing is not asks:
                    self._standing[number] = asks
                    began.append(asks)
            elif standing is not None:
                ended.append(number)
        for number in ended:
            self._ended.leave(number, self._standing.pop(number), now)
        return began, ended
