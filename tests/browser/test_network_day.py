# SPDX-License-Identifier: GPL-2.0-or-later
"""An engineer's day at the desk, in a real browser: drift, lists, the record, tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from playwright.sync_api import expect

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.core.orders import BlockAddress
from tests.browser.town import SHELL, Town
from tests.browser.visits import Visits, accessible
from tests.fakes.device import SOMEBODY, FakeDevice

ABBY = Actor("abby", "web")
PATIENCE = timedelta(seconds=30)


@pytest.fixture
def order(town: Town) -> Iterator[OrderView]:
    """An order that edge2 enforces; it is lifted afterwards, and edge2 enforces."""
    demand = BlockAddress(ip_network("192.0.2.201"))
    command = PlaceOrder(demand=demand, reason="spam run", duration=timedelta(hours=2))
    placed = town.app.place(ABBY, command)
    assert town.app.wait(SHELL, placed.id, PATIENCE).status == "enforced"
    yield placed
    town.app.device_mode(SHELL, "edge2", "inventory", "the test is over")
    town.app.lift(ABBY, LiftOrder(order=placed.id, reason="the test is over"))
    town.app.wait(SHELL, placed.id, PATIENCE)


def lose_one(box: FakeDevice, order: OrderView) -> None:
    """Somebody else removes an entry of `order` from the router."""
    for rule, members in box.table().members.items():
        for place, entry in members.items():
            if entry.order == order.number:
                return box.remove(rule, place)
    raise AssertionError("the router holds nothing of the order")


def test_drift_appears_and_is_repaired_while_one_looks(
    visits: Visits, town: Town, order: OrderView
) -> None:
    vera, erik = visits.page_of("vera"), visits.page_of("erik")
    vera.goto("/drift")
    expect(vera.get_by_role("heading", name="No drift")).to_be_visible()

    erik.goto("/devices/edge2")
    erik.get_by_text("Change its mode").click()
    erik.get_by_label("observe", exact=True).check()
    erik.get_by_label("Why").locator("visible=true").fill("new line card")
    erik.get_by_role("button", name="Set the mode").click()
    expect(erik.get_by_role("heading", name="Observed only")).to_be_visible()
    expect(vera.get_by_text("It is read and compared, and never written to.")).to_be_visible()

    lose_one(town.boxes["edge2"], order)
    row = vera.get_by_role("row", name=re.compile("edge2"))
    expect(row.get_by_text("drifted")).to_be_visible()
    row.get_by_role("link", name="What differs").click()
    expect(vera.get_by_text("1 missing")).to_be_visible()
    expect(vera.get_by_text(re.compile(r"192\.0\.2\.201"))).to_be_visible()
    vera.get_by_role("link", name="Commands that repair it").click()
    expect(vera.locator("pre.native").first).to_contain_text("add member")
    vera.goto("/drift")
    expect(vera.get_by_text("1 missing")).to_be_visible()
    accessible(vera)
    visits.picture(vera, "drift")

    expect(erik.get_by_role("heading", name="Drifted")).to_be_visible()
    visits.picture(erik, "device")
    erik.get_by_text("Change its mode").click()
    erik.get_by_label("enforce", exact=True).check()
    erik.get_by_label("Why").locator("visible=true").fill("it runs")
    erik.get_by_role("button", name="Set the mode").click()
    expect(erik.get_by_role("heading", name="Ok")).to_be_visible()
    expect(vera.get_by_role("heading", name="No drift")).to_be_visible()

    lose_one(town.boxes["edge2"], order)
    repaired = vera.get_by_role("listitem").filter(has_text=f"changed by {SOMEBODY}")
    expect(repaired.get_by_role("link", name="Drift repaired").first).to_be_visible()
    repaired.get_by_role("link", name="Drift repaired").first.click()
    expect(vera.get_by_role("heading", name="What the device was told")).to_be_visible()
    expect(vera.get_by_text("applied:")).to_be_visible()
    visits.picture(vera, "audit-entry")


def test_a_viewer_is_offered_nothing_and_taken_nothing_from(visits: Visits, town: Town) -> None:
    page = visits.page_of("vera")
    for path in ("/devices/edge1", "/sources", "/lists", "/status", "/customers/acme"):
        page.goto(path)
        expect(page.locator("main form[method=post]")).to_have_count(0)
    page.goto("/inventory/diff")
    expect(page.get_by_role("heading", name="You may not do this")).to_be_visible()
    token = page.locator('input[name="csrf"]').first.get_attribute("value")
    form: dict[str, str | float | bool] = {
        "csrf": token or "",
        "reason": "by hand",
        "sure": "edge1",
        "mode": "observe",
    }
    for path in ("/devices/edge1/pause", "/devices/edge1/mode", "/sources/web/stop"):
        assert page.request.post(f"{town.url}{path}", form=form).status == 403
    assert town.app.device(SHELL, "edge1").mode == "enforce"


def test_a_list_is_pasted_looked_at_and_stored(visits: Visits) -> None:
    page = visits.page_of("abby")
    page.goto("/import-list")
    page.get_by_label("Name of the list").fill("botnets")
    page.get_by_label("Addresses").fill("203.0.113.64/28\n203.0.113.5\n300.1.1.1\n")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="botnets would have 2 entries")).to_be_visible()
    expect(page.get_by_text("1 line would be rejected")).to_be_visible()
    visits.picture(page, "list-import")
    page.get_by_role("button", name="Store version 1").click()
    expect(page.get_by_text("Version 1 of botnets has 2 entries.")).to_be_visible()
    page.get_by_role("link", name=re.compile("1 line")).click()
    expect(page.get_by_text("300.1.1.1")).to_be_visible()


def test_the_record_is_filtered_and_verified(visits: Visits, order: OrderView) -> None:
    page = visits.page_of("vera", colours="dark")
    page.goto("/audit")
    page.get_by_label("About").fill(order.id)
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name=order.id).first).to_be_visible()
    expect(page).to_have_url(re.compile(f"subject={order.id}"))
    visits.picture(page, "audit")
    page.get_by_role("link", name="Verify and sign").click()
    page.get_by_role("button", name="Verify the whole chain").click()
    expect(page.get_by_role("heading", name="The chain holds")).to_be_visible()
    accessible(page)


def test_a_token_is_shown_once(visits: Visits) -> None:
    page = visits.page_of("adam")
    page.goto("/tokens")
    page.get_by_label("viewer").check()
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator("#secret").inner_text().strip()
    assert len(secret) > 20
    accessible(page)
    page.goto("/tokens")
    expect(page.get_by_role("heading", name="API tokens")).to_be_visible()
    assert secret not in page.content()


def test_ones_own_zone_counts_on_every_page(visits: Visits) -> None:
    page = visits.page_of("paul")
    page.goto("/me")
    page.get_by_label("Times are shown in").fill("Asia/Kolkata")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_text("Times are shown in Asia/Kolkata.")).to_be_visible()
    page.goto("/audit")
    expect(page.get_by_label("From, Asia/Kolkata")).to_be_visible()
    title = page.locator("time").first.get_attribute("title") or ""
    assert re.search(r"IST · .* UTC$", title)
