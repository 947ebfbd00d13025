# SPDX-License-Identifier: GPL-2.0-or-later
"""What the loop writes down: intents before writes, outcomes after, and what it knows.

An intent is committed before a batch is staged and closed after the read-back; an
intent without outcome means that the process died in between, and the outcome is UNKNOWN
until the next pass has read the device.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.control.bounds import Bounds
from enforcer.control.evidence_words import contest_words, named_orders
from enforcer.control.followed import Following
from enforcer.control.joint_writes import JointWrites
from enforcer.control.ownership import digest_text
from enforcer.control.proved_record import held_until, keep
from enforcer.control.steps import Step, always, no_step
from enforcer.core.brake import stricter
from enforcer.core.device_control import Contest, DeviceControl, Hold
from enforcer.core.drift import Drift
from enforcer.core.orders import Order
from enforcer.core.plan import Plan
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.errors import StaleState
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.wire import JSONValue

NATIVE_LINES = 200
"""How many native commands of a plan are kept; the totals say how many there were."""
TRANSCRIPT = 250_000
"""How many characters of what was said to a device are kept of one write, the newest."""
_ORPHAN = "the process ended in between; the next pass reads the device"
_UNWRITTEN = "the outcome could not be written; the next pass reads the device"

CONTROLLER = Actor("controller", "controller")


@dataclass(frozen=True, slots=True)
class Terms:
    """Under what an intent is committed.

    `foreign`: somebody else had changed the device, or may have, so that what was proved of it
    before was perhaps not true until now. `swift`: what is written to the device does not outlive
    this machine either (`Database.write`). `decided`: by what the plan was made; None: nobody can
    decide about it.
    """

    foreign: bool = False
    swift: bool = False
    decided: Bounds | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """An intent of this process without an outcome."""

    sequence: int
    at: datetime
    terms: Terms


class Evidence:
    """Everything the loop commits. Thread-safe (each call is one transaction).

    `leads`: whether this process may write to devices now, asked right before each batch.
    `following`: what whoever follows the database tells of it.
    """

    def __init__(
        self, database: Database, step: Step = no_step, leads: Callable[[], bool] = always
    ) -> None:
        self.leads = leads
        self._database = database
        self._step = step
        self._joint = {swift: JointWrites(database, swift) for swift in (False, True)}
        self._known: dict[str, DeviceFacts | None] = {}
        self._open: dict[str, dict[int, _Open]] = {}
        self.following = Following()

    def identity(self) -> Owner:
        """This database's controller id and epoch."""
        with self._database.read() as reader:
            return reader.control.identity()

    def mark(self, owner: Owner) -> Owner:
        """The mark that `owner` leaves now: with a head of the chain that is committed."""
        seen = self.following.seen
        if seen is not None:
            position, digest = seen.position, seen.digest
        else:
            with self._database.read() as reader:
                position, digest = reader.audit.head()
        return replace(owner, position=position, digest=digest_text(digest))

    def digest_at(self, position: int) -> str:
        """What a mark of this database says of a position of its chain; "": it has none such."""
        with self._database.read() as reader:
            found = reader.audit.hash_at(position)
        return digest_text(found) if found is not None else ""

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
                self._known.setdefault(device, reader.devices.facts(device))
        return self._known[device]

    def control(self, device: str) -> DeviceControl:
        """What people and the brake have decided about `device`, as recorded now.

        Or as it was last looked at, where somebody follows the database: `intend` sees to it that
        nothing else was decided before anything is written.
        """
        seen = self.following.seen
        if seen is not None:
            return seen.controls.get(device, DeviceControl())
        with self._database.read() as reader:
            return reader.device_controls.get(device)

    def orders(self, numbers: Iterable[int]) -> dict[int, Order]:
        """Those of `numbers` that are orders of this database."""
        with self._database.read() as reader:
            found = {number: reader.orders.get(number) for number in numbers}
        return {number: order for number, order in found.items() if order is not None}

    def ended_between(self, low: datetime, high: datetime) -> frozenset[int]:
        """Numbers of the orders that ended in `low`..`high`, long forgotten or not."""
        with self._database.read() as reader:
            return reader.orders.ended_between(low, high)

    def lists_since(self, names: Iterable[str], since: datetime) -> frozenset[str]:
        """Those of the lists `names` that were imported after `since`."""
        with self._database.read() as reader:
            return frozenset(
                name
                for name in names
                if any(version.imported_at > since for version in reader.lists.versions(name))
            )

    def proved_by(self, device: str, software: str) -> None:
        """Remember which version of the program proved `device` last."""
        self._step("version-writing")
        with self._database.write() as work:
            self.following.decided(work.next_sequence() - 1)
            control = work.device_controls.get(device)
            work.device_controls.save(device, replace(control, software=software))
        self._step("version-committed")

    def brake(self, device: str, at: datetime, hold: Hold, said: str) -> DeviceControl:
        """Hold everything on `device`, and raise the alarm."""
        self._step("brake-writing")
        with self._database.write() as work:
            self.following.decided(work.next_sequence() - 1)
            control = replace(work.device_controls.get(device), hold=hold)
            work.device_controls.save(device, control)
            payload: dict[str, JSONValue] = {"changes": hold.changes, "said": said}
            work.record("device.braked", CONTROLLER, at=at, device=device, payload=payload)
            work.raise_alarm("braked", CONTROLLER, at=at, subject=device, said=said)
        self._step("brake-committed")
        return control

    def contest(self, device: str, at: datetime, found: Sequence[Contest]) -> DeviceControl:
        """Leave objects on `device` as somebody else made them, and raise the alarm."""
        self._step("contest-writing")
        with self._database.write() as work:
            self.following.decided(work.next_sequence() - 1)
            control = work.device_controls.get(device)
            known = {contest.key for contest in control.contests}
            new = [contest for contest in found if contest.key not in known]
            control = replace(control, contests=(*control.contests, *new))
            work.device_controls.save(device, control)
            said = contest_words(device, control.contests)
            payload: dict[str, JSONValue] = {
                "objects": [contest.what for contest in new],
                "writers": [*dict.fromkeys(contest.writer for contest in new)],
                "said": said,
            }
            work.record("device.contested", CONTROLLER, at=at, device=device, payload=payload)
            work.raise_alarm("contested", CONTROLLER, at=at, subject=device, said=said)
        self._step("contest-committed")
        return control

    def open_alarm(self, kind: str) -> str:
        """What an open alarm of this kind says; "": there is none."""
        with self._database.read() as reader:
            return next((a.said for a in reader.alarms.open() if a.kind == kind), "")

    def alarmed(self, kind: str) -> list[str]:
        """What open alarms of this kind are about."""
        with self._database.read() as reader:
            return [a.subject for a in reader.alarms.open() if a.kind == kind]

    def raise_alarm(self, kind: str, device: str, at: datetime, said: str) -> None:
        """Raise an alarm about a device, or say anew what is open."""
        self._step("alarm-writing")
        with self._database.write() as work:
            work.raise_alarm(kind, CONTROLLER, at=at, subject=device, said=said)
        self._step("alarm-committed")

    def clear_alarm(self, kind: str, device: str, at: datetime, why: str) -> None:
        """End an alarm about a device, where one is open."""
        with self._database.read() as reader:
            if not any(a.kind == kind and a.subject == device for a in reader.alarms.open()):
                return
        self._step("alarm-clearing")
        with self._database.write() as work:
            work.clear_alarm(kind, CONTROLLER, at=at, subject=device, why=why)
        self._step("alarm-cleared")

    def halt_rollout(self, device: str, at: datetime, failure: str) -> None:
        """Let no structural change follow that of `device`, and raise the alarm."""
        said = f"{failure}; no other device follows until `enforcer device release {device}`"
        self._step("halt-writing")
        with self._database.write() as work:
            work.record("rollout.halted", CONTROLLER, at=at, device=device, payload={"said": said})
            work.raise_alarm("rollout-halted", CONTROLLER, at=at, subject=device, said=said)
        self._step("halt-committed")

    def intend(
        self,
        device: str,
        at: datetime,
        plan: Plan,
        drift: Drift,
        why: str,
        writers: Sequence[str] = (),
        terms: Terms = Terms(),
    ) -> int:
        """Commit the intent to apply `plan`; returns its sequence. `writers`: who caused it.

        Raises StaleState where something else is decided about the device by now, or everything
        is paused or frozen.
        """
        lines = list(itertools.islice(plan.native(), NATIVE_LINES))
        payload: dict[str, JSONValue] = {
            "why": why,
            "orders": [*named_orders(drift.delta)],
            "size": sum(b.size for b in plan.batches),
            "batches": len(plan.batches),
            "findings": [f"{f.kind} {f.what}" for f in drift.findings[:NATIVE_LINES]],
            "writers": [*writers],
        }
        text = "\n".join(lines).encode()

        def write(work: UnitOfWork) -> int:
            payload["native"] = work.blob(text)
            return work.open_intent(CONTROLLER, at=at, device=device, payload=payload)

        def check(work: UnitOfWork) -> None:
            self._still_decided(work, device, terms.decided)

        self._step("intent-writing")
        sequence = self._joint[terms.swift].write(write, check)
        self._open.setdefault(device, {})[sequence] = _Open(sequence, at, terms)
        self._step("intent-committed")
        return sequence

    def _still_decided(self, work: UnitOfWork, device: str, decided: Bounds | None) -> None:
        if decided is None:
            return
        everywhere = work.began.pause
        if stricter(everywhere, decided.pause) is not decided.pause:
            raise StaleState(device, f"everything is {everywhere} now; it is looked at anew")
        seen = self.following.seen
        if seen is not None and seen.position + 1 == work.next_sequence():
            now = seen.controls.get(device, DeviceControl())
        else:
            now = work.device_controls.get(device)
        before = decided.control
        if now != before and replace(now, software="") != replace(before, software=""):
            raise StaleState(device, "somebody decided about it meanwhile; it is looked at anew")

    def conclude(
        self,
        intent: int,
        device: str,
        at: datetime,
        result: str,
        said: str,
        facts: DeviceFacts,
        transcript: str = "",
    ) -> None:
        """Commit what became of an intent, and what is now known of the device.

        `transcript`: what was said to and by the device (`heard`); kept apart, compressed.
        """
        payload: dict[str, JSONValue] = {"result": result, "said": said}
        opened = self._open.get(device, {}).get(intent)

        def write(work: UnitOfWork) -> None:
            before = work.devices.facts(device)
            held_until(work, device, before, self._about_to_write(device))
            if transcript:
                payload["transcript"] = work.blob(transcript[-TRANSCRIPT:].encode())
            work.close_intent(intent, CONTROLLER, at=at, device=device, payload=payload)
            keep(work, device, facts, before, wrote=True)

        self._step("outcome-writing")
        self._joint[opened is not None and opened.terms.swift].write(write)
        self._known[device] = facts
        self._open.get(device, {}).pop(intent, None)
        self._step("outcome-committed")

    def settle(self, device: str, at: datetime) -> None:
        """Close, as unknown, intents of this process whose outcome could not be written."""
        opened = self._open.get(device)
        if not opened:
            return
        unknown: dict[str, JSONValue] = {"result": "unknown", "said": _UNWRITTEN}

        def write(work: UnitOfWork) -> None:
            known = work.devices.facts(device)
            held_until(work, device, known, self._about_to_write(device))
            for one in opened.values():
                work.close_intent(one.sequence, CONTROLLER, at=at, device=device, payload=unknown)

        self._step("unsettled-writing")
        self._joint[False].write(write)
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

        def write(work: UnitOfWork) -> None:
            work.record(kind, CONTROLLER, at=at, device=device, payload={"said": said})
            if facts is not None:
                keep(work, device, facts, work.devices.facts(device))

        self._step("note-writing")
        self._joint[False].write(write)
        self._step("note-committed")
        if facts is not None:
            self._known[device] = facts

    def know(self, device: str, facts: DeviceFacts, swift: bool = False) -> None:
        """Save facts without an audit entry (a refreshed proof). `swift`: see `Terms`."""

        def write(work: UnitOfWork) -> None:
            keep(work, device, facts, work.devices.facts(device))

        self._step("facts-writing")
        self._joint[swift].write(write)
        self._known[device] = facts
        self._step("facts-committed")

    def _about_to_write(self, device: str) -> datetime | None:
        """Since when it is being written to, if what was proved before held until then.

        Of intents within one another the first counts.
        """
        opened = self._open.get(device, {}).values()
        if any(one.terms.foreign for one in opened):
            return None
        return min((one.at for one in opened), default=None)
