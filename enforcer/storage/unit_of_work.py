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
from enforcer.storage.periods import PeriodReader, PeriodWriter
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

    orders: OrderReader
    lists: ListReader
    devices: DeviceReader
    audit: AuditReader
    control: ControlReader
    inventories: InventoryReader
    device_controls: DeviceControlReader
    alarms: AlarmReader
    feeds: FeedReader
    sources: SourceReader
    proposals: ProposalReader
    users: UserReader
    web_sessions: WebSessionReader
    tokens: TokenReader
    failed_logins: FailedLoginReader
    order_targets: OrderTargets
    order_versions: OrderVersionReader
    periods: PeriodReader
    signatures: SignatureReader
    reports: ReportReader
    lease: LeaseReader
    answers: AnswerReader
    notices: NoticeReader
    tallies: TallyReader
    dropped: DroppedReader

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lease = LeaseReader(connection)
        self.answers = AnswerReader(connection)
        self.notices = NoticeReader(connection)
        self.dropped = DroppedReader(connection)
        self.tallies = TallyReader(connection)
        self.inventories = InventoryReader(connection)
        self.device_controls = DeviceControlReader(connection)
        self.alarms = AlarmReader(connection)
        self.feeds = FeedReader(connection)
        self.sources = SourceReader(connection)
        self.proposals = ProposalReader(connection)
        self.users = UserReader(connection)
        self.web_sessions = WebSessionReader(connection)
        self.tokens = TokenReader(connection)
        self.failed_logins = FailedLoginReader(connection)
        self.order_targets = OrderTargets(connection)
        self.order_versions = OrderVersionReader(connection)
        self.periods = PeriodReader(connection)
        self.signatures = SignatureReader(connection)
        self.reports = ReportReader(connection)
        self.orders = OrderReader(connection)
        self.lists = ListReader(connection)
        self.devices = DeviceReader(connection)
        self.audit = AuditReader(connection)
        self.control = ControlReader(connection)

    def rows(self) -> int:
        """How many rows all tables have together."""
        return rows_of(self._connection)


class UnitOfWork(Reader):
    """One transaction that writes: everything below happens, or nothing of it."""

    orders: OrderWriter
    lists: ListWriter
    devices: DeviceWriter
    control: ControlWriter
    inventories: InventoryWriter
    device_controls: DeviceControlWriter
    alarms: AlarmWriter
    feeds: FeedWriter
    sources: SourceWriter
    proposals: ProposalWriter
    users: UserWriter
    web_sessions: WebSessionWriter
    tokens: TokenWriter
    failed_logins: FailedLoginWriter
    periods: PeriodWriter
    signatures: SignatureWriter
    reports: ReportWriter
    lease: LeaseWriter
    answers: AnswerWriter
    notices: NoticeWriter
    dropped: DroppedWriter

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lease = LeaseWriter(connection)
        self.answers = AnswerWriter(connection)
        self.notices = NoticeWriter(connection)
        self.dropped = DroppedWriter(connection)
        self.tallies = TallyReader(connection)
        self.inventories = InventoryWriter(connection)
        self.device_controls = DeviceControlWriter(connection)
        self.alarms = AlarmWriter(connection)
        self.feeds = FeedWriter(connection)
        self.sources = SourceWriter(connection)
        self.proposals = ProposalWriter(connection)
        self.users = UserWriter(connection)
        self.web_sessions = WebSessionWriter(connection)
        self.tokens = TokenWriter(connection)
        self.failed_logins = FailedLoginWriter(connection)
        self.order_targets = OrderTargets(connection)
        self.order_versions = OrderVersionReader(connection)
        self.periods = PeriodWriter(connection)
        self.signatures = SignatureWriter(connection)
        self.reports = ReportWriter(connection)
        self._recorder = Recorder(connection)
        self.orders = OrderWriter(connection, self._recorder)
        self.lists = ListWriter(connection)
        self.devices = DeviceWriter(connection)
        self.audit = AuditReader(connection, self._recorder.flush)
        self.control = ControlWriter(connection)
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

    def copy_to(self, url: str, progress: Progress = no_progress) -> Copied:
        """Copy the whole database into the empty one at `url`. Raises StorageError."""
        return copy(self._connection, url, progress)
