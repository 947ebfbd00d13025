# SPDX-License-Identifier: GPL-2.0-or-later
"""What needs a second person waits for one, and is checked again when it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from enforcer.application.actor import Actor
from enforcer.core.access import Role
from enforcer.core.four_eyes import proposal_id
from enforcer.core.orders import Selection, SuspendCustomer
from enforcer.core.topology import ProtectedPrefix
from enforcer.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
)
from enforcer.service_settings import FourEyesSettings
from enforcer.storage.users import StoredUser
from enforcer.usecases.lapsing import lapsing
from enforcer.usecases.local import LocalApplication
from tests.unit.usecases.desks import entries, equip, payloads
from tests.unit.usecases.office import ANN, ESSENTIALS, HOUR, TOPOLOGY, Office
from tests.unit.usecases.people import (
    ADMIN,
    BOB,
    CAROL,
    ENGINEER,
    EVE,
    SMALL,
    VIEWER,
    WIDE,
    asks,
    later,
    open_alarms,
    person,
    proposed,
)

DAY = timedelta(days=1)


def orders(office: Office) -> int:
    return len(office.app.orders(BOB, office.everything))


def rules(office: Office, rule: FourEyesSettings) -> None:
    office.world = replace(office.world, four_eyes=rule)
    office.app = LocalApplication(office.world)


def test_a_wide_order_waits_and_stands_when_somebody_else_approves(office: Office) -> None:
    waiting = proposed(office, ticket="T-1")
    assert (waiting.state, waiting.what, waiting.kind) == ("waiting", "place", "block_address")
    assert (waiting.issuer, waiting.source, waiting.ticket) == ("eve", "web", "T-1")
    assert waiting.why == ["the target 8.8.0.0/22 is as wide as a /22, or wider"]
    assert orders(office) == 0
    assert open_alarms(office, "approval-needed") == [waiting.id]
    later(office, 2 * HOUR)
    order = office.app.approve(BOB, waiting.id, "right")
    assert (order.issuer, order.source, order.ticket) == ("eve", "web", "T-1")
    assert order.start == office.clock.now(), "it counts from the approval"
    assert order.end == office.clock.now() + HOUR
    decided = office.app.proposal(EVE, waiting.id)
    assert (decided.state, decided.decided_by, decided.order) == ("approved", "bob", order.id)
    assert (decided.said, decided.decided) == ("right", office.clock.now())
    assert open_alarms(office, "approval-needed") == []


def test_the_record_names_both(office: Office) -> None:
    waiting = proposed(office)
    order = office.app.approve(BOB, waiting.id, "right")
    (made,) = entries(office, "proposal.made")
    assert (made.actor, made.subject, made.payload["person"]) == ("eve", waiting.id, "eve")
    (approved,) = entries(office, "proposal.approved")
    assert (approved.actor, approved.subject) == ("bob", waiting.id)
    assert approved.payload == {"issuer": "eve", "order": order.id, "reason": "right"}
    (placed,) = entries(office, "order.placed")
    assert placed.actor == "eve"
    assert (placed.payload["proposal"], placed.payload["approved_by"]) == (waiting.id, "bob")
    assert office.app.audit_verify(BOB).ok


def test_approving_twice_is_the_same_order(office: Office) -> None:
    waiting = proposed(office)
    first = office.app.approve(BOB, waiting.id, "right")
    again = office.app.approve(CAROL, waiting.id, "me too")
    assert again.id == first.id
    assert orders(office) == 1
    assert len(entries(office, "proposal.approved")) == 1


def test_nobody_is_his_own_second_person(office: Office) -> None:
    mine = proposed(office)
    for self in (EVE, Actor("Eve", "cli"), person("enf_1", Role.APPROVER, owner="eve")):
        with pytest.raises(Forbidden, match="your own"):
            office.app.approve(self, mine.id, "trust me")
        with pytest.raises(Forbidden, match="withdraw"):
            office.app.reject(self, mine.id, "no")
    by_token = proposed(office, person("enf_2", Role.ABUSE, source="script", owner="eve"))
    with pytest.raises(Forbidden, match="your own"):
        office.app.approve(EVE, by_token.id, "trust me")
    with pytest.raises(Forbidden, match="your own"):
        office.app.approve(person("enf_3", Role.APPROVER, owner="eve"), by_token.id, "trust me")
    assert orders(office) == 0


@pytest.mark.parametrize("actor", [VIEWER, ENGINEER, ADMIN], ids=lambda actor: str(actor.name))
def test_a_second_person_needs_the_right(office: Office, actor: Actor) -> None:
    waiting = proposed(office)
    with pytest.raises(Forbidden, match="approve"):
        office.app.approve(actor, waiting.id, "fine")
    with pytest.raises(Forbidden, match="approve"):
        office.app.reject(actor, waiting.id, "no")
    assert office.app.proposal(EVE, waiting.id).state == "waiting"


def test_a_read_only_token_of_an_approver_approves_nothing(office: Office) -> None:
    waiting = proposed(office)
    rights = BOB.rights
    assert rights is not None
    with pytest.raises(Forbidden):
        office.app.approve(replace(BOB, rights=replace(rights, read_only=True)), waiting.id, "ok")


def test_the_shell_is_not_asked(office: Office) -> None:
    assert office.app.place(ANN, asks()).issuer == "ann"
    waiting = proposed(office)
    assert office.app.approve(ANN, waiting.id, "by the shell").issuer == "eve"


def test_what_one_person_may_order_does_not_wait(office: Office) -> None:
    assert office.app.place(EVE, asks(demand=SMALL)).issuer == "eve"
    assert office.app.proposals(BOB) == []


def test_a_port_that_is_shut_down_waits(office: Office) -> None:
    shut = SuspendCustomer("cust2", Selection(), "shutdown")
    assert proposed(office, demand=shut).why == ["the ports of cust2 are shut down"]
    kept = SuspendCustomer("cust2", ESSENTIALS, "interface")
    assert office.app.place(EVE, asks(demand=kept)).issuer == "eve"


def test_thresholds_can_be_switched_off(office: Office) -> None:
    rules(office, FourEyesSettings(enabled=False))
    assert office.app.place(EVE, asks(duration=None, open_ended=True)).open_ended


def test_only_what_would_pass_is_proposed(office: Office) -> None:
    with pytest.raises(OrderRefused) as refused:
        office.app.place(EVE, asks(confirm_wide=False))
    assert refused.value.code == "too-wide"
    assert office.app.proposals(BOB, None) == []


def test_the_same_key_is_the_same_proposal(office: Office) -> None:
    first, again = proposed(office, idempotency_key="K"), proposed(office, idempotency_key="K")
    assert again.id == first.id
    assert len(office.app.proposals(BOB)) == 1
    with pytest.raises(OrderRefused, match=first.id) as refused:
        office.app.place(EVE, asks(idempotency_key="K", reason="another"))
    assert refused.value.code == "key-reused"
    order = office.app.approve(BOB, first.id, "")
    assert office.app.place(EVE, asks(idempotency_key="K")).id == order.id


def test_a_key_that_was_decided_against_is_not_asked_again(office: Office) -> None:
    waiting = proposed(office, idempotency_key="K")
    office.app.reject(BOB, waiting.id, "too wide")
    with pytest.raises(OrderRefused, match=r"rejected by bob \(too wide\)") as refused:
        office.app.place(EVE, asks(idempotency_key="K"))
    assert refused.value.code == "not-approved"


def test_an_order_of_the_shell_with_the_same_key_is_what_is_approved(office: Office) -> None:
    waiting = proposed(office, idempotency_key="K")
    order = office.app.place(ANN, asks(idempotency_key="K"))
    assert office.app.approve(BOB, waiting.id, "").id == order.id
    assert orders(office) == 1
    assert office.app.proposal(BOB, waiting.id).order == order.id


def test_many_lines_each_wait_by_themselves(office: Office) -> None:
    lines = [
        asks(demand=SMALL),
        asks(idempotency_key="K"),
        asks(idempotency_key="K"),
        asks(confirm_wide=False),
        asks(emergency="now"),
    ]
    results = office.app.place_many(EVE, lines)
    codes = [result.code for result in results]
    assert codes == [None, "awaiting-approval", "awaiting-approval", "too-wide", "forbidden"]
    (waiting,) = office.app.proposals(BOB)
    assert [result.proposal for result in results] == [None, waiting.id, waiting.id, None, None]
    assert orders(office) == 1
    assert office.app.audit_verify(BOB).ok


def test_a_preview_tells_that_it_would_wait(office: Office) -> None:
    assert office.app.preview(EVE, asks()).approval == proposed(office).why
    assert office.app.preview(EVE, asks(confirm_wide=False)).approval
    assert office.app.preview(ANN, asks()).approval == []
    (checked,) = office.app.check_many(EVE, [asks()])
    assert "waits for a second person" in checked.message


def test_everything_is_checked_again(office: Office) -> None:
    waiting = proposed(office)
    ours = (ProtectedPrefix(WIDE.prefix, "ours now"),)
    equip(office, replace(TOPOLOGY, protected=ours))
    with pytest.raises(OrderRefused) as refused:
        office.app.approve(BOB, waiting.id, "right")
    assert refused.value.code == "protected"
    assert (orders(office), office.app.proposal(BOB, waiting.id).state) == (0, "waiting")
    assert payloads(office, "order.refused")[-1]["proposal"] == waiting.id
    equip(office, TOPOLOGY)
    assert office.app.approve(BOB, waiting.id, "right now").issuer == "eve"


@pytest.mark.parametrize("what", ["stopped", "paused"])
def test_the_issuers_source_is_what_counts(office: Office, what: str) -> None:
    waiting = proposed(office)
    office.app.place(EVE, asks(demand=SMALL))
    if what == "stopped":
        office.app.source_stop(ANN, "web", "runs wild")
    else:
        office.app.pause(ANN, "works")
    with pytest.raises(OrderRefused, match=what):
        office.app.approve(Actor("bob", "cli"), waiting.id, "right")
    assert office.app.proposal(BOB, waiting.id).state == "waiting"


def test_a_start_that_has_passed_is_now(office: Office) -> None:
    start = office.clock.now() + HOUR
    waiting, delayed = proposed(office, start=start), proposed(office, start_after=HOUR)
    fixed = proposed(office, duration=None, end=office.clock.now() + HOUR)
    later(office, 3 * HOUR)
    now = office.clock.now()
    order = office.app.approve(BOB, waiting.id, "")
    assert (order.start, order.end) == (now, now + HOUR)
    order = office.app.approve(BOB, delayed.id, "")
    assert (order.start, order.end) == (now + HOUR, now + 2 * HOUR)
    with pytest.raises(OrderRefused) as refused:
        office.app.approve(BOB, fixed.id, "")
    assert refused.value.code == "end-in-past"


def test_whose_account_was_disabled_gets_nothing_approved(office: Office) -> None:
    waiting = proposed(office)
    now = office.clock.now()
    with office.database.write() as work:
        work.users.add(StoredUser("eve", None, None, None, now, now, "{}"))
    with pytest.raises(InvalidInput, match="disabled"):
        office.app.approve(BOB, waiting.id, "right")
    assert office.app.reject(BOB, waiting.id, "gone").state == "rejected"


def test_a_crash_on_the_way_leaves_all_or_nothing(office: Office) -> None:
    class Crash(BaseException):
        pass

    def crash_at(place: str) -> None:
        def step(name: str) -> None:
            if name == place:
                raise Crash

        office.app = LocalApplication(replace(office.world, step=step))

    waiting = proposed(office)
    for place in ("placing", "placed"):
        crash_at(place)
        with pytest.raises(Crash):
            office.app.approve(BOB, waiting.id, "right")
        office.app = LocalApplication(office.world)
        assert (orders(office), office.app.proposal(BOB, waiting.id).state) == (0, "waiting")
    crash_at("committed")
    with pytest.raises(Crash):
        office.app.approve(BOB, waiting.id, "right")
    office.app = LocalApplication(office.world)
    assert office.app.proposal(BOB, waiting.id).state == "approved"
    assert office.app.approve(BOB, waiting.id, "right").issuer == "eve"
    assert orders(office) == 1


def test_rejecting_says_why_and_ends_it(office: Office) -> None:
    waiting = proposed(office)
    with pytest.raises(InvalidInput, match="reason"):
        office.app.reject(BOB, waiting.id, " ")
    rejected = office.app.reject(BOB, waiting.id, "too wide")
    assert (rejected.state, rejected.decided_by, rejected.said) == ("rejected", "bob", "too wide")
    assert office.app.reject(CAROL, waiting.id, "again").decided_by == "bob"
    for attempt in (office.app.approve, office.app.withdraw):
        with pytest.raises(InvalidInput, match="rejected by bob"):
            attempt(EVE if attempt == office.app.withdraw else BOB, waiting.id, "after all")
    assert open_alarms(office, "approval-needed") == []
    (entry,) = entries(office, "proposal.rejected")
    assert (entry.actor, entry.payload["reason"]) == ("bob", "too wide")


def test_only_who_proposed_withdraws(office: Office) -> None:
    waiting = proposed(office)
    with pytest.raises(Forbidden, match="eve's"):
        office.app.withdraw(BOB, waiting.id, "no")
    withdrawn = office.app.withdraw(EVE, waiting.id, "")
    assert (withdrawn.state, withdrawn.decided_by) == ("withdrawn", "eve")
    with pytest.raises(InvalidInput, match="withdrawn"):
        office.app.approve(BOB, waiting.id, "right")
    assert open_alarms(office, "approval-needed") == []
    assert len(entries(office, "proposal.withdrawn")) == 1


def test_what_was_approved_can_only_be_lifted(office: Office) -> None:
    waiting = proposed(office)
    office.app.approve(BOB, waiting.id, "right")
    with pytest.raises(InvalidInput, match="lift"):
        office.app.reject(CAROL, waiting.id, "no")
    with pytest.raises(InvalidInput, match="lift"):
        office.app.withdraw(EVE, waiting.id, "no")


def test_what_nobody_decides_lapses_when_it_is_looked_at(office: Office) -> None:
    rules(office, FourEyesSettings(days=2))
    waiting = proposed(office, idempotency_key="K")
    later(office, 2 * DAY - timedelta(seconds=1))
    assert [one.id for one in office.app.proposals(BOB)] == [waiting.id]
    later(office, timedelta(seconds=1))
    with pytest.raises(OrderRefused, match="lapsed"):
        office.app.place(EVE, asks(idempotency_key="K"))
    assert office.app.proposals(BOB) == []
    (lapsed,) = office.app.proposals(BOB, "lapsed")
    assert (lapsed.id, lapsed.decided_by, lapsed.said) == (
        waiting.id,
        None,
        "nobody decided within 2 days",
    )
    with pytest.raises(InvalidInput, match="lapsed"):
        office.app.approve(BOB, waiting.id, "too late")
    (entry,) = entries(office, "proposal.lapsed")
    assert (entry.actor, entry.subject) == ("controller", waiting.id)
    assert open_alarms(office, "approval-needed") == []
    assert office.app.audit_verify(BOB).ok


def test_a_running_controller_lets_it_lapse(office: Office) -> None:
    waiting = proposed(office)
    later(office, 4 * DAY)
    with lapsing(office.world):
        office.clock.sleeping(1)
    assert len(entries(office, "proposal.lapsed")) == 1
    assert office.app.proposal(BOB, waiting.id).state == "lapsed"


def test_a_frozen_copy_is_only_looked_at(office: Office) -> None:
    waiting = proposed(office)
    later(office, 4 * DAY)
    with office.database.write() as work:
        work.control.set_moved(at=office.clock.now(), by="ann", reason="copied elsewhere")
    (shown,) = office.app.proposals(BOB, None)
    assert (shown.id, shown.state) == (waiting.id, "lapsed")


def test_proposals_are_found_by_state_and_id(office: Office) -> None:
    first, second = proposed(office), proposed(office)
    office.app.reject(BOB, first.id, "no")
    assert [one.id for one in office.app.proposals(BOB, None)] == [second.id, first.id]
    assert [one.id for one in office.app.proposals(BOB, "rejected")] == [first.id]
    with pytest.raises(InvalidInput, match="no state"):
        office.app.proposals(BOB, "undecided")
    with pytest.raises(InvalidInput, match="not a proposal's id"):
        office.app.proposal(BOB, "0001-Y")
    with pytest.raises(NotFound):
        office.app.approve(BOB, proposal_id(9_999), "right")
