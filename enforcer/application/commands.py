# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of the application; each command is one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from enforcer.core.orders import Demand, PolicyClause, Scope

LONGEST_COMMENT = 2_000
"""Characters."""


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
    confirm_wide: bool = False
    """The issuer knows that the target is wider than the source's limit, or covers protected
    space, which is then withheld."""
    confirm_collateral: bool = False
    """The issuer knows that others than the target are hit, and whom."""
    confirm_routes: bool = False
    """The issuer knows that sessions, or most of their routes, or ways that matter are lost."""
    confirm_foreign: bool = False
    """The issuer knows that a blackholed destination is nobody's here."""
    emergency: str = ""
    """Why it cannot wait for a second person; somebody else reviews it afterwards. Needs the
    right to do so; without a need for approval it says nothing."""


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
    emergency: str = ""
    """Of a later end: as in `PlaceOrder`."""


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


class CommentOrder(Command):
    """Say something about an order, in force or over; it stays as it is."""

    order: str
    text: str


class Reconfirm(Command):
    """Keep an order that would end because its target changed hands."""

    order: str
    reason: str


class ImportList(Command):
    """Replace a named list by the content of a file (UTF-8 text).

    `format`: auto, plain, csv, jsonl; `column`: the CSV column or JSON member that holds the
    address. `confirm_shrink` allows an empty list, or one that loses over 20 %.
    `dry_run` stores nothing and tells the same.
    """

    name: str
    text: str
    source: str
    format: str = "auto"
    column: str = ""
    confirm_shrink: bool = False
    dry_run: bool = False


class ExportEnforced(Command):
    """What is to stand on devices now, or one list: as text, csv, json or nft.

    Exactly one of `list_name` and `device`, or neither: everything, device by device.
    """

    list_name: str | None = None
    version: int | None = None
    device: str | None = None
    format: str = "text"


class MoveAttachment(Command):
    """A customer's old attachment may go once its new ones are proved."""

    customer: str
    device: str
    place: str
    """The interface, BGP neighbor or news site of the old attachment."""
    reason: str


class OrderFilter(Command):
    """Which orders to show; all fields must match. `active`: scheduled or in force."""

    active: bool | None = None
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    customer: str | None = None
    source: str | None = None
    text: str | None = None
    limit: int = 100
    before: str | None = None


class KnownHead(Command):
    """An entry of the audit chain, kept elsewhere: position, and hash in hexadecimal."""

    sequence: int
    hash: str


class AuditFilter(Command):
    """Which audit entries; all fields must match. Times are aware.

    `after` and `before` are positions, which themselves do not match.

    `since` and `until` both count: an entry at that very instant matches.
    """

    kinds: tuple[str, ...] = ()
    subject: str | None = None
    device: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    before: int | None = None
    newest_first: bool = True
    limit: int | None = 100
