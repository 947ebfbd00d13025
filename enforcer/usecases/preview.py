# SPDX-License-Identifier: GPL-2.0-or-later
"""What an order would do before it is placed: devices, native commands, undo, who is hit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.views import DevicePreview, Preview
from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.filling import fill, new_lists
from enforcer.control.holdable import Holdable
from enforcer.control.writing import attributed
from enforcer.core import guardrails
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.drift import Drift, effective, tally_of
from enforcer.core.intervals import Ranges, inside, merge, rows_of
from enforcer.core.naming import ranges_text
from enforcer.core.rules import Actual, Desired
from enforcer.core.source_limits import limits_of
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid, DeviceError
from enforcer.usecases.admission import Admission, Asked, traffic
from enforcer.usecases.circumstances import Circumstances
from enforcer.usecases.devices import Comparison, device_preview
from enforcer.usecases.intake import refused
from enforcer.usecases.present import target_text
from enforcer.usecases.route_losses import RouteLosses, against, views
from enforcer.usecases.world import World

_SHOWN_WITHHELD = 20


def preview(world: World, actor: Actor, command: PlaceOrder, fresh: bool) -> Preview:
    """Everything that `place` would do but store; what is refused leaves no audit entry either.

    Refused like the order itself, except for what the issuer may confirm, and for what another
    moment changes (a pause, the limits of the source): that is told as a warning.

    Computed against the desired state, which is the last verified state wherever a device
    is proved; `fresh` reads the devices instead. The order is shown as in force. What BGP
    neighbors would lose is read from the devices in any case: nothing else knows their routes.
    """
    now = world.clock.now()
    admission = Admission(world)
    asked = admission.ask(actor, command, now)
    draft = asked.draft
    if any(not refusal.confirmable for refusal in asked.refusals):
        raise refused(asked.refusals)
    book = OrderBook(world.topology)
    head = fill(book, world.database, now)
    order = replace(draft.order(), number=head + 1, changed=head + 1)
    with world.database.read() as reader:
        lists = {**book.lists(), **new_lists(book, reader.lists, [order])}
    asks = contributions(order, world.topology, lists, world.owners)
    losses = RouteLosses(admission).of(draft, asks)
    asked = replace(asked, refusals=(*asked.refusals, *against(draft, losses)))
    told = Circumstances(world, world.topology)
    return Preview(
        target=target_text(order.demand),
        start=draft.start,
        end=draft.end,
        devices=[_one(world, book, name, asks, fresh) for name in asks.devices],
        customers=sorted(
            {*_hit(world, asks), *(c for one in losses if (c := one.session.customer))}
        ),
        withheld=[
            f"{ranges_text(w.family, w.first, w.last)}: {w.reason}"
            for w in asks.withheld[:_SHOWN_WITHHELD]
        ],
        warnings=[*_obstacles(world, asked, now), *told.warnings(asks, draft)],
        collateral=[*asked.hit.needs, *asked.hit.knowingly],
        neighbors=views(losses),
        approval=[*asked.approval],
    )


def _one(
    world: World, book: OrderBook, name: str, asks: Contributions, fresh: bool
) -> DevicePreview:
    device = world.topology.devices[name]
    state = DesiredState(name, book)
    state.advance(world.clock.now())
    standing = state.desired
    desired, delta = state.imagine(asks)
    try:
        driver = world.driver_for(device, world.evidence.identity())
        holdable = Holdable(device, driver.capability)
        standing, desired = holdable.part(standing), holdable.part(desired)
        delta = holdable.only(delta)
        delta = delta if attributed(driver) else effective(delta)
        actual = _read(driver) if fresh else _assumed(world, name, standing)
    except (DeviceError, ConfigurationInvalid) as error:
        return DevicePreview(device=name, adds=0, removes=0, commands=[], undo=[], error=str(error))
    change = Drift(delta, tally_of(delta), driver.findings(desired, actual) if fresh else ())
    found = Comparison(driver, desired, actual, change)
    return device_preview(name, change, driver, found, None if fresh else _age(world, name))


def _read(driver: Driver) -> Actual:
    with driver.connect() as session:
        return session.read_state()


def _assumed(world: World, name: str, standing: Desired) -> Actual:
    """The device as it should be: what previews without `fresh` are computed against."""
    return Actual(
        name,
        world.clock.now(),
        world.evidence.identity(),
        standing.addresses,
        standing.interfaces,
    )


def _age(world: World, name: str) -> float | None:
    known = world.evidence.facts(name)
    if known is None or known.verified_at is None:
        return None
    return (world.clock.now() - known.verified_at).total_seconds()


def _hit(world: World, asks: Contributions) -> list[str]:
    """Customers whose prefixes the order's target touches."""
    hit = set()
    for customer in world.topology.customers.values():
        for family in (4, 6):
            region = merge(rows_of(p for p in customer.prefixes if p.version == family))
            if not len(region):
                continue
            for part in asks.parts:
                if part.rule.family == family and not (
                    part.rule.by_interface or part.rule.by_route
                ):
                    rows = Ranges(part.first, part.last)
                    if len(inside(rows, region).source):
                        hit.add(customer.name)
        interfaces = {(a.device, a.interface) for a in customer.attachments}
        if any((p.device, name) in interfaces for p in asks.parts for name in p.interfaces):
            hit.add(customer.name)
    return sorted(hit)


def _obstacles(world: World, asked: Asked, now: datetime) -> Iterator[str]:
    """Why the order would be refused if it were placed like this now."""
    source = asked.draft.source
    limits = limits_of(world.topology, source)
    with world.database.read() as reader:
        moment = traffic(reader, source, now)
    at_once = guardrails.admission(asked.draft, limits, moment, now, asked.devices)
    for refusal in (*asked.refusals, *at_once):
        yield f"would be refused: [{refusal.code}] {refusal.message}"
