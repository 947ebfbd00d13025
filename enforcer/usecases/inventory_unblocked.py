# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses that an inventory would unblock: they leave a device, and nothing enforces them.

The orders are the same and still mean them, but their new place only observes, was never
proved, cannot be reached, is held or paused, or there is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from enforcer.control.book import Entry, OrderBook
from enforcer.core.brake import PauseState
from enforcer.core.contributions import Contribution, Contributions, same_on
from enforcer.core.demands import Lists, claims
from enforcer.core.device_control import DeviceControl
from enforcer.core.intervals import Ranges, intersect, subtract, union
from enforcer.core.orders import Order, in_force
from enforcer.core.placement import Ownership, ownership
from enforcer.core.rules import Rule
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Leaving, Mode, Topology


@dataclass(frozen=True, slots=True)
class Unblocked:
    """`rows` of addresses that would leave a device; `places`: where they would go instead."""

    rows: int
    places: tuple[str, ...]

    def sentence(self, device: str) -> str:
        """What a person has to know, and to do."""
        there = f"({', '.join(self.places)}) does not enforce them" if self.places else "is nowhere"
        return (
            f"{self.rows} rows would leave {device}, and their new place {there}: they stay there"
            f" until `enforcer device release {device}`"
        )


def dependable(
    before: Topology,
    after: Topology,
    facts: Mapping[str, DeviceFacts],
    controls: Mapping[str, DeviceControl],
    pause: PauseState,
) -> frozenset[str]:
    """Devices that will hold what comes to them: they enforce, are proved, and nothing stops them.

    One that only comes with `after` is not among them, nor one that is on its way out.
    """
    if pause is not PauseState.RUNNING:
        return frozenset()
    return frozenset(
        name
        for name, device in after.devices.items()
        if _enforces(before, name)
        and device.mode is Mode.ENFORCE
        and device.leaving is not Leaving.DRAINING
        and _proved(facts.get(name, DeviceFacts()))
        and _free(controls.get(name, DeviceControl()))
    )


def _enforces(topology: Topology, name: str) -> bool:
    device = topology.devices.get(name)
    return device is not None and device.mode is Mode.ENFORCE


def _proved(facts: DeviceFacts) -> bool:
    return facts.verified_at is not None and facts.failing_since is None and not facts.marker


def _free(control: DeviceControl) -> bool:
    return control.hold is None and not control.paused


class Departures:
    """What leaves the devices that enforce, the orders being the same."""

    def __init__(self, old: OrderBook, new: OrderBook, now: datetime) -> None:
        self._old = {entry.order.number: entry for entry in old.entries()}
        self._before, self._after = old.topology, new.topology
        self._new = [e for e in new.entries() if in_force(e.order, now) and self._moves(e)]
        self._lists = new.lists()

    def _moves(self, entry: Entry) -> bool:
        was = self._old.get(entry.order.number)
        return was is not None and not same_on(None, was.standing, entry.asks)

    def unblocked(self, safe: Collection[str]) -> dict[str, Unblocked]:
        """By device, what would not be enforced any more, if only `safe` hold what comes."""
        rows: defaultdict[str, int] = defaultdict(int)
        places: defaultdict[str, set[str]] = defaultdict(set)
        owners = ownership(self._after) if self._new else None
        for entry in self._new:
            meant = None
            was = self._old[entry.order.number].standing
            for part, lost in self._lost(was, entry.asks):
                if owners is not None and meant is None:
                    meant = _meant(entry.order, self._after, self._lists, owners)
                still = intersect(lost, (meant or {}).get(part.rule, Ranges.none()))
                bare = _bare(part.rule, still, was, entry.asks, safe)
                if len(bare):
                    rows[part.device] += len(bare)
                    places[part.device].update(_going(part.rule, bare, entry.asks))
        return {name: Unblocked(n, tuple(sorted(places[name]))) for name, n in rows.items()}

    def _lost(
        self, was: Contributions, asks: Contributions
    ) -> Iterator[tuple[Contribution, Ranges]]:
        stay = _by_place(asks)
        for part in was.parts:
            if len(part.first) and _enforces(self._before, part.device):
                kept = stay.get((part.device, part.rule), Ranges.none())
                lost, _ = subtract(_ranges(part), kept)
                if len(lost):
                    yield part, lost


def _meant(order: Order, topology: Topology, lists: Lists, owners: Ownership) -> dict[Rule, Ranges]:
    """By rule, what `order` still means, wherever it is placed; without protected space."""
    found: dict[Rule, Ranges] = {}
    for claim in claims(order.demand, topology, lists):
        free, _ = subtract(claim.target, owners.protected[claim.family])
        for rule in claim.rules:
            found[rule] = union((found[rule], free)) if rule in found else free
    return found


def _bare(
    rule: Rule, lost: Ranges, was: Contributions, asks: Contributions, safe: Collection[str]
) -> Ranges:
    """Of `lost`: what no safe device holds, or what comes to a device that is not safe, too."""
    if not len(lost):
        return lost
    held, stood = _by_place(asks), _by_place(was)
    covered = union(r for (name, key), r in held.items() if key == rule and name in safe)
    comes = union(
        subtract(r, stood.get((name, key), Ranges.none()))[0]
        for (name, key), r in held.items()
        if key == rule and name not in safe
    )
    return union((subtract(lost, covered)[0], intersect(lost, comes)))


def _going(rule: Rule, rows: Ranges, asks: Contributions) -> Iterator[str]:
    for part in asks.parts:
        if part.rule == rule and len(intersect(_ranges(part), rows)):
            yield part.device


def _by_place(asks: Contributions) -> dict[tuple[str, Rule], Ranges]:
    return {(part.device, part.rule): _ranges(part) for part in asks.parts if len(part.first)}


def _ranges(part: Contribution) -> Ranges:
    return Ranges(part.first, part.last)
