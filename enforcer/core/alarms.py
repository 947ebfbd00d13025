# SPDX-License-Identifier: GPL-2.0-or-later
"""When the next order starts or ends, and how long to wait after a failure."""

from __future__ import annotations

import hashlib
import heapq
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from enforcer.core.orders import Order

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(seconds=60)
_SPREAD = 0.25
"""The share of a wait that differs from device to device."""

_Alarm = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Alarms:
    """The instants at which some order starts or ends: immutable, always in order.

    Many orders at once cost one pass over all alarms, the question for the next one a search.
    """

    _alarms: tuple[_Alarm, ...] = ()

    def add(self, *orders: Order) -> Alarms:
        """With the instants of these orders too; an order counts once however often added."""
        coming = {alarm for order in orders for alarm in _alarms_of(order)}
        coming -= {alarm for alarm in coming if self._has(alarm)}
        return Alarms(tuple(heapq.merge(self._alarms, sorted(coming)))) if coming else self

    def remove(self, *orders: Order) -> Alarms:
        """Without the instants of these orders, given as they were added."""
        leaving = {alarm for order in orders for alarm in _alarms_of(order)}
        kept = tuple(alarm for alarm in self._alarms if alarm not in leaving)
        return Alarms(kept) if len(kept) < len(self._alarms) else self

    def next(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which an order starts or ends; None: there is none."""
        at = bisect_right(self._alarms, now, key=lambda alarm: alarm[0])
        return self._alarms[at][0] if at < len(self._alarms) else None

    def __len__(self) -> int:
        return len(self._alarms)

    def _has(self, alarm: _Alarm) -> bool:
        at = bisect_right(self._alarms, alarm) - 1
        return at >= 0 and self._alarms[at] == alarm


def next_wakeup(orders: Iterable[Order], now: datetime) -> datetime | None:
    """The first instant after `now` at which one of `orders` starts or ends."""
    instants = (instant for order in orders for instant, _ in _alarms_of(order))
    return min((instant for instant in instants if instant > now), default=None)


def _alarms_of(order: Order) -> tuple[_Alarm, ...]:
    if order.lifted is not None:
        return ()
    ends = order.end
    if ends is None:
        return ((order.start, order.number),)
    if ends <= order.start:
        return ()
    return (order.start, order.number), (ends, order.number)


def backoff(attempt: int, retryable: bool, device: str) -> timedelta | None:
    """How long to wait after failure number `attempt` (from 1) in a row; None: do not retry.

    Doubles from `FIRST_WAIT` to `LONGEST_WAIT`, less up to a quarter that depends on the
    device's name and the attempt: devices that failed together do not come back together.
    A StaleState needs no wait: the device answered, and the next read is the remedy.
    """
    if not retryable:
        return None
    doublings = min(max(attempt - 1, 0), 16)
    wait = min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
    digest = hashlib.blake2b(f"{device} {attempt}".encode(), digest_size=4).digest()
    return wait * (1 - _SPREAD * int.from_bytes(digest) / 2**32)
