# SPDX-License-Identifier: GPL-2.0-or-later
"""A database with a reader of notices on it, orders whose fate the test decides, and channels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from enforcer.application.actor import Actor
from enforcer.core.orders import BlockAddress, Order, order_id
from enforcer.errors import NotSent
from enforcer.notify.following import Following
from enforcer.notify.sending import Sender
from enforcer.notify.texts import Texts
from enforcer.notify.watching import OrderState
from enforcer.service_settings import NotifySettings
from enforcer.storage.database import Database
from enforcer.storage.notices import StoredNotice
from enforcer.storage.records import Note
from tests.fakes.clock import START, FakeClock

ANN = Actor("ann", "cli")
MAIL = NotifySettings(name="mail", url="json://127.0.0.1")
AHEAD = timedelta(hours=24)
BLOCK = BlockAddress(ip_network("192.0.2.7/32"))


class FakeOrders:
    """What has become of orders, as a test says."""

    def __init__(self) -> None:
        self.known: dict[int, OrderState] = {}
        self.asked: list[int] = []

    def states(self, numbers: Collection[int]) -> Sequence[OrderState]:
        """As `known`."""
        self.asked.extend(numbers)
        return [self.known[number] for number in numbers if number in self.known]

    def described(self, numbers: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """Every number is an order."""
        return {number: words(number) for number in numbers}

    def target(self, demand: Mapping[str, Any]) -> str:
        """What was demanded."""
        return str(demand.get("prefix", ""))


def words(number: int) -> dict[str, Any]:
    """An order for templates."""
    return {
        "id": order_id(number),
        "kind": "block_address",
        "target": "192.0.2.7/32 both",
        "issuer": "ann",
        "source": "cli",
        "reason": "abuse",
        "ticket": None,
        "created": START,
        "start": START,
        "end": None,
    }


@dataclass
class FakeChannel:
    """Takes everything, unless `away`."""

    away: bool = False
    sent: list[StoredNotice] = field(default_factory=list)

    def send(self, notice: StoredNotice) -> None:
        """Keep it, or refuse."""
        if self.away:
            raise NotSent("nobody answers")
        self.sent.append(notice)


class Bench:
    """One channel unless said otherwise; `begin` has been called, and one look made."""

    def __init__(self, database: Database, own: Path | None = None) -> None:
        self.database = database
        self.clock = FakeClock()
        self.orders = FakeOrders()
        self.texts = Texts(own, "https://enforcer.example.net")
        self.following = self.follower((MAIL,))
        self.following.begin()
        self.following.look()

    def follower(self, channels: Sequence[NotifySettings]) -> Following:
        """A new process' reader."""
        return Following(self.database, channels, self.orders, self.texts, self.clock, AHEAD)

    def record(self, kind: str, subject: str | None = None, **payload: Any) -> int:
        """One entry."""
        with self.database.write() as work:
            return work.record(kind, ANN, at=self.clock.now(), subject=subject, payload=payload)

    def place(self, hours: float | None = 48.0, number: int = 1) -> list[Order]:
        """So many orders with their entries, at once."""
        now = self.clock.now()
        end = None if hours is None else now + timedelta(hours=hours)
        with self.database.write() as work:
            first = work.next_sequence()
            notes = [
                Note("order.placed", {"reason": "abuse"}, order_id(first + i))
                for i in range(number)
            ]
            made = work.record_many(notes, ANN, at=now)
            placed = [_order(seq, now, end) for seq in made]
            work.orders.add_many(placed)
        return placed

    def sender(self, channel: FakeChannel, attempts: int = 8, chance: float = 0.0) -> Sender:
        """Of the one channel."""
        settings = MAIL.model_copy(update={"attempts": attempts})
        return Sender(self.database, settings, lambda: channel, self.clock, lambda: chance)

    def stored(self, state: str | None = None) -> list[StoredNotice]:
        """All notices, oldest first."""
        with self.database.read() as reader:
            return reader.notices.newest(state, 10_000)[::-1]

    def events(self) -> list[str]:
        """Their events."""
        return [notice.event for notice in self.stored()]


def _order(number: int, now: datetime, end: datetime | None) -> Order:
    return Order(
        number=number,
        changed=number,
        demand=BLOCK,
        issuer="ann",
        source="cli",
        reason="abuse",
        created=now,
        start=now,
        end=end,
    )
