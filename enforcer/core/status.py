# SPDX-License-Identifier: GPL-2.0-or-later
"""What people see of an order: derived from facts, never set by hand.

On one device, the first row that applies is the status:

=========== ==========================================================================
status      when
=========== ==========================================================================
lifted      it was lifted, and the device is proved rid of it (or never had it)
expired     its end has passed, and the device is proved rid of it (or never had it)
removing    it ended, and the device is not proved rid of it yet
scheduled   it has not started yet
withheld    all of it is protected space, so none of it may stand
unsupported the device cannot hold it, or not all of it
failing     it is not proved, and the device's passes fail
drifted     the device differs from what is desired, or somebody contests a part of the order,
            and either proof was given before or the device is observed only
enforcing   it is not proved yet
unverified  it is proved, but the last proof is too old, or the device's passes fail since
partial     it is proved, but a part of it is protected space, or the brake keeps it as the
            inventory before says
enforced    it is proved
=========== ==========================================================================

Proved: a pass read the device and found exactly what was desired, the order's last change
included, at an instant since the order started. Rid of it: the same at an instant since the
order ended, under whichever inventory, because none wants an order that is over; for a lifted
order whatever the instant, because its last change ends it. A device
never had it if the order ended before it started (and no pass of a later clock proved it), or
if the device is observed only and was never proved since the order was placed.

Over all devices of an order, the first row that applies is the status:

=========== ==========================================================================
status      when
=========== ==========================================================================
unsupported it is in force, and no device is to hold it
removing    on any device
partial     on any device, or enforced or unverified on some devices and not on others
failing     on any device
drifted     on any device
unsupported on any device
withheld    on any device
enforcing   on any device
unverified  on any device
enforced    on any device
scheduled   it has not started yet
lifted      it was lifted
expired     its end has passed
=========== ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from enforcer.core.orders import Order, is_over
from enforcer.core.topology import Mode


class Status(StrEnum):
    """Of an order, on one device or over all of them; see the module's text."""

    SCHEDULED = "scheduled"
    ENFORCING = "enforcing"
    ENFORCED = "enforced"
    UNVERIFIED = "unverified"
    PARTIAL = "partial"
    DRIFTED = "drifted"
    WITHHELD = "withheld"
    UNSUPPORTED = "unsupported"
    FAILING = "failing"
    REMOVING = "removing"
    EXPIRED = "expired"
    LIFTED = "lifted"


class Withholding(StrEnum):
    """How much of an order's target is protected space."""

    NONE = "none"
    PART = "part"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the passes over one device found; the default is a device never passed over.

    `verified_seq`: the highest change sequence in the last pass that proved everything, made
    at `verified_at` for the instant `proved_for`. `failing_since`: passes fail since then,
    the last one with `error_code` and `error`. `drift_open`: differences that were found and
    not repaired. `mode`: as of the last pass. `unsupported_orders`, `held_orders` (kept back
    by brake, pause or turn; also those that ended and may still stand): numbers. `inventory`:
    digest of the inventory that it was proved under.

    While the brake holds the device (`braked`: why), `inventory` is the one from before, and
    `present` the one in force: orders that ask for the same under both are proved under both,
    the others are among `held_orders`, and among `braked_orders` where nothing but the brake
    keeps them back. `marker`: a marker on the device forbids to write.
    `contested_orders`: orders in force of which a part is left as somebody else made it;
    `contested_by`: who. `waiting`: what has to come first (a maintenance window, another
    router's proof) before the held orders are written.
    """

    verified_seq: int = 0
    verified_at: datetime | None = None
    proved_for: datetime | None = None
    failing_since: datetime | None = None
    error_code: str = ""
    error: str = ""
    drift_open: int = 0
    mode: Mode = Mode.ENFORCE
    paused: bool = False
    unsupported_orders: frozenset[int] = frozenset()
    held_orders: frozenset[int] = frozenset()
    inventory: str = ""
    present: str = ""
    braked: str = ""
    marker: bool = False
    contested_orders: frozenset[int] = frozenset()
    contested_by: tuple[str, ...] = ()
    braked_orders: frozenset[int] = frozenset()
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The brake keeps an order on a device as an older inventory says, and it asks for something.

    `inventory`: the digest of that one, `withheld`: what is protected by it. `wanted`: whether
    the inventory in force wants something of it there, too. `why`: what was braked.
    """

    inventory: str
    wanted: bool
    why: str = ""
    withheld: Withholding = Withholding.NONE


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order at `now`, the names of the `devices` that are to hold it, what is withheld.

    `inventory`: digest of the inventory that says so; a proof under another proves nothing,
    except where the brake keeps the order as an older one says: `kept`, by device.
    """

    order: Order
    now: datetime
    devices: tuple[str, ...] = ()
    withheld: Withholding = Withholding.NONE
    inventory: str = ""
    kept: Mapping[str, Kept] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderStatus:
    """The status over all devices, and on each."""

    status: Status
    devices: Mapping[str, Status]


class Row(NamedTuple):
    """One row of a table: the status, and when it applies, in words."""

    status: Status
    when: str


@dataclass(frozen=True, slots=True)
class _Case:
    """The facts of one order on one device as the table asks for them."""

    ended: bool
    lifted: bool
    gone: bool
    started: bool
    withheld: Withholding
    unsupported: bool
    failing: bool
    proved: bool
    differs: bool
    observed: bool
    stale: bool
    otherwise: bool


_ON_DEVICE: tuple[tuple[Row, Callable[[_Case], bool]], ...] = (
    (
        Row(Status.LIFTED, "it was lifted, and the device is proved rid of it (or never had it)"),
        lambda case: case.gone and case.lifted,
    ),
    (
        Row(
            Status.EXPIRED,
            "its end has passed, and the device is proved rid of it (or never had it)",
        ),
        lambda case: case.gone,
    ),
    (
        Row(Status.REMOVING, "it ended, and the device is not proved rid of it yet"),
        lambda case: case.ended,
    ),
    (Row(Status.SCHEDULED, "it has not started yet"), lambda case: not case.started),
    (
        Row(Status.WITHHELD, "all of it is protected space, so none of it may stand"),
        lambda case: case.withheld is Withholding.ALL,
    ),
    (
        Row(Status.UNSUPPORTED, "the device cannot hold it, or not all of it"),
        lambda case: case.unsupported,
    ),
    (
        Row(Status.FAILING, "it is not proved, and the device's passes fail"),
        lambda case: case.failing and not case.proved,
    ),
    (
        Row(
            Status.DRIFTED,
            "the device differs from what is desired, or somebody contests a part of the order,"
            " and either proof was given before or the device is observed only",
        ),
        lambda case: case.differs and (case.proved or case.observed),
    ),
    (Row(Status.ENFORCING, "it is not proved yet"), lambda case: not case.proved),
    (
        Row(
            Status.UNVERIFIED,
            "it is proved, but the last proof is too old, or the device's passes fail since",
        ),
        lambda case: case.stale or case.failing,
    ),
    (
        Row(
            Status.PARTIAL,
            "it is proved, but a part of it is protected space, or the brake keeps it as the"
            " inventory before says",
        ),
        lambda case: case.withheld is Withholding.PART or case.otherwise,
    ),
    (Row(Status.ENFORCED, "it is proved"), lambda case: True),
)

_ANY = "on any device"
_WORKS = {Status.ENFORCED, Status.UNVERIFIED}


def table() -> list[Row]:
    """The rows for one device, in precedence."""
    return [row for row, _ in _ON_DEVICE]


def overall_table() -> list[Row]:
    """The rows over all devices, in precedence."""
    partial = f"{_ANY}, or enforced or unverified on some devices and not on others"
    return [
        Row(Status.UNSUPPORTED, "it is in force, and no device is to hold it"),
        Row(Status.REMOVING, _ANY),
        Row(Status.PARTIAL, partial),
        *(Row(status, _ANY) for status in _WORST_FIRST),
        Row(Status.SCHEDULED, "it has not started yet"),
        Row(Status.LIFTED, "it was lifted"),
        Row(Status.EXPIRED, "its end has passed"),
    ]


_WORST_FIRST = (
    Status.FAILING,
    Status.DRIFTED,
    Status.UNSUPPORTED,
    Status.WITHHELD,
    Status.ENFORCING,
    Status.UNVERIFIED,
    Status.ENFORCED,
)


def status_on(
    order: OrderFacts, device: DeviceFacts, stale_after: timedelta, kept: Kept | None = None
) -> Status:
    """The order's status on one device; a proof older than `stale_after` is too old."""
    case = _case(order, device, stale_after, kept)
    return next(row.status for row, applies in _ON_DEVICE if applies(case))


def status_of(
    order: OrderFacts, devices: Mapping[str, DeviceFacts], stale_after: timedelta
) -> OrderStatus:
    """The order's status over all of its devices; one without facts was never passed over."""
    found = {
        name: status_on(order, devices.get(name, DeviceFacts()), stale_after, order.kept.get(name))
        for name in order.devices
    }
    return OrderStatus(_overall(order, set(found.values())), found)


def _overall(order: OrderFacts, found: set[Status]) -> Status:
    if not found:
        return _nowhere(order)
    if Status.REMOVING in found:
        return Status.REMOVING
    if Status.PARTIAL in found or (found & _WORKS and found - _WORKS):
        return Status.PARTIAL
    return next((status for status in _WORST_FIRST if status in found), min(found))


def _nowhere(order: OrderFacts) -> Status:
    if _ended(order):
        return Status.LIFTED if _was_lifted(order.order) else Status.EXPIRED
    return Status.UNSUPPORTED if order.order.start <= order.now else Status.SCHEDULED


def _ended(order: OrderFacts) -> bool:
    return is_over(order.order, order.now)


def _was_lifted(order: Order) -> bool:
    return order.lifted is not None and order.ends == order.lifted


def _case(
    order: OrderFacts, device: DeviceFacts, stale_after: timedelta, kept: Kept | None
) -> _Case:
    what, now = order.order, order.now
    verified_at = device.verified_at
    return _Case(
        ended=_ended(order),
        lifted=_was_lifted(what),
        gone=_ended(order) and _gone(order, device),
        started=what.start <= now,
        withheld=kept.withheld if kept is not None else order.withheld,
        unsupported=what.number in device.unsupported_orders,
        failing=device.failing_since is not None,
        proved=_proved_since(order, device, what.start, kept),
        differs=device.drift_open > 0 or what.number in device.contested_orders,
        observed=device.mode is Mode.OBSERVE,
        stale=verified_at is None or now - verified_at > stale_after,
        otherwise=kept is not None and kept.wanted,
    )


def _proved_since(
    facts: OrderFacts, device: DeviceFacts, instant: datetime | None, kept: Kept | None
) -> bool:
    """Whether a pass proved the device for `instant`, by the inventory that counts there."""
    if kept is not None:
        stopped = device.held_orders - device.braked_orders
        if kept.inventory != device.inventory or facts.order.number in stopped:
            return False
        return _included(facts.order, device, instant)
    if facts.inventory != (device.present or device.inventory):
        return False
    return looked_since(facts.order, device, instant)


def looked_since(order: Order, device: DeviceFacts, instant: datetime | None) -> bool:
    """Whether a pass proved the device for `instant` (None: any), this order not kept back."""
    return order.number not in device.held_orders and _included(order, device, instant)


def _included(order: Order, device: DeviceFacts, instant: datetime | None) -> bool:
    """Whether the last proof includes the order's last change, and is for `instant` or later."""
    if device.verified_seq < order.changed:
        return False
    proved_for = device.proved_for
    return proved_for is not None and (instant is None or proved_for >= instant)


def _gone(facts: OrderFacts, device: DeviceFacts) -> bool:
    order = facts.order
    ends = order.ends
    if ends is None:
        return False
    proved_for, before = device.proved_for, device.verified_seq < order.number
    never_began = ends <= order.start and (before or proved_for is None or proved_for < order.start)
    never_had_it = never_began or (device.mode is Mode.OBSERVE and before)
    # By whichever inventory: none of them wants an order that is over.
    return never_had_it or looked_since(order, device, None if order.lifted else ends)
