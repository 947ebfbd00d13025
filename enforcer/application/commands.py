# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of the application; each command is one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from enforcer.core.orders import Demand, PolicyClause, Scope


class Command(BaseModel):
    """Base: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceOrder(Command):
    """Place one order.

    Start: `start` (aware) or `start_after`, else now. End: exactly one of `end` (aware),
    `duration` (from the start) and `open_ended`; never by omission.
    """

    demand: Demand
    reason: str
    ticket: str | None = None
    policy: PolicyClause | None = None
    start: datetime | None = None
    start_after: timedelta | None = None
    end: datetime | None = None
    duration: timedelta | None = None
    open_ended: bool = False
    scope: Scope = Scope()
    idempotency_key: str | None = None


class ChangeEnd(Command):
    """Extend or shorten: a new end, a duration from now, or open-ended.

    `extend` True refuses an earlier end, False a later one.
    """

    order: str
    extend: bool
    end: datetime | None = None
    duration: timedelta | None = None
    open_ended: bool = False
    reason: str = ""


class LiftOrder(Command):
    """End an order now; the reason is kept."""

    order: str
    reason: str


class AmendOrder(Command):
    """Correct what was written about an order: never its target. None: leave."""

    order: str
    reason: str | None = None
    ticket: str | None = None
    policy: PolicyClause | None = None


class ImportList(Command):
    """Replace a named list by the content of a file (UTF-8 text)."""

    name: str
    text: str
    source: str


class OrderFilter(Command):
    """Which orders to show; all fields must match. `active`: scheduled or in force."""

    active: bool | None = None
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    customer: str | None = None
    text: str | None = None
    limit: int = 100
    before: str | None = None
