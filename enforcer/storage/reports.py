# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports from outside: what came, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import zstandard
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, or_, select, update

from enforcer.errors import NotFound, StorageError
from enforcer.storage.service_tables import reports
from enforcer.storage.times import from_us, to_us

_ROW = [column for column in reports.c if column.name != "raw"]
_all = select(*_ROW).order_by(reports.c.id.desc())
_one = select(*_ROW).where(reports.c.id == bindparam("wanted"))
_raw = select(reports.c.raw).where(reports.c.id == bindparam("wanted"))
_highest = select(func.coalesce(func.max(reports.c.id), 0))
_alike = _all.where(
    reports.c.dedup == bindparam("like"), reports.c.last_us >= bindparam("since")
).limit(1)
_about = _all.where(
    reports.c.target == bindparam("whom"),
    reports.c.last_us >= bindparam("since"),
    reports.c.state.not_in(["open", "ignored", "dismissed", "malformed"]),
).limit(bindparam("most"))
_counts = select(reports.c.state, func.count()).group_by(reports.c.state)
_sources = select(reports.c.source).distinct()
_from_source = (
    select(func.count())
    .select_from(reports)
    .where(
        reports.c.source == bindparam("by"),
        reports.c.state == bindparam("is_state"),
        reports.c.at_us >= bindparam("since"),
    )
)
_oldest_of = (
    select(reports.c.id)
    .where(reports.c.source == bindparam("by"), reports.c.state == bindparam("is_state"))
    .order_by(reports.c.id)
    .limit(bindparam("most"))
)
_add = insert(reports)
_change = (
    update(reports)
    .where(reports.c.id == bindparam("this"))
    .values({c.name: bindparam(c.name) for c in _ROW if c.name != "id"})
)
_LEVEL = 3
_IN_ONE_STATEMENT = 1000
_MOST_RAW = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One row. `body`: JSON that the intake understands; `order`: the number of an order."""

    id: int
    at: datetime
    format: str
    source: str
    dedup: str
    target: str | None
    type: str
    state: str
    count: int
    last: datetime
    order: int | None = None
    body: dict[str, Any] = field(default_factory=dict)


class ReportReader:
    """Reports as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, report_id: int) -> StoredReport:
        """One report. Raises NotFound."""
        row = self._connection.execute(_one, {"wanted": report_id}).first()
        if row is None:
            raise NotFound(f"no report {report_id}: see `enforcer intake list`")
        return _report(row)

    def get_many(self, ids: Sequence[int]) -> dict[int, StoredReport]:
        """Those of these reports that there are, by id."""
        found: dict[int, StoredReport] = {}
        for start in range(0, len(ids), _IN_ONE_STATEMENT):
            some = select(*_ROW).where(reports.c.id.in_(ids[start : start + _IN_ONE_STATEMENT]))
            found |= {row.id: _report(row) for row in self._connection.execute(some)}
        return found

    def raw(self, report_id: int) -> bytes | None:
        """What came, as it came; None: it was not kept."""
        packed = self._connection.execute(_raw, {"wanted": report_id}).scalar()
        if packed is None:
            return None
        try:
            return zstandard.ZstdDecompressor().decompress(packed, _MOST_RAW)
        except zstandard.ZstdError as problem:
            raise StorageError(f"what report {report_id} was is damaged: {problem}") from problem

    def search(
        self,
        *,
        states: Collection[str] = (),
        formats: Collection[str] = (),
        source: str | None = None,
        text: str | None = None,
        order: int | None = None,
        target: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[StoredReport]:
        """The newest `limit` that match all that is given, newest first.

        `order`: its number; `target`: exactly this address or prefix.
        """
        wanted = _all
        if states:
            wanted = wanted.where(reports.c.state.in_(states))
        if formats:
            wanted = wanted.where(reports.c.format.in_(formats))
        if source is not None:
            wanted = wanted.where(reports.c.source == source)
        if order is not None:
            wanted = wanted.where(reports.c.order_number == order)
        if target is not None:
            wanted = wanted.where(reports.c.target == target)
        if before is not None:
            wanted = wanted.where(reports.c.id < before)
        if text:
            wanted = wanted.where(
                reports.c.target.contains(text, autoescape=True)
                | reports.c.type.contains(text, autoescape=True)
                | reports.c.source.contains(text, autoescape=True)
                | reports.c.body.contains(json.dumps(text)[1:-1], autoescape=True)
            )
        return [_report(row) for row in self._connection.execute(wanted.limit(limit))]

    def proposed(self) -> list[StoredReport]:
        """Open reports that name a proposal."""
        named = reports.c.body.contains('"proposal":"', autoescape=True)
        wanted = _all.where(reports.c.state == "open", named)
        return [_report(row) for row in self._connection.execute(wanted)]

    def alike(self, dedup: str, since: datetime) -> StoredReport | None:
        """The newest report with this digest of which one came since then."""
        given = {"like": dedup, "since": to_us(since)}
        row = self._connection.execute(_alike, given).first()
        return None if row is None else _report(row)

    def about(self, target: str, since: datetime, most: int = 200) -> list[StoredReport]:
        """The newest reports that a rule acts on about exactly this target, newest first.

        Not those that are left to people: anybody can send any number of them.
        """
        given = {"whom": target, "since": to_us(since), "most": most}
        return [_report(row) for row in self._connection.execute(_about, given)]

    def in_state(self, state: str, limit: int = 1000) -> list[StoredReport]:
        """Reports in a state, the oldest first."""
        rows = self._connection.execute(
            select(*_ROW).where(reports.c.state == state).order_by(reports.c.id).limit(limit)
        )
        return [_report(row) for row in rows]

    def refused(
        self, codes: Collection[str], since: datetime, limit: int = 1000
    ) -> list[StoredReport]:
        """Reports that failed with one of these codes and came since then, the oldest first.

        What is in their fields may look like a code: the caller looks again.
        """
        named = [reports.c.body.contains(f'"code":"{code}"', autoescape=True) for code in codes]
        wanted = (
            select(*_ROW)
            .where(reports.c.state == "failed", reports.c.last_us >= to_us(since), or_(*named))
            .order_by(reports.c.id)
            .limit(limit)
        )
        return [_report(row) for row in self._connection.execute(wanted)]

    def counts(self) -> dict[str, int]:
        """How many reports there are of each state."""
        return {row[0]: row[1] for row in self._connection.execute(_counts)}

    def sources(self) -> list[str]:
        """The sources that any report came from, sorted."""
        return sorted(self._connection.execute(_sources).scalars())

    def count_from(self, source: str, state: str, since: datetime) -> int:
        """How many reports of a source in a state came first since then."""
        given = {"by": source, "is_state": state, "since": to_us(since)}
        return int(self._connection.execute(_from_source, given).scalar_one())


class ReportWriter(ReportReader):
    """Reports inside one transaction that writes."""

    def next_id(self) -> int:
        """The id of the next report to `add`: writers are serialised, so it is ours."""
        return int(self._connection.execute(_highest).scalar_one()) + 1

    def add(self, one: StoredReport, raw: bytes | None = None) -> None:
        """Store a new report under its id."""
        self.add_many([(one, raw)])

    def add_many(self, several: Sequence[tuple[StoredReport, bytes | None]]) -> None:
        """Store new reports, each with what came."""
        if several:
            rows = [{**_row(one), "raw": _packed(raw)} for one, raw in several]
            self._connection.execute(_add, rows)

    def change_many(self, several: Iterable[StoredReport]) -> None:
        """Replace what is stored of reports; what came stays."""
        rows = [_row(one) for one in several]
        for row in rows:
            row["this"] = row.pop("id")
        if rows:
            self._connection.execute(_change, rows)

    def drop_oldest(self, source: str, state: str, most: int) -> int:
        """Forget the oldest reports of a source in a state; how many."""
        given = {"by": source, "is_state": state, "most": most}
        gone = list(self._connection.execute(_oldest_of, given).scalars())
        if gone:
            self._connection.execute(delete(reports).where(reports.c.id.in_(gone)))
        return len(gone)

    def forget(self, before: datetime, states: Collection[str]) -> int:
        """Forget reports in these states of which none came since; how many."""
        old = delete(reports).where(reports.c.last_us < to_us(before), reports.c.state.in_(states))
        return self._connection.execute(old).rowcount


def _row(one: StoredReport) -> dict[str, Any]:
    return {
        "id": one.id,
        "at_us": to_us(one.at),
        "format": one.format,
        "source": one.source,
        "dedup": one.dedup,
        "target": one.target,
        "type": one.type,
        "state": one.state,
        "count": one.count,
        "last_us": to_us(one.last),
        "order_number": one.order,
        "body": json.dumps(one.body, separators=(",", ":"), allow_nan=False),
    }


def _packed(raw: bytes | None) -> bytes | None:
    return None if raw is None else zstandard.ZstdCompressor(level=_LEVEL).compress(raw)


def _report(row: Row[Any]) -> StoredReport:
    try:
        body = json.loads(row.body)
    except ValueError as problem:
        raise StorageError(f"report {row.id} is damaged: {problem}") from problem
    return StoredReport(
        row.id,
        from_us(row.at_us),
        row.format,
        row.source,
        row.dedup,
        row.target,
        row.type,
        row.state,
        row._mapping["count"],  # `row.count` is the tuple's method
        from_us(row.last_us),
        row.order_number,
        body,
    )
