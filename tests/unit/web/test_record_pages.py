# SPDX-License-Identifier: GPL-2.0-or-later
"""The record at the desk: filters in the URL, entries with evidence, verifying and signing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams
from structlog.testing import capture_logs

from enforcer.application.commands import AuditFilter, KnownHead
from enforcer.application.views import AuditCheck, EventView
from enforcer.errors import InvalidInput
from enforcer.web.audit import flat, in_short
from enforcer.web.audit_filters import PAGE, EntriesAsked
from enforcer.web.subjects import subject_page
from enforcer.web.timeline import steps
from enforcer.web.times import zone_of
from tests.fakes.views import NOW, a_signature, an_event
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def asked(sitting: Sitting) -> AuditFilter:
    return [one for one in sitting.called("audit_list") if isinstance(one, AuditFilter)][-1]


def test_filters_of_the_url_reach_the_record_and_come_back() -> None:
    sitting = Sitting("viewer")
    query = "kind=order.placed+order.lifted&subject=0001-Y&device=edge1&actor=ann&before=900"
    text = sitting.page(f"/audit?{query}&since=2026-11-21T10:00")
    which = asked(sitting)
    assert which.kinds == ("order.placed", "order.lifted")
    assert (which.subject, which.device, which.actor) == ("0001-Y", "edge1", "ann")
    assert which.before == 900
    assert which.since == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert 'value="order.placed order.lifted"' in text
    assert "/api/v1/audit/export?" in text
    assert "since=2026-11-21T10%3A00%3A00Z" in text


def test_times_are_read_in_the_readers_zone() -> None:
    asked_for = EntriesAsked.of(QueryParams("since=2026-07-01T12:00"))
    which, problems = asked_for.filter(zone_of("Europe/Vienna"), NOW, 10)
    assert which.since == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert problems == {}


def test_a_time_that_is_none_is_told_beside_its_field() -> None:
    answer = Sitting().get("/audit?since=yesterdayish")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_the_next_page_begins_where_this_one_ends() -> None:
    sitting = Sitting()
    sitting.application.entries = [an_event(number) for number in range(1, PAGE + 12)]
    text = sitting.page("/audit?actor=tester")
    assert 'href="/audit?actor=tester&amp;before=12"' in text
    assert "Older" in text
    assert "No entry fits" in sitting.page("/audit?subject=0ZZZ-Z")
    sitting.application.entries = []
    assert "The record is empty" in sitting.page("/audit")


def test_an_entry_shows_evidence_seal_and_where_to_go() -> None:
    text = Sitting("viewer").page("/audit/2")
    assert "add element inet enforcer from4" in text
    assert "ab" * 32 in text
    assert "cd" * 32 in text
    assert 'href="/audit/1"' in text
    assert 'href="/audit/3"' in text


@pytest.mark.parametrize("sequence", ["99", "x", "1" * 20, "%C2%B2"])
def test_an_entry_that_is_not_there_is_not_found(sequence: str) -> None:
    Sitting().page(f"/audit/{sequence}", 404)


def test_what_somebody_wrote_is_escaped() -> None:
    sitting = Sitting()
    event = an_event(1)
    detail = {"reason": "<script>alert(1)</script>"}
    sitting.application.entries = [event.model_copy(update={"detail": detail, "actor": "<b>"})]
    for path in ("/audit", "/audit/1"):
        text = sitting.page(path)
        assert "<script>alert" not in text
        assert "<b>" not in text.replace('<pre class="native"', "")


def test_the_chain_holds_or_is_broken_and_says_what_to_do() -> None:
    sitting = Sitting("viewer")
    assert "Not verified on this page yet" in sitting.page("/audit/chain")
    answer = sitting.post("/audit/verify")
    assert answer.status_code == 200
    assert "The chain holds" in answer.text
    assert "41 entries walked" in answer.text
    why = "entry 17: its hash does not fit"
    sitting.application.chain = AuditCheck(ok=False, entries=16, first_bad=17, why=why)
    broken = sitting.post("/audit/verify").text
    assert "The chain is broken" in broken
    assert why in broken
    assert 'href="/audit/17"' in broken


def test_an_entry_that_was_kept_elsewhere_is_asked_for() -> None:
    sitting = Sitting()
    sitting.post("/audit/verify", {"sequence": "17", "hash": "ab" * 32})
    assert sitting.called("audit_verify") == [(KnownHead(sequence=17, hash="ab" * 32),)]
    assert sitting.post("/audit/verify", {"sequence": "x", "hash": "ab"}).status_code == 422
    sitting.application.fails = InvalidInput("this is no hash")
    assert sitting.post("/audit/verify", {"sequence": "1", "hash": "zz"}).status_code == 422


def test_signatures_tell_whether_they_hold() -> None:
    sitting = Sitting()
    sitting.application.signatures = [a_signature(9, None), a_signature(5, False), a_signature(3)]
    text = sitting.page("/audit/chain")
    assert "key not at hand" in text
    assert "does not hold" in text
    assert sitting.done("/audit/sign") == "/audit/chain"
    sitting.application.signatures = []
    assert "Nothing is signed yet" in sitting.page("/audit/chain")


def test_a_report_for_a_dispute_is_a_file_and_no_page_of_ours() -> None:
    answer = Sitting("viewer").get("/dispute?subject=acme%2F..%2Fx")
    assert answer.status_code == 200
    disposition = answer.headers["content-disposition"]
    assert disposition == 'attachment; filename="report-acme-..-x.html"'
    assert Sitting().get("/dispute").status_code == 422


@pytest.mark.parametrize(
    ("subject", "kind", "path"),
    [
        ("0001-Y", "order.placed", "/orders/0001-Y"),
        ("P.0001-Y", "proposal.made", "/approvals/P.0001-Y"),
        ("a/b", "list.imported", "/lists/a%2Fb"),
        ("acme", "customer.confirmed-gone", "/customers/acme"),
        ("ann", "user.changed", "/accounts/ann"),
        ("engineer", "user.created", "/accounts/engineer"),
        ("engineer", "list.imported", "/lists/engineer"),
        ("engineer", "token.created", ""),
        ("engineer", "login.failed", ""),
        ("edge1", "braked", "/devices/edge1"),
        ("the files", "inventory-bad", "/inventory"),
        ("something", "unheard.of", ""),
        (None, "order.placed", ""),
    ],
)
def test_where_a_subject_has_its_page(subject: str | None, kind: str, path: str) -> None:
    assert subject_page(subject, kind, {"edge1"}) == path


def test_accounts_are_linked_for_who_may_see_them() -> None:
    for role, linked in (("admin", True), ("viewer", False), ("abuse", False)):
        sitting = Sitting(role)
        created = an_event(7).model_copy(update={"kind": "user.created", "subject": "engineer"})
        sitting.application.entries = [created]
        for path in ("/audit", "/audit/7"):
            text = sitting.page(path)
            assert "engineer" in text
            assert ('href="/accounts/engineer"' in text) is linked, (role, path)
            assert "/orders/engineer" not in text


def test_what_was_amended_is_told_in_words() -> None:
    detail = {
        "was": {"ticket": "T8", "reason": None},
        "is": {"ticket": "T9", "reason": "spam run"},
    }
    step = steps([an_event(3).model_copy(update={"kind": "order.amended", "detail": detail})])[0]
    assert step.facts == (("ticket", "T8 → T9"), ("reason", "none → spam run"))


def test_the_timeline_shows_instants_and_nothing_as_the_program_writes_it() -> None:
    at = "2026-11-22T13:41:36.970896+00:00"
    detail = {"from": at, "to": at, "limits": {"per_minute": 3, "on": True}, "several": [{"a": 1}]}
    step = steps([an_event(3).model_copy(update={"detail": detail})])[0]
    facts = dict(step.facts)
    assert facts["from"] == facts["to"] == datetime.fromisoformat(at)
    assert facts["limits"] == "per minute: 3; on: yes"
    assert facts["several"] == "a: 1"


def test_details_are_told_by_their_whole_names() -> None:
    detail = {"a_b": {"c": None, "d": [1, 2]}, "e": True, "f": []}
    found = flat(detail)
    assert found == [("a b · c", "none"), ("a b · d", "1\n2"), ("e", "yes"), ("f", "none")]


def test_the_short_form_is_short() -> None:
    event = EventView(
        sequence=1,
        at=NOW,
        kind="x",
        actor="a",
        source="b",
        subject=None,
        device=None,
        detail={"target": "t", "said": "s" * 500},
    )
    assert len(in_short(event)) == 160
    assert in_short(event.model_copy(update={"detail": {"size": 3}})) == ""
