# SPDX-License-Identifier: GPL-2.0-or-later
"""The lease and the fence: one holder at a time, by the server's clock, and nobody writes late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from enforcer.clock import SystemClock
from enforcer.control.leadership import is_led, leading, standing_by
from enforcer.control.lease import Lease
from enforcer.errors import AnotherControllerActive, InvalidInput, StorageError
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseAway, DatabaseBusy, LostLead
from enforcer.storage.unit_of_work import UnitOfWork
from tests.fakes.clock import FakeClock
from tests.integration.storage.placing import an_order, place
from tests.postgres import Cluster

CLOCK = SystemClock()
LONG, SHORT = 30.0, 0.2
POSTGRESQL = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture
def named(database: Database) -> Database:
    """With a controller id, as after `enforcer init`."""
    with database.write() as unit:
        unit.control.initialise("C0FFEE")
    return database


@pytest.fixture
def other(named: Database, url: str) -> Iterator[Database]:
    """The same database as another process sees it."""
    with closing(Database(url)) as opened:
        yield opened


def until_free(database: Database) -> None:
    while is_led(database):
        CLOCK.sleep(0.01)


# -- on both databases ---------------------------------------------------------------------


def test_one_leads_and_the_next_one_after_it(named: Database, other: Database) -> None:
    assert not is_led(other)
    with leading(named, CLOCK, LONG) as lead:
        assert lead.holds() and not lead.lost()
        assert is_led(other) and is_led(named)
        with pytest.raises(AnotherControllerActive), leading(other, CLOCK, LONG):
            pass
    # Given back, not run out.
    assert not is_led(other)
    with leading(other, CLOCK, LONG) as lead:
        assert lead.holds()


def test_a_standby_waits_until_it_leads_or_is_told_to_stop(
    named: Database, other: Database
) -> None:
    stop, leads = threading.Event(), threading.Event()

    def wait() -> None:
        with standing_by(other, CLOCK, stop, LONG) as lead:
            assert lead is not None and lead.holds()
            leads.set()
            stop.wait()

    thread = threading.Thread(target=wait)
    with leading(named, CLOCK, LONG):
        thread.start()
        assert not leads.wait(0.7)
    assert leads.wait(30.0)
    stop.set()
    thread.join()
    with leading(named, CLOCK, LONG), standing_by(other, CLOCK, stop, LONG) as lead:
        assert lead is None


def test_who_was_replaced_cannot_write(named: Database, other: Database) -> None:
    with named.write() as unit:
        owner = unit.control.new_epoch()
    named.fence(owner.epoch)
    place(named)
    with other.write() as unit:
        unit.control.new_epoch()
    head = other.head()
    with pytest.raises(LostLead, match="stopped writing"):
        place(named)
    assert other.head() == head
    # Whoever reads may still read, and whoever claims no epoch may still write.
    assert named.head() == head
    assert place(other).number == head + 1
    named.fence(None)
    place(named)


# -- the lease -----------------------------------------------------------------------------


@POSTGRESQL
def test_a_lease_runs_out_by_itself(named: Database, other: Database) -> None:
    first = Lease(named, CLOCK, SHORT)
    first.take()
    began = first.owner
    assert began is not None
    until_free(other)
    second = Lease(other, CLOCK, LONG)
    second.take()
    assert second.owner is not None and second.owner.epoch == began.epoch + 1
    with other.read() as reader:
        assert reader.control.identity() == second.owner
        assert reader.lease.state().left > SHORT
    # The first one is too late, whatever it does.
    assert not named.renew_lease("anybody", began.epoch, LONG)
    with pytest.raises(LostLead):
        place(named)
    with other.read() as reader:
        assert [e.payload["epoch"] for e in reader.audit.entries(kinds=["lead.taken"])] == [2, 3]


@POSTGRESQL
def test_a_lease_that_nobody_took_meanwhile_is_kept(named: Database) -> None:
    with named.write() as unit:
        owner = unit.control.new_epoch()
        assert unit.lease.take("me", owner.epoch, 0.0)
    assert not is_led(named)
    assert named.renew_lease("me", owner.epoch, LONG)
    assert is_led(named)
    assert not named.renew_lease("me", owner.epoch - 1, LONG)
    assert not named.renew_lease("you", owner.epoch, LONG)
    with named.write() as unit:
        assert not unit.lease.take("you", unit.control.new_epoch().epoch, LONG)
    named.release_lease("you", owner.epoch)
    assert is_led(named)
    named.release_lease("me", owner.epoch)
    assert not is_led(named)


@POSTGRESQL
def test_by_the_local_clock_it_is_over_before_the_server_says_so(named: Database) -> None:
    clock = FakeClock()
    lease = Lease(named, clock, 6.0)
    lease.take()
    assert lease.holds()
    clock.advance(4.9)
    assert lease.holds()
    clock.advance(0.2)
    assert not lease.holds() and not lease.lost()


@POSTGRESQL
def test_it_is_renewed_while_it_is_held(named: Database, other: Database) -> None:
    seconds = 1.0
    with leading(named, CLOCK, seconds) as lead:
        ends = CLOCK.monotonic() + 3 * seconds
        while CLOCK.monotonic() < ends:
            assert is_led(other)
            CLOCK.sleep(0.05)
        assert lead.holds()


@POSTGRESQL
def test_only_one_of_many_takes_it(named: Database, url: str) -> None:
    barrier, taken, refused = threading.Barrier(6), [], []

    def grab() -> None:
        with closing(Database(url)) as mine:
            lease = Lease(mine, CLOCK, LONG)
            barrier.wait()
            try:
                lease.take()
                taken.append(lease)
            except AnotherControllerActive:
                refused.append(lease)

    threads = [threading.Thread(target=grab) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(refused)) == (1, 5)


@POSTGRESQL
def test_a_writer_that_was_stopped_inside_a_transaction_is_ended(url: str) -> None:
    with closing(Database(url, stall=0.3)) as stopped, closing(Database(url)) as other:
        refused = pytest.raises(StorageError)
        with refused, stopped.write() as unit:
            unit.next_sequence()
            # It holds the chain's head and does nothing: the next writer gets it all the same.
            assert place(other).number == 1
            unit.orders.add(an_order(1))
        assert place(stopped).number == 2


# -- what PostgreSQL alone can say ---------------------------------------------------------


@POSTGRESQL
@pytest.mark.parametrize("text", ["nul \0", "half \udc00"])
def test_text_that_it_cannot_hold_is_refused(database: Database, text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot hold"), database.write() as unit:
        place_reason(unit, text)
    assert database.head() == 0


def place_reason(unit: UnitOfWork, text: str) -> None:
    unit.control.set_state("paused", at=an_order(1).created, by="ann", reason=text)


@POSTGRESQL
def test_a_reader_cannot_write(database: Database) -> None:
    writing = UnitOfWork
    with database.read() as reader, pytest.raises(StorageError, match="may only be read"):
        writing(reader.orders._connection).control.initialise("C0FFEE")


@POSTGRESQL
def test_a_short_patience_is_kept(named: Database, url: str) -> None:
    with closing(Database(url, patience=0.05)) as hasty, named.write() as unit:
        unit.next_sequence()
        with pytest.raises(DatabaseBusy, match="try again"):
            place(hasty)
        # Nobody who reads, and no lease, waits for a writer.
        assert hasty.head() == 0
        assert not named.renew_lease("nobody", 1, LONG)


def test_a_server_that_was_started_again_is_no_error(tmp_path: Path) -> None:
    with Cluster() as own:
        migrate.upgrade(url := own.empty())
        with closing(Database(url)) as database:
            place(database)
            own.stop()
            for ask in (database.head, lambda: place(database)):
                with pytest.raises(DatabaseAway, match="check that the server runs"):
                    ask()
            own.start()
            assert database.head() == 1
            assert place(database).number == 2


@pytest.mark.parametrize(
    "wrong, says",
    [
        ("postgresql://ann:s3cret@/x?host={folder}", "create the database"),
        ("postgresql://ann:s3cret@/postgres?host={folder}", "check user and password"),
        ("postgresql://ann:s3cret@127.0.0.1:1/x", "check that the server runs"),
        ("postgresql://ann:s3cret@host:port/x", "cannot be read"),
        ("postgresql://ann:s3cret@host", "names no database"),
        ("postgresql+psycopg2://ann:s3cret@host/x", "not supported"),
        ("postgresql://host/x?user=ann&password=s3cret", "would be shown"),
    ],
)
def test_a_url_that_leads_nowhere_says_what_to_do_and_no_password(
    cluster: Cluster, wrong: str, says: str
) -> None:
    folder = cluster.url("x").partition("host=")[2]
    if "create" in says:
        wrong = wrong.replace("ann:s3cret", "postgres:s3cret")
    with pytest.raises(StorageError, match=says) as refused:
        Database(wrong.format(folder=folder))
    assert "s3cret" not in str(refused.value)
