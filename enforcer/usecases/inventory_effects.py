# SPDX-License-Identifier: GPL-2.0-or-later
"""What an inventory would move on the devices, the orders being the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from enforcer.application.desk_views import DeviceChange
from enforcer.control.book import Holds, OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.filling import fill, holds_of
from enforcer.control.holdable import Holdable
from enforcer.core.brake import exceeds
from enforcer.core.capability import (
    barred,
    barred_reason,
    translated,
    translated_reason,
    unsupported,
)
from enforcer.core.contributions import same_on
from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.drift import Delta, InterfaceChange, Tally, tally_of
from enforcer.core.orders import order_id
from enforcer.core.patch import difference
from enforcer.core.plan import Capability
from enforcer.core.rules import Desired, Members
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Device, Leaving, Mode, Topology
from enforcer.errors import EnforcerError
from enforcer.usecases.inventory_routes import RouteChanges, route_changes
from enforcer.usecases.inventory_unblocked import Departures, dependable
from enforcer.usecases.world import World

_SHOWN = 20
RELOAD = "inventory reload"
"""How the reason of a reload's hold begins."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What would move on one device. `held`: the brake holds it already.

    `whole`: the device itself could not hold the same any more (its `nat`, its hooks), which
    an older basis for the orders does not prevent. `loud`: a hold is alarmed. `warnings`:
    sentences for a person.
    """

    device: str
    tally: Tally
    braked: bool
    held: bool
    unsupported: tuple[str, ...]
    whole: bool = False
    loud: bool = True
    warnings: tuple[str, ...] = ()

    def view(self) -> DeviceChange:
        """For people."""
        return DeviceChange(
            device=self.device,
            adds=self.tally.missing + self.tally.altered,
            removes=self.tally.extra,
            braked=self.braked,
            unsupported=list(self.unsupported),
        )


def by_reload(hold: Hold | None) -> bool:
    """Whether a hold came from a reload that could be compared, so that another may end it."""
    return hold is not None and (not hold.all or hold.why.startswith(RELOAD))


def effects(
    world: World,
    before: Topology | None,
    after: Topology,
    controls: Mapping[str, DeviceControl],
) -> list[Effect]:
    """By device, sorted; devices on which nothing would differ are left out.

    A device that is held already is compared with what stands there by its hold.
    """
    standing = before if before is not None else Topology()
    old = OrderBook(standing)
    now = world.clock.now()
    holds = _holds(world, controls)
    fill(old, world.database, now, held=False)
    if holds:
        old.reload(standing, holds)
    new = old.under(after)
    with world.database.read() as reader:
        facts = reader.devices.all_facts()
    held = {n for n, c in controls.items() if by_reload(c.hold)}
    comparison = _Comparison(world, before, after, holds, held, old, new, facts)
    found = {
        name: effect
        for name in sorted(_concerned(old, new) | (held & after.devices.keys()))
        if (effect := comparison.effect(name, now)) is not None
    }
    if before is not None:
        safe = dependable(before, after, facts, controls, world.pause())
        _keep_routes(found, route_changes(old, new, now))
        _keep_unblocked(found, Departures(old, new, now), safe)
    return [found[name] for name in sorted(found)]


def _holds(world: World, controls: Mapping[str, DeviceControl]) -> Holds:
    """The inventories that holds keep devices to, also where nothing is written meanwhile."""
    part = {
        name: replace(control, hold=replace(control.hold, all=False))
        for name, control in controls.items()
        if control.hold is not None and by_reload(control.hold)
    }
    with world.database.read() as reader:
        return holds_of(part, reader.inventories)


def _keep_unblocked(found: dict[str, Effect], departures: Departures, safe: frozenset[str]) -> None:
    """Brake where addresses would leave for nowhere; what is braked holds nothing new either."""
    while True:
        safe -= {name for name, effect in found.items() if effect.braked}
        unblocked = departures.unblocked(safe)
        fresh = [n for n in unblocked if n in found and not found[n].braked]
        for name in fresh:
            said = unblocked[name].sentence(name)
            warned = (*found[name].warnings, said)
            found[name] = replace(found[name], braked=True, loud=True, warnings=warned)
        if not fresh:
            return


def _keep_routes(found: dict[str, Effect], changes: Mapping[str, RouteChanges]) -> None:
    """Brake where routes would be rejected, or let through, that no order names."""
    for name in changes.keys() & found.keys():
        effect, change = found[name], changes[name]
        said = [*change.held, *change.told]
        rest = len(said) - _SHOWN
        told = [*said[:_SHOWN], *([f"and {rest} more on {name}"] if rest > 0 else [])]
        braked = effect.braked or bool(change.held)
        found[name] = replace(effect, braked=braked, warnings=(*effect.warnings, *told))


@dataclass(frozen=True)
class _Comparison:
    """One device after another, under both inventories."""

    world: World
    known: Topology | None
    after: Topology
    holds: Holds
    held: Collection[str]
    old: OrderBook
    new: OrderBook
    facts: Mapping[str, DeviceFacts]

    def effect(self, name: str, now: datetime) -> Effect | None:
        """None: nothing would differ."""
        states = DesiredState(name, self.old), DesiredState(name, self.new)
        for state in states:
            state.advance(now)
        asked, wanted = (state.desired for state in states)
        had, has = self._before(name), self.after.devices.get(name)
        was, same = self._holdable(had, asked), self._holdable(has or had, asked)
        tally = tally_of(delta_between(was, self._holdable(has, wanted)))
        hooks = sorted(had.hooks - has.hooks) if had and has and len(was) else []
        if hooks:
            tally = replace(tally, extra=len(was), altered=0)
        whole = had is not None and (bool(hooks) or bool(delta_between(was, same)))
        wrong = _unable(self.world, self.known or Topology(), self.after, name, asked, wanted)
        wrong = (*(f"{order}: {_uncovered(hooks)}" for order in _orders(was, hooks)), *wrong)
        held = name in self.held
        if not (tally.differing or wrong or held):
            return None
        brake = self.known is not None and (
            bool(hooks) or _brakes(self.known, self.after, name, tally, len(was))
        )
        braked = (brake or held) and tally.differing > 0
        said = (_warning(name, hooks),) if hooks else ()
        return Effect(name, tally, braked, held, wrong, whole, self._loud(name), said)

    def _before(self, name: str) -> Device | None:
        """The device as it is enforced now: a hold may keep an older one."""
        standing = self.holds[name][1] if name in self.holds else self.known
        return standing.devices.get(name) if standing is not None else None

    def _holdable(self, device: Device | None, desired: Desired) -> Desired:
        """What the worker would let stand; without a driver nothing is known to be left out."""
        if device is None:
            return desired
        try:
            return Holdable(device, _capability(self.world, device)).part(desired)
        except EnforcerError:
            return desired

    def _loud(self, name: str) -> bool:
        """Whether anything was ever enforced there, or will be."""
        devices = (self._before(name), self.after.devices.get(name))
        enforced = any(d is not None and d.mode is Mode.ENFORCE for d in devices)
        return enforced or self.facts.get(name, DeviceFacts()).verified_at is not None


def _uncovered(hooks: Sequence[str]) -> str:
    return f"it is no longer enforced at the hook {' and '.join(hooks)}."


def _orders(standing: Desired, hooks: Sequence[str]) -> list[str]:
    """Printed ids of the orders that stand at hooks that are left out."""
    if not hooks:
        return []
    numbers = {n for m in standing.addresses.values() for n in np.unique(m.order).tolist()}
    numbers |= {member.order for some in standing.interfaces.values() for member in some}
    told = [order_id(number) for number in sorted(numbers)[:_SHOWN]]
    rest = len(numbers) - len(told)
    return [*told, *([f"and {rest} orders more"] if rest else [])]


def _warning(name: str, hooks: Sequence[str]) -> str:
    return (
        f"{name} would no longer cover the hook {' and '.join(hooks)}, so that everything on it is"
        f" unblocked there: put it back, or let it pass with `enforcer device release {name}`"
    )


def _concerned(old: OrderBook, new: OrderBook) -> set[str]:
    """Devices that are asked for something else, or that are something else."""
    before, after = old.topology.devices, new.topology.devices
    concerned = {n for n in after if n in before and before[n] != after[n]}
    known = {entry.order.number: entry for entry in old.entries()}
    for entry in new.entries():
        was = known.get(entry.order.number)
        if was is None or same_on(None, was.asks, entry.asks):
            continue
        names = {*was.asks.devices, *entry.asks.devices}
        concerned |= {name for name in names if not same_on(name, was.asks, entry.asks)}
    return concerned


def _brakes(before: Topology, after: Topology, name: str, tally: Tally, standing: int) -> bool:
    """By the limits in force, whatever the mode: it may be another one a moment later.

    On a device that was not there before, what is added is what it was put there for.
    """
    if name not in after.devices:
        return False
    known = before.devices.get(name)
    if known is None or known.leaving is Leaving.DRAINING:
        return tally.differing > before.brake.rows
    return exceeds(tally.differing, standing, before.brake)


def delta_between(old: Desired, new: Desired) -> Delta:
    """The rows that two desired states of one device do not share."""
    nothing = Members.none()
    addresses = {
        rule: difference(old.addresses.get(rule, nothing), new.addresses.get(rule, nothing))
        for rule in {*old.addresses, *new.addresses}
    }
    interfaces = {}
    for rule in {*old.interfaces, *new.interfaces}:
        was, wanted = old.interfaces.get(rule, ()), new.interfaces.get(rule, ())
        interfaces[rule] = InterfaceChange(
            tuple(m for m in wanted if m not in was), tuple(m for m in was if m not in wanted)
        )
    return Delta(
        {rule: c for rule, c in addresses.items() if len(c.add) or len(c.remove)},
        {rule: c for rule, c in interfaces.items() if c.add or c.remove},
    )


def _unable(
    world: World, before: Topology, after: Topology, name: str, was: Desired, wanted: Desired
) -> tuple[str, ...]:
    """Orders that the device could not hold any more, each with the reason."""
    device = after.devices.get(name)
    if device is None or not (wanted.addresses or wanted.interfaces):
        return ()
    try:
        capability = _capability(world, device)
    except EnforcerError as error:
        return (str(error),)
    had = _lost_before(world, before.devices.get(name), was)
    lost = {n: why for n, why in _lost(wanted, device, capability) if n not in had}
    told = [f"{order_id(number)}: {why}" for number, why in sorted(lost.items())]
    if len(told) > _SHOWN:
        told = [*told[:_SHOWN], f"and {len(told) - _SHOWN} orders more"]
    limit = capability.capacity
    if limit is not None and len(wanted) > limit and len(wanted) > len(was):
        told.append(f"{name} would have to hold {len(wanted)} entries and can hold {limit}")
    return tuple(told)


def _lost_before(world: World, device: Device | None, was: Desired) -> frozenset[int]:
    """Orders that it could not hold before either."""
    if device is None:
        return frozenset()
    try:
        return frozenset(n for n, _ in _lost(was, device, _capability(world, device)))
    except EnforcerError:
        return frozenset()


def _capability(world: World, device: Device) -> Capability:
    return world.driver_for(device, world.evidence.identity()).capability


def _lost(desired: Desired, device: Device, capability: Capability) -> Iterator[tuple[int, str]]:
    for rule, members in desired.addresses.items():
        why = unsupported(rule, device, capability)
        lost = members if why else members.take(translated(rule, members, device))
        for number in np.unique(lost.order).tolist():
            yield number, why or translated_reason(device)
        if why is None:
            away = barred(rule, members, capability)
            for number in np.unique(away.order).tolist():
                yield number, barred_reason(rule, device, capability)
    for rule, some in desired.interfaces.items():
        why = unsupported(rule, device, capability)
        if why:
            yield from ((member.order, why) for member in some)
