# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver, session and watch of a `FakeDevice`: the contract in its smallest form."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Self

from enforcer.clock import SystemClock
from enforcer.core.drift import Delta, Drift, Finding, FindingKind
from enforcer.core.plan import ALL, Batch, Capability, Plan, Region, Trait
from enforcer.core.rules import Actual, Desired, InterfaceMember, Members, Owner, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import (
    Applied,
    CredentialSource,
    DeviceEvent,
    Diagnosis,
    Driver,
    Fingerprint,
    Session,
    Staged,
    Watch,
)
from enforcer.errors import DeviceError, ParseFailed, StaleState
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.planning import batches, native, objects_of, renewed, undo
from tests.fakes.table import Place, Table, addresses_of, interfaces_of

Shown = tuple[dict[Rule, Members], dict[Rule, tuple[InterfaceMember, ...]]]
"""Rules by address and by interface, with their members."""


@dataclass(frozen=True)
class Native:
    """What only this driver sees of a reading."""

    objects: dict[str, str]


class FakeDriver:
    """Bound to one `FakeDevice`; `batch_size` bounds the members of one batch."""

    platform: ClassVar[str] = "fake"

    def __init__(self, box: FakeDevice, owner: Owner, batch_size: int = 100) -> None:
        self.box = box
        self.owner = owner
        self._batch_size = batch_size

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """A driver of a fresh, empty box of its own."""
        return cls(FakeDevice(device.name, SystemClock()), owner)

    @property
    def capability(self) -> Capability:
        """What the box can hold."""
        return self.box.capability

    @property
    def traits(self) -> Trait:
        """What the box offers."""
        return self.box.traits

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """Objects missing, altered, extra; the mark."""
        wanted, found = objects_of(desired), _objects(actual)
        result = []
        if actual.owner != self.owner:
            kind = FindingKind.ALTERED if actual.owner else FindingKind.MISSING
            result.append(Finding(kind, "mark"))
        for name in sorted({*wanted, *found}):
            if name not in found:
                result.append(Finding(FindingKind.MISSING, name))
            elif name not in wanted:
                result.append(Finding(FindingKind.EXTRA, name))
            elif found[name] != wanted[name]:
                result.append(Finding(FindingKind.ALTERED, name))
        return tuple(result)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Structure first, then members, then what of the structure is no longer needed."""
        mark = (desired.mark or self.owner) if actual.owner != self.owner else None
        made = tuple(batches(desired, drift, _objects(actual), mark, self._batch_size))
        made = renewed(made, desired.mark) if mark is None else made
        return Plan(made, lambda: native(made), lambda: undo(made))

    def connect(self) -> AbstractContextManager[Session]:
        """Open a conversation."""
        self.box.faults.meet(Point.CONNECT)
        return closing(self.session())

    def session(self) -> FakeSession:
        """A conversation as this kind of box has them."""
        return FakeSession(self)

    def watch(self) -> AbstractContextManager[Watch]:
        """Subscribe."""
        self.box.faults.meet(Point.WATCH)
        return closing(FakeWatch(self))

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether the box answers."""
        try:
            with self.connect() as session:
                session.fingerprint()
        except DeviceError as error:
            return (Diagnosis("reachable", False, str(error), "switch the box on"),)
        return (Diagnosis("reachable", True, "answers"),)


def _objects(actual: Actual) -> dict[str, str]:
    """The structure that was read; where nothing was, the one that the members would need."""
    if actual.native is None:
        return objects_of(Desired(actual.device, actual.addresses, actual.interfaces))
    assert isinstance(actual.native, Native)
    return actual.native.objects


class FakeSession:
    """One conversation.

    It remembers the token that it last read, wrote or was asked for, and when the first member that
    stood then vanishes by itself.
    """

    def __init__(self, driver: FakeDriver) -> None:
        self._driver = driver
        self._box = driver.box
        self._seen: str | None = None
        self._valid_until: datetime | None = None
        self.closed = False

    def fingerprint(self) -> Fingerprint:
        """The box's token, and until when it proves what this session last saw."""
        self._box.faults.meet(Point.FINGERPRINT)
        self._seen = self._box.token
        return Fingerprint(self._seen, self._valid_until)

    def expected(self) -> Fingerprint | None:
        """The same, if the box is as this session last saw it; the box is not asked."""
        if self._seen is None or not self._box.foreseeing:
            return None
        return Fingerprint(self._seen, self._valid_until)

    def read_state(self, region: Region = ALL) -> Actual:
        """Everything, or the members in `region`."""
        self._box.faults.meet(Point.READ if region.delta is None else Point.READ_BACK)
        if self._box.garbled:
            raise ParseFailed(self._box.name, "line 3 is not of this world: show it to a person")
        token = self._box.token
        if region.delta is None or self._seen is not None:
            # Who wrote unguarded knows again what stands only when all of it was read.
            self._seen = token
        table = self._box.table()
        self._valid_until = self._box.valid_until()
        addresses, interfaces = self._shown(table, region)
        actual = Actual(
            self._box.name,
            self._box.clock.now(),
            table.owner,
            {rule: some for rule, some in addresses.items() if len(some)},
            {rule: some for rule, some in interfaces.items() if some},
            Native(table.objects),
            region.delta is not None,
            token,
            self._box.hold and region.delta is None,
        )
        return self._box.faults.told(actual)

    def _shown(self, table: Table, region: Region) -> Shown:
        """What the box shows of its members, within `region`."""
        members = table.members
        if region.delta is not None:
            places = _places(region.delta)
            members = {
                rule: {place: entry for place, entry in some.items() if (rule, place) in places}
                for rule, some in members.items()
            }
        return addresses_of(members), interfaces_of(members)

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """Write one batch."""
        faults = self._box.faults
        faults.meet(Point.STAGE)
        commands = batch.payload
        assert isinstance(commands, tuple)
        before = self._box.table()
        if guarded and self._seen is None:
            raise StaleState(self._box.name, "it was not read yet: read it first")
        token = self._box.write(commands, self._driver, self._seen if guarded else None)
        if guarded and self._seen and not token:
            raise StaleState(self._box.name, "somebody wrote since it was read: read it again")
        self._seen = token if guarded else None
        self._valid_until = self._box.valid_until()
        faults.meet(Point.STAGED)
        return FakeStaged(self._driver, before, token, told=guarded)

    def close(self) -> None:
        """End it."""
        self.closed = True


def _places(delta: Delta) -> set[tuple[object, Place]]:
    found: set[tuple[object, Place]] = set()
    for rule, change in delta.addresses.items():
        for members in (change.add, change.remove):
            found |= {(rule, (first, last)) for first, last, _, _ in members.rows()}
    for rule, moved in delta.interfaces.items():
        found |= {(rule, member.name) for member in (*moved.add, *moved.remove)}
    return found


class FakeStaged:
    """A batch that stands; a CANDIDATE box can take it back. `told`: it gives a token."""

    def __init__(self, driver: FakeDriver, before: Table, token: str, told: bool) -> None:
        self._driver = driver
        self._box = driver.box
        self._before = before
        self._token = token
        self._told = told

    @property
    def token(self) -> str:
        """The token after the batch; "" where somebody else may have written before it."""
        return self._token if self._told else ""

    def confirm(self) -> Applied:
        """Make it stay; what the faults say, else APPLIED."""
        self._box.faults.meet(Point.CONFIRM)
        answer = self._box.faults.confirmation()
        if answer is Applied.ABANDONED:
            self._box.put_back(self._before, self._token, self._driver)
        return answer

    def abandon(self) -> Applied:
        """Take it back where the box is a CANDIDATE one and nobody wrote since."""
        if Trait.CANDIDATE not in self._box.traits:
            return Applied.UNKNOWN
        undone = self._box.put_back(self._before, self._token, self._driver)
        return Applied.ABANDONED if undone else Applied.UNKNOWN


class FakeWatch:
    """One subscription."""

    def __init__(self, driver: FakeDriver) -> None:
        self._box = driver.box
        self._events: queue.SimpleQueue[DeviceEvent | None] = self._box.subscribe(driver)

    def events(self) -> Iterator[DeviceEvent]:
        """Until `close`, or until the box loses its watchers."""
        while True:
            event = self._events.get()
            if event is None:
                return
            yield event

    def close(self) -> None:
        """End it."""
        self._box.unsubscribe(self._events)


_driver: type[Driver] = FakeDriver
_session: type[Session] = FakeSession
_staged: type[Staged] = FakeStaged
_watch: type[Watch] = FakeWatch
