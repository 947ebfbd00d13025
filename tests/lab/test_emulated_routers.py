# SPDX-License-Identifier: GPL-2.0-or-later
"""One order on a Linux router and on EMULATED IOS, IOS-XR and Junos routers, end to end.

The Linux router answers with packets. The emulated ones forward nothing: each is asked what its
configuration would do with a packet. No result here is one of a vendor's software.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab.emulators.control import Control
from lab.inside import current
from lab.installation import Controller, Installation
from lab.isp import CUST1, CUST2, MAILSINK, RELAY
from lab.probes import passage, tcp
from lab.shell import wait_until
from lab.vendors import (
    HOW,
    IOS,
    JUNOS,
    ROUTERS,
    XR,
    emulated,
    enrol,
    inventory_for,
    operators_own,
    remove_mark,
    segment,
)
from tests.lab.conftest import LabView

pytestmark = [pytest.mark.root, pytest.mark.emulated]

EVERY_EDGE = ("edge1", IOS, XR, JUNOS)
LINES = {
    "cust1": {IOS: "Ethernet0/1", JUNOS: "ge-0/0/0.0"},
    "cust2": {IOS: "Ethernet0/2", XR: "GigabitEthernet0/0/0/0", JUNOS: "ge-0/0/1.0"},
}
"""Where a customer is attached to emulated routers."""
HOSTS = {"cust1": CUST1, "cust2": CUST2}
PATIENCE = 60.0


@dataclass
class Plant:
    """An installation and its controller on all routers, and what stood on these before it."""

    lab: LabView
    installation: Installation
    controller: Controller
    before: dict[str, str]
    placed: list[str] = field(default_factory=list)

    def place(self, customer: str, *more: str) -> str:
        """Block port 25 of a customer but for the relay; the order's id."""
        words = ("block-port", customer, "--port", "25", "--except", "relay", *more)
        order = self.installation.ask("order", *words, "--for", "1h", "--reason", "spam run")
        self.placed.append(order["id"])
        return str(order["id"])

    def show(self, order: str) -> dict[str, Any]:
        """The order as the command line shows it."""
        shown: dict[str, Any] = self.installation.ask("order", "show", order)
        return shown

    def on_devices(self, order: str) -> dict[str, str]:
        """Its status on each device."""
        return {one["device"]: one["status"] for one in self.show(order)["devices"]}

    def await_status(self, order: str, wanted: str) -> dict[str, str]:
        """Wait for a status; the one on each device."""
        holds = f"order {order} is {wanted}"
        wait_until(lambda: self.show(order)["status"] == wanted, holds, timeout=PATIENCE, every=0.2)
        return self.on_devices(order)

    def clean(self) -> bool:
        """Whether every emulated router holds the operator's configuration, byte for byte."""
        return all(operators_own(emulated(r).running()) == self.before[r] for r in ROUTERS)


def no_mail_leaves(customer: str, router: str) -> tuple[bool, bool, bool]:
    """(mail to the world is stopped, mail to the relay passes, the web passes): EMULATED."""
    asked, line, host = emulated(router), LINES[customer][router], HOSTS[customer]

    def passes(destination: str, port: int) -> bool:
        return asked.would_pass(segment(host.v4, destination, port), line, "in")

    return (
        not passes(MAILSINK.v4, 25),
        passes(RELAY.v4, 25),
        passes(MAILSINK.v4, 80),
    )


def mail_passes_edge1(customer: str) -> bool:
    """By packets through the Linux router; the web must pass or there is no verdict."""
    host = HOSTS[customer]
    web = tcp(host.v4, MAILSINK.v4, 80, flags="A")
    probes = [tcp(host.v4, MAILSINK.v4, 25, flags="A"), tcp(host.v6, MAILSINK.v6, 25, flags="A")]
    seen = passage(customer, "mailsink", probes, control=web)
    assert seen.all_dropped or len(seen.passed) == len(probes)
    return not seen.all_dropped


@pytest.fixture(scope="module")
def running(lab: LabView) -> Iterator[Plant]:
    """The controller on the Linux routers and on the emulated ones."""
    if missing := set(ROUTERS) - set(lab.nodes()):
        pytest.fail(f"this lab has no {', '.join(sorted(missing))}: {HOW}", pytrace=False)
    for router in ("edge1", "core1"):
        lab.nft(router, "flush ruleset")
    before = {router: emulated(router).running() for router in ROUTERS}
    with tempfile.TemporaryDirectory(prefix="enforcer-vendors-") as folder:
        here = Path(folder)
        enrol(here)
        installation = Installation(here, inventory_for(here))
        installation.create()
        with Controller(installation) as controller:
            yield Plant(lab, installation, controller, before)
        for router in ROUTERS:
            remove_mark(router)
        for router in ("edge1", "core1"):
            lab.nft(router, "flush ruleset")


@pytest.fixture
def plant(running: Plant) -> Iterator[Plant]:
    """Every device is proved; afterwards all orders are gone and every router is as it was."""
    for router in ROUTERS:
        emulated(router).up()
    wait_until(
        lambda: all(one["status"] == "ok" for one in running.installation.ask("device", "list")),
        "every device is proved",
        timeout=PATIENCE,
        every=0.2,
    )
    deaths = running.controller.deaths
    yield running
    for router in ROUTERS:
        emulated(router).up()
    while running.placed:
        order = running.placed.pop()
        if running.show(order)["status"] not in ("lifted", "expired"):
            running.installation.ask(
                "order", "lift", order, "--reason", "the test is over", "--wait", "60s"
            )
    assert running.controller.deaths == deaths, running.controller.log.tail()


def test_emulated_routers_say_that_they_are(lab: LabView) -> None:
    for router in ROUTERS:
        assert emulated(router).greeting().startswith("EMULATED ")
        log = current().directory / "log" / f"{router}.log"
        assert "not the vendor's software" in log.read_text()


def test_one_order_is_partial_while_a_router_is_down_then_enforced_then_expires_everywhere(
    plant: Plant,
) -> None:
    three = {"edge1", IOS, JUNOS}
    emulated(JUNOS).down()
    assert mail_passes_edge1("cust1")
    order = plant.place("cust1")

    found = plant.await_status(order, "partial")

    assert found.keys() == three
    assert found["edge1"] == found[IOS] == "enforced"
    assert found[JUNOS] != "enforced"
    assert no_mail_leaves("cust1", IOS) == (True, True, True)
    assert not mail_passes_edge1("cust1")
    assert no_mail_leaves("cust1", JUNOS) == (False, True, True)

    emulated(JUNOS).up()
    found = plant.await_status(order, "enforced")

    assert found == dict.fromkeys(three, "enforced")
    assert no_mail_leaves("cust1", JUNOS) == (True, True, True)

    plant.installation.ask("order", "shorten", order, "--for", "2s", "--reason", "cleaned up")
    found = plant.await_status(order, "expired")

    assert found == dict.fromkeys(three, "expired")
    assert no_mail_leaves("cust1", IOS) == (False, True, True)
    assert no_mail_leaves("cust1", JUNOS) == (False, True, True)
    assert mail_passes_edge1("cust1")
    assert plant.clean()


def test_one_order_stands_on_four_platforms_and_leaves_no_trace(plant: Plant) -> None:
    order = plant.place("cust2", "--wait", "60s")

    assert plant.on_devices(order) == dict.fromkeys(EVERY_EDGE, "enforced")
    for router in (IOS, XR, JUNOS):
        assert no_mail_leaves("cust2", router) == (True, True, True), router
    assert not mail_passes_edge1("cust2")

    plant.installation.ask("order", "lift", order, "--reason", "cleaned up", "--wait", "60s")

    for router in (IOS, XR, JUNOS):
        assert no_mail_leaves("cust2", router) == (False, True, True), router
    assert plant.clean()


def first(pattern: str, text: str) -> str:
    """The first line that matches."""
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"no {pattern!r} in:\n{text}"
    return found.group().strip()


def unbind(router: str, asked: Control) -> None:
    """An operator takes our filter from the customer's line."""
    if router == JUNOS:
        line = first(r"^set interfaces ge-0/0/0 .*family inet filter \S+ ENF-\S+$", asked.running())
        asked.by_hand(line.replace("set ", "delete ", 1))
    else:
        asked.by_hand("interface Ethernet0/1", "no ip access-group ENF-V4 in")


@pytest.mark.parametrize("router", [IOS, JUNOS])
def test_what_an_operator_removes_by_hand_is_found_and_put_back(plant: Plant, router: str) -> None:
    order = plant.place("cust1", "--wait", "60s")
    unbind(router, emulated(router))
    assert no_mail_leaves("cust1", router)[0] is False

    plant.installation.text("device", "reconcile", router)

    assert no_mail_leaves("cust1", router) == (True, True, True)
    assert plant.on_devices(order)[router] == "enforced"


def test_power_loss_of_an_emulated_router_does_not_end_an_order(plant: Plant) -> None:
    order = plant.place("cust1", "--wait", "60s")
    emulated(IOS).down()
    emulated(IOS).up()

    plant.installation.text("device", "reconcile", IOS)

    assert no_mail_leaves("cust1", IOS) == (True, True, True)
    plant.await_status(order, "enforced")
