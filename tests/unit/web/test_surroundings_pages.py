# SPDX-License-Identifier: GPL-2.0-or-later
"""Customers, protected space, sources, alarms, notices, inventory, status."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import InventoryDiff
from enforcer.application.views import DoctorCheck
from enforcer.web.inventory import facts
from tests.fakes.services import a_notice
from tests.fakes.views import an_alarm, an_inventory_change
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def test_customers_are_found_by_prefix_and_attachment() -> None:
    sitting = Sitting("viewer")
    assert 'href="/customers/acme"' in sitting.page("/customers?q=192.0.2")
    assert 'href="/customers/acme"' in sitting.page("/customers?q=edge1+eth1")
    assert "No customer fits" in sitting.page("/customers?q=zzz")
    sitting.application.customer_views = {}
    assert "No customers yet" in sitting.page("/customers")


def test_a_customer_has_prefixes_attachments_contacts_and_no_orders() -> None:
    text = Sitting("viewer").page("/customers/acme")
    for part in ("192.0.2.0/25", "/devices/edge1", "abuse@acme.example", "a mail host for 40"):
        assert part in text
    assert "Nothing is ordered about it" in text
    assert "/dispute?subject=acme" in text
    Sitting().page("/customers/nobody", 404)


def test_a_customer_that_left_is_let_go_with_a_reason() -> None:
    sitting = Sitting()
    assert "It left the files" in sitting.page("/customers/gone")
    assert sitting.post("/customers/gone/gone").status_code == 422
    assert sitting.done("/customers/gone/gone", {"reason": "ended"}) == "/customers"
    assert sitting.called("customer_confirm_gone") == [("gone", "ended")]


def test_an_attachment_moves() -> None:
    sitting = Sitting()
    form = {"device": "edge1", "place": "eth1", "reason": "new cabinet"}
    assert sitting.post("/customers/acme/move", {**form, "place": ""}).status_code == 422
    assert sitting.done("/customers/acme/move", form) == "/customers/acme"
    moved = MoveAttachment(customer="acme", device="edge1", place="eth1", reason="new cabinet")
    assert sitting.called("attachment_move") == [moved]


def test_protected_space_answers_about_an_address() -> None:
    sitting = Sitting("viewer")
    assert "loopback of edge1" in sitting.page("/protected")
    assert "touches protected space" in sitting.page("/protected?q=198.51.100.9")
    assert "Not protected" in sitting.page("/protected?q=203.0.113.1")
    wrong = sitting.get("/protected?q=198.51.100.9/24")
    assert wrong.status_code == 422
    assert "/protected?q=198.51.100.0%2F24" in wrong.text


def test_the_kill_switch_of_a_source() -> None:
    sitting = Sitting("abuse")
    assert 'href="/sources/api/stop"' in sitting.page("/sources")
    assert "40 orders" in sitting.page("/sources/api/stop")
    assert sitting.post("/sources/api/stop").status_code == 422
    sitting.done("/sources/api/stop", {"reason": "reports our resolvers"})
    text = sitting.page("/sources?fragment=1")
    assert "reports our resolvers" in text
    assert text.index("stopped") < text.index("may place")
    assert "Start again" not in text, "who may stop may not always start"
    sitting.role = "engineer"
    sitting.done("/sources/api/start")
    assert "reports our resolvers" not in sitting.page("/sources")


def test_alarms_lead_to_what_they_are_about() -> None:
    sitting = Sitting("viewer")
    text = sitting.page("/alarms")
    assert 'href="/devices/edge1"' in text
    assert "cleared" not in text.partition("<main")[2].partition("</tbody>")[0]
    assert "cleared" in sitting.page("/alarms?view=all")
    needed = {"kind": "approval-needed", "subject": "P.0001-Y"}
    sitting.application.alarm_views = [an_alarm(9).model_copy(update=needed)]
    assert 'href="/approvals/P.0001-Y"' in sitting.page("/alarms")
    sitting.application.alarm_views = []
    assert "No open alarm" in sitting.page("/alarms")
    assert "There was no alarm yet" in sitting.page("/alarms?view=all")


def test_dead_letters_are_told_and_tried_again() -> None:
    sitting = Sitting()
    text = sitting.page("/notices")
    assert "1 notice could not be delivered" in text
    assert "refused" in text
    sitting.done("/notices/1/retry")
    assert sitting.notices.views[1].state == "waiting"
    assert "Every notice got there" in sitting.page("/notices?view=dead")
    assert sitting.post("/notices/77/retry").status_code == 404
    assert sitting.post("/notices/x/retry").status_code == 404
    sitting.notices.views = {2: a_notice(2, "sent")}
    assert "dead letters" not in sitting.page("/notices").lower()


def test_the_inventory_in_force_and_what_a_reload_changes() -> None:
    sitting = Sitting()
    assert "5e" * 32 in sitting.page("/inventory")
    assert "Nothing would change" in sitting.page("/inventory/diff")
    sitting.application.coming = an_inventory_change()
    text = sitting.page("/inventory/diff")
    assert "would be held" in text
    assert "0001-Y: no IPv6" in text
    assert "left the files" in text
    assert sitting.done("/inventory/reload", {"reason": "a move"}) == "/inventory"
    assert sitting.called("inventory_reload") == ["a move"]


def test_files_that_cannot_be_loaded_change_nothing() -> None:
    sitting = Sitting()
    sitting.application.coming = InventoryDiff(ok=False, problems=["line 3: no such device"])
    text = sitting.page("/inventory/diff")
    assert "line 3: no such device" in text
    assert "Put it in force" not in text
    assert sitting.done("/inventory/reload") == "/inventory/diff"


def test_facts_of_the_inventory_are_told_in_lines() -> None:
    item = {
        "name": "edge1",
        "roles": ["border", "core"],
        "vrfs": [],
        "interfaces": [{"behind": "upstream", "name": "eth0", "management": False}],
        "bgp": True,
    }
    assert facts(item) == [
        ("name", ["edge1"]),
        ("roles", ["border, core"]),
        ("interfaces", ["eth0 · behind upstream"]),
        ("bgp", ["yes"]),
    ]


def test_the_status_names_the_controller_and_what_is_wrong() -> None:
    sitting = Sitting()
    assert "C0FFEE, epoch 3" in sitting.page("/status")
    state = sitting.application.state
    sitting.application.state = state.model_copy(update={"leader": False})
    assert "No controller is running" in sitting.page("/status?fragment=1")
    sitting.application.checks = [
        DoctorCheck(check="database", ok=True, detail="at head"),
        DoctorCheck(check="clock", ok=False, detail="42 s late", advice="run an NTP client"),
    ]
    text = sitting.page("/status/doctor")
    assert "1 thing needs a look" in text
    assert text.index("42 s late") < text.index("at head"), "what is wrong comes first"
    assert "run an NTP client" in text
    assert "/status/doctor" not in Sitting("viewer").page("/status")


def test_one_switch_stops_all_automated_sources_and_every_page_says_so() -> None:
    sitting = Sitting("engineer")
    text = sitting.page("/sources")
    assert 'href="/sources/*/stop"' in text and "AUTOMATED SOURCES STOPPED" not in text
    assert "so do their own tokens" in sitting.page("/sources/*/stop")
    assert sitting.done("/sources/*/stop", {"reason": "a wrong feed"}) == "/sources"
    assert sitting.called("source_stop") == [("*", "a wrong feed")]
    stopped = {"sources_stopped": "by ann: a wrong <feed>"}
    sitting.application.state = sitting.application.state.model_copy(update=stopped)
    for path in ("/", "/orders", "/sources", "/desk/banner?fragment=1"):
        text = sitting.page(path)
        assert "AUTOMATED SOURCES STOPPED" in text and "by ann: a wrong &lt;feed&gt;" in text
        assert 'action="/sources/*/start"' in text
    assert 'href="/sources/*/stop"' not in text
    assert sitting.done("/sources/*/start") == "/sources"
    assert sitting.called("source_start") == ["*"]


def test_who_may_only_look_neither_stops_nor_starts_them() -> None:
    sitting = Sitting("viewer")
    assert 'href="/sources/*/stop"' not in sitting.page("/sources")
    assert sitting.post("/sources/*/stop", {"reason": "no"}).status_code == 403
    assert sitting.post("/sources/*/start").status_code == 403


def test_the_pause_sign_is_in_every_head() -> None:
    sitting = Sitting("abuse")
    for changes in ({}, {"leader": False}):
        sitting.application.state = sitting.application.state.model_copy(update=changes)
        assert '<a class="count" href="/pause"' in sitting.page("/orders"), changes


def test_one_device_is_told_as_one() -> None:
    sitting = Sitting("viewer")
    assert "devices are well" in sitting.page("/")
    sitting.application.device_views = sitting.application.device_views[:1]
    assert "of 1 device is well" in sitting.page("/")
