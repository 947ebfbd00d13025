# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders that ask for nothing on a device any more, and may still stand there.

A device that keeps bare addresses names no order, and a new process cannot read the rules of
orders that ended before it began: whose remains a difference is, is then known only by what those
orders asked for. Where not even that is known, every order that ended since the last exact proof
may be the one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import numpy as np

from enforcer.core.contributions import Contribution, Contributions
from enforcer.core.intervals import Ranges, merge
from enforcer.core.raw import Raw
from enforcer.core.rules import Members, Rule

KEPT = timedelta(hours=1)
"""How long it is known what an order asked for after the device was proved rid of it: somebody
may put it back."""


class Ended:
    """Of one device; used by its thread. Numbers of orders in force are never answered."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._asked: dict[int, Contributions] = {}
        self._at: dict[int, datetime] = {}
        self._unproved: set[int] = set()
        self._vague: set[int] = set()
        self._recalled: set[int] = set()
        self._queue: deque[tuple[datetime, int]] = deque()

    @property
    def known(self) -> frozenset[int]:
        """Those of which it is known what they asked for here."""
        return frozenset(self._asked)

    def hear(self, number: int, asked: Contributions, at: datetime) -> None:
        """It was over before anybody looked; see `recall` for whether it may still stand."""
        if number not in self._asked:
            self._know(number, asked, at)

    def leave(self, number: int, asked: Contributions, at: datetime) -> None:
        """It asked for this until now."""
        self._know(number, asked, at)
        self._unproved.add(number)

    def _know(self, number: int, asked: Contributions, at: datetime) -> None:
        self._asked[number], self._at[number] = asked, at
        self._queue.append((at, number))

    def change(self, number: int) -> None:
        """It asks for something else from now on; what stands may be of either."""
        self._vague.add(number)

    def recall(self, numbers: Collection[int]) -> None:
        """They may still stand by what another process has recorded."""
        self._unproved.update(numbers)
        self._recalled.update(numbers)
        self._vague.update(n for n in numbers if n not in self._asked)

    def settle(self, now: datetime, exact: bool, standing: Collection[int]) -> None:
        """The device is proved, apart from contested objects where not `exact`.

        `standing`: orders of which such objects are. What is contested may be somebody's whose
        rule this process has never seen, but never what it has just removed itself.
        """
        for some in (self._recalled, self._unproved, self._vague):
            some.intersection_update(() if exact else tuple(self._recalled))
        self._forget(now - KEPT, standing)

    def _forget(self, before: datetime, standing: Collection[int]) -> None:
        """What ended before that, unless it may still stand: each is looked at once, not at every
        proof of the hour that follows a hundred thousand ends."""
        kept = []
        while self._queue and self._queue[0][0] < before:
            at, number = self._queue.popleft()
            if self._at.get(number) != at:
                continue  # It came back meanwhile, and left again.
            if number in standing or number in self._unproved:
                kept.append((at, number))
            else:
                del self._asked[number], self._at[number]
        self._queue.extendleft(reversed(kept))

    def over(self, rule: Rule, rows: Members, present: Collection[int]) -> frozenset[int]:
        """Those that asked for any of the addresses in `rows`; `present`: orders in force."""
        if not len(rows):
            return frozenset()
        parts = (part for part in self._parts(rule, present) if len(part.first))
        found = Raw.none().plus(parts).within(merge(Ranges(rows.first, rows.last)))
        return frozenset(np.unique(found.order).tolist()) | self.vague(present)

    def on(self, rule: Rule, names: Collection[str], present: Collection[int]) -> frozenset[int]:
        """Those that asked for any of the interfaces `names`."""
        if not names:
            return frozenset()
        parts = self._parts(rule, present)
        found = {part.order for part in parts if not set(names).isdisjoint(part.interfaces)}
        return frozenset(found) | self.vague(present)

    def vague(self, present: Collection[int]) -> frozenset[int]:
        """Those not proved gone of which nobody knows any more what they asked for."""
        return frozenset((self._vague & self._unproved).difference(present))

    def unproved(self, present: Collection[int]) -> frozenset[int]:
        """All that ended since the device was last proved exactly."""
        return frozenset(self._unproved.difference(present))

    def _parts(self, rule: Rule, present: Collection[int]) -> Iterator[Contribution]:
        for number, asked in self._asked.items():
            if number not in present:
                for part in asked.parts:
                    if part.device == self._device and part.rule == rule:
                        yield part
