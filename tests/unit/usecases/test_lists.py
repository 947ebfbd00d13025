# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing lists: what is rejected, refused, stored, and what follows."""

from __future__ import annotations

import threading
from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.commands import ImportList
from enforcer.application.views import ListView
from enforcer.core.orders import BlockList
from enforcer.core.topology import Feed, ProtectedPrefix, Topology
from enforcer.errors import InvalidInput, NotFound, OrderRefused
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import ANN, TOPOLOGY, Office

FIVE = "".join(f"203.0.113.{n}\n" for n in range(200, 205))


def take(office: Office, text: str, **changes: object) -> ListView:
    command = ImportList(name="botnets", text=text, source="a file")
    return office.app.import_list(ANN, command.model_copy(update=changes))


def kinds(office: Office) -> list[str]:
    with office.database.read() as reader:
        return [entry.kind for entry in reader.audit.entries(subject="botnets")]


def under(office: Office, topology: Topology) -> None:
    office.app = LocalApplication(replace(office.world, load_topology=lambda: topology))


def guarded(office: Office) -> None:
    protected = (ProtectedPrefix(ip_network("203.0.113.0/26"), "our services"),)
    under(office, replace(TOPOLOGY, protected=protected))


def test_each_rejected_line_says_why_and_the_report_stays(office: Office) -> None:
    guarded(office)
    text = (
        "203.0.113.200\n"  # 1 kept
        "drivel\n"
        "203.0.113.5/24\n"
        "203.0.113.25\n"
        "192.0.2.70\n"
        "203.0.113.200/32 ; again\n"
        "203.0.113.0/24\n"  # 7 kept, a part is withheld
        "8.0.0.0/7\n"
        "127.0.0.1\n"
        "0.0.0.0/0\n"
    )
    view = take(office, text)
    assert (view.version, view.entries, view.rejected, view.duplicates) == (1, 2, 7, 1)
    assert view.withheld == 1
    assert view.reasons == {
        "garbage": 1,
        "host-bits": 1,
        "protected": 1,
        "own-space": 1,
        "too-wide": 1,
        "special-purpose": 1,
        "default-route": 1,
    }
    told = office.app.list_report(ANN, "botnets")
    assert "7 rejected" in told[0] and "1 duplicate" in told[0] and "1 partly withheld" in told[0]
    expected = {
        2: "not an IPv4",
        3: "write 203.0.113.5 for the one host or 203.0.113.0/24",
        4: "is inside 203.0.113.0/26 (our services), which is protected",
        5: "customer cust2's 192.0.2.64/26",
        6: "the same as in line 1",
        7: "overlaps 203.0.113.0/26 (our services), which is protected: that part is withheld",
        8: "too short for a list",
        9: "loopback",
        10: "default route",
    }
    assert [line.split(":")[0] for line in told[1:]] == [f"line {n}" for n in expected]
    for line, why in zip(told[1:], expected.values(), strict=True):
        assert why in line
    assert len(view.rejected_lines) == 7
    assert [v.withheld for v in office.app.list_versions(ANN, "botnets")] == [1]


def test_what_is_wholly_fine_has_no_report(office: Office) -> None:
    assert take(office, FIVE).added == 1
    assert office.app.list_report(ANN, "botnets") == []


def test_many_rejects_are_counted_and_the_first_are_kept(office: Office) -> None:
    view = take(office, "203.0.113.200\n" + "drivel\n" * 10_005 + "192.0.2.9\n")
    assert view.reasons == {"garbage": 10_005, "own-space": 1}
    told = office.app.list_report(ANN, "botnets")
    assert len(told) == 10_002
    assert told[-1] == "and 6 more that were not kept"


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "list-empty"),
        ("# nothing\ndrivel\n", "list-empty"),
        ("192.0.2.9\n", "list-empty"),
        ("".join(FIVE.splitlines(keepends=True)[:3]), "list-shrinks"),
    ],
)
def test_a_broken_download_replaces_nothing(office: Office, text: str, code: str) -> None:
    take(office, FIVE)
    with pytest.raises(OrderRefused, match="--confirm-shrink") as refused:
        take(office, text)
    assert refused.value.code == code
    assert [v.version for v in office.app.list_versions(ANN, "botnets")] == [1]
    assert kinds(office) == ["list.imported", "list.refused"]
    with office.database.read() as reader:
        said = reader.audit.entries(subject="botnets")[-1]
    assert said.actor == "ann"
    assert said.payload["code"] == code
    confirmed = take(office, text, confirm_shrink=True)
    assert (confirmed.version, confirmed.changed) == (2, True)


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "203.0.113.128/25\n" + "".join(f"198.51.100.{n}\n" for n in range(128, 146, 2)),
            "".join(f"198.51.100.{n}\n" for n in range(128, 150, 2)),
            "lose 128 of its 137 IPv4 addresses",
        ),
        (FIVE, FIVE.replace("203.0.113.", "198.51.100."), "lose 5 of its 5 IPv4 addresses"),
        (FIVE + "2001:db8:9::1\n", FIVE + "203.0.113.222\n", "lose 1 of its 1 IPv6 addresses"),
        (FIVE + "2001:db8:9::/48\n", FIVE + "2001:db8:9::/50\n", "lose 9.07e+23 of its 1.21e+24"),
    ],
    ids=["a wide entry goes", "another list", "a family goes", "an entry grows narrow"],
)
def test_what_is_blocked_counts_and_not_how_many_entries_say_it(
    office: Office, old: str, new: str, said: str
) -> None:
    take(office, old)
    with pytest.raises(OrderRefused, match="--confirm-shrink") as refused:
        take(office, new)
    assert refused.value.code == "list-shrinks"
    assert said in str(refused.value)
    assert take(office, new, confirm_shrink=True).version == 2


def test_the_first_content_may_not_be_empty_either(office: Office) -> None:
    with pytest.raises(OrderRefused, match="line 1: drivel") as refused:
        take(office, "drivel\n")
    assert refused.value.code == "list-empty"
    assert office.app.lists(ANN) == []


def test_a_fifth_less_needs_no_confirmation(office: Office) -> None:
    take(office, FIVE)
    assert take(office, "".join(FIVE.splitlines(keepends=True)[:4])).version == 2


def test_a_dry_run_tells_the_same_and_stores_nothing(office: Office) -> None:
    dry = take(office, FIVE + "drivel\n", dry_run=True)
    assert (dry.version, dry.entries, dry.rejected, dry.added, dry.changed) == (1, 5, 1, 1, True)
    assert kinds(office) == []
    with pytest.raises(OrderRefused):
        take(office, "", dry_run=True)
    assert kinds(office) == []
    real = take(office, FIVE + "drivel\n")
    assert real.model_dump(exclude={"imported_at"}) == dry.model_dump(exclude={"imported_at"})


def test_the_same_entries_again_are_no_new_version(office: Office) -> None:
    take(office, FIVE)
    again = take(office, "# fetched later\n" + FIVE + "203.0.113.200\n")
    assert (again.version, again.changed, again.added) == (1, False, 0)
    assert kinds(office) == ["list.imported"]


def test_what_was_added_and_removed_is_counted_in_ranges(office: Office) -> None:
    take(office, FIVE)
    view = take(office, FIVE.replace("203.0.113.202\n", "203.0.113.209\n"))
    assert (view.added, view.removed) == (1, 1)


def test_customers_who_came_later_are_seen_in_the_same_content(office: Office) -> None:
    text = FIVE + "203.0.113.9\n"
    assert take(office, text).entries == 6
    guarded(office)
    assert take(office, text).entries == 5


def test_a_list_with_a_feed_keeps_the_feeds_limits(office: Office) -> None:
    feeds = {"botnets": Feed("botnets", "/nowhere", widest4=26, most=3)}
    under(office, replace(TOPOLOGY, feeds=feeds))
    with pytest.raises(OrderRefused, match="more than the 3 that the feed") as refused:
        take(office, FIVE)
    assert refused.value.code == "list-too-long"
    view = take(office, "203.0.113.128/25\n203.0.113.128/26\n")
    assert (view.entries, view.reasons) == (1, {"too-wide": 1})
    assert view.feed == "/nowhere"


def test_forms_and_columns_are_passed_on(office: Office) -> None:
    text = "bad,good\n198.51.100.7,203.0.113.201\n"
    take(office, text, format="csv", column="good")
    assert list(office.app.list_diff(ANN, "botnets", 1, 1).added) == []
    with pytest.raises(InvalidInput, match="did you mean 'good'"):
        take(office, text, column="goood")
    with pytest.raises(InvalidInput, match="no list name"):
        take(office, FIVE, name="No List")


def test_orders_that_follow_a_list_change_with_it(office: Office) -> None:
    take(office, FIVE)
    order = office.place(BlockList("botnets"))
    take(office, FIVE + "203.0.113.222\n")
    with office.database.read() as reader:
        stored = reader.orders.get(order.number)
        assert stored is not None
        assert stored.changed == reader.audit.head()[0]
    assert office.app.order(ANN, order.id).entries == 6


def test_imports_at_the_same_time_each_follow_a_whole_one(office: Office) -> None:
    texts = [f"203.0.113.{n}\n198.51.100.{n}\n" for n in range(200, 208)]
    start = threading.Barrier(len(texts))

    def one(text: str) -> None:
        start.wait(20.0)
        take(office, text, confirm_shrink=True)

    threads = [threading.Thread(target=one, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    with office.database.read() as reader:
        told = [dict(entry.payload) for entry in reader.audit.entries(kinds=["list.imported"])]
    assert [entry["version"] for entry in told] == list(range(1, len(texts) + 1))
    for entry in told[1:]:
        version = entry["version"]
        assert isinstance(version, int)
        found = office.app.list_diff(ANN, "botnets", version - 1, version)
        assert (entry["added"], entry["removed"]) == (found.added_total, found.removed_total)


# -- history ---------------------------------------------------------------------------------


def test_versions_are_kept_newest_first(office: Office) -> None:
    take(office, FIVE)
    office.clock.advance(60)
    take(office, FIVE + "203.0.113.222\ndrivel\n", source="another file")
    found = office.app.list_versions(ANN, "botnets")
    assert [(v.version, v.entries, v.source) for v in found] == [
        (2, 6, "another file"),
        (1, 5, "a file"),
    ]
    assert found[0].reasons == {"garbage": 1}
    assert office.app.list_report(ANN, "botnets", 1) == []
    assert len(office.app.list_report(ANN, "botnets", 2)) == 2


def test_two_versions_are_compared_by_address(office: Office) -> None:
    take(office, "203.0.113.200\n203.0.113.201\n198.51.100.128/26\n")
    new = "203.0.113.200/31\n2001:db8:9::/48\n198.51.100.192/26\n"
    take(office, new, confirm_shrink=True)
    found = office.app.list_diff(ANN, "botnets", 1, 2)
    assert found.added == ["198.51.100.192/26", "2001:db8:9::/48"]
    assert found.removed == ["198.51.100.128/26"]
    short = office.app.list_diff(ANN, "botnets", 1, 2, limit=1)
    assert (short.added, short.added_total) == (["198.51.100.192/26"], 2)
    back = office.app.list_diff(ANN, "botnets", 2, 1)
    assert (back.added, back.removed) == (found.removed, found.added)


def test_what_is_not_there_is_named(office: Office) -> None:
    with pytest.raises(NotFound, match="no list 'botnets'"):
        office.app.list_versions(ANN, "botnets")
    take(office, FIVE)
    with pytest.raises(NotFound, match="no version 7: it has 1 to 1"):
        office.app.list_report(ANN, "botnets", 7)
    with pytest.raises(NotFound, match="no version 7"):
        office.app.list_diff(ANN, "botnets", 1, 7)
