# SPDX-License-Identifier: GPL-2.0-or-later
"""What the application answers: documented, stable shapes (frozen by a test)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Base: immutable. Times are aware UTC, ISO-8601 in JSON; durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DeviceStatus(View):
    """One order on one device: derived status and the sentence that proves it."""

    device: str
    status: str
    verified_at: datetime | None = None
    detail: str = ""


class OrderView(View):
    """One order. `demand` is the wire form (tagged by `kind`); `target` the same for people."""

    id: str
    number: int
    kind: str
    target: str
    status: str
    demand: dict[str, Any]
    reason: str
    ticket: str | None
    policy: dict[str, str] | None
    issuer: str
    source: str
    created: datetime
    start: datetime
    end: datetime | None
    open_ended: bool
    lifted: datetime | None
    lift_reason: str | None
    scope: dict[str, list[str]]
    devices: list[DeviceStatus]
    withheld: list[str]
    entries: int | None = None
    """For block_list: how many entries its current version has."""
    warnings: list[str] = []
    """When it was just placed: what it cannot reach or keep of the BGP sessions that it means."""


class EventView(View):
    """One entry of an order's or device's history (from the audit chain)."""

    sequence: int
    at: datetime
    kind: str
    actor: str
    source: str
    subject: str | None
    device: str | None
    detail: dict[str, Any]


class DevicePreview(View):
    """What one device would be told: the first native commands, the totals and the undo."""

    device: str
    adds: int
    removes: int
    commands: list[str]
    undo: list[str]
    truncated: bool = False
    state_age: float | None = None
    """Seconds since the state that this was computed against was read; None: just read."""
    error: str | None = None
    findings: list[str] = []


class NeighborPreview(View):
    """What of one BGP neighbor's routes would be rejected, judged on those that pass now.

    The numbers are null where nothing could be read; `problem` says why, also where only one
    address family could not.
    """

    device: str
    neighbor: str
    name: str = ""
    asn: int | None = None
    customer: str | None = None
    direction: str
    """in: what it sends us; out: what we send it."""
    routes: int | None
    """How many pass all filters now."""
    lost: int | None
    remaining: int | None
    lost_first: list[str] = []
    """The first of them, with their AS paths."""
    remaining_first: list[str] = []
    problem: str | None = None


class Preview(View):
    """What an order would do, before it is placed. Nothing was stored."""

    target: str
    start: datetime
    end: datetime | None
    devices: list[DevicePreview]
    customers: list[str]
    """Who is hit: names of customers whose prefixes the target overlaps."""
    withheld: list[str]
    warnings: list[str] = []
    collateral: list[str] = []
    """Who else is hit: sharers, tenants, users of translated addresses, one sentence each."""
    neighbors: list[NeighborPreview] = []
    """Whose routes would be rejected, and how many of them; of orders about BGP sessions."""
    approval: list[str] = []
    """Why it would wait for a second person, one sentence each; empty: it would not."""


class DeviceView(View):
    """One device and what is known of it."""

    name: str
    platform: str
    site: str
    roles: list[str]
    mode: str
    status: str
    """not-adopted, failing, braked, held, contested, drifted, paused, leaving, observe, unknown,
    unverified, ok: the first that applies."""
    verified_at: datetime | None
    orders: int | None
    """How many orders in force it is to hold; null in the answer to a decision about it."""
    members: int | None
    """How many entries are desired on it now; only in `device show`, and null also there where
    no driver knows it."""
    error: str | None
    failing_since: datetime | None
    traits: list[str]
    owner: str | None
    leaving: str = ""
    """gone: it left the inventory's files and is kept; draining: it is being retired."""
    paused: str | None = None
    """Who paused it and why; null where it is not paused."""
    held: str | None = None
    """What the brake holds back and why; null where it holds nothing."""
    contested: list[str] = []
    """Objects that somebody else changed back again and again, which are left alone."""
    waiting: str | None = None
    """What has to come before the next write: a maintenance window, the pace, other devices."""
    differing: int = 0
    """Differences from what is desired that the last pass found and left: drift, or a pause."""
    held_orders: int = 0
    """Orders that a pause, the brake or a turn keeps back from it, or keeps on it."""


class DriftView(View):
    """Desired against actual, just read."""

    device: str
    at: datetime
    missing: int
    extra: int
    altered: int
    verified: int
    findings: list[str]
    examples: list[str]
    owner: str | None = None

    @property
    def drifted(self) -> bool:
        """Whether anything differs."""
        return bool(self.missing or self.extra or self.altered or self.findings)


class PassView(View):
    """One reconcile pass over one device: the facts and the sentence."""

    device: str
    outcome: str
    """clean; applied or repaired (orders changed, drift was found), and read back; observed
    (it differs, and its mode is observe); held (a pause or a freeze kept writes back); failed."""
    sentence: str
    added: int
    removed: int
    verified: int
    drift: int
    seconds: float


class AuditCheck(View):
    """Whether the audit chain holds."""

    ok: bool
    entries: int
    """How many entries are good, up to the first bad one."""
    first_bad: int | None
    """The position of the first entry that was changed, removed, moved or inserted."""
    why: str
    signed: int | None = None
    """The newest position that is signed; absent: nothing is."""
    signed_by: str | None = None
    """The key of that signature: SHA-256 of the public key, hexadecimal."""
    own_key: bool | None = None
    """Whether that is this installation's key; absent: none is set, or it cannot be read."""
    warning: str = ""
    """What speaks for a look though every entry holds."""


class WhyOrder(View):
    """One order that has to do with the asked address."""

    id: str
    relation: str
    """exact, covers, inside."""
    direction: str
    what: str
    """all, or what the order is limited to (protocol, ports, peers, exceptions)."""
    status: str
    reason: str
    issuer: str
    since: datetime
    until: datetime | None
    devices: list[DeviceStatus]
    ticket: str | None = None
    dropped: int | None = None
    """Packets that the order's rules dropped, at least; null where no device counts."""
    dropped_shared_by: int | None = None
    """So many orders share that number, because a device counts per line; null: it is the
    order's own."""


class WhyView(View):
    """Why an address is blocked, or that it is not."""

    address: str
    at: datetime
    blocked_from: str
    """all, some, none: packets from the address; unknown before the records began."""
    blocked_to: str
    orders: list[WhyOrder]
    protected: list[str] = []
    customer: str | None = None
    """Whose it is; of a prefix with several owners their names, with commas."""
    certainty: str = "verified"
    """verified: devices were read; assumed: it follows from the orders; unknown."""
    tenants: list[str] = []
    shared: list[str] = []
    missing: list[str] = []
    """Why the answer is only assumed: what no proof tells."""


class ListView(View):
    """One version of a named list."""

    name: str
    version: int
    entries: int
    imported_at: datetime
    source: str
    rejected: int
    rejected_lines: list[str] = []
    duplicates: int = 0
    changed: bool = True
    added: int = 0
    removed: int = 0
    """Ranges compared with the version before."""
    feed: str | None = None
    """Where its content comes from by itself."""
    stale: bool = False
    fetched_at: datetime | None = None
    problem: str | None = None
    """Why the last fetch failed."""
    withheld: int = 0
    """Entries of which a part is protected: that part is not enforced."""
    reasons: dict[str, int] = {}
    """How many lines were rejected, by stable code (`enforcer list rejects` shows each)."""


class ControlView(View):
    """The controller as a whole."""

    state: str
    """running, paused, frozen."""
    since: datetime | None
    by: str | None
    reason: str | None
    controller: str
    epoch: int
    leader: bool
    """Whether a controller is running on this database now."""
    leader_name: str | None = None
    """Host and process of the one that leads, where the database knows it."""
    alarms: int = 0
    """How many are open."""
    sources_stopped: str | None = None
    """By whom and why all automated sources were stopped; None: they were not."""
    head: int
    """The change sequence."""


class DoctorCheck(View):
    """One thing that a first installation can get wrong."""

    check: str
    ok: bool
    detail: str
    advice: str = ""


class InventoryReport(View):
    """What `inventory check` found."""

    ok: bool
    devices: int = 0
    customers: int = 0
    service_sets: int = 0
    protected: int = 0
    problems: list[str] = []
    in_force: bool | None = None
    """Whether this is what is in force; false: `enforcer inventory reload` puts it in force."""
