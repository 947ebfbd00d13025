# SPDX-License-Identifier: GPL-2.0-or-later
"""Inventory files are edited while the real controller enforces on real nftables."""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, MoveAttachment, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.bootstrap import open_log, world
from enforcer.core.orders import BlockAddress, Demand, Selection, SuspendCustomer
from enforcer.settings import load
from enforcer.usecases.local import LocalApplication
from lab.installation import Controller, Installation
from lab.shell import wait_until

pytestmark = pytest.mark.root

ANN = Actor("ann", "cli")
PATIENCE = 60.0
HELD = 5
"""The exit code of a reload of which the brake holds something."""
NAMES = ("edge1", "edge2")
SUSPENDED = SuspendCustomer("hosting", Selection(prefixes=(ip_network("203.0.113.53"),)))


@pytest.fixture(scope="module")
def namespaces(root: None) -> Iterator[dict[str, str]]:
    """Two routers' namespaces, by the device's name."""
    tag = uuid.uuid4().hex[:8]
    made = {name: f"inv-{tag}-{name}" for name in NAMES}
    for namespace in made.values():
        subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        yield made
    finally:
        for namespace in made.values():
            subprocess.run(["ip", "netns", "delete", namespace], check=True)


@dataclass
class Site:
    """One installation with a running controller; `app` is another process's view of it."""

    folder: Path
    spaces: dict[str, str]
    controller: Controller
    app: LocalApplication

    def say(
        self,
        *names: str,
        customers: object = None,
        edge1: dict[str, object] | None = None,
        **more: object,
    ) -> None:
        """Write the inventory's file: these devices, these customers; `edge1`: its other keys."""
        devices = {
            name: {
                "platform": "nftables",
                "roles": ["border"],
                "mode": "enforce",
                "transport": {"netns": self.spaces[name]},
                "interfaces": {"eth1": {}},
                **((edge1 or {}) if name == "edge1" else {}),
            }
            for name in names
        }
        stated = {
            "settings": {"documentation_space": True},
            "devices": devices,
            "customers": customers or {},
            **more,
        }
        # JSON is YAML.
        (self.folder / "inventory.yaml").write_text(json.dumps(stated), encoding="utf-8")

    def reload(self, code: int = 0) -> None:
        """At the shell."""
        self.controller.installation.text("inventory", "reload", "--reason", "a test", code=code)

    def place(self, demand: Demand | str) -> OrderView:
        if isinstance(demand, str):
            demand = BlockAddress(ip_network(demand))
        command = PlaceOrder(demand=demand, reason="a test", open_ended=True)
        return self.app.place(ANN, command)

    def lift(self, order: OrderView) -> None:
        self.app.lift(ANN, LiftOrder(order=order.id, reason="over"))

    def becomes(self, order: OrderView, status: str) -> None:
        what = f"order {order.id} is {status}"
        wait_until(lambda: self.app.order(ANN, order.id).status == status, what, timeout=PATIENCE)

    def listing(self, name: str) -> str:
        inside = ["ip", "netns", "exec", self.spaces[name], "nft", "-n", "list", "ruleset"]
        return subprocess.run(inside, capture_output=True, text=True, check=True).stdout

    def holds(self, name: str, text: str) -> None:
        wait_until(lambda: text in self.listing(name), f"{name}: {text}", timeout=PATIENCE)

    def rid(self, name: str, text: str) -> None:
        wait_until(lambda: text not in self.listing(name), f"{name}: no {text}", timeout=PATIENCE)

    def alarms(self) -> set[tuple[str, str]]:
        return {(alarm.kind, alarm.subject) for alarm in self.app.alarms(ANN)}

    def proved(self) -> None:
        """Every device is proved, so that what does not change from now on is no accident."""
        wait_until(
            lambda: all(device.status == "ok" for device in self.app.devices(ANN)),
            "every device is proved",
            timeout=PATIENCE,
        )


@contextmanager
def installed(folder: Path, spaces: dict[str, str]) -> Iterator[Site]:
    for namespace in spaces.values():
        inside = ["ip", "netns", "exec", namespace, "nft", "flush", "ruleset"]
        subprocess.run(inside, check=True)
    installation = Installation(folder, folder / "inventory.yaml")
    controller = Controller(installation)
    site = Site(folder, spaces, controller, None)  # type: ignore[arg-type]  # made below
    site.say(*NAMES, customers=HOSTING)
    installation.create()
    settings = load(installation.config).model_copy(update={"log_level": "error"})
    open_log(settings)
    with controller:
        places = world(settings)
        with closing(places.database):
            site.app = LocalApplication(places)
            site.proved()
            yield site
        assert controller.deaths == 0, controller.log.tail()


@pytest.fixture
def site(tmp_path: Path, namespaces: dict[str, str]) -> Iterator[Site]:
    """Two border routers, a customer at edge1, a controller."""
    with installed(tmp_path, namespaces) as site:
        yield site


def at(device: str, *prefixes: str) -> dict[str, object]:
    return {
        "hosting": {
            "prefixes": list(prefixes),
            "attachments": [{"device": device, "interface": "eth1"}],
        }
    }


HOSTING = at("edge1", "192.0.2.0/24")


def test_a_new_prefix_of_a_customer_is_enforced_without_a_restart(site: Site) -> None:
    order = site.place(SUSPENDED)
    site.becomes(order, "enforced")
    site.say(*NAMES, customers=at("edge1", "192.0.2.0/24", "198.51.100.0/24"))
    assert "198.51.100.0/24" not in site.listing("edge1")
    site.reload()
    site.holds("edge1", "198.51.100.0/24")
    site.becomes(order, "enforced")


def test_grown_protection_withdraws_the_part_of_a_standing_order_that_it_covers(
    site: Site,
) -> None:
    order = site.place("198.51.100.0/29")
    site.becomes(order, "enforced")
    site.holds("edge1", "198.51.100.0/29")
    ours = [{"prefix": "198.51.100.0/30", "reason": "our own"}]
    site.say(*NAMES, customers=HOSTING, protected=ours)
    child = site.controller.pid
    subprocess.run(["kill", f"-{signal.SIGHUP}", str(child)], check=True)
    for name in NAMES:
        site.rid(name, "198.51.100.0/29")
        site.holds(name, "198.51.100.4/30")
    site.becomes(order, "partial")
    assert site.controller.pid == child


def test_a_device_that_left_the_files_keeps_its_rules_until_the_order_is_lifted(
    site: Site,
) -> None:
    order = site.place("198.51.100.7")
    site.becomes(order, "enforced")
    site.say("edge1", customers=HOSTING)
    site.reload()
    assert site.alarms() == {("device-gone", "edge2")}
    site.becomes(order, "enforced")
    assert "198.51.100.7" in site.listing("edge2")
    site.lift(order)
    site.becomes(order, "lifted")
    assert "198.51.100.7" not in site.listing("edge2")
    assert "198.51.100.7" not in site.listing("edge1")


def test_a_retired_device_is_emptied_and_forgotten(site: Site) -> None:
    order = site.place("198.51.100.7")
    site.becomes(order, "enforced")
    site.app.device_retire(ANN, "edge2", "sold")
    wait_until(
        lambda: [device.name for device in site.app.devices(ANN)] == ["edge1"],
        "edge2 is forgotten",
        timeout=PATIENCE,
    )
    assert "198.51.100.7" not in site.listing("edge2")
    assert "198.51.100.7" in site.listing("edge1")
    assert site.alarms() == set()
    site.becomes(order, "enforced")
    site.lift(order)
    site.becomes(order, "lifted")


def test_a_bad_reload_keeps_what_is_in_force_and_says_so(site: Site) -> None:
    order = site.place("198.51.100.7")
    site.becomes(order, "enforced")
    (site.folder / "inventory.yaml").write_text("devices: {edge1: {platfrom: nftables}}\n")
    done = site.app.inventory_reload(ANN, "a typo")
    assert not done.ok and any("platform" in problem for problem in done.problems)
    assert site.alarms() == {("inventory-bad", "inventory")}
    # Not even a restart gives up what is in force.
    site.controller.stop()
    site.controller.start()
    site.becomes(order, "enforced")
    later = site.place("198.51.100.8")
    site.becomes(later, "enforced")
    site.say(*NAMES, customers=HOSTING)
    site.reload()
    assert site.alarms() == set()


def test_a_large_change_that_no_order_explains_is_held_until_it_is_released(site: Site) -> None:
    orders = [site.place(f"198.51.100.{2 * n}") for n in range(12)]
    for order in orders:
        site.becomes(order, "enforced")
    mistake = [{"prefix": "198.51.100.0/24", "reason": "a mistake"}]
    site.say(*NAMES, customers=HOSTING, protected=mistake)
    assert [d.braked for d in site.app.inventory_diff(ANN).devices] == [True, True]
    site.reload(code=HELD)
    assert site.alarms() == {("braked", "edge1"), ("braked", "edge2")}
    later = site.place("10.99.0.1")
    site.becomes(later, "enforced")
    site.lift(orders[0])
    for name in NAMES:
        site.rid(name, "198.51.100.0")
        assert "198.51.100.2" in site.listing(name)
    site.app.device_release(ANN, "edge1", "as meant")
    site.rid("edge1", "198.51.100.")
    assert "198.51.100.2" in site.listing("edge2")
    assert site.alarms() == {("braked", "edge2")}


@pytest.mark.parametrize("change", [{"nat": ["198.51.100.0/24"]}, {"hooks": ["input"]}])
def test_a_device_that_could_hold_less_is_not_written_to_until_it_is_released(
    site: Site, change: dict[str, object]
) -> None:
    addresses = [f"198.51.100.{2 * n}" for n in range(12)]
    for order in [site.place(address) for address in addresses]:
        site.becomes(order, "enforced")
    before = site.listing("edge1")
    site.say(*NAMES, customers=HOSTING, edge1=change)
    site.reload(code=HELD)
    assert site.alarms() == {("braked", "edge1")}
    later = site.place("10.99.0.1")
    site.holds("edge2", "10.99.0.1")
    site.app.device_reconcile(ANN, "edge1")
    assert site.listing("edge1") == before
    site.app.device_release(ANN, "edge1", "as meant")
    site.holds("edge1", "10.99.0.1")
    site.rid("edge1", "hook forward" if "hooks" in change else addresses[3])
    site.becomes(later, "enforced")


def test_a_device_does_not_become_another_box(site: Site) -> None:
    order = site.place("198.51.100.7")
    site.becomes(order, "enforced")
    other = {"netns": site.spaces["edge2"]}
    site.say("edge1", customers=HOSTING, edge1={"transport": other})
    site.reload(code=1)
    assert site.alarms() == {("inventory-bad", "inventory")}
    site.lift(order)
    site.becomes(order, "lifted")
    for name in NAMES:
        assert "198.51.100.7" not in site.listing(name)


def test_a_customer_moves_without_a_gap(site: Site) -> None:
    order = site.place(SUSPENDED)
    site.becomes(order, "enforced")
    site.say(*NAMES, customers=at("edge2", "192.0.2.0/24"))
    site.reload()
    site.holds("edge2", "192.0.2.0/24")
    site.proved()
    assert "192.0.2.0/24" in site.listing("edge1")
    assert site.alarms() == {("attachment-gone", "hosting")}
    go = MoveAttachment(customer="hosting", device="edge1", place="eth1", reason="moved")
    site.app.attachment_move(ANN, go)
    site.rid("edge1", "192.0.2.0/24")
    assert "192.0.2.0/24" in site.listing("edge2")
    wait_until(
        lambda: site.app.customer(ANN, "hosting").attachments == ["edge2 eth1"],
        "the old place is forgotten",
        timeout=PATIENCE,
    )
    assert site.alarms() == set()
