# SPDX-License-Identifier: GPL-2.0-or-later
"""From the form of a new order to the order: preview, confirmations, corrections, keys."""

from __future__ import annotations

import re

import pytest

from enforcer.application.commands import PlaceOrder
from enforcer.errors import OrderRefused
from tests.fakes.application import FakeApplication
from tests.unit.web.conftest import As
from tests.unit.web.desk_orders import filled


def placed(application: FakeApplication) -> list[PlaceOrder]:
    return [arguments for name, _, arguments in application.calls if name == "place"]


def hidden(text: str) -> dict[str, list[str]]:
    """The hidden fields of the last form of a page."""
    found: dict[str, list[str]] = {}
    form = text.rpartition('action="/orders"')[2]
    for name, value in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form):
        found.setdefault(name, []).append(value)
    return found


def test_the_preview_shows_who_is_hit_what_is_told_and_the_way_back(
    visitor: As, application: FakeApplication
) -> None:
    application.collateral = ["also hits shop (tenant of acme)"]
    application.withheld = ["192.0.2.255: loopback of edge1"]
    text = visitor("abuse").post("/orders/preview", data=filled()).text
    for said in (
        "add element inet enforcer from4",
        "delete element inet enforcer",
        "hitting acme",
        "shop (tenant of acme)",
        "loopback of edge1",
        "198.51.100.0/24 has no owner",
    ):
        assert said in text, said
    assert placed(application) == []


def test_what_was_previewed_is_what_is_placed(visitor: As, application: FakeApplication) -> None:
    client = visitor("abuse")
    stated = filled(ticket="T-1", devices="edge1, edge2", policy="aup/2026-01/4.2")
    carried = hidden(client.post("/orders/preview", data=stated).text)
    answer = client.post("/orders", data=carried)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/orders/0001-Y"
    (command,) = placed(application)
    assert str(command.demand.prefix) == "192.0.2.7/32"  # type: ignore[union-attr]  # a block
    assert command.ticket == "T-1"
    assert command.scope.devices == ("edge1", "edge2")
    assert command.policy is not None and command.policy.clause == "4.2"
    assert command.duration is not None and command.duration.total_seconds() == 3600
    assert not command.open_ended
    assert "is placed" in client.get("/orders/0001-Y").text


def test_a_form_sent_twice_places_one_order(visitor: As) -> None:
    client = visitor("abuse")
    first, second = (client.post("/orders", data=filled()) for _ in range(2))
    assert first.headers["location"] == second.headers["location"]


def test_every_form_has_a_key_of_its_own(visitor: As) -> None:
    client = visitor("abuse")
    keys = {
        re.findall(r'name="key" value="([^"]+)"', client.get("/orders/new").text)[0]
        for _ in range(3)
    }
    assert len(keys) == 3


def test_a_wrong_address_is_corrected_by_one_button(
    visitor: As, application: FakeApplication
) -> None:
    client = visitor("abuse")
    answer = client.post("/orders/preview", data=filled(prefix="192.0.2.7/24"))
    assert answer.status_code == 422
    assert "has host bits set" in answer.text
    assert 'value="prefix=192.0.2.0/24"' in answer.text
    again = client.post(
        "/orders/preview", data=filled(prefix="192.0.2.7/24", use="prefix=192.0.2.7")
    )
    assert again.status_code == 200
    assert 'value="192.0.2.7"' in again.text
    assert not [name for name, _, _ in application.calls if name == "preview"]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"prefix": ""}, "say which address or prefix"),
        ({"reason": " "}, "say why"),
        ({"end": ""}, "say when it ends"),
        ({"end": "for", "duration": ""}, "give how long"),
        ({"end": "for", "duration": "soon"}, "is not a duration"),
        ({"end": "until", "until": ""}, "give the time when it ends"),
        ({"start": "tomorrow"}, "is not a time"),
        ({"policy": "aup"}, "PACK/VERSION/CLAUSE"),
        ({"exceptions": "1.2.3"}, "incomplete IPv4 address"),
        ({"kind": "block_port", "target": "acme"}, "which protocols"),
        ({"kind": "block_port", "target": "acme", "protocols": "icmp", "ports": "1"}, "no ports"),
        ({"kind": "block_flow", "source": "acme", "destination": ""}, "say to where"),
        ({"kind": "suspend_customer", "customer": ""}, "which customer"),
        ({"kind": "drop_routes", "asns": "ASX"}, "no AS number"),
        ({"kind": "drop_routes", "customers": "acme"}, "say which routes"),
        ({"kind": "shutdown_session"}, "with whom the sessions are"),
        ({"kind": "blackhole", "prefix": "acme"}, "is not an IPv4 or IPv6 address"),
    ],
)
def test_what_is_missing_or_wrong_is_told_at_its_field(
    changes: dict[str, str], said: str, visitor: As, application: FakeApplication
) -> None:
    answer = visitor("abuse").post("/orders/preview", data=filled(**changes))
    assert answer.status_code == 422
    assert said in answer.text
    assert placed(application) == []


def test_nothing_lasts_for_ever_unless_that_is_chosen(
    visitor: As, application: FakeApplication
) -> None:
    client = visitor("abuse")
    checked = re.findall(r'value="([^"]+)" checked', client.get("/orders/new").text)
    assert checked == ["both", "1h"]
    client.post("/orders", data=filled(end="never"))
    assert [command.open_ended for command in placed(application)] == [True]


def test_a_guardrail_is_confirmed_by_its_code_and_by_no_other(
    visitor: As, application: FakeApplication
) -> None:
    application.warnings = [
        "would be refused: [too-wide] /20 is wider than /24",
        "would be refused: [protected] it covers our own servers",
        "would be refused: [source-stopped] web was stopped by erik",
        "no uRPF on edge1",
    ]
    client = visitor("abuse")
    page = client.post("/orders/preview", data=filled()).text
    assert "Would be refused now: source-stopped" in page
    needs = re.findall(r'name="needs" value="([^"]+)"', page)
    assert needs == ["too-wide", "protected"]
    half = client.post("/orders", data=filled(needs=needs, confirm=["too-wide"]))
    assert half.status_code == 422
    assert "Check each box" in half.text
    assert placed(application) == []
    client.post("/orders", data=filled(needs=needs, confirm=needs))
    (command,) = placed(application)
    assert command.confirm_wide
    assert not (command.confirm_collateral or command.confirm_routes or command.confirm_foreign)


def test_what_would_be_refused_now_is_not_offered(
    visitor: As, application: FakeApplication
) -> None:
    application.warnings = ["would be refused: [paused] enforcement is paused"]
    page = visitor("abuse").post("/orders/preview", data=filled()).text
    assert "Would be refused now: paused" in page and "Change it" in page
    assert "Place the order" not in page
    application.warnings = ["would be refused: [too-wide] /20 is wider than /24"]
    assert "Place the order" in visitor("abuse").post("/orders/preview", data=filled()).text


def test_nothing_is_confirmed_that_was_not_asked_for(
    visitor: As, application: FakeApplication
) -> None:
    visitor("abuse").post("/orders", data=filled(confirm=["too-wide"], confirm_wide="1"))
    assert [command.confirm_wide for command in placed(application)] == [False]


def test_a_refusal_leads_back_with_its_code(visitor: As, application: FakeApplication) -> None:
    application.refuses["192.0.2.7"] = OrderRefused("default-route", "that is everything")
    answer = visitor("abuse").post("/orders/preview", data=filled())
    assert answer.status_code == 422
    assert "Refused: default-route" in answer.text and "that is everything" in answer.text
    assert 'value="192.0.2.7"' in answer.text


def test_what_needs_a_second_person_becomes_a_proposal(
    visitor: As, application: FakeApplication
) -> None:
    application.needs_approval["192.0.2.7"] = ["it is open-ended"]
    client = visitor("abuse")
    answer = client.post("/orders", data=filled(end="never"))
    assert answer.status_code == 303
    page = answer.headers["location"]
    assert page.startswith("/approvals/")
    text = client.get(page).text
    assert "it is open-ended" in text and "Withdraw" in text
    assert "/approve" not in text
    other = visitor("approver")
    assert "Approve" in other.get(page).text
    approved = other.post(f"{page}/approve", data={"csrf": "csrf-approver", "reason": "agreed"})
    assert approved.headers["location"] == "/orders/0001-Y"
    assert "approved" in client.get(page).text


def test_an_approver_turns_down_and_the_proposer_takes_back(
    visitor: As, application: FakeApplication
) -> None:
    application.needs_approval.update({"192.0.2.7": ["wide"], "192.0.2.8": ["wide"]})
    abuse, approver = visitor("abuse"), visitor("approver")
    pages = [
        abuse.post("/orders", data=filled(prefix=one, key=one)).headers["location"]
        for one in ("192.0.2.7", "192.0.2.8")
    ]
    approver.post(f"{pages[0]}/reject", data={"csrf": "csrf-approver", "reason": "too much"})
    abuse.post(f"{pages[1]}/withdraw", data={"csrf": "csrf-abuse", "reason": "found another way"})
    assert "too much" in abuse.get(pages[0]).text
    assert "withdrawn" in abuse.get(pages[1]).text
    assert "Nothing waits" in abuse.get("/approvals").text
