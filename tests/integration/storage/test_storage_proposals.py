# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals on every database: kept, decided once, found again, and known to the record."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from enforcer.errors import AwaitingApproval, InvalidInput, OrderRefused, StorageError
from enforcer.storage.database import Database
from enforcer.storage.proposals import APPROVED, DIGEST, MADE, REJECTED, Asked, Proposal
from enforcer.storage.unit_of_work import UnitOfWork
from tests.integration.storage.placing import ANN, HOUR, NOON, place_in
from tests.integration.storage.tampering import tamper
from tests.unit.usecases.office import Office
from tests.unit.usecases.people import BOB, CAROL, EVE, asks, proposed

ASKED = Asked("place", {"a": [1]}, "eve", ("abuse",), "t", "k", "why\n", None, ("wide", "open"))
SECOND = timedelta(seconds=1)


def make(work: UnitOfWork, key: str | None = None, at: int = 0) -> Proposal:
    """One proposal with the entry that tells of it."""
    created = NOON + at * SECOND
    made = Proposal(work.next_sequence(), ASKED, "ann", "cli", created, key=key)
    payload = {DIGEST: ASKED.digest}
    seq = work.record(MADE, ANN, at=created, subject=made.id, payload=payload)
    assert seq == made.number
    work.proposals.add_many([made])
    return made


@pytest.fixture
def office(database: Database) -> Office:
    with database.write() as work:
        work.control.initialise("C0FFEE")
    return Office(database)


def test_what_is_kept_comes_back(database: Database) -> None:
    with database.write() as work:
        first, second = make(work, "K"), make(work, at=1)
    with database.read() as reader:
        assert reader.proposals.get(first.number) == first
        assert reader.proposals.by_key("K") == first
        assert reader.proposals.newest() == [second, first]
        assert reader.proposals.newest(limit=1) == [second]
        assert reader.proposals.newest(REJECTED) == []
        assert reader.proposals.overdue(NOON) == [first]
        assert reader.proposals.get(99) is None
        assert reader.proposals.by_key("other") is None


def test_one_is_decided_once(database: Database) -> None:
    with database.write() as work:
        made = make(work)
        order = place_in(work)
        later = NOON + HOUR
        decided = replace(
            made, state=APPROVED, order=order.number, decided=later, decided_by="bob", said="ok"
        )
        work.proposals.decide(decided)
    with database.read() as reader:
        assert reader.proposals.get(made.number) == decided
        assert reader.proposals.about(order.number) == [decided]
        assert reader.proposals.overdue(later) == []
    with pytest.raises(StorageError, match="does not wait"), database.write() as work:
        work.proposals.decide(replace(decided, state=REJECTED))


def test_one_stands_or_falls_with_its_transaction(database: Database) -> None:
    def undone() -> None:
        with database.write() as work:
            make(work, "K")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    with database.read() as reader:
        assert reader.proposals.newest() == []


def test_a_key_belongs_to_one(database: Database) -> None:
    with database.write() as work:
        make(work, "K")
    with pytest.raises(StorageError), database.write() as work:
        make(work, "K")


def test_what_a_newer_version_wrote_is_not_guessed_at(url: str, database: Database) -> None:
    with database.write() as work:
        made = make(work)
    tamper(url, "UPDATE proposals SET body = '{\"asked\": {}}'")
    with pytest.raises(StorageError, match="cannot be read"), database.read() as reader:
        reader.proposals.get(made.number)


# --------------------------------------------------------------- the application


def test_a_proposal_becomes_an_order_and_goes_along(
    office: Office, database: Database, tmp_path: Path
) -> None:
    waiting, other = proposed(office, idempotency_key="K"), proposed(office)
    order = office.app.approve(BOB, waiting.id, "right")
    office.app.reject(CAROL, other.id, "no")
    assert office.app.audit_verify(BOB).ok
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    with database.write() as work:
        work.copy_to(copy)
    target = Database(copy)
    try:
        there = Office(target).app
        assert there.proposals(BOB, None) == office.app.proposals(BOB, None)
        assert there.approve(CAROL, waiting.id, "again").id == order.id
        assert there.audit_verify(BOB).ok
    finally:
        target.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposals SET body = replace((body), '8.8.0.0/22', '9.9.0.0/22')",
        "UPDATE proposals SET state = 'approved', decided_by = 'bob'",
        "UPDATE proposals SET issuer = 'carol'",
        "DELETE FROM proposals",
    ],
)
def test_what_was_changed_behind_our_back_shows(url: str, office: Office, statement: str) -> None:
    proposed(office)
    assert office.app.audit_verify(BOB).ok
    tamper(url, statement)
    check = office.app.audit_verify(BOB)
    assert not check.ok
    assert "proposal" in check.why


def test_what_was_changed_behind_our_back_is_not_approved(url: str, office: Office) -> None:
    waiting = proposed(office)
    tamper(url, "UPDATE proposals SET body = replace((body), '8.8.0.0/22', '9.9.0.0/22')")
    with pytest.raises(StorageError, match="not what the record tells of"):
        office.app.approve(BOB, waiting.id, "right")
    assert office.app.orders(BOB, office.everything) == []


def test_two_who_decide_at_once(url: str) -> None:
    """Each with connections of its own, as two processes have them."""
    databases = [Database(url) for _ in range(2)]
    with databases[0].write() as work:
        work.control.initialise("C0FFEE")
    offices = [Office(database) for database in databases]
    waiting = [proposed(offices[0]) for _ in range(4)]

    def approve(at: int) -> list[str]:
        actor = (BOB, CAROL)[at]
        return [offices[at].app.approve(actor, one.id, "right").id for one in waiting[:3]]

    with ThreadPoolExecutor(2) as pool:
        mine, yours = pool.map(approve, range(2))
    assert mine == yours
    assert len(set(mine)) == 3

    def decide(at: int) -> str:
        try:
            if at:
                return offices[at].app.withdraw(EVE, waiting[3].id, "").state
            return f"approved {offices[at].app.approve(BOB, waiting[3].id, 'right').id}"
        except InvalidInput:
            return "too late"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(word.split()[0] for word in pool.map(decide, range(2)))
    assert said in (["approved", "too"], ["too", "withdrawn"])
    orders = offices[0].app.orders(BOB, offices[0].everything)
    assert len(orders) == 3 + said.count("approved")
    assert offices[0].app.audit_verify(BOB).ok
    for database in databases:
        database.close()


def test_the_same_key_at_once_is_one_proposal(url: str) -> None:
    databases = [Database(url) for _ in range(2)]
    with databases[0].write() as work:
        work.control.initialise("C0FFEE")
    offices = [Office(database) for database in databases]

    def ask(at: int) -> set[str]:
        said = set[str]()
        for turn in range(3):
            try:
                offices[at].app.place(EVE, asks(idempotency_key=f"K{turn}"))
            except AwaitingApproval as waits:
                said.add(waits.proposal)
        return said

    with ThreadPoolExecutor(2) as pool:
        mine, yours = pool.map(ask, range(2))
    assert mine == yours
    assert len(offices[0].app.proposals(BOB)) == 3
    with pytest.raises(OrderRefused):
        offices[1].app.place(EVE, asks(idempotency_key="K0", reason="another"))
    for database in databases:
        database.close()
