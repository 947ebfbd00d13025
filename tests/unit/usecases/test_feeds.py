# SPDX-License-Identifier: GPL-2.0-or-later
"""Feeds: what a fetch brings, what it leaves in peace, and which alarms tell of it."""

from __future__ import annotations

import threading
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.application.commands import ImportList
from enforcer.control.feed_fetch import FeedFailed, Fetched
from enforcer.control.feed_fetcher import Fetcher
from enforcer.control.feeds import FeedClock
from enforcer.core.feeds import FeedState
from enforcer.core.topology import Feed, ProtectedPrefix, Topology
from enforcer.errors import EnforcerError, InvalidInput, NotFound, OrderRefused
from enforcer.usecases import feeds
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.office import ANN, TOPOLOGY, Office

URL = "https://lists.example/botnets.txt"
FEED = Feed("botnets", URL, every=3600, stale_after=7200)
FIVE = "".join(f"203.0.113.{n}\n" for n in range(200, 205))


class Server:
    """Answers with `text` under `etag`; counts how often it was asked, and how."""

    def __init__(self, text: str = FIVE, etag: str = '"1"') -> None:
        self.text, self.etag = text, etag
        self.problem: EnforcerError | None = None
        self.asked: list[tuple[str, str]] = []

    def __call__(self, source: str, etag: str = "", modified: str = "") -> Fetched:
        self.asked.append((source, etag))
        if self.problem is not None:
            raise self.problem
        if etag and etag == self.etag:
            return Fetched(None, etag)
        return Fetched(self.text.encode(), self.etag)


class Desk:
    """An office with feeds, and the schedule that a controller would run."""

    def __init__(self, office: Office, server: Server, **by_name: Feed) -> None:
        self.office, self.server = office, server
        self.feeds = by_name
        self.rings = 0
        self.topology = TOPOLOGY
        self.world = replace(office.world, load_topology=self.inventory)
        self.app = LocalApplication(self.world)
        self.clock = FeedClock(
            office.database, self.inventory, office.clock, server, self._ring, every=5.0
        )

    def _ring(self) -> None:
        self.rings += 1

    def inventory(self) -> Topology:
        return replace(self.topology, feeds=self.feeds)

    def look(self) -> None:
        self.clock.look()
        assert self.clock.settle(20.0)

    def refresh(self, confirm_shrink: bool = False) -> tuple[int, bool]:
        view = feeds.refresh(self.world, ANN, "botnets", confirm_shrink, self.server)
        return view.version, view.changed

    def state(self, name: str = "botnets") -> FeedState:
        with self.office.database.read() as reader:
            found = reader.feeds.get(name)
        assert found is not None
        return found

    def alarms(self) -> dict[str, str]:
        with self.office.database.read() as reader:
            return {alarm.kind: alarm.said for alarm in reader.alarms.open()}

    def versions(self) -> list[int]:
        with self.office.database.read() as reader:
            return [version.version for version in reader.lists.versions("botnets")]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def desk(office: Office, server: Server) -> Desk:
    return Desk(office, server, botnets=FEED)


# -- a person asks ---------------------------------------------------------------------------


def test_a_refresh_is_an_import_of_what_was_fetched(desk: Desk) -> None:
    view = feeds.refresh(desk.world, ANN, "botnets", False, desk.server)
    assert (view.version, view.entries, view.source, view.feed) == (1, 5, URL, URL)
    assert view.fetched_at == desk.office.clock.now()
    state = desk.state()
    assert (state.good, state.etag, state.failures, state.error) == (state.tried, '"1"', 0, "")
    with desk.office.database.read() as reader:
        imported = reader.audit.entries(subject="botnets")[-1]
    assert (imported.kind, imported.actor) == ("list.imported", "ann")


def test_what_did_not_change_is_fresh_and_no_new_version(desk: Desk) -> None:
    desk.refresh()
    desk.office.clock.advance(3600)
    assert desk.refresh() == (1, False)
    assert desk.server.asked == [(URL, ""), (URL, '"1"')]
    assert desk.state().good == desk.office.clock.now()


def test_the_content_is_asked_for_again_when_the_inventory_changed(desk: Desk) -> None:
    desk.refresh()
    protected = (ProtectedPrefix(ip_network("203.0.113.204/32"), "ours"),)
    desk.topology = replace(TOPOLOGY, protected=protected)
    desk.look()
    assert [etag for _, etag in desk.server.asked] == ["", ""]
    assert desk.versions() == [1, 2]
    assert desk.rings == 1


def test_an_import_by_hand_does_not_outlast_the_next_fetch(desk: Desk) -> None:
    desk.refresh()
    by_hand = ImportList(name="botnets", text=FIVE + "203.0.113.222\n", source="a file")
    assert desk.app.import_list(ANN, by_hand).version == 2
    (view,) = desk.app.lists(ANN)
    assert (view.source, view.feed) == ("a file", URL)
    desk.office.clock.advance(3600)
    desk.look()
    assert [etag for _, etag in desk.server.asked] == ["", ""], "what it knows is not in force"
    assert desk.versions() == [1, 2, 3]
    (view,) = desk.app.lists(ANN)
    assert (view.source, view.entries) == (URL, 5)
    desk.refresh()
    assert desk.server.asked[-1] == (URL, '"1"'), "now it is"


def test_the_validators_of_a_state_without_a_version_are_not_sent(desk: Desk) -> None:
    desk.refresh()
    with desk.office.database.write() as work:
        work.feeds.save("botnets", replace(desk.state(), version=None))
    desk.refresh()
    assert [etag for _, etag in desk.server.asked] == ["", ""]
    assert desk.state().version == 1


def test_a_shrink_is_refused_until_confirmed(desk: Desk) -> None:
    desk.refresh()
    desk.server.text, desk.server.etag = "203.0.113.200\n", '"2"'
    for _ in range(2):
        with pytest.raises(OrderRefused, match="--confirm-shrink") as refused:
            desk.refresh()
        assert refused.value.code == "list-shrinks"
    assert desk.state().etag == '"1"', "what was refused is not known as taken in"
    assert desk.state().failures == 2
    assert "`enforcer list refresh botnets --confirm-shrink`" in desk.alarms()["feed-shrinks"]
    with desk.office.database.read() as reader:
        kinds = [entry.kind for entry in reader.audit.entries(subject="botnets")]
    assert kinds == ["list.imported", "list.refused", "alarm.raised"], "once for one content"
    assert desk.refresh(confirm_shrink=True) == (2, True)
    assert desk.alarms() == {}
    assert (desk.state().failures, desk.state().error) == (0, "")


def test_an_empty_answer_is_refused(desk: Desk) -> None:
    desk.server.text = "<html>sorry</html>\n"
    with pytest.raises(OrderRefused) as refused:
        desk.refresh()
    assert refused.value.code == "list-empty"
    assert desk.versions() == []


def test_a_text_that_is_no_list_is_an_error_of_the_feed(desk: Desk) -> None:
    desk.server.text = '[{"ip": "203.0.113.200"}]'
    with pytest.raises(InvalidInput, match="JSON array"):
        desk.refresh()
    assert "JSON array" in desk.state().error
    assert desk.app.lists(ANN) == []


def test_the_feeds_own_terms_count(office: Office) -> None:
    feed = replace(FEED, format="csv", column="who", widest4=25)
    server = Server("ip,who\n198.51.100.200,203.0.113.200\n198.51.100.201,203.0.113.0/24\n")
    view = feeds.refresh(Desk(office, server, botnets=feed).world, ANN, "botnets", False, server)
    assert (view.entries, view.reasons) == (1, {"too-wide": 1})


def test_a_list_without_a_feed_is_named(desk: Desk) -> None:
    with pytest.raises(NotFound, match=r"has no feed \(feeds: botnets\)"):
        feeds.refresh(desk.world, ANN, "scanners", False, desk.server)


def test_lists_show_what_their_feed_does(desk: Desk) -> None:
    desk.refresh()
    desk.server.problem = FeedFailed("no route")
    desk.office.clock.advance(7201)
    with pytest.raises(FeedFailed):
        desk.refresh()
    (view,) = desk.app.lists(ANN)
    assert (view.feed, view.stale, view.problem) == (URL, True, "no route")


# -- the schedule ----------------------------------------------------------------------------


def test_a_feed_is_fetched_when_it_is_due_and_not_before(desk: Desk) -> None:
    desk.look()
    assert (desk.versions(), desk.rings, len(desk.server.asked)) == ([1], 1, 1)
    desk.office.clock.advance(60)
    desk.look()
    assert len(desk.server.asked) == 1
    desk.office.clock.advance(3600)
    desk.look()
    assert (len(desk.server.asked), desk.rings) == (2, 1)


def test_a_failing_feed_is_tried_again_soon_then_less_often(desk: Desk) -> None:
    desk.server.problem = FeedFailed("no route")
    tries = []
    for _ in range(90):
        desk.look()
        tries.append(len(desk.server.asked))
        desk.office.clock.advance(60)
    assert tries[0] == 1
    assert tries[1] == 2
    assert 6 <= tries[-1] <= 9
    assert desk.state().failures == tries[-1]
    desk.server.problem = None
    desk.office.clock.advance(3600)
    desk.look()
    assert (desk.state().failures, desk.versions()) == (0, [1])


def test_a_stale_feed_is_alarmed_once_and_cleared(desk: Desk) -> None:
    desk.look()
    desk.server.problem = FeedFailed("no route")
    for _ in range(3):
        desk.office.clock.advance(3000)
        desk.look()
    said = desk.alarms()["feed-stale"]
    assert "no new content since 2026-05-04 12:00Z: no route" in said
    assert "`enforcer list refresh botnets`" in said
    with desk.office.database.read() as reader:
        raised = reader.audit.entries(kinds=["alarm.raised"])
    assert len(raised) == 1
    assert desk.versions() == [1], "what it had stays"
    desk.server.problem = None
    desk.office.clock.advance(3600)
    desk.look()
    assert desk.alarms() == {}


class AtOnce(FeedClock):
    """What it begins to fetch has come before it looks at anything else."""

    def _begin(self, feed: Feed, topology: Topology) -> None:
        super()._begin(feed, topology)
        assert self.settle(20.0)


def test_what_came_while_it_was_looked_at_is_not_alarmed(desk: Desk) -> None:
    desk.look()
    desk.office.clock.advance(9000)
    office = desk.office
    AtOnce(
        office.database, desk.inventory, office.clock, desk.server, lambda: None, every=5.0
    ).look()
    assert desk.alarms() == {}
    with office.database.read() as reader:
        assert not reader.audit.entries(kinds=["alarm.raised"])


def test_a_feed_that_never_came_is_stale_too(desk: Desk) -> None:
    desk.server.problem = FeedFailed("no route")
    desk.look()
    assert desk.alarms() == {}
    desk.office.clock.advance(7300)
    desk.look()
    assert "ever: no route" in desk.alarms()["feed-stale"]


def test_a_feed_that_left_the_inventory_is_not_fetched_and_its_list_stays(desk: Desk) -> None:
    desk.look()
    desk.server.text, desk.server.etag = "203.0.113.200\n", '"2"'
    desk.office.clock.advance(3600)
    desk.look()
    assert "feed-shrinks" in desk.alarms()
    del desk.feeds["botnets"]
    asked = len(desk.server.asked)
    desk.office.clock.advance(10**6)
    desk.look()
    assert len(desk.server.asked) == asked
    assert desk.alarms() == {}
    assert desk.versions() == [1]
    assert desk.app.lists(ANN)[0].feed is None


def test_a_server_that_hangs_delays_neither_other_feeds_nor_alarms(office: Office) -> None:
    let_go = threading.Event()
    answers = Server()

    def fetch(source: str, etag: str = "", modified: str = "") -> Fetched:
        if "hangs" in source:
            assert let_go.wait(60.0)
            raise FeedFailed("hung")
        return answers(source, etag)

    hung = Feed("aaa", "https://hangs.example/x", every=60, stale_after=7200)
    known = FeedState(office.clock.now(), office.clock.now(), office.clock.now())
    with office.database.write() as work:
        work.feeds.save("aaa", known)
    office.clock.advance(7300)
    topology = replace(TOPOLOGY, feeds={"aaa": hung, "botnets": FEED})
    clock = FeedClock(office.database, lambda: topology, office.clock, fetch, lambda: None)
    clock.look()
    clock.look()
    try:
        for _ in range(2000):
            with office.database.read() as reader:
                if reader.lists.current_version("botnets") == 1:
                    break
            let_go.wait(0.01)
        with office.database.read() as reader:
            assert reader.lists.current_version("botnets") == 1
            assert reader.alarms.is_open("feed-stale", "aaa")
    finally:
        let_go.set()
        assert clock.settle(20.0)


def test_fetches_that_hang_for_ever_do_not_keep_other_feeds_waiting(office: Office) -> None:
    let_go = threading.Event()
    begun = threading.Semaphore(0)

    def fetch(source: str, etag: str = "", modified: str = "") -> Fetched:
        begun.release()
        if "hangs" in source:
            assert let_go.wait(60.0)
            raise FeedFailed("hung")
        return Fetched(FIVE.encode())

    hung = {f"a{n}": Feed(f"a{n}", f"https://hangs.example/{n}", 60, 7200) for n in range(4)}
    topology = replace(TOPOLOGY, feeds={**hung, "botnets": FEED})
    clock = FeedClock(office.database, lambda: topology, office.clock, fetch, lambda: None)
    clock.look()
    try:
        for _ in hung:
            assert begun.acquire(timeout=20.0)
        clock.look()
        assert not begun.acquire(blocking=False), "four at once"
        office.clock.advance(200)
        clock.look()
        assert begun.acquire(timeout=20.0), "past their time they do not count"
    finally:
        let_go.set()
        assert clock.settle(20.0)
    with office.database.read() as reader:
        assert reader.lists.current_version("botnets") == 1


def test_the_clock_runs_beside_a_controller_and_ends_with_it(desk: Desk) -> None:
    with desk.clock.running():
        assert desk.office.clock.sleeping(1), "it looked, and waits for the next time"
        assert desk.clock.settle(20.0)
        assert desk.versions() == [1]
        desk.office.clock.advance(3700)
        for _ in range(2000):
            if len(desk.server.asked) == 2:
                break
            desk.office.clock.advance(5)
            desk.office.clock.sleeping(1)
    assert len(desk.server.asked) >= 2


# -- files -----------------------------------------------------------------------------------


def test_a_file_is_read_again_when_it_changed(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(FIVE)
    fetch = Fetcher()
    first = fetch(str(file))
    assert first.body == FIVE.encode()
    assert fetch(str(file), first.etag).body is None
    file.write_text(FIVE + "203.0.113.222\n")
    assert fetch(str(file), first.etag).body is not None
    feed = replace(FEED, source=str(file))
    desk = Desk(office, Server(), botnets=feed)
    assert feeds.refresh(desk.world, ANN, "botnets", False).entries == 6
    assert feeds.refresh(desk.world, ANN, "botnets", False).changed is False
