# SPDX-License-Identifier: GPL-2.0-or-later
"""Two people in browsers and a detector at once, on one service over real nftables."""

from __future__ import annotations

import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from enforcer import bootstrap
from enforcer.accounts.local import LocalAccounts
from enforcer.application.account_views import CreateUser
from enforcer.core.access import Role
from tests.browser.test_abuse_day import place_address
from tests.browser.town import PASSWORD
from tests.browser.visits import Visits
from tests.integration.api.served import SHELL, Installed, Service, eventually, running
from tests.integration.nft_router import namespaces

pytestmark = pytest.mark.root

RULES = """
[[service.intake.rules]]
name = "logins"
do = "order"
type = ["login_attack"]
kind = "block_address"
direction = "from"
"""
CUSTOMERS = """
customers:
  acme:
    prefixes: [203.0.113.0/24]
"""
"""A detector orders in our own space only."""
REPORTED = [f"203.0.113.{number}" for number in range(101, 121)]
EACH = 3
"""So many times the detector tells of the same address: that is one order."""


@dataclass
class Street:
    """A service that runs, and the namespace that it writes to."""

    service: Service
    accounts: LocalAccounts
    namespace: str

    @property
    def url(self) -> str:
        return self.service.url

    def in_kernel(self) -> str:
        """The table of the router, as `nft` lists it."""
        words = ["ip", "netns", "exec", self.namespace, "nft", "list", "table", "inet", "enforcer"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    with namespaces() as namespace:
        installed = Installed(tmp_path_factory.mktemp("street"), namespace)
        installed.create()
        with installed.config.open("a", encoding="utf-8") as config:
            config.write(RULES)
        with (installed.folder / "inventory.yaml").open("a", encoding="utf-8") as inventory:
            inventory.write(CUSTOMERS)
        accounts = bootstrap.accounts(installed.settings)
        for name, role in (("abby", "abuse"), ("anna", "abuse"), ("paul", "approver")):
            accounts.create_user(SHELL, CreateUser(name=name, roles=(role,), password=PASSWORD))
        petra = CreateUser(name="petra", roles=("approver",), password=PASSWORD)
        accounts.create_user(SHELL, petra)
        with running(installed) as service:
            eventually(service.leads, "the controller leads")
            yield Street(service, accounts, namespace)


@pytest.fixture
def visits(browser: Browser, street: Street) -> Iterator[Visits]:
    made = Visits(browser, street, None)
    yield made
    made.leave()


def detector(service: Service, answers: list[int]) -> threading.Thread:
    """Reports every address a few times over, as fast as it is let."""

    def send() -> None:
        with service.client(Role.DETECTOR) as client:
            for _ in range(EACH):
                for address in REPORTED:
                    said = {"source_identifier": address, "type": "login_attack", "protocol": "tcp"}
                    answers.append(client.post("/in/xarf", json=said).status_code)

    return threading.Thread(target=send)


def placed_by_hand(page: Page, address: str) -> str:
    """As `place_address`, step by step on a page without script."""
    return place_address(page, address, f"seen by hand: {address}")


def ids_by_target(client: httpx.Client) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in client.get("/orders", params={"limit": 200}).json()["items"]:
        found.setdefault(str(one["demand"]["prefix"]).removesuffix("/32"), []).append(one["id"])
    return found


def test_nothing_is_lost_and_everybody_sees_the_others(visits: Visits, street: Street) -> None:
    abby, anna = visits.page_of("abby"), visits.page_of("anna", script=False)
    watching = visits.page_of("abby")
    watching.goto("/orders")
    expect(watching.locator("[data-live-light]")).to_have_class(re.compile(r"\bon\b"))
    answers: list[int] = []
    reporting = detector(street.service, answers)
    reporting.start()
    mine = [place_address(abby, "198.51.100.1", "by abby")]
    theirs = [placed_by_hand(anna, "198.51.100.2")]
    mine.append(place_address(abby, "198.51.100.3", "by abby"))
    reporting.join()

    assert Counter(answers) == {202: len(REPORTED) * EACH}, "every report has a receipt"
    for order in (*mine, *theirs):
        expect(watching.locator(f"[data-key='{order}']")).to_contain_text("enforced")
    expect(watching.locator(".address", has_text=re.compile(r"^203\.0\.113\."))).to_have_count(
        len(REPORTED)
    )
    anna.goto("/orders")
    for order in mine:
        expect(anna.locator(f"[data-key='{order}']")).to_have_count(1)
    with street.service.client(Role.ENGINEER) as client:
        found = ids_by_target(client)
        wanted = {*REPORTED, "198.51.100.1", "198.51.100.2", "198.51.100.3"}
        assert {target for target in found if len(found[target]) != 1} == set(), "none twice"
        assert set(found) == wanted
        for order in (ids[0] for ids in found.values()):
            said = client.get(f"/orders/{order}/wait", params={"timeout": 20}).json()["status"]
            assert said == "enforced"
    table = street.in_kernel()
    assert [address for address in sorted(wanted) if address not in table] == []


def test_of_two_who_approve_at_once_one_does_and_the_other_is_told(
    visits: Visits, street: Street
) -> None:
    demand = {"kind": "block_address", "prefix": "198.51.100.77"}
    body = {"demand": demand, "reason": "for good", "open_ended": True}
    with street.service.client(Role.ABUSE) as client:
        waits = client.post("/orders", json=body)
    assert waits.status_code == 202, waits.text
    proposal = waits.json()["proposal"]["id"]
    paul, petra = visits.page_of("paul"), visits.page_of("petra", script=False)
    for page in (paul, petra):
        page.goto(f"/approvals/{proposal}")
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
    # The one's form is on its way while the other's button is pressed.
    paul.evaluate("document.querySelector('main form').requestSubmit()")
    petra.get_by_role("button", name="Approve").click()

    won = re.compile(r"Approved: order [0-9A-Z-]+ is placed\.")
    late = re.compile(f"{proposal} was approved before you, by (paul|petra): it is order")
    pages = {"paul": paul, "petra": petra}
    for page in pages.values():
        expect(page.locator(".said")).to_have_text(re.compile(f"{won.pattern}|{late.pattern}"))
    said = {name: page.locator(".said").inner_text() for name, page in pages.items()}
    winner = next(name for name, text in said.items() if won.search(text))
    (loser,) = set(said) - {winner}
    assert f"by {winner}" in said[loser], "who was quicker is named"
    assert pages[loser].url == pages[winner].url, "both are where the order is"
    with street.service.client(Role.ENGINEER) as client:
        orders = client.get("/orders", params={"text": "198.51.100.77"}).json()["items"]
        assert [one["id"] for one in orders] == [pages[winner].url.rpartition("/")[2]]
        entries = client.get("/audit", params={"subject": proposal}).json()["items"]
    assert Counter(one["kind"] for one in entries)["proposal.approved"] == 1
