# SPDX-License-Identifier: GPL-2.0-or-later
"""A router in memory: it keeps bare addresses, has no transactions, and tells nothing by itself.

The same box as `FakeDevice`, as strict, but what stands there has no order's number, no end and
none of the desired boundaries: a range and the one beside it are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from drivers._router.region import part
from drivers._router.target import held, members, target
from enforcer.clock import Clock
from enforcer.core.clauses import clauses
from enforcer.core.drift import Change, Delta, Drift, InterfaceChange
from enforcer.core.intervals import Ranges, match
from enforcer.core.plan import ALL, Capability, Plan, Region, Trait
from enforcer.core.rules import NO_END, UNATTRIBUTED, Actual, Desired, InterfaceMember, Key, Rule
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver, FakeSession, Shown
from tests.fakes.table import Table

TRAITS = Trait.UNATTRIBUTED | Trait.SURVIVES_REBOOT | Trait.REMOTE


def _refuses(rule: Rule) -> str:
    if rule.by_interface or rule.by_route or not any(clause.but for clause in clauses(rule)):
        return ""
    return "cannot except a service from a block of every protocol: except the address instead"


ROUTER = Capability(
    frozenset(
        {(family, key) for family in (4, 6) for key in (Key.SOURCE, Key.DESTINATION)}
        | {(family, key) for family in (4, 6) for key in (Key.RECEIVED, Key.ANNOUNCED)}
        | {(0, Key.INTERFACE)}
    ),
    refuses=_refuses,
)
"""What routers can hold, in general."""


def fake_router_box(name: str, clock: Clock) -> FakeDevice:
    """An empty one."""
    return FakeDevice(name, clock, TRAITS, ROUTER)


class FakeRouterDriver(FakeDriver):
    """Bound to a box that `fake_router_box` made."""

    platform: ClassVar[str] = "fake-router"

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """As a router's driver: from the ranges that stand to the ranges that are to stand."""
        return super().plan(desired, replace(drift, delta=_whole(actual, drift.delta)), actual)

    def session(self) -> FakeSession:
        """One that shows bare addresses."""
        return FakeRouterSession(self)


class FakeRouterSession(FakeSession):
    """Reads bare addresses, whoever wrote what."""

    def _shown(self, table: Table, region: Region) -> Shown:
        addresses, interfaces = super()._shown(table, ALL)
        bare = Actual(
            self._box.name,
            self._box.clock.now(),
            None,
            {r: members(Ranges(some.first, some.last)) for r, some in addresses.items()},
            {r: _named(m.name for m in some) for r, some in interfaces.items()},
        )
        cut = part(bare, region)
        return dict(cut.addresses), dict(cut.interfaces)


def _whole(actual: Actual, delta: Delta) -> Delta:
    """`delta` in ranges that stand: what must go as it is there, and what comes in its place."""
    before, after = held(actual), target(actual, delta)
    addresses = dict(_changes(before.addresses, after.addresses, delta))
    interfaces = {}
    for rule in delta.interfaces:
        old, new = (side.interfaces.get(rule, frozenset()) for side in (before, after))
        if old != new:
            interfaces[rule] = InterfaceChange(_named(new - old), _named(old - new))
    return Delta(addresses, interfaces)


def _changes(
    before: Mapping[Rule, Ranges], after: Mapping[Rule, Ranges], delta: Delta
) -> Iterator[tuple[Rule, Change]]:
    for rule in delta.addresses:
        old, new = (side.get(rule, Ranges.none()) for side in (before, after))
        come, gone = (
            members(rows.take(match(rows, other) < 0)) for rows, other in ((new, old), (old, new))
        )
        if len(come) or len(gone):
            yield rule, Change(come, gone)


def _named(names: Iterable[str]) -> tuple[InterfaceMember, ...]:
    return tuple(InterfaceMember(name, NO_END, UNATTRIBUTED) for name in sorted(names))
