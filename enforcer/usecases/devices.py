# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices: what they hold, how it differs, what the next pass would do; adopt, reconcile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.views import DevicePreview, DeviceView, DriftView, PassView, Preview
from enforcer.control.book import OrderBook
from enforcer.control.bounds import Bounds
from enforcer.control.desired_state import DesiredState
from enforcer.control.doorbell import ask
from enforcer.control.evidence import Evidence
from enforcer.control.facts import PassFacts, sentence
from enforcer.control.holdable import Holdable
from enforcer.control.leadership import leading
from enforcer.control.once import reconcile_once
from enforcer.control.writing import compared
from enforcer.core.brake import PauseState
from enforcer.core.drift import Drift
from enforcer.core.plan import Plan
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import Driver
from enforcer.errors import AnotherControllerActive, DeviceError, EnforcerError
from enforcer.usecases.find_orders import book_of, orders_by_device
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World

SHOWN_COMMANDS = 100
_ANSWER_SECONDS = 120.0
_DOOR_SECONDS = 5.0
"""A controller that has just taken the lead opens its door within this time."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One device as it is now against what is desired now."""

    driver: Driver
    desired: Desired
    actual: Actual
    drift: Drift


def compare_now(world: World, name: str) -> Comparison:
    """Read a device now and compare. Writes nothing. Raises NotFound, DeviceError."""
    device = world.device(name)
    driver = world.driver_for(device, world.evidence.identity())
    now = world.clock.now()
    desired = desired_in(book_of(world, now), device, driver, now)
    with driver.connect() as session:
        actual = session.read_state()
    return Comparison(driver, desired, actual, compared(driver, desired, actual))


def desired_in(book: OrderBook, device: Device, driver: Driver, now: datetime) -> Desired:
    """What must stand on a device now, as far as it can hold it. Asks no device."""
    state = DesiredState(device.name, book)
    state.advance(now)
    return Holdable(device, driver.capability).part(state.desired)


def _members(world: World, book: OrderBook, device: Device, now: datetime) -> int | None:
    """How many members `desired_in` has; None without a usable driver."""
    try:
        driver = world.driver_for(device, world.evidence.identity())
        return len(desired_in(book, device, driver, now))
    except EnforcerError:
        return None


def drift(world: World, name: str) -> DriftView:
    """How a device differs from what is desired, read just now."""
    found = compare_now(world, name)
    tally = found.drift.tally
    return DriftView(
        device=name,
        at=found.actual.read_at,
        missing=tally.missing,
        extra=tally.extra,
        altered=tally.altered,
        verified=tally.verified,
        findings=[f"{f.kind} {f.what} {f.detail}".strip() for f in found.drift.findings],
        examples=list(found.drift.examples),
        owner=owner_text(found.actual.owner),
    )


def owner_text(owner: Owner | None) -> str | None:
    """A device's mark for people."""
    return f"{owner.controller} epoch {owner.epoch}" if owner is not None else None


def plan(world: World, name: str) -> Preview:
    """What the next pass would write, computed against the device as it is now.

    Without what is contested; what is held back is shown, and a warning says so.
    """
    found = compare_now(world, name)
    now = world.clock.now()
    control = world.evidence.control(name)
    basis = control.hold.inventory if control.hold is not None else ""
    bounds = Bounds.of(world.device(name), world.pause(), control, basis, found.actual.hold)
    rest = bounds.contested.without(found.drift)
    return Preview(
        target=f"device {name}",
        start=now,
        end=None,
        devices=[device_preview(name, rest, found.driver, found)],
        customers=[],
        withheld=[],
        warnings=list(_held_back(bounds)) if rest else [],
    )


def _held_back(bounds: Bounds) -> Iterator[str]:
    """Why the next pass would not write all of this, or none of it."""
    if bounds.mode is not Mode.ENFORCE:
        yield f"{bounds.device} is only observed: nothing of this is written"
    if bounds.stopped:
        yield f"{bounds.device} is {bounds.stopped}"
    elif bounds.pause is PauseState.FROZEN:
        yield "writing is frozen: nothing of this is written until `enforcer resume`"
    elif bounds.paused:
        yield "additions are paused: only what removes or shortens is written"


def device_preview(
    name: str, change: Drift, driver: Driver, found: Comparison, age: float | None = None
) -> DevicePreview:
    """The native text of a change, its undo, and the totals."""
    made = driver.plan(found.desired, change, found.actual) if change else Plan()
    commands = list(islice(made.native(), SHOWN_COMMANDS + 1))
    return DevicePreview(
        device=name,
        adds=change.tally.missing + change.tally.altered,
        removes=change.tally.extra,
        commands=commands[:SHOWN_COMMANDS],
        undo=list(islice(made.undo(), SHOWN_COMMANDS)),
        truncated=len(commands) > SHOWN_COMMANDS,
        state_age=age,
        findings=[f"{f.kind} {f.what}" for f in change.findings],
    )


def reconcile(world: World, actor: Actor, name: str) -> PassView:
    """A full pass now: the running controller's, or one in this process under its lock."""
    world.device(name)
    if world.led():
        answer = _asked(world, {"reconcile": name, "by": actor.name})
        if answer is None:
            raise DeviceError(name, "the running controller did not answer: see its log")
        if "error" in answer:
            raise DeviceError(name, str(answer["error"]))
        return PassView(**answer)
    return pass_view(reconcile_here(world, [name])[name])


def _asked(world: World, question: dict[str, str]) -> dict[str, Any] | None:
    """The running controller's answer; None when it did not give one."""
    began = world.clock.monotonic()
    answer = ask(world.database, question, _ANSWER_SECONDS)
    while answer is None and world.led() and world.clock.monotonic() - began < _DOOR_SECONDS:
        world.clock.sleep(0.1)
        answer = ask(world.database, question, _ANSWER_SECONDS)
    return answer


def reconcile_here(world: World, names: list[str]) -> dict[str, PassFacts]:
    """Full passes in this process; raises AnotherControllerActive."""
    with leading(world.database, world.clock) as lead:
        evidence = Evidence(world.database, world.step, lead.holds)
        try:
            means = replace(world.means(), evidence=evidence)
            return reconcile_once(world.database, world.topology, means, names)
        finally:
            # Only what is done under this lead is refused once another one began.
            world.database.fence(None)


def pass_view(facts: PassFacts) -> PassView:
    """One pass for people."""
    return PassView(
        device=facts.device,
        outcome=str(facts.outcome),
        sentence=sentence(facts),
        added=facts.added,
        removed=facts.removed,
        verified=facts.verified,
        drift=facts.drift.differing + len(facts.findings),
        seconds=facts.seconds,
    )


def adopt(world: World, actor: Actor, name: str) -> None:
    """Allow this database to take over the mark that the device carries now."""
    device = world.device(name)
    driver = world.driver_for(device, world.evidence.identity())
    with driver.connect() as session:
        mark = session.read_state().owner
    ours = world.evidence.identity()
    now = world.clock.now()
    with world.database.write() as work:
        taken = mark or ours
        work.record(
            "device.adopted",
            actor,
            at=now,
            device=name,
            payload={"from": owner_text(mark), "to": owner_text(ours)},
        )
        work.devices.set_adopted(name, taken, at=now)
    if world.led():
        _asked(world, {"reconcile": name, "by": actor.name})
        return
    try:
        reconcile_here(world, [name])
    except AnotherControllerActive:
        world.ring()


def view(world: World, name: str) -> DeviceView:
    """One device as people see it, with what is to stand on it. Raises NotFound."""
    device = world.device(name)
    now = world.clock.now()
    book = book_of(world, now)
    orders = orders_by_device(book, now).get(name, 0)
    return Presenter(world).device(device, orders, _members(world, book, device, now))


def decided(world: World, name: str) -> DeviceView:
    """One device after a decision about it: nothing is compiled to say so. Raises NotFound."""
    return Presenter(world).device(world.device(name))


def every(world: World) -> list[DeviceView]:
    """All devices, by name."""
    presenter, now = Presenter(world), world.clock.now()
    counts = orders_by_device(book_of(world, now), now)
    found = sorted(world.topology.devices.items())
    return [presenter.device(device, counts.get(name, 0)) for name, device in found]
