# SPDX-License-Identifier: GPL-2.0-or-later
"""The device in memory as a subject of the contract."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from enforcer.core.rules import NO_END, Owner
from enforcer.driver_api import Driver
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.fakes.clock import FakeClock
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver
from tests.fakes.table import (
    HOOK,
    AddMember,
    Entry,
    PutMark,
    RemoveMember,
    Table,
    object_name,
)
from tests.oracle import Packet


class FakeSubject:
    """The device in memory."""

    many = 12

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.box = FakeDevice(NAME, self.clock)

    def driver(self, owner: Owner) -> Driver:
        """In batches of three, so that nothing fits into one."""
        return FakeDriver(self.box, owner, batch_size=3)

    def _edit(self, change: Callable[[Entry], Entry | None]) -> None:
        for rule, some in self.box.table().members.items():
            for place, entry in some.items():
                changed = change(entry)
                commands = [AddMember(rule, place, changed)] if changed else []
                self.box.edit(RemoveMember(rule, place), *commands)
                return

    def _extra(self) -> None:
        rule = next(r for r in self.box.table().members if not r.by_interface)
        self.box.add(rule, (1, 1))

    def _alter_rule(self) -> None:
        rule = min(self.box.table().members, key=lambda r: r.digest)
        self.box.put_object(object_name(rule), "accept")

    def mutations(self) -> Mutations:
        """See `Subject`."""
        box = self.box
        return {
            "flushed": box.flush,
            "member missing": lambda: self._edit(lambda entry: None),
            "member extra": self._extra,
            "end altered": lambda: self._edit(lambda e: Entry(_later(e.end), e.order)),
            "order altered": lambda: self._edit(lambda e: Entry(e.end, -1)),
            "hook removed": lambda: box.put_object(HOOK, None),
            "rule altered": self._alter_rule,
            "object extra": lambda: box.put_object("rule by hand", "accept"),
            "mark removed": lambda: box.mark(PutMark(None)),
            "rebooted": box.reboot,
            "restored empty": lambda: box.restore(Table()),
        }

    def content(self) -> object:
        """See `Subject`."""
        table = self.box.table()
        return table.objects, table.members

    def foreign(self) -> object:
        """See `Subject`."""
        return dict(self.box.foreign)

    def touch_foreign(self) -> None:
        """See `Subject`."""
        self.box.touch_foreign(FOREIGN, os.urandom(4).hex())

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        self.box.put_hold(there)

    def garble(self) -> None:
        """See `Subject`."""
        self.box.garbled = True

    def answer(self, packet: Packet) -> bool | None:
        """See `Subject`."""
        return self.box.would_drop(packet)

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f"({int(ip_address(address))}, " in line

    def wipe(self) -> None:
        """See `Subject`."""
        self.box.flush()


def _later(end: int) -> int:
    return 4_000_000_000_000 if end == NO_END else end + 3_600_000


@contextmanager
def fake() -> Iterator[Subject]:
    """A fresh one."""
    yield FakeSubject()
