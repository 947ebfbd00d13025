# SPDX-License-Identifier: GPL-2.0-or-later
"""The router in memory as a subject of the contract: bare addresses, no transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface

from enforcer.core.rules import NO_END, UNATTRIBUTED, Owner, Rule
from enforcer.core.topology import ROLE_BORDER, Device, Interface
from enforcer.driver_api import Driver
from tests.contract.fake_subject import FakeSubject
from tests.contract.subject import NAME, Mutations, Subject
from tests.fakes.router import FakeRouterDriver, fake_router_box
from tests.fakes.table import HOOK, AddMember, Entry, PutMark, RemoveMember, Table

_BARE = Entry(NO_END, UNATTRIBUTED)


class FakeRouterSubject(FakeSubject):
    """A router in memory, with its edges."""

    device = Device(
        NAME,
        "fake-router",
        roles=frozenset({ROLE_BORDER}),
        interfaces=(
            Interface("ge1", "hosting", (ip_interface("192.0.2.129/30"),)),
            Interface("ge2", "hosting"),
            Interface("ge3", "upstream"),
            Interface("mgmt0", "infrastructure", management=True),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.box = fake_router_box(NAME, self.clock)

    def driver(self, owner: Owner) -> Driver:
        """In batches of three, so that nothing fits into one."""
        return FakeRouterDriver(self.box, owner, batch_size=3)

    def _range(self) -> tuple[Rule, tuple[int, int]]:
        """A member of several addresses."""
        members = self.box.table().members.items()
        return next(
            (rule, place)
            for rule, some in members
            for place in some
            if not isinstance(place, str) and place[0] + 2 <= place[1]
        )

    def _split(self) -> None:
        rule, (first, last) = self._range()
        halves = ((first, first), (first + 2, last))
        added = [AddMember(rule, half, _BARE) for half in halves]
        self.box.edit(RemoveMember(rule, (first, last)), *added)

    def _grown(self) -> None:
        rule, (first, last) = self._range()
        added = AddMember(rule, (first, last + 1), _BARE)
        self.box.edit(RemoveMember(rule, (first, last)), added)

    def mutations(self) -> Mutations:
        """See `Subject`."""
        box = self.box
        return {
            "flushed": box.flush,
            "member missing": lambda: self._edit(lambda entry: None),
            "member extra": self._extra,
            "one address of a range missing": self._split,
            "one address beside a range extra": self._grown,
            "hook removed": lambda: box.put_object(HOOK, None),
            "rule altered": self._alter_rule,
            "object extra": lambda: box.put_object("rule by hand", "accept"),
            "mark removed": lambda: box.mark(PutMark(None)),
            "restored empty": lambda: box.restore(Table()),
        }


@contextmanager
def fake_router() -> Iterator[Subject]:
    """A fresh one."""
    yield FakeRouterSubject()
