# SPDX-License-Identifier: GPL-2.0-or-later
"""What an inventory would move on the devices, the orders being the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from enforcer.application.desk_views import DeviceChange
from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.filling import fill
from enforcer.core.brake import exceeds
from enforcer.core.capability import translated, translated_reason, unsupported
from enforcer.core.contributions import same_on
from enforcer.core.device_control import DeviceControl
from enforcer.core.drift import Delta, InterfaceChange, Tally, tally_of
from enforcer.core.orders import order_id
from enforcer.core.patch import difference
from enforcer.core.plan import Capability
from enforcer.core.rules import Desired, Members
from enforcer.core.topology import Device, Leaving, Mode, Topology
from enforcer.errors import EnforcerError
from enforcer.usecases.world import World

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """What would move on one device. `held`: the brake holds it already."""

    device: str
    tally: Tally
    braked: bool
    held: bool
    unsupported: tuple[str, ...]

    def view(self) -> DeviceChange:
        """For people."""
        return DeviceChange(
            device=self.device,
            adds=self.tally.missing + self.tally.altered,
            removes=self.tally.extra,
            braked=self.braked,
            unsupported=list(self.unsupported),
        )


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
    old, new = OrderBook(standing), OrderBook(after)
    now = world.clock.now()
    fill(old, world.database, now)
    fill(new, world.database, now, held=False)
    held = {n for n, c in controls.items() if c.hold is not None and not c.hold.all}
    found = []
    for name in sorted(_concerned(old, new) | (held & after.devices.keys())):
        states = DesiredState(name, old), DesiredState(name, new)
        for state in states:
            state.advance(now)
        was, wanted = (state.desired for state in states)
        tally = tally_of(delta_between(was, wanted))
        wrong = _unable(world, standing, after, name, was, wanted)
        if tally.differing or wrong or name in held:
            brake = before is not None and _brakes(before, after, name, tally, len(was))
            braked = (brake or name in held) and tally.differing > 0
            found.append(Effect(name, tally, braked, name in held, wrong))
    return found


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
    """By the limits in force, and only where something is written.

    On a device that was not there before, what is added is what it was put there for.
    """
    device = after.devices.get(name)
    if device is None or device.mode is not Mode.ENFORCE:
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
    for rule, some in desired.interfaces.items():
        why = unsupported(rule, device, capability)
        if why:
            yield from ((member.order, why) for member in some)
