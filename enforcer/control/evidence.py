# SPDX-License-Identifier: GPL-2.0-or-later
"""What the loop writes down: intents before writes, outcomes after, and what it knows.

An intent is committed before a batch is staged and closed after the read-back; an
intent without outcome means that the process died in between, and the outcome is UNKNOWN
until the next pass has read the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from enforcer.application.actor import Actor
from enforcer.control.steps import Step, no_step
from enforcer.core.drift import Delta, Drift
from enforcer.core.orders import order_id
from enforcer.core.plan import Plan
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.storage.database import Database
from enforcer.wire import JSONValue

NATIVE_LINES = 200
"""How many native commands of a plan are kept; the totals say how many there were."""
_NAMED_ORDERS = 20
_ORPHAN = "the process ended in between; the next pass reads the device"
_UNWRITTEN = "the outcome could not be written; the next pass reads the device"

CONTROLLER = Actor("controller", "controller")


class Evidence:
    """Everything the loop commits. Thread-safe (each call is one transaction)."""

    def __init__(self, database: Database, step: Step = no_step) -> None:
        self._database = database
        self._step = step
        self._known: dict[str, DeviceFacts | None] = {}
        self._open: dict[str, int] = {}

    def identity(self) -> Owner:
        """This database's controller id and epoch."""
        with self._database.read() as reader:
            return reader.control.identity()

    def adopted(self, device: str) -> Owner | None:
        """The foreign mark on `device` that somebody allowed us to take over."""
        with self._database.read() as reader:
            return reader.devices.adopted(device)

    def never_placed(self, numbers: frozenset[int]) -> frozenset[int]:
        """Those of `numbers` that are no order of this database."""
        with self._database.read() as reader:
            return frozenset(n for n in numbers if reader.orders.get(n) is None)

    def facts(self, device: str) -> DeviceFacts | None:
        """What was last recorded about `device` (by this process, once it has written)."""
        if device not in self._known:
            with self._database.read() as reader:
                self._known[device] = reader.devices.facts(device)
        return self._known[device]

    def intend(
        self,
        device: str,
        at: datetime,
        plan: Plan,
        drift: Drift,
        why: str,
        writers: Sequence[str] = (),
    ) -> int:
        """Commit the intent to apply `plan`; returns its sequence. `writers`: who caused it."""
        lines = list(itertools.islice(plan.native(), NATIVE_LINES))
        payload: dict[str, JSONValue] = {
            "why": why,
            "orders": [*named_orders(drift.delta)],
            "size": sum(b.size for b in plan.batches),
            "batches": len(plan.batches),
            "findings": [f"{f.kind} {f.what}" for f in drift.findings[:NATIVE_LINES]],
            "writers": [*writers],
        }
        self._step("intent-writing")
        with self._database.write() as work:
            text = "\n".join(lines).encode()
            payload["native"] = work.blob(text)
            sequence = work.open_intent(CONTROLLER, at=at, device=device, payload=payload)
        self._open[device] = sequence
        self._step("intent-committed")
        return sequence

    def conclude(
        self, intent: int, device: str, at: datetime, result: str, said: str, facts: DeviceFacts
    ) -> None:
        """Commit what became of an intent, and what is now known of the device."""
        self._step("outcome-writing")
        with self._database.write() as work:
            work.close_intent(
                intent,
                CONTROLLER,
                at=at,
                device=device,
                payload={"result": result, "said": said},
            )
            work.devices.save_facts(device, facts)
        self._known[device] = facts
        self._open.pop(device, None)
        self._step("outcome-committed")

    def settle(self, device: str, at: datetime) -> None:
        """Close, as unknown, an intent of this process whose outcome could not be written."""
        intent = self._open.get(device)
        if intent is None:
            return
        self._step("unsettled-writing")
        with self._database.write() as work:
            work.close_intent(
                intent,
                CONTROLLER,
                at=at,
                device=device,
                payload={"result": "unknown", "said": _UNWRITTEN},
            )
        self._open.pop(device, None)
        self._step("unsettled-committed")

    def close_orphans(self, at: datetime) -> int:
        """Close intents of a dead process as unknown; returns how many."""
        with self._database.read() as reader:
            orphans = reader.audit.open_intents()
        if orphans:
            self._step("orphans-writing")
            with self._database.write() as work:
                for entry in orphans:
                    work.close_intent(
                        entry.seq,
                        CONTROLLER,
                        at=at,
                        device=entry.device or "",
                        payload={"result": "unknown", "said": _ORPHAN},
                    )
            self._step("orphans-committed")
        return len(orphans)

    def note(
        self, kind: str, at: datetime, device: str, said: str, facts: DeviceFacts | None = None
    ) -> None:
        """Commit an entry about a device (drift found, failing, recovered) with its facts."""
        self._step("note-writing")
        with self._database.write() as work:
            work.record(kind, CONTROLLER, at=at, device=device, payload={"said": said})
            if facts is not None:
                work.devices.save_facts(device, facts)
        self._step("note-committed")
        if facts is not None:
            self._known[device] = facts

    def know(self, device: str, facts: DeviceFacts) -> None:
        """Save facts without an audit entry (a refreshed proof)."""
        self._step("facts-writing")
        with self._database.write() as work:
            work.devices.save_facts(device, facts)
        self._known[device] = facts
        self._step("facts-committed")


def named_orders(delta: Delta) -> list[str]:
    """Ids of the first orders that a delta is about."""
    numbers: set[int] = set()
    for change in delta.addresses.values():
        for rows in (change.add, change.remove):
            numbers.update(np.unique(rows.order)[:_NAMED_ORDERS].tolist())
    for interfaces in delta.interfaces.values():
        numbers.update(m.order for m in (*interfaces.add, *interfaces.remove))
    return _ids(sorted(n for n in numbers if n > 0)[:_NAMED_ORDERS])


def _ids(numbers: Iterable[int]) -> list[str]:
    return [order_id(n) for n in numbers]


def first_lines(lines: Sequence[str]) -> str:
    """The first of some lines for an audit sentence."""
    shown = ", ".join(lines[:5])
    return shown + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
