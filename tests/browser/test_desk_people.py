# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what at the desk, in a real browser; and the desk without script."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.town import PASSWORD, Town
from tests.browser.visits import Visits, accessible


def test_a_second_person_approves(visits: Visits) -> None:
    abby, paul = visits.page_of("abby"), visits.page_of("paul")
    abby.goto("/orders/new?prefix=203.0.113.9")
    abby.get_by_label("Why", exact=True).fill("for good")
    abby.get_by_text("open-ended").click()
    abby.get_by_role("button", name="Preview").last.click()
    expect(abby.get_by_text("Needs a second person")).to_be_visible()
    abby.get_by_role("button", name="Ask for approval").click()
    expect(abby.get_by_role("heading", name=re.compile("Proposal"))).to_be_visible()
    expect(abby.get_by_role("button", name="Approve")).to_have_count(0)
    path = abby.url

    paul.goto("/approvals")
    paul.get_by_role("link", name=path.rpartition("/")[2]).click()
    accessible(paul)
    visits.picture(paul, "approval")
    paul.get_by_label("What you say to it").fill("agreed")
    paul.get_by_role("button", name="Approve").click()
    expect(paul.get_by_text("Enforced and read back")).to_be_visible()
    abby.reload()
    expect(abby.get_by_text("by paul")).to_be_visible()


def test_a_viewer_looks_and_cannot_act(visits: Visits, town: Town) -> None:
    page = visits.page_of("vera")
    page.goto("/orders")
    expect(page.get_by_role("link", name="New order")).to_have_count(0)
    expect(page.get_by_role("button", name="Lift")).to_have_count(0)
    page.goto("/orders/new")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    accessible(page)
    page.goto("/")
    sent = page.request.post(f"{town.url}/desk/pause", form={"reason": "by hand"})
    assert sent.status == 403
    page.reload()
    expect(page.locator(".banner")).to_have_count(0)


def test_a_login_that_ends_leads_to_the_login_page_and_back(visits: Visits, town: Town) -> None:
    page = visits.page_of("abby")
    page.goto("/orders?view=all")
    cookie = next(c["value"] for c in page.context.cookies() if "session" in c["name"])
    town.accounts.logout(cookie)
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("/login"))
    page.get_by_label("Name").fill("abby")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page).to_have_url(re.compile(r"/orders\?.*view=all"))


def test_a_pause_is_seen_on_every_page_at_once(visits: Visits) -> None:
    erik, vera = visits.page_of("erik"), visits.page_of("vera")
    vera.goto("/orders")
    erik.goto("/pause")
    accessible(erik)
    erik.get_by_label("Why").first.fill("strange drops")
    erik.get_by_role("button", name="Pause everywhere").click()
    expect(vera.locator(".banner")).to_contain_text("PAUSED")
    expect(vera.locator(".banner")).to_contain_text("strange drops")
    accessible(vera)
    expect(vera.get_by_role("button", name="Resume")).to_have_count(0)
    erik.get_by_role("button", name="Resume").click()
    expect(vera.locator(".banner")).to_have_count(0)


def test_without_script_everything_is_there(visits: Visits) -> None:
    page = visits.page_of("abby", script=False)
    page.goto("/")
    page.get_by_role("searchbox").first.fill("192.0.2.8/25")
    page.get_by_role("searchbox").first.press("Enter")
    page.get_by_role("link", name="192.0.2.8", exact=True).click()
    expect(page.get_by_role("heading", name="Not blocked")).to_be_visible()
    page.get_by_role("link", name="Block it").click()
    page.get_by_label("Address or prefix").fill("192.0.2.8/25")
    page.get_by_label("Why", exact=True).fill("no script")
    page.get_by_label("Why", exact=True).press("Enter")
    page.get_by_role("button", name="192.0.2.8", exact=True).click()
    page.get_by_role("button", name="Preview").last.click()
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_text("is placed, for 1 device")).to_be_visible()
    page.get_by_role("button", name="+1 day").click()
    expect(page.get_by_text("It ends now at")).to_be_visible()
    page.get_by_label("Why lift it").fill("done")
    page.get_by_role("button", name="Lift now").click()
    expect(page.get_by_text("Lifted: it is being removed")).to_be_visible()
    page.locator("details.who summary").click()
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
