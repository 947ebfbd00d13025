# SPDX-License-Identifier: GPL-2.0-or-later
"""What one transaction can read, and what one that writes can write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from enforcer.application.actor import Actor
from enforcer.storage.alarms import AlarmReader, AlarmWriter
from enforcer.storage.api_answers import AnswerReader, AnswerWriter
from enforcer.storage.api_tokens import TokenReader, TokenWriter
from enforcer.storage.audit import AuditReader
from enforcer.storage.control import ControlReader, ControlWriter
from enforcer.storage.copying import Copied, Progress, copy, no_progress, rows_of
from enforcer.storage.device_controls import DeviceControlReader, DeviceControlWriter
from enforcer.storage.devices import DeviceReader, DeviceWriter
from enforcer.storage.dropped_packets import DroppedReader, DroppedWriter
from enforcer.storage.failed_logins import FailedLoginReader, FailedLoginWriter
from enforcer.storage.feeds import FeedReader, FeedWriter
from enforcer.storage.inventories import InventoryReader, InventoryWriter
from enforcer.storage.lease import LeaseReader, LeaseWriter
from enforcer.storage.lists import ListReader, ListWriter
from enforcer.storage.notices import NoticeReader, NoticeWriter
from enforcer.storage.order_targets import OrderTargets
from enforcer.storage.order_versions import OrderVersionReader
from enforcer.storage.orders import OrderReader, OrderWriter
from enforcer.storage.part import Part, part
from enforcer.storage.periods import PeriodReader, PeriodWriter
from enforcer.storage.placed import PLACED, UNFOLLOWED, JustPlaced, Placed
from enforcer.storage.proposals import ProposalReader, ProposalWriter
from enforcer.storage.recorder import Recorder
from enforcer.storage.records import INTENT, OUTCOME, Note
from enforcer.storage.reports import ReportReader, ReportWriter
from enforcer.storage.signatures import SignatureReader, SignatureWriter
from enforcer.storage.sources import SourceReader, SourceWriter
from enforcer.storage.tallies import TallyReader
from enforcer.storage.users import UserReader, UserWriter
from enforcer.storage.web_sessions import WebSessionReader, WebSessionWriter
from enforcer.wire import JSONValue

__all__ = [
    "INTENT",
    "OUTCOME",
    "AlarmReader",
    "AlarmWriter",
    "AuditReader",
    "ControlReader",
    "ControlWriter",
    "DeviceControlReader",
    "DeviceControlWriter",
    "DeviceReader",
    "DeviceWriter",
    "FeedReader",
    "FeedWriter",
    "InventoryReader",
    "InventoryWriter",
    "LeaseReader",
    "LeaseWriter",
    "ListReader",
    "ListWriter",
    "OrderReader",
    "OrderWriter",
    "Reader",
    "SourceReader",
    "SourceWriter",
    "UnitOfWork",
]


class Reader:
    """One consistent snapshot of the database; use it in one thread."""

    orders = part(OrderReader)
    lists = part(ListReader)
    devices = part(DeviceReader)
    audit = part(AuditReader)
    control = part(ControlReader)
    inventories = part(InventoryReader)
    device_controls = part(DeviceControlReader)
    alarms = part(AlarmReader)
    feeds = part(FeedReader)
    sources = part(SourceReader)
    proposals = part(ProposalReader)
    users = part(UserReader)
    web_sessions = part(WebSessionReader)
    tokens = part(TokenReader)
    failed_logins = part(FailedLoginReader)
    order_targets = part(OrderTargets)
    order_versions = part(OrderVersionReader)
    periods = part(PeriodReader)
    signatures = part(SignatureReader)
    reports = part(ReportReader)
    lease = part(LeaseReader)
    answers = part(AnswerReader)
    notices = part(NoticeReader)
    tallies = part(TallyReader)
    dropped = part(DroppedReader)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def rows(self) -> int:
        """How many rows all tables have together."""
        return rows_of(self.connection)


class UnitOfWork(Reader):
    """One transaction that writes: everything below happens, or nothing of it."""

    orders = Part(lambda unit: OrderWriter(unit.connection, unit._recorder))
    lists = part(ListWriter)
    devices = part(DeviceWriter)
    control = part(ControlWriter)
    inventories = part(InventoryWriter)
    device_controls = part(DeviceControlWriter)
    alarms = part(AlarmWriter)
    feeds = part(FeedWriter)
    sources = part(SourceWriter)
    proposals = part(ProposalWriter)
    users = part(UserWriter)
    web_sessions = part(WebSessionWriter)
    tokens = part(TokenWriter)
    failed_logins = part(FailedLoginWriter)
    periods = part(PeriodWriter)
    signatures = part(SignatureWriter)
    reports = part(ReportWriter)
    lease = part(LeaseWriter)
    answers = part(AnswerWriter)
    notices = part(NoticeWriter)
    dropped = part(DroppedWriter)
    audit = Part(lambda unit: AuditReader(unit.connection, unit._recorder.flush))

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._recorder = Recorder(connection)
        self.began = self.control.standing()
        """How things stood when the transaction began."""

    def next_sequence(self) -> int:
        """What the next `record` will return: the number of an order about to be placed."""
        return self._recorder.next_sequence()

    def record(
        self,
        kind: str,
        actor: Actor,
        *,
        at: datetime,
        subject: str | None = None,
        device: str | None = None,
        payload: Mapping[str, JSONValue],
    ) -> int:
        """Append an audit entry; its sequence number, which is the change sequence.

        Raises InvalidInput when `payload` is not JSON or `at` has no zone; for an entry about
        orders (``order.*``), which is written at the commit, only then.
        """
        note = Note(kind, payload, subject, device)
        return self._recorder.append((note,), actor, at)[0]

    def record_many(self, notes: Iterable[Note], actor: Actor, *, at: datetime) -> range:
        """Append one entry for each of `notes`; their sequence numbers."""
        return self._recorder.append(notes, actor, at)

    def raise_alarm(
        self, kind: str, actor: Actor, *, at: datetime, subject: str, said: str
    ) -> bool:
        """Raise an alarm and record it; whether it was new.

        Where the same one is open it goes on, with this sentence; another one is recorded.
        """
        known = self.alarms.open_one(kind, subject)
        if known is not None:
            if known.said != said:
                changed: dict[str, JSONValue] = {"alarm": kind, "said": said, "raised": known.seq}
                self.record("alarm.changed", actor, at=at, subject=subject, payload=changed)
                self.alarms.say(known.seq, said)
            return False
        payload: dict[str, JSONValue] = {"alarm": kind, "said": said}
        seq = self.record("alarm.raised", actor, at=at, subject=subject, payload=payload)
        self.alarms.add(seq, kind, subject, said, at=at)
        return True

    def clear_alarm(self, kind: str, actor: Actor, *, at: datetime, subject: str, why: str) -> bool:
        """Clear an open alarm and record why it is over; whether it was open."""
        if not self.alarms.clear(kind, subject, at=at):
            return False
        payload: dict[str, JSONValue] = {"alarm": kind, "why": why}
        self.record("alarm.cleared", actor, at=at, subject=subject, payload=payload)
        return True

    def open_intent(
        self,
        actor: Actor,
        *,
        at: datetime,
        device: str,
        payload: Mapping[str, JSONValue],
        subject: str | None = None,
    ) -> int:
        """Record that a device is about to be written to; the entry's sequence number."""
        seq = self.record(INTENT, actor, at=at, subject=subject, device=device, payload=payload)
        self._recorder.add_intent(seq, device)
        return seq

    def close_intent(
        self,
        seq: int,
        actor: Actor,
        *,
        at: datetime,
        device: str,
        payload: Mapping[str, JSONValue],
    ) -> int:
        """Record what became of intent `seq`; the outcome names it as ``intent``.

        Raises StorageError when there is no such open intent for `device`.
        """
        said = {**payload, "intent": seq}
        outcome = self.record(OUTCOME, actor, at=at, device=device, payload=said)
        self._recorder.close_intent(seq, device, outcome)
        return outcome

    def blob(self, content: bytes) -> str:
        """Store a plan or transcript, compressed, once; its SHA-256 in hexadecimal."""
        return self._recorder.add_blob(content)

    def seal(self) -> None:
        """Move the chain's head; the last statement before the commit."""
        self._recorder.seal()

    def tell(self, just_placed: JustPlaced) -> None:
        """What it did, once it is committed."""
        moved = self._recorder.moved()
        if moved is None:
            return
        before, head = moved
        if self._recorder.kinds <= {PLACED} | UNFOLLOWED:
            just_placed.tell(Placed(before, head.seq, head.hash, tuple(self.orders.placed)))
        else:
            just_placed.tell_other(head.seq)

    def copy_to(self, url: str, progress: Progress = no_progress) -> Copied:
        """Copy the whole database into the empty one at `url`. Raises StorageError."""
        return copy(self.connection, url, progress)
