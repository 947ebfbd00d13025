# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists: immutable versions that come back whole, or not at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enforcer.core.addresses import to_column
from enforcer.core.feeds import FeedState
from enforcer.core.lists import ListContent
from enforcer.core.rules import Addresses
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.database import Database
from enforcer.storage.records import ListVersion
from tests.integration.storage.placing import NOON
from tests.integration.storage.tampering import ask, tamper

SHA = "a" * 64


def content(v4: int = 3, v6: int = 2) -> ListContent:
    def hosts(count: int, base: int) -> Addresses:
        return to_column(base + 2 * row for row in range(count))

    return ListContent(
        0, hosts(v4, 1), hosts(v4, 2), hosts(v6, 2**125 - 5), hosts(v6, 2**125 + 2**70)
    )


def add(database: Database, name: str, some: ListContent, rejected: int = 0) -> int:
    with database.write() as unit:
        return unit.lists.add_version(
            name,
            some,
            source=f"{name}.txt",
            at=NOON,
            rejected=rejected,
            sha256=SHA,
        )


def same(a: ListContent | None, b: ListContent) -> bool:
    assert a is not None
    return all(
        np.array_equal(getattr(a, column), getattr(b, column))
        for column in ("v4_first", "v4_last", "v6_first", "v6_last")
    )


def test_versions_follow_each_other_and_stay(database: Database) -> None:
    old, new = content(3, 2), content(0, 5)
    assert add(database, "botnets", old, rejected=4) == 1
    assert add(database, "botnets", new) == 2
    assert add(database, "scanners", content(1, 0)) == 1
    with database.read() as reader:
        lists = reader.lists
        assert lists.names() == ["botnets", "scanners"]
        assert lists.current_version("botnets") == 2
        current = lists.current("botnets")
        assert current is not None
        assert current.version == 2
        assert same(current, new)
        assert same(lists.version("botnets", 1), old)
        assert lists.versions("botnets") == [
            ListVersion("botnets", 1, NOON, "botnets.txt", 5, 4, SHA),
            ListVersion("botnets", 2, NOON, "botnets.txt", 5, 0, SHA),
        ]


def test_a_version_names_its_report(database: Database) -> None:
    with database.write() as unit:
        digest = unit.blob(b"line 3: drivel")
        for some, report in ((content(), digest), (content(1), None)):
            unit.lists.add_version(
                "botnets", some, source="x", at=NOON, rejected=1, sha256=SHA, report=report
            )
    with database.read() as reader:
        first, second = reader.lists.versions("botnets")
        assert (first.report, second.report) == (digest, None)
        assert reader.audit.blob(digest) == b"line 3: drivel"


def test_what_is_not_there(database: Database) -> None:
    add(database, "botnets", content())
    with database.read() as reader:
        assert reader.lists.current("nothing") is None
        assert reader.lists.current_version("nothing") is None
        assert reader.lists.version("botnets", 2) is None
        assert reader.lists.versions("nothing") == []


def test_an_empty_list_is_a_list(database: Database) -> None:
    add(database, "empty", content(0, 0))
    with database.read() as reader:
        current = reader.lists.current("empty")
    assert current is not None
    assert current.v4_first.shape == current.v6_last.shape == (0, 2)


def test_a_long_list_is_a_few_rows(database: Database, url: str) -> None:
    count = 200_000
    first = np.zeros((count, 2), np.uint64)
    first[:, 1] = np.random.default_rng(1).integers(0, 2**32, count)
    long = ListContent(0, first, first, *(to_column([]),) * 2)
    add(database, "long", long)
    with database.read() as reader:
        assert same(reader.lists.current("long"), long)
    assert ask(url, "SELECT count(*) FROM list_chunks") == 4


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM list_chunks WHERE family = 6",
        "UPDATE list_chunks SET body = zeroblob(9) WHERE family = 4",
        "UPDATE list_versions SET entries = 4",
    ],
)
def test_a_damaged_list_is_never_a_shorter_one(database: Database, url: str, damage: str) -> None:
    add(database, "botnets", content())
    tamper(url, damage)
    with database.read() as reader, pytest.raises(StorageError, match="import"):
        reader.lists.current("botnets")


def test_a_refused_list_leaves_nothing(database: Database) -> None:
    wrong = content()
    with pytest.raises(InvalidInput):
        add(database, "botnets", ListContent(0, *(wrong.v6_first,) * 4))
    with database.read() as reader:
        assert reader.lists.names() == []


STATE = FeedState(NOON, NOON, None, '"etag"', "", "terms", "no route", 3, SHA)


def test_what_is_known_of_a_feed_comes_back(database: Database) -> None:
    with database.write() as unit:
        assert unit.feeds.get("botnets") is None
        unit.feeds.save("botnets", STATE)
        unit.feeds.save("other", FeedState(NOON, NOON))
    good = replace(STATE, good=NOON, error="", failures=0)
    with database.write() as unit:
        assert unit.feeds.get("botnets") == STATE
        unit.feeds.save("botnets", good)
    with database.read() as reader:
        assert reader.feeds.all() == {"botnets": good, "other": FeedState(NOON, NOON)}


def test_what_is_known_of_a_feed_and_cannot_be_read_is_an_error(
    database: Database, url: str
) -> None:
    with database.write() as unit:
        unit.feeds.save("botnets", STATE)
    tamper(url, "UPDATE feed_states SET body = '{}'")
    with database.read() as reader, pytest.raises(StorageError, match="feed botnets"):
        reader.feeds.all()
