# SPDX-License-Identifier: GPL-2.0-or-later
"""What is done with orders at the desk: lists, extending, lifting, amending, many at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from datetime import timedelta

import pytest

from enforcer.application.commands import AmendOrder, ChangeEnd, CommentOrder, LiftOrder
from enforcer.application.drop_views import DroppedView, DropSample
from enforcer.application.services import Services
from enforcer.application.views import DeviceStatus, EventView
from enforcer.errors import OrderRefused
from tests.fakes.application import FakeApplication
from tests.fakes.drops import FakeDrops
from tests.fakes.views import NOW
from tests.unit.web.conftest import As
from tests.unit.web.desk_orders import an_order

CSRF = {"csrf": "csrf-abuse"}


def _entry(sequence: int, kind: str, device: str | None, detail: Mapping[str, object]) -> EventView:
    """An entry of the record."""
    return EventView(
        sequence=sequence,
        at=NOW,
        kind=kind,
        actor="ann",
        source="web",
        subject=None,
        device=device,
        detail=dict(detail),
    )


def commands(application: FakeApplication, name: str) -> list[object]:
    return [arguments for called, _, arguments in application.calls if called == name]


def test_a_list_is_paged_and_the_same_as_csv_and_json(
    visitor: As, application: FakeApplication
) -> None:
    for n in range(1, 6):
        an_order(application, f"192.0.2.{n}", "=HYPERLINK(1)")
    client = visitor("viewer")
    first = client.get("/orders?limit=2").text
    assert re.findall(r'data-key="([^"]+)"', first) == ["0005-P", "0004-R"]
    older = re.findall(r'href="([^"]+)" rel="next"', first)[0].replace("&amp;", "&")
    assert "before=0004-R" in older and "limit=2" in older
    assert re.findall(r'data-key="([^"]+)"', client.get(older).text) == ["0003-T", "0002-W"]
    exported = client.get("/orders?format=csv")
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(exported.text)))
    assert [row["target"] for row in rows][:2] == ["192.0.2.5", "192.0.2.4"]
    assert {row["reason"] for row in rows} == {"'=HYPERLINK(1)"}
    assert client.get("/orders?format=json").json()[0]["id"] == "0005-P"


def test_live_rows_are_the_rows_and_nothing_else(visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    application._orders[view.id] = view.model_copy(
        update={"devices": [DeviceStatus(device=f"edge{n}", status="enforced") for n in (1, 2)]}
    )
    text = visitor("viewer").get("/orders?fragment=1").text
    assert f'data-key="{view.id}"' in text and "<html" not in text
    assert "enforcing" in text and "2/2" in text


def test_an_order_is_extended_to_the_instant_that_was_shown(
    visitor: As, application: FakeApplication
) -> None:
    view = an_order(application)
    client = visitor("abuse")
    text = client.get(f"/orders/{view.id}").text
    until = re.findall(r'name="until" value="([^"]+)"', text)[0].replace("&#43;", "+")
    for _ in range(2):
        sent = {**CSRF, "end": "until", "until": until}
        answer = client.post(f"/orders/{view.id}/end", data=sent)
        assert answer.status_code == 303
    assert view.end is not None
    wanted = ChangeEnd(order=view.id, extend=True, end=view.end + timedelta(hours=1))
    assert commands(application, "change_end") == [wanted, wanted]


def test_an_earlier_end_shortens(visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    sent = {**CSRF, "end": "until", "until": "2026-11-21T18:30"}
    visitor("abuse").post(f"/orders/{view.id}/end", data=sent)
    (command,) = commands(application, "change_end")
    assert isinstance(command, ChangeEnd)
    assert not command.extend and command.end == NOW + timedelta(minutes=30)


def test_lifting_needs_a_reason(visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    client = visitor("abuse")
    assert client.post(f"/orders/{view.id}/lift", data={**CSRF, "reason": " "}).status_code == 422
    assert commands(application, "lift") == []
    answer = client.post(f"/orders/{view.id}/lift", data={**CSRF, "reason": "cleaned up"})
    assert answer.headers["location"] == f"/orders/{view.id}"
    assert commands(application, "lift") == [LiftOrder(order=view.id, reason="cleaned up")]
    assert "Lift now" not in client.get(f"/orders/{view.id}").text


def test_words_are_amended_and_the_rest_stays(visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    sent = {**CSRF, "reason": "malware", "ticket": "T-2", "policy": ""}
    visitor("abuse").post(f"/orders/{view.id}/amend", data=sent)
    assert commands(application, "amend") == [
        AmendOrder(order=view.id, reason="malware", ticket="T-2")
    ]


@pytest.mark.parametrize("act", ["end", "lift", "amend", "reconfirm"])
def test_a_viewer_changes_nothing(act: str, visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    client = visitor("viewer")
    sent = {"csrf": "csrf-viewer", "reason": "x", "end": "1h"}
    assert client.post(f"/orders/{view.id}/{act}", data=sent).status_code == 403
    text = client.get(f"/orders/{view.id}").text
    assert "Lift now" not in text and "+1 hour" not in text


def test_the_page_of_an_order_proves_it_device_by_device(
    visitor: As, application: FakeApplication
) -> None:
    view = an_order(application)
    devices = [
        DeviceStatus(device="edge1", status="enforced", verified_at=NOW, detail="read back"),
        DeviceStatus(device="edge2", status="enforcing", detail="waits for its window"),
    ]
    application._orders[view.id] = view.model_copy(update={"devices": devices})
    text = visitor("viewer").get(f"/orders/{view.id}").text
    assert "proved on 1 of 2 devices" in text
    assert "waits for its window" in text and "read back" in text


def test_dropped_packets_are_drawn_as_they_grew(
    visitor: As, services: Services, application: FakeApplication
) -> None:
    view = an_order(application, "192.0.2.200")
    application.now += timedelta(minutes=30)
    drops = services.drops
    assert isinstance(drops, FakeDrops)
    path = f"/orders/{view.id}/dropped?fragment=1"
    client = visitor("viewer")
    assert "No device that holds it counts" in client.get(path).text
    drops.view = DroppedView(packets=0, shared_by=None, samples=[])
    assert "Nothing came" in client.get(path).text
    seen = ((5, 5), (9, 9), (12, 3))
    samples = [DropSample(at=view.start + timedelta(minutes=n), packets=p) for n, p in seen]
    drops.view = DroppedView(packets=1234, shared_by=2, samples=samples)
    shown = client.get(path).text
    assert "1\u202f234" in shown and "shared by 2 orders" in shown
    assert "<polyline" in shown and "+1\u202f243" in shown and "anew 1 time" in shown


def test_a_comment_is_sent_and_a_failing_device_tried_again(
    visitor: As, application: FakeApplication
) -> None:
    view = an_order(application)
    devices = [DeviceStatus(device="edge1", status="failing", detail="no route")]
    application._orders[view.id] = view.model_copy(update={"devices": devices})
    path = f"/orders/{view.id}"
    assert "Try edge1 again now" in visitor("engineer").get(path).text
    assert "again now" not in visitor("abuse").get(path).text
    assert 'name="text"' not in visitor("viewer").get(path).text
    form = {"csrf": "csrf-engineer", "back": path}
    tried = visitor("engineer").post("/devices/edge1/reconcile", data=form)
    assert tried.headers["location"] == path
    elsewhere = visitor("engineer").post(
        "/devices/edge1/reconcile", data={**form, "back": "//example.net"}
    )
    assert elsewhere.headers["location"] == "/devices/edge1"
    sent = visitor("abuse").post(f"{path}/comments", data={**CSRF, "text": "customer called"})
    assert sent.headers["location"] == path
    (command,) = commands(application, "comment")
    assert isinstance(command, CommentOrder) and command.text == "customer called"
    refused = visitor("viewer").post(f"{path}/comments", data={"csrf": "csrf-viewer", "text": "x"})
    assert refused.status_code == 403


def test_what_devices_were_told_is_in_the_timeline(
    visitor: As, application: FakeApplication
) -> None:
    view = an_order(application)
    about = {"orders": [view.id], "why": "drift: 1 missing", "writers": ["somebody"]}
    application.entries = [
        _entry(8, "device.intent", "edge1", about),
        _entry(9, "device.outcome", "edge1", {"intent": 8, "result": "applied", "said": "1 added"}),
        _entry(10, "device.intent", "edge2", {"orders": ["0009-D"], "why": "rung"}),
    ]
    text = visitor("abuse").get(f"/orders/{view.id}").text
    assert "Drift repaired on edge1" in text and "changed by: somebody" in text
    assert 'data-lazy="/audit/8?fragment=1"' in text and "/audit/10" not in text
    told = visitor("abuse").get("/audit/8?fragment=1").text
    assert "add element inet enforcer" in told and "<html" not in told


def test_checked_orders_are_lifted_together_and_failures_are_told(
    visitor: As, application: FakeApplication
) -> None:
    views = [an_order(application, f"192.0.2.{n}") for n in (1, 2)]
    client = visitor("abuse")
    chosen = [view.id for view in views]
    asked = client.post("/orders/bulk", data={**CSRF, "do": "lift", "order": chosen})
    assert "Lift 2 orders?" in asked.text
    sent = {**CSRF, "order": [*chosen, "0009-D"], "reason": "all clean", "back": "/orders?q=a"}
    answer = client.post("/orders/bulk/lift", data=sent)
    assert answer.headers["location"] == "/orders?q=a"
    told = client.get("/orders").text
    assert "2 of 3 orders lifted." in told and "0009-D: there is no order" in told


def test_checked_orders_are_extended_together(visitor: As, application: FakeApplication) -> None:
    view = an_order(application)
    sent = {**CSRF, "order": [view.id], "end": "1d"}
    visitor("abuse").post("/orders/bulk/extend", data=sent)
    (command,) = commands(application, "change_end")
    assert isinstance(command, ChangeEnd)
    assert command.extend and command.duration == timedelta(days=1)


def test_nothing_checked_is_told(visitor: As) -> None:
    client = visitor("abuse")
    client.post("/orders/bulk", data={**CSRF, "do": "lift"})
    assert "Check some orders first" in client.get("/orders").text


def test_a_paste_tells_of_each_line_and_places_the_rest(
    visitor: As, application: FakeApplication
) -> None:
    application.refuses["192.0.2.3"] = OrderRefused("protected", "our own server")
    client = visitor("abuse")
    lines = "192.0.2.1,phishing\n192.0.2.2/24\n# a note\n192.0.2.3\n192.0.2.1\n\nexample.net"
    form = {**CSRF, "lines": lines, "reason": "scanner", "end": "1h", "key": "k", "do": "check"}
    checked = client.post("/orders/paste", data=form)
    assert checked.status_code == 422
    for said in ("4 lines to correct", "1 line ready", "host bits", "our own server", "twice"):
        assert said in checked.text, said
    assert commands(application, "place_many") == []
    assert client.post("/orders/paste", data={**form, "do": "place"}).status_code == 422
    assert commands(application, "place_many") == []
    fixed = {**form, "lines": "192.0.2.1,phishing", "fixed": ["192.0.2.2/24", "", "", ""]}
    again = client.post("/orders/paste", data={**fixed, "use": "0=192.0.2.2"})
    assert "2 lines ready" in again.text
    fixed["fixed"] = ["192.0.2.2"]
    for _ in range(2):
        answer = client.post("/orders/paste", data={**fixed, "do": "place"})
        assert answer.headers["location"] == "/orders"
    found = client.get("/orders?format=json").json()
    assert {(one["target"], one["reason"]) for one in found} == {
        ("192.0.2.1", "phishing"),
        ("192.0.2.2", "scanner"),
    }
    assert len(found) == 2


def test_the_good_lines_can_be_placed_without_the_bad_ones(visitor: As) -> None:
    client = visitor("abuse")
    sent = {**CSRF, "lines": "192.0.2.1\nnonsense", "reason": "x", "end": "1h", "key": "k"}
    answer = client.post("/orders/paste", data={**sent, "do": "place-good"})
    assert answer.status_code == 303
    assert "1 order placed." in client.get("/orders").text
