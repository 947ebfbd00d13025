# SPDX-License-Identifier: GPL-2.0-or-later
"""A day at the abuse desk, in a real browser: every step as a person does it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.town import PASSWORD
from tests.browser.visits import Visits, accessible


def place_address(page: Page, address: str, why: str) -> str:
    """Place a block of an address by the form; the order's id."""
    page.goto("/orders/new")
    page.get_by_label("Address or prefix").fill(address)
    page.get_by_label("Why", exact=True).fill(why)
    page.get_by_role("button", name="Preview").last.click()
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url(re.compile(r"/orders/[0-9A-Z]+-[0-9A-Z]$"))
    return page.url.rpartition("/")[2]


def test_search_add_preview_place_watch_extend_lift(visits: Visits) -> None:
    page = visits.watched(visits.context().new_page())
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Name").fill("abby")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(re.compile(r"/$"))

    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("192.0.2.7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Not blocked")).to_be_visible()
    expect(page.get_by_role("link", name="acme")).to_be_visible()

    page.locator("main").click(position={"x": 5, "y": 5})
    page.keyboard.press("n")
    field = page.get_by_label("Address or prefix")
    expect(field).to_be_focused()
    field.press_sequentially("192.0.2.7/24")
    page.get_by_role("button", name="192.0.2.7", exact=True).click()
    expect(field).to_have_value("192.0.2.7")
    page.get_by_label("Why", exact=True).fill("phishing page")
    page.get_by_label("Ticket (optional)").fill("T-4711")
    visits.picture(page, "new-order")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    expect(page.get_by_text("hitting acme")).to_be_visible()
    expect(page.locator("pre.native").first).to_contain_text("add member")
    accessible(page)
    visits.picture(page, "preview")
    page.get_by_role("button", name="Place the order").click()

    expect(page.get_by_text("is placed, for")).to_be_visible()
    expect(page.get_by_text("Enforced and read back on 1 device.")).to_be_visible()
    accessible(page)
    before = page.locator(".facts time").nth(2).inner_text()
    page.get_by_role("button", name="+1 hour").click()
    expect(page.get_by_text("It ends now at")).to_be_visible()
    assert page.locator(".facts time").nth(2).inner_text() != before

    page.get_by_label("Why lift it").fill("cleaned up")
    page.get_by_role("button", name="Lift now").click()
    expect(page.get_by_text("and gone from every device")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("cleaned up")


def test_a_row_of_the_list_changes_while_one_looks(visits: Visits) -> None:
    page = visits.page_of("abby")
    page.goto("/orders")
    watching = visits.page_of("abby")
    watching.goto("/orders")
    expect(watching.locator("[data-live-light]")).to_have_class(re.compile(r"\bon\b"))
    search = watching.get_by_label("Text")
    search.fill("half a word")
    search.focus()
    order = place_address(page, "192.0.2.99", "watched by somebody else")
    row = watching.locator(f"[data-key='{order}']")
    expect(row).to_contain_text("enforced")
    expect(search).to_be_focused()
    expect(search).to_have_value("half a word")
    watching.locator("h1").click()
    watching.keyboard.press("j")
    expect(watching.locator("tr.current")).to_have_count(1)
    watching.keyboard.press("?")
    expect(watching.get_by_role("dialog")).to_be_visible()
    accessible(watching)
    watching.keyboard.press("Escape")


def test_a_form_that_is_sent_twice_places_one_order(visits: Visits) -> None:
    page = visits.page_of("abby")
    order = place_address(page, "192.0.2.55", "sent twice")
    page.go_back()
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url(re.compile(f"/orders/{order}$"))
    page.goto("/orders?q=sent+twice")
    expect(page.locator("[data-key]")).to_have_count(1)


def test_paste_200_lines_with_three_bad_ones(visits: Visits) -> None:
    page = visits.page_of("abby")
    page.goto("/orders/paste")
    lines = [f"2001:db8:d::{n:x},scanner" for n in range(1, 198)]
    lines[20:20] = ["2001:db8:d::1:1/64,host bits"]
    lines[90:90] = ["example.net,a name"]
    lines[150:150] = ["192[.]0[.]2[.]200,refanged"]
    page.get_by_label("Addresses and prefixes").fill("\n".join(lines))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="3 lines to correct")).to_be_visible()
    expect(page.get_by_role("heading", name="197 lines ready")).to_be_visible()
    accessible(page)
    visits.picture(page, "paste")
    page.get_by_role("button", name="2001:db8:d::1:1,host bits").click()
    expect(page.get_by_role("heading", name="2 lines to correct")).to_be_visible()
    page.get_by_label("Line to correct: example.net").fill("")
    page.get_by_role("button", name="192.0.2.200,refanged").click()
    expect(page.get_by_role("heading", name="199 lines ready")).to_be_visible()
    page.get_by_role("button", name="Place 199 orders").click()
    expect(page.get_by_text("199 orders placed.")).to_be_visible()
    page.get_by_label("Check all rows").check()
    page.get_by_role("button", name="Lift").click()
    page.get_by_label("Why").fill("it was a test")
    page.get_by_role("button", name="Lift 50 orders").click()
    expect(page.get_by_text("50 of 50 orders lifted.")).to_be_visible()


def test_what_is_protected_is_confirmed_by_name_or_not_placed(visits: Visits) -> None:
    page = visits.page_of("abby")
    page.goto("/orders/new?prefix=198.51.100.0/25")
    page.get_by_label("Why", exact=True).fill("hijacked")
    page.get_by_role("button", name="Preview").last.click()
    expect(page.get_by_text("our own servers").first).to_be_visible()
    page.get_by_role("button", name="Place the order").or_(
        page.get_by_role("button", name="Ask for approval")
    ).click()
    expect(page.get_by_text("Check each box, or leave the order.")).to_be_visible()
    accessible(page)
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name=re.compile("Place the order|Ask for approval")).click()
    expect(page.get_by_role("heading", name=re.compile("Proposal|Order"))).to_be_visible()
