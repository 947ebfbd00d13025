# SPDX-License-Identifier: GPL-2.0-or-later
"""The engine when things go wrong: crashes, refusals, floods, limits, texts that were forged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import OrderFilter
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.orders import BlockAddress, SuspendCustomer
from enforcer.core.signals import Part, Status
from enforcer.errors import Forbidden, StorageError, Throttled
from enforcer.intake.arrivals import Arrival, Receipt
from enforcer.intake.engine import MOST_MALFORMED, Intake
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import FourEyesSettings
from enforcer.usecases.local import LocalApplication
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, IDS, LIMITS, MAILBOX, ReportOffice, signal


class Killed(Exception):
    """Stands for the end of the process."""


def killing(desk: ReportOffice, where: str) -> Intake:
    """An engine that ends at the step `where`."""

    def step(name: str) -> None:
        if name == where:
            raise Killed(name)

    return Intake(desk.world, desk.app, desk.settings, step)


@pytest.mark.parametrize(
    ("where", "stored"), [("taking", 0), ("taken", 3), ("ordering", 3), ("ordered", 3)]
)
def test_a_crash_between_two_steps_is_repaired(office: MakeOffice, where: str, stored: int) -> None:
    desk = office(BLOCK)
    arrivals = [Arrival(IDS, signal(f"192.0.2.{n}", id=f"{n}"), True) for n in range(3)]
    with pytest.raises(Killed):
        killing(desk, where).take(arrivals)
    assert len(desk.reports(states=("taken",))) == stored
    assert desk.intake.repair() == stored
    again = desk.intake.take(arrivals)
    assert [one.state for one in again if isinstance(one, Receipt)] == ["ordered"] * 3
    assert len(desk.placed()) == 3 and desk.intake.repair() == 0
    assert {order.source for order in desk.placed()} == {"ids"}


def test_a_crash_before_lifting_is_repaired(office: MakeOffice) -> None:
    desk = office({**BLOCK, "lift": True})
    desk.take_one(signal(key="k"))
    over = Arrival(IDS, signal(key="k", status=Status.RESOLVED), True)
    with pytest.raises(Killed):
        killing(desk, "taken").take([over])
    assert desk.placed()[0].lifted is None
    assert desk.intake.repair() == 1
    assert desk.placed()[0].lifted is not None


def test_limits_hold_for_what_is_repaired(office: MakeOffice) -> None:
    """The rights of the moment of sending are kept with the report."""
    desk = office(BLOCK)
    tight = replace(LIMITS, longest=60)
    actor = Actor("ids-2", "ids2", Rights(frozenset({Role.DETECTOR}), machine=tight))
    with pytest.raises(Killed):
        killing(desk, "taken").take([Arrival(actor, signal(), True)])
    desk.intake.repair()
    (report,) = desk.reports()
    assert report.state == "failed" and desk.placed() == []


@pytest.mark.parametrize(
    ("limits", "target"),
    [
        (MachineLimits(longest=60), "192.0.2.7"),
        (MachineLimits(kinds=frozenset({"block_port"})), "192.0.2.7"),
        (MachineLimits(widest4=32), "192.0.2.0/30"),
        (MachineLimits(own_space=True), "198.18.0.7"),
    ],
)
def test_a_detector_cannot_exceed_its_limits(
    office: MakeOffice, limits: MachineLimits, target: str
) -> None:
    desk = office(BLOCK)
    actor = Actor("ids-3", "ids3", Rights(frozenset({Role.DETECTOR}), machine=limits))
    receipt = desk.take_one(signal(target), actor=actor)
    assert receipt.state == "failed" and receipt.said and desk.placed() == []


def test_what_is_refused_is_kept_and_not_asked_again_at_once(office: MakeOffice) -> None:
    desk = office(BLOCK)
    desk.take_one(signal(type="seen"))
    desk.app.source_stop(Actor("ann", "cli"), "ids", "false alarms")
    receipt = desk.take_one(signal())
    assert receipt.state == "failed" and "stopped" in receipt.said
    desk.take(*[signal() for _ in range(50)])
    with desk.database.read() as reader:
        assert len(reader.audit.entries(kinds=("order.refused",))) == 1
    desk.app.source_start(Actor("ann", "cli"), "ids")
    desk.clock.advance(61)
    assert desk.take_one(signal()).state == "ordered"


def test_who_may_not_report_is_refused(office: MakeOffice) -> None:
    desk = office(BLOCK)
    viewer = Actor("bob", "web", Rights(frozenset({Role.VIEWER})))
    (result,) = desk.intake.take([Arrival(viewer, signal(), True)])
    assert isinstance(result, Forbidden) and desk.reports() == []


def test_forged_texts_stay_text(office: MakeOffice) -> None:
    reason = "{type} {fields.user} {reporter}"
    desk = office({**BLOCK, "type": "*", "reason": reason, "ticket": "{fields.ticket}"})
    nasty = "a\r\nBcc: x\x00\x1b[31m\u202e{source}\ud800" + "z" * 5000
    one = signal(type="scan\nSubject: x", reporter=nasty, fields={"user": nasty, "ticket": nasty})
    desk.take_one(replace(one, warnings=(nasty,), severity=nasty, id=nasty))
    (order,) = desk.placed()
    for text in (order.reason, order.ticket or ""):
        assert text.isprintable() and len(text) <= 400
    assert "{source}" in order.reason, "what came from outside is not filled in again"
    (report,) = desk.reports()
    assert all(text.isprintable() for text in (report.type, report.said, *report.warnings))


def test_fields_are_bounded(office: MakeOffice) -> None:
    desk = office(BLOCK)
    deep: dict[str, object] = {}
    for _ in range(30):
        deep = {"a": deep}
    wide = {f"k{n}": "x" * 5000 for n in range(500)}
    desk.take_one(signal(fields={"deep": deep, "wide": wide, "n": 10**400, "f": float("inf")}))
    (report,) = desk.reports()
    assert len(report.model_dump_json()) < 120_000


def test_a_customer_is_suspended(office: MakeOffice) -> None:
    rule = {k: v for k, v in BLOCK.items() if k != "direction"}
    desk = office({**rule, "kind": "suspend_customer", "keep": ["essentials"]})
    assert desk.take_one(signal("198.51.100.7")).state == "ordered"
    (order,) = desk.placed()
    assert isinstance(order.demand, SuspendCustomer) and order.demand.customer == "twice"
    assert desk.take_one(signal("198.18.0.1")).state == "open"


def test_a_victim_named_by_its_attacker(office: MakeOffice) -> None:
    """A detector that reports sources can have the victim relieved: the other end is meant."""
    desk = office({**BLOCK, "of": "peer", "direction": "to", "peer_in": ["ours"]})
    desk.take_one(signal("198.18.0.1", peer="192.0.2.7", part=Part.SOURCE))
    (order,) = desk.placed()
    assert isinstance(order.demand, BlockAddress)
    assert order.demand.prefix == ip_network("192.0.2.7")


def test_the_first_rule_that_fits_takes_it(office: MakeOffice) -> None:
    spare = {"name": "spare", "do": "ignore", "target_in": ["customer:cust2"]}
    desk = office(spare, BLOCK, {"name": "rest", "do": "open"})
    receipts = desk.take(signal("192.0.2.65"), signal("192.0.2.1"), signal(type="spam"))
    assert [one.state for one in receipts] == ["ignored", "ordered", "open"]


class TestMalformed:
    def test_it_is_kept_and_bounded(self, office: MakeOffice) -> None:
        desk = office(BLOCK)
        for number in range(MOST_MALFORMED + 5):
            desk.intake.malformed("ids", "xarf", b"x" * 200_000 + str(number).encode(), "not JSON")
        desk.intake.malformed("flow", "xarf", b"y", "not JSON")
        found = desk.reports(states=("malformed",), limit=1000)
        assert len(found) == MOST_MALFORMED + 1
        shown = desk.desk.report(Actor("ann", "cli"), found[-1].id)
        assert shown.said == "not JSON" and len(shown.raw or "") == 65_536

    def test_the_same_again_is_counted(self, office: MakeOffice) -> None:
        desk = office(BLOCK)
        for _ in range(5):
            desk.intake.malformed("ids", "xarf", b"{", "not JSON")
        (report,) = desk.reports()
        assert report.count == 5


def test_strangers_cannot_fill_the_database(office: MakeOffice) -> None:
    desk = office(strangers_per_hour=10)
    arrivals = [
        Arrival(MAILBOX, signal(f"192.0.2.{n}", format="arf"), False) for n in range(30)
    ]  # fmt: skip
    results = desk.intake.take(arrivals)
    assert sum(isinstance(one, Throttled) for one in results) == 20
    known = desk.intake.take(arrivals[:1])
    assert isinstance(known[0], Receipt), "what is like a known one is counted in it"
    desk.clock.advance(3601)
    assert isinstance(desk.intake.take(arrivals[29:])[0], Receipt)


def test_old_reports_are_forgotten(office: MakeOffice) -> None:
    desk = office(BLOCK, keep_days=10.0)
    desk.take(signal(), signal(None, id="x"))
    desk.clock.advance(9 * 86_400)
    desk.intake.repair()
    assert len(desk.reports()) == 2
    desk.clock.advance(2 * 86_400)
    desk.intake.repair()
    assert list(desk.reports()) == []
    assert desk.take_one(signal()).state == "ordered"
    assert len(desk.placed()) == 2, "a new report does not take the key of an old one"


# -- the inbox ---------------------------------------------------------------------------


@pytest.fixture
def inbox(office: MakeOffice) -> Iterator[tuple[ReportOffice, Inbox]]:
    desk = office(BLOCK)
    with Inbox(desk.intake, most=3000) as inbox:
        yield desk, inbox


def test_a_burst_loses_nothing_and_blocks_nobody(inbox: tuple[ReportOffice, Inbox]) -> None:
    """10,000 events by ten detectors at once, 200 hosts; a person looks and orders meanwhile."""
    desk, box = inbox
    receipts: list[Receipt] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        for start in range(0, 1000, 50):
            parcel = [
                Arrival(IDS, signal(f"192.0.2.{n % 50 + 1}", id=f"{number}/{n}"), True)
                for n in range(start, start + 50)
            ]
            got = box.submit(parcel)
            with lock:
                receipts.extend(one for one in got if isinstance(one, Receipt))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    seen = 0
    while any(thread.is_alive() for thread in threads):
        desk.app.orders(Actor("ann", "cli"), OrderFilter(limit=1))
        seen += 1
    for thread in threads:
        thread.join()
    assert seen > 0 and len(receipts) == 10_000
    assert sum(report.count for report in desk.reports(limit=1000)) == 10_000
    assert len(desk.placed()) == 50
    assert {one.state for one in receipts} == {"ordered"}


def test_a_full_queue_says_when_to_come_again(office: MakeOffice) -> None:
    desk = office(BLOCK)
    box = Inbox(desk.intake, most=10)
    going = threading.Event()
    taking = threading.Event()

    def step(name: str) -> None:
        if name == "taking":
            taking.set()
            assert going.wait(30)

    box.intake = Intake(desk.world, desk.app, desk.settings, step)
    parcel = [Arrival(IDS, signal(id=f"{n}"), True) for n in range(8)]
    with box:
        first = threading.Thread(target=box.submit, args=(parcel,))
        first.start()
        assert taking.wait(30)
        with pytest.raises(Throttled) as refused:
            box.submit(parcel)
        assert refused.value.seconds > 0
        going.set()
        first.join()
        assert len(box.submit(parcel)) == 8


def test_a_database_that_is_away_is_told(office: MakeOffice) -> None:
    desk = office(BLOCK)

    def step(name: str) -> None:
        raise StorageError("the database is away")

    with Inbox(Intake(desk.world, desk.app, desk.settings, step)) as box:
        with pytest.raises(StorageError, match="away"):
            box.submit([Arrival(IDS, signal(), True)])
        assert box.waiting == 0
    with pytest.raises(StorageError, match="shutting down"):
        box.submit([Arrival(IDS, signal(), True)])


def test_the_inbox_repairs_when_it_opens(office: MakeOffice) -> None:
    desk = office(BLOCK)
    with pytest.raises(Killed):
        killing(desk, "taken").take([Arrival(IDS, signal(), True)])
    with Inbox(desk.intake) as box:
        box.submit([Arrival(IDS, signal("192.0.2.9"), True)])
    assert len(desk.placed()) == 2


def test_what_needs_a_second_person_waits_for_one(office: MakeOffice) -> None:
    """A detector proposes nothing: its report is left to a person, and asked about once."""
    desk = office(BLOCK)
    world = replace(desk.world, four_eyes=FourEyesSettings(customers=1))
    intake = Intake(world, LocalApplication(world), desk.settings)
    for _ in range(5):
        (result,) = intake.take([Arrival(IDS, signal(), True)])
        assert isinstance(result, Receipt) and result.state == "open", result
        desk.clock.advance(120)
    assert desk.placed() == []
    with desk.database.read() as reader:
        assert len(reader.audit.entries(kinds=("order.refused",))) == 1
