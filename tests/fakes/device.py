# SPDX-License-Identifier: GPL-2.0-or-later
"""A device in memory: what it holds, what it would drop, and everything that can happen to it.

`FakeDevice` is the box; `tests.fakes.driver` speaks to it. `docs/testing-drivers.md` is the
guide.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from datetime import datetime

from enforcer.clock import Clock
from enforcer.core.instants import from_ms, to_ms
from enforcer.core.plan import Capability, Trait
from enforcer.core.rules import HOLD_MARKER, NO_END, Key, Rule
from enforcer.driver_api import GRACE_MS, DeviceEvent, EventKind
from enforcer.errors import CommandRejected
from tests.fakes.faults import Faults
from tests.fakes.table import (
    HOOK,
    HOOK_TEXT,
    AddMember,
    Command,
    Entry,
    Place,
    PutMark,
    PutObject,
    RemoveMember,
    Table,
)
from tests.oracle import Packet, rules_drop

EVERY_KEY = frozenset((family, key) for family in (0, 4, 6) for key in Key)
SOMEBODY = "vi, pid 4711"


class FakeDevice:
    """One box, shared by any number of drivers, watches and strangers; thread-safe.

    `foreign` is what is not ours: nobody but a stranger may change it. `garbled` makes every
    reading end in ParseFailed. `hold`: the marker that forbids us to write is there.
    `foreseeing`: its sessions know what its fingerprint is unless somebody wrote.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        traits: Trait = Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE,
        capability: Capability | None = None,
        tokens: bool = True,
    ) -> None:
        self.name = name
        self.clock = clock
        self.traits = traits
        self.capability = capability or Capability(EVERY_KEY)
        self.faults = Faults(name)
        self.foreign: dict[str, str] = {"table operator": "accept established"}
        self.garbled = False
        self.hold = self.foreseeing = False
        self._tokens = tokens
        self._lock = threading.RLock()
        self._table = Table()
        self._boot = 1
        self._generation = 0
        self._watchers: list[tuple[object, queue.SimpleQueue[DeviceEvent | None]]] = []

    # -- what is true --------------------------------------------------------------------

    def would_drop(self, packet: Packet) -> bool:
        """Whether the box drops `packet` now."""
        table = self.table()
        return table.objects.get(HOOK) == HOOK_TEXT and rules_drop(packet, table.standing(""))

    def table(self) -> Table:
        """A copy of everything of ours as it is now, the device's own expiry included."""
        with self._lock:
            self._forget()
            return self._table.copy()

    def rows(self) -> set[tuple[str, Place, int, int]]:
        """All members as (digest of the rule, place, end, order)."""
        return {
            (rule.digest, place, entry.end, entry.order)
            for rule, some in self.table().members.items()
            for place, entry in some.items()
        }

    @property
    def token(self) -> str:
        """The fingerprint token: moves with every write and reboot, never with expiry."""
        with self._lock:
            return f"{self._boot}.{self._generation}" if self._tokens else ""

    def valid_until(self) -> datetime | None:
        """When the first member vanishes by itself."""
        if Trait.SELF_EXPIRING not in self.traits:
            return None
        members = self.table().members.values()
        ends = [e.end for some in members for e in some.values() if e.end != NO_END]
        return from_ms(min(ends) + GRACE_MS) if ends else None

    def _forget(self) -> None:
        if Trait.SELF_EXPIRING in self.traits:
            self._table.forget(to_ms(self.clock.now()))

    # -- what a driver does --------------------------------------------------------------

    def write(self, commands: Sequence[Command], driver: object, seen: str | None) -> str:
        """Carry out a batch; the token that holds afterwards.

        Raises CommandRejected (nothing stands, where ATOMIC), and what the faults say.
        `seen`: refuse unless the token is still this one (returns "" then); None: write.
        """
        with self._lock:
            if seen is not None and seen != self.token:
                return ""
            self._forget()
            cut = self.faults.take_cut()
            trial = self._table.copy()
            for number, command in enumerate(commands):
                if number == cut:
                    self._lose_line(trial, driver)
                why = trial.apply(command)
                if why is not None:
                    self._refuse(trial, driver, why)
            self._became(trial, driver, f"{len(commands)} changes", "enforcer")
            return self.token

    def _lose_line(self, trial: Table, driver: object) -> None:
        if Trait.ATOMIC not in self.traits:
            self._became(trial, driver)
        raise self.faults.lost()

    def _refuse(self, trial: Table, driver: object, why: str) -> None:
        if Trait.ATOMIC not in self.traits:
            self._became(trial, driver)
        raise CommandRejected(self.name, f"{why}: read the device again")

    def put_back(self, table: Table, token: str, driver: object) -> bool:
        """Undo the last write, if it was the last one."""
        with self._lock:
            if token != self.token:
                return False
            self._became(table, driver)
            return True

    def _became(self, table: Table, writer: object, what: str = "", who: str = "") -> None:
        self._table = table
        self._moved(EventKind.CHANGED, writer, what, who)

    def _moved(self, kind: EventKind, writer: object, what: str, who: str) -> None:
        before = self.token
        self._generation += 1
        for driver, events in self._watchers:
            seen = EventKind.OWN if driver is writer else kind
            events.put(DeviceEvent(seen, what, who, before, self.token))

    # -- what strangers and fate do ------------------------------------------------------

    def edit(self, *commands: Command, by: str = SOMEBODY) -> None:
        """Somebody else changes what is ours."""
        with self._lock:
            self._forget()
            trial = self._table.copy()
            for command in commands:
                why = trial.apply(command)
                assert why is None, why
            self._became(trial, None, f"{len(commands)} changes", by)

    def add(self, rule: Rule, place: Place, order: int = -1, end: int = NO_END) -> None:
        """Somebody else adds a member."""
        self.edit(AddMember(rule, place, Entry(end, order)))

    def remove(self, rule: Rule, place: Place) -> None:
        """Somebody else removes a member."""
        self.edit(RemoveMember(rule, place))

    def put_object(self, name: str, text: str | None) -> None:
        """Somebody else makes, alters or (None) removes an object among ours."""
        self.edit(PutObject(name, text))

    def mark(self, command: PutMark) -> None:
        """Somebody else writes the owner's mark."""
        self.edit(command)

    def put_hold(self, there: bool, by: str = SOMEBODY) -> None:
        """Somebody puts the marker there that forbids us to write, or takes it away."""
        with self._lock:
            self.hold = there
            self._moved(EventKind.CHANGED, None, f"{HOLD_MARKER} {'put' if there else 'gone'}", by)

    def flush(self, by: str = SOMEBODY) -> None:
        """Somebody else removes everything of ours."""
        self.restore(Table(), by)

    def restore(self, table: Table, by: str = SOMEBODY) -> None:
        """Somebody else puts an old configuration (of `table()`) back."""
        with self._lock:
            self._became(table.copy(), None, "restored", by)

    def touch_foreign(self, name: str, text: str, by: str = SOMEBODY) -> None:
        """Somebody else changes what is not ours."""
        with self._lock:
            self.foreign[name] = text
            self._moved(EventKind.UNTOUCHED, None, name, by)

    def reboot(self) -> None:
        """Everything is lost unless the device SURVIVES_REBOOT; watches break."""
        with self._lock:
            if Trait.SURVIVES_REBOOT not in self.traits:
                self._table = Table()
            self._boot += 1
            self.lose_events()

    def lose_events(self) -> None:
        """Every watch is told that it missed something, and ends."""
        with self._lock:
            for _, events in self._watchers:
                events.put(DeviceEvent(EventKind.LOST, "overflow"))
                events.put(None)
            self._watchers.clear()

    # -- watching ------------------------------------------------------------------------

    def subscribe(self, driver: object) -> queue.SimpleQueue[DeviceEvent | None]:
        """Events from now on; None is the end."""
        events: queue.SimpleQueue[DeviceEvent | None] = queue.SimpleQueue()
        with self._lock:
            self._watchers.append((driver, events))
        return events

    def unsubscribe(self, events: queue.SimpleQueue[DeviceEvent | None]) -> None:
        """End one subscription."""
        with self._lock:
            self._watchers = [(d, e) for d, e in self._watchers if e is not events]
            events.put(None)
