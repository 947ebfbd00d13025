# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of reports that one transaction works on: read once, written once."""

from __future__ import annotations

from datetime import datetime

from enforcer.storage.reports import StoredReport
from enforcer.storage.unit_of_work import UnitOfWork


class Rows:
    """What is stored with what this transaction changed laid over it.

    `since`: what is older matters to nothing.
    """

    def __init__(self, work: UnitOfWork, since: datetime) -> None:
        self._reports = work.reports
        self._since = since
        self._next = work.reports.next_id()
        self._current: dict[int, StoredReport] = {}
        self._touched: set[int] = set()
        self._new: dict[int, bytes | None] = {}
        self._by_dedup: dict[str, int] = {}
        self._by_target: dict[str, list[int]] = {}

    def alike(self, dedup: str, since: datetime) -> StoredReport | None:
        """The newest report with this digest of which one came since then."""
        if dedup in self._by_dedup:
            return self._current[self._by_dedup[dedup]]
        row = self._reports.alike(dedup, since)
        return None if row is None else self._current.setdefault(row.id, row)

    def about(self, target: str) -> list[StoredReport]:
        """What is known about exactly this target, newest first."""
        if target not in self._by_target:
            for row in self._reports.about(target, self._since):
                self._current.setdefault(row.id, row)
            ids = (row.id for row in self._current.values() if row.target == target)
            self._by_target[target] = sorted(ids, reverse=True)
        return [self._current[at] for at in self._by_target[target]]

    def new_id(self) -> int:
        """An id for `add`."""
        self._next += 1
        return self._next - 1

    def add(self, row: StoredReport, raw: bytes | None) -> StoredReport:
        """A new report."""
        self._new[row.id] = raw
        if row.target is not None and row.target in self._by_target:
            self._by_target[row.target].insert(0, row.id)
        return self.change(row)

    def change(self, row: StoredReport) -> StoredReport:
        """Another version of a report."""
        self._current[row.id] = row
        self._by_dedup[row.dedup] = row.id
        self._touched.add(row.id)
        return row

    def in_state(self, state: str) -> list[int]:
        """Ids of what was added or changed here and is in `state`, in their order."""
        return sorted(at for at in self._touched if self._current[at].state == state)

    def store(self) -> None:
        """Write everything."""
        self._reports.add_many([(self._current[at], raw) for at, raw in self._new.items()])
        self._reports.change_many(self._current[at] for at in self._touched - self._new.keys())
