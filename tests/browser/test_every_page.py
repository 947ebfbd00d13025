# SPDX-License-Identifier: GPL-2.0-or-later
"""Every page of a provider with twenty routers: accessible in light and dark, no wider than a
telephone, and moved through by keys. `ENFORCER_SCREENSHOTS` makes pictures of them for the guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from enforcer.application.views import OrderView
from tests.browser.big_town import (
    BIG,
    COOPERATIVE,
    HOURS_AGO,
    LONG,
    OFF,
    PAUSED,
    LateClock,
    populate,
)
from tests.browser.conftest import pictures, quiet
from tests.browser.town import Town, built
from tests.browser.visits import NARROW, WIDE, Visits, accessible_in_both, fits

PAGES = {
    "home": "/",
    "search": "/search?q=192.0.2.7",
    "search-words": "/search?q=spam",
    "search-nothing": "/search?q=nothing+like+it",
    "orders": "/orders",
    "orders-all": "/orders?view=all",
    "orders-none": "/orders?q=nothing+fits",
    "order": "/orders/{order}",
    "new-port": "/orders/new?kind=block_port",
    "new-list": "/orders/new?kind=block_list",
    "new-suspend": "/orders/new?kind=suspend_customer",
    "new-routes": "/orders/new?kind=drop_routes",
    "paste-empty": "/orders/paste",
    "approvals": "/approvals",
    "reports": "/reports?view=all",
    "report": "/reports/2",
    "notices": "/notices",
    "devices": "/devices",
    "device-long": f"/devices/{LONG}",
    "device-paused": f"/devices/{PAUSED}",
    "device-plan": f"/devices/{OFF}/plan",
    "device-adopt": f"/devices/{OFF}/adopt",
    "device-release": f"/devices/{OFF}/release",
    "drift-all": "/drift",
    "alarms": "/alarms",
    "customers": "/customers",
    "customer": f"/customers/{COOPERATIVE}",
    "inventory": "/inventory",
    "inventory-diff": "/inventory/diff",
    "lists": "/lists",
    "list": "/lists/botnets",
    "list-import-empty": "/import-list",
    "protected": "/protected",
    "sources": "/sources",
    "source-stop": "/sources/web/stop",
    "audit-all": "/audit",
    "audit-one": "/audit/1",
    "audit-chain": "/audit/chain",
    "accounts": "/accounts",
    "account": "/accounts/vera",
    "me": "/me",
    "tokens": "/tokens",
    "status": "/status",
    "nothing": "/nothing",
}
CLOCK = LateClock()
SHOWN = {
    "home",
    "search",
    "approvals",
    "reports",
    "sources",
    "accounts",
    "devices",
    "orders",
    "order",
}
"""Of these there are pictures in the guide, also in dark and of a telephone."""


@pytest.fixture(scope="module")
def big_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    CLOCK.behind = HOURS_AGO
    with quiet(), built(tmp_path_factory.mktemp("big_town"), BIG, CLOCK) as made:
        yield made


@pytest.fixture(scope="module")
def order(big_town: Town) -> OrderView:
    return populate(big_town, CLOCK)


@pytest.fixture
def visits(browser: Browser, big_town: Town) -> Iterator[Visits]:
    made = Visits(browser, big_town, pictures())
    yield made
    made.leave()


def looked_at(visits: Visits, page: Page, name: str) -> None:
    """Light and dark on a desk's screen, and on a telephone; with pictures where they are shown."""
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    if name in SHOWN:
        visits.picture(page, name)
    accessible_in_both(page, whole=name == "home")
    if name in SHOWN:
        visits.picture(page, f"{name}-dark")
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    fits(page)
    if name in SHOWN:
        visits.picture(page, f"{name}-narrow")


def test_every_page_is_accessible_in_light_and_dark_and_fits_a_telephone(
    visits: Visits, order: OrderView
) -> None:
    page = visits.page_of("adam")
    for name, path in PAGES.items():
        page.emulate_media(color_scheme="light")
        page.goto(path.format(order=order.id))
        expect(page.get_by_text("It is being read")).to_have_count(0)
        looked_at(visits, page, name)


def test_a_device_that_is_paused_says_how_far_it_is_from_what_is_desired(
    visits: Visits, order: OrderView
) -> None:
    page = visits.page_of("vera")
    page.goto("/drift")
    row = page.get_by_role("row", name=re.compile(PAUSED))
    expect(row.locator(".chip", has_text="paused")).to_be_visible()
    expect(row).to_contain_text("1 order held back")
    page.goto(f"/devices/{PAUSED}")
    expect(page.locator("[data-state]")).to_contain_text("1 order held back")
    expect(page.get_by_text("1 missing").or_(page.get_by_text("2 missing"))).to_be_visible()


def test_a_list_is_worked_through_by_keys_alone(visits: Visits, order: OrderView) -> None:
    page = visits.page_of("abby")
    page.goto("/orders")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    rows = page.locator("[data-rows] tbody tr")
    expect(rows.nth(0)).to_have_class(re.compile("current"))
    page.keyboard.press("x")
    expect(rows.nth(0).get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/orders$"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("k")
    opened = rows.nth(0).locator("a[data-open]").inner_text()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/orders/{opened}$"))
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("n")
    expect(page.locator("#q")).to_have_value("n")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page).to_have_url(re.compile("/orders/new$"))


def test_the_page_of_an_order_shows_what_was_dropped_told_and_said(
    visits: Visits, order: OrderView
) -> None:
    page = visits.page_of("erik")
    page.goto(f"/orders/{order.id}")
    expect(page.locator("#dropped svg")).to_be_visible()
    expect(page.locator(".timeline blockquote")).to_contain_text("cleans it up")
    write = page.locator(".timeline li", has_text="edge1: Written")
    write.get_by_text("Commands and answers").click()
    expect(write.locator("pre.native").first).to_contain_text("add member")
    page.get_by_label("What the next one should know").fill("Called again.\nNobody there.")
    page.get_by_role("button", name="Add the comment").click()
    expect(page.locator(".timeline blockquote").first).to_have_text("Called again.\nNobody there.")
