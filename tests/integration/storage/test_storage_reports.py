# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enforcer.errors import NotFound
from enforcer.storage.database import Database
from enforcer.storage.reports import StoredReport

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def report(number: int, **stated: Any) -> StoredReport:
    at = stated.pop("at", NOW + timedelta(minutes=number))
    plain = StoredReport(
        number, at, "xarf", "ids", "d", "192.0.2.7", "spam", "open", 1, at, None, {"said": "x"}
    )
    return replace(plain, **stated)


def fill(database: Database, *reports: StoredReport, raw: bytes | None = None) -> None:
    with database.write() as work:
        work.reports.add_many([(one, raw) for one in reports])


def test_what_is_stored_is_read(database: Database) -> None:
    body = {"said": "ä \u2028", "fields": {"n": [1, None, "\U0001f4a9"]}}
    one = report(1, order=7, target=None, body=body)
    fill(database, one, raw=b"\x00\xff" * 1000)
    with database.read() as reader:
        assert reader.reports.get(1) == one
        assert reader.reports.raw(1) == b"\x00\xff" * 1000
        assert reader.reports.raw(2) is None
        with pytest.raises(NotFound, match="no report 2"):
            reader.reports.get(2)


def test_a_change_leaves_what_came(database: Database) -> None:
    fill(database, report(1), report(2), raw=b"came")
    with database.write() as work:
        work.reports.change_many([replace(report(1), state="dismissed", count=9, order=3)])
    with database.read() as reader:
        changed = reader.reports.get(1)
        assert (changed.state, changed.count, changed.order) == ("dismissed", 9, 3)
        assert reader.reports.raw(1) == b"came" and reader.reports.get(2) == report(2)


def test_reports_are_found_by_their_order_and_their_exact_target(database: Database) -> None:
    fill(database, report(1, order=3), report(2, target="192.0.2.70"), report(3, order=3))
    with database.read() as reader:
        assert [one.id for one in reader.reports.search(order=3)] == [3, 1]
        assert reader.reports.search(order=4) == []
        assert [one.id for one in reader.reports.search(target="192.0.2.7")] == [3, 1]
        assert [one.id for one in reader.reports.search(target="192.0.2.7", order=3, limit=1)] == [
            3
        ]


def test_ids_follow_each_other(database: Database) -> None:
    with database.write() as work:
        assert work.reports.next_id() == 1
        work.reports.add(report(1))
        assert work.reports.next_id() == 2


def test_searching(database: Database) -> None:
    fill(
        database,
        report(1, body={"said": "größer"}),
        report(2, format="arf", source="mail"),
        report(3, state="ordered", target="198.51.100.9"),
        report(4, type="100%_scan"),
    )
    with database.read() as reader:
        search = reader.reports.search

        def ids(**which: Any) -> list[int]:
            return [one.id for one in search(**which)]

        assert ids() == [4, 3, 2, 1]
        assert ids(states=("open",), limit=2) == [4, 2]
        assert ids(before=3) == [2, 1]
        assert ids(formats=("arf",)) == ids(source="mail") == [2]
        assert ids(text="198.51.") == [3]
        assert ids(text="0%_s") == [4]
        assert ids(text="größ") == [1]
        assert reader.reports.counts() == {"open": 3, "ordered": 1}


def test_what_is_alike_and_about_the_same(database: Database) -> None:
    fill(
        database,
        report(1, dedup="a", state="ordered"),
        report(2, dedup="a", state="lifted"),
        report(3, dedup="b", target="198.51.100.9"),
    )
    with database.read() as reader:
        newest = reader.reports.alike("a", NOW)
        assert newest is not None and newest.id == 2
        assert reader.reports.alike("a", NOW + HOUR) is None
        assert reader.reports.alike("c", NOW) is None
        assert [one.id for one in reader.reports.about("192.0.2.7", NOW)] == [2, 1]
        assert [one.id for one in reader.reports.about("192.0.2.7", NOW, most=1)] == [2]
        assert reader.reports.about("198.51.100.9", NOW) == [], "people are asked about that one"
        assert [one.id for one in reader.reports.in_state("open")] == [3]
        assert reader.reports.get_many([1, 3, 99]).keys() == {1, 3}


def test_forgetting(database: Database) -> None:
    fill(
        database,
        report(1, at=NOW - 2 * HOUR),
        report(2, at=NOW - 2 * HOUR, state="taken"),
        report(3, state="malformed"),
        report(4, state="malformed"),
        report(5, state="malformed", source="flow"),
    )
    with database.write() as work:
        assert work.reports.count_from("ids", "malformed", NOW) == 2
        assert work.reports.drop_oldest("ids", "malformed", 1) == 1
        assert work.reports.forget(NOW - HOUR, ("open",)) == 1
        assert [one.id for one in work.reports.search()] == [5, 4, 2]
