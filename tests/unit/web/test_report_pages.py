# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports at the desk: the list, the evidence, dismissing, and the order from one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from enforcer.web.reports import PAGE, ReportsAsked, prefilled
from tests.fakes.services import a_report
from tests.unit.web.desk_orders import an_order
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def test_what_waits_for_somebody_comes_first() -> None:
    sitting = Sitting("viewer")
    sitting.reports.views[2] = a_report(2, "counted")
    text = sitting.page("/reports")
    assert 'href="/reports/1"' in text
    assert 'href="/reports/2"' not in text
    assert 'href="/reports/2"' in sitting.page("/reports?view=all")
    assert 'href="/reports/2"' in sitting.page("/reports?state=counted")
    sitting.reports.views.clear()
    assert "Nothing waits for you" in sitting.page("/reports")
    assert "No report came yet" in sitting.page("/reports?view=all")
    assert "No report fits" in sitting.page("/reports?source=nobody")


def test_an_order_names_the_reports_it_was_placed_for() -> None:
    sitting = Sitting("viewer")
    order = an_order(sitting.application)
    assert "Because of" not in sitting.page(f"/orders/{order.id}")
    changes = {"state": "ordered", "order": order.id, "rule": "spam"}
    sitting.reports.views[2] = a_report(2).model_copy(update=changes)
    text = sitting.page(f"/orders/{order.id}")
    assert '<a href="/reports/2">report 2</a>' in text
    assert "by the rule spam" in text
    assert 'href="/reports/1"' not in text


def test_an_address_is_answered_with_the_reports_about_it() -> None:
    sitting = Sitting("viewer")
    sitting.reports.views[2] = a_report(2).model_copy(update={"target": "192.0.2.70"})
    for part in ("", "&fragment=1"):
        text = sitting.page(f"/search?q=192.0.2.7{part}")
        assert 'href="/reports/1"' in text and 'href="/reports/2"' not in text
    assert "Reports about it" not in sitting.page("/search?q=192.0.2.9")
    assert "Reports about it" not in sitting.page("/search?q=192.0.2.7&at=2026-11-20T10:00")


def test_pages_of_reports() -> None:
    sitting = Sitting()
    sitting.reports.views = {number: a_report(number) for number in range(1, PAGE + 10)}
    assert 'href="/reports?before=10"' in sitting.page("/reports")
    assert sitting.page("/reports?before=10&fragment=1").count("<tr") == 1 + 9


def test_a_report_shows_what_came_escaped_and_what_was_understood() -> None:
    sitting = Sitting()
    came = {
        "raw": '{"a":"<script>"}',
        "fields": {"Report": {"SourceIp": "192.0.2.7"}},
        "warnings": ["no date"],
        "trusted": False,
    }
    sitting.reports.views[1] = a_report(1).model_copy(update=came)
    text = sitting.page("/reports/1")
    assert "&#34;a&#34;: &#34;&lt;script&gt;&#34;" in text
    assert "Report · SourceIp" in text
    assert "no date" in text
    assert "Anybody could have written it" in text
    for wrong in ("99", "x"):
        sitting.page(f"/reports/{wrong}", 404)


def test_dismissing_needs_a_reason() -> None:
    sitting = Sitting("abuse")
    assert sitting.post("/reports/1/dismiss").status_code == 422
    assert sitting.done("/reports/1/dismiss", {"reason": "a test"}) == "/reports"
    assert sitting.reports.views[1].state == "dismissed"
    assert "Decide" not in sitting.page("/reports/1")


def test_the_order_from_a_report_is_filled_in_and_remembers_it() -> None:
    sitting = Sitting("abuse")
    path = prefilled(a_report(1))
    assert path in sitting.page("/reports/1").replace("&amp;", "&")
    form = sitting.page(path)
    assert 'value="192.0.2.7"' in form
    assert 'name="report" value="1"' in form
    fields = {"kind": "block_address", "prefix": "192.0.2.7", "reason": "spam", "end": "1h"}
    preview = sitting.post("/orders/preview", {**fields, "report": "1"})
    assert 'name="report" value="1"' in preview.text
    assert sitting.done("/orders", {**fields, "report": "1"}).startswith("/orders/")
    assert sitting.reports.views[1].state == "ordered"


def test_a_report_without_an_address_offers_no_order() -> None:
    sitting = Sitting()
    nothing = a_report(1).model_copy(update={"target": None})
    assert prefilled(nothing) == ""
    assert prefilled(nothing.model_copy(update={"target": "example.com"})) == ""
    sitting.reports.views[1] = nothing
    assert "It names no address that could be blocked" in sitting.page("/reports/1")


def test_filters_of_reports_round_trip() -> None:
    asked = ReportsAsked("all", "failed", "xarf", "a source", "spam", "7")
    which = asked.filter()
    assert (which.states, which.formats, which.source) == (("failed",), ("xarf",), "a source")
    assert (which.text, which.before, which.limit) == ("spam", 7, PAGE + 1)
    assert asked.query()["q"] == "spam"
