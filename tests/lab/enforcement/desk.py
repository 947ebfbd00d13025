# SPDX-License-Identifier: GPL-2.0-or-later
"""Where these tests place orders: in process where speed matters, by command where it counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList, LiftOrder, PlaceOrder
from enforcer.application.views import ListView, OrderView
from enforcer.bootstrap import open_log, world
from enforcer.core.lists import ListContent
from enforcer.core.orders import Demand, Order, Scope, order_number
from enforcer.core.topology import Topology
from enforcer.errors import EnforcerError
from enforcer.settings import load
from enforcer.storage.records import AuditEntry
from enforcer.storage.unit_of_work import INTENT
from enforcer.usecases.local import LocalApplication
from lab.errors import LabCommandFailed
from lab.installation import INVENTORY, Controller, Installation
from lab.shell import wait_until

ME = Actor("tests", "cli")
PATIENCE = timedelta(seconds=30)
SETTLED = {"enforced", "partial", "withheld"}
OVER = {"lifted", "expired"}
EVERYWHERE = Scope()
"""The default scope: where the target is attached, or every border."""


def install(folder: Path, change: Callable[[str], str] = str) -> Installation:
    """A new installation with a copy of the lab's inventory, which a test may change.

    `change`: of network.yaml, before anything reads it.
    """
    inventory = folder / "inventory"
    shutil.copytree(INVENTORY, inventory)
    network = inventory / "network.yaml"
    network.write_text(change(network.read_text()))
    installation = Installation(folder, inventory)
    installation.create()
    return installation


class Desk:
    """Places and lifts orders, and remembers what it placed."""

    def __init__(self, installation: Installation, controller: Controller) -> None:
        self.installation = installation
        self.controller = controller
        self._settings = load(installation.config).model_copy(update={"log_level": "error"})
        open_log(self._settings)
        self._world = world(self._settings)
        self.app = LocalApplication(self._world)
        self._placed: list[str] = []

    @property
    def topology(self) -> Topology:
        """The inventory as the controller sees it."""
        return self._world.topology

    def place(
        self,
        demand: Demand,
        *,
        scope: Scope = EVERYWHERE,
        lasting: timedelta | None = None,
        after: timedelta | None = None,
        settled: bool = True,
    ) -> OrderView:
        """Place an order, open-ended unless `lasting`; `settled`: wait until it is enforced.

        Whatever can be confirmed is: what becomes of packets is looked at here.
        """
        command = PlaceOrder(
            demand=demand,
            reason="a test",
            duration=lasting,
            start_after=after,
            open_ended=lasting is None,
            scope=scope,
            confirm_wide=True,
            confirm_collateral=True,
            confirm_routes=True,
            confirm_foreign=True,
        )
        order = self.app.place(ME, command)
        self._placed.append(order.id)
        if not settled:
            return order
        self.await_settled(order.id)
        return self.view(order.id)

    def by_command(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Place an order at the shell and wait until it is enforced."""
        order: dict[str, Any] = self.installation.ask(
            "order", *words, "--reason", "a test", "--wait", "30s", code=code
        )
        self._placed.append(order["id"])
        return order

    def lift(self, *orders: OrderView | str, settled: bool = True) -> None:
        """Lift orders; `settled`: wait until they are gone from every device."""
        names = [order if isinstance(order, str) else order.id for order in orders]
        for name in names:
            self.app.lift(ME, LiftOrder(order=name, reason="the test is over"))
        for name in names if settled else ():
            self.await_gone(name)

    def await_gone(self, order: str) -> OrderView:
        """Wait until an ended order is gone from every device."""
        what = f"order {order} is gone"
        wait_until(lambda: self.view(order).status in OVER, what, timeout=30, every=0.02)
        return self.view(order)

    def await_settled(self, order: str) -> None:
        """Wait until an order is true on every device that can hold it."""
        view = self.app.wait(ME, order, PATIENCE)
        assert view.status in SETTLED, view

    def view(self, order: str) -> OrderView:
        """An order as it is now."""
        return self.app.order(ME, order)

    def status(self, order: OrderView) -> str:
        """What is known of an order now."""
        return self.view(order.id).status

    def await_status(self, order: OrderView, wanted: str) -> None:
        """Wait until an order has a status."""
        seen = f"order {order.id} is {wanted}"
        wait_until(lambda: self.status(order) == wanted, seen, timeout=30)

    def import_list(
        self, name: str, lines: Sequence[str], confirm_shrink: bool = False
    ) -> ListView:
        """A new version of a list."""
        text = "".join(line + "\n" for line in lines)
        asked = ImportList(name=name, text=text, source="a test", confirm_shrink=confirm_shrink)
        return self.app.import_list(ME, asked)

    def clear(self) -> None:
        """Lift everything that was placed and is not over; wait until it is gone."""
        placed, self._placed = self._placed, []
        with suppress(EnforcerError):
            self.app.resume(ME)
        self.lift(*placed)

    # -- what is recorded ----------------------------------------------------------------

    def orders(self, views: Sequence[OrderView]) -> list[Order]:
        """The orders themselves, as stored."""
        numbers = [number for view in views if (number := order_number(view.id)) is not None]
        with self._world.database.read() as reader:
            found = [reader.orders.get(number) for number in numbers]
        return [order for order in found if order is not None]

    def lists(self, *names: str) -> dict[str, ListContent]:
        """Current versions of lists."""
        with self._world.database.read() as reader:
            found = {name: reader.lists.current(name) for name in names}
        return {name: content for name, content in found.items() if content is not None}

    def head(self) -> int:
        """The change sequence now."""
        return self._world.database.head()

    def intents(self, device: str, after: int) -> list[AuditEntry]:
        """What the controller was about to write to a device since a change sequence."""
        with self._world.database.read() as reader:
            return reader.audit.entries(after=after, device=device, kinds=[INTENT])

    def writers(self, device: str, after: int) -> list[str]:
        """Who the audit trail says had changed a device behind the controller's back."""
        named: list[str] = []
        for entry in self.intents(device, after):
            found = entry.payload["writers"]
            assert isinstance(found, list)
            named += map(str, found)
        return named

    def chain_holds(self) -> bool:
        """Whether the audit chain verifies."""
        with self._world.database.read() as reader:
            return reader.audit.verify().ok

    # -- the controller ------------------------------------------------------------------

    def full_pass(self, device: str) -> str:
        """Have the controller read a device completely now; the outcome."""
        return self.app.device_reconcile(ME, device).outcome

    def in_step(self) -> bool:
        """Whether every device holds exactly what is desired, read just now."""
        return not any(self.app.device_drift(ME, name).drifted for name in self.topology.devices)

    @contextmanager
    def inventory_changed(self, file: str, change: Callable[[str], str]) -> Iterator[Desk]:
        """The controller on another inventory; a desk that knows it."""
        path = self.installation.folder / "inventory" / file
        text = path.read_text()
        changed = change(text)
        assert changed != text, "the change did not meet the file"
        with self.controller.absent():
            path.write_text(changed)
        desk = Desk(self.installation, self.controller)
        try:
            yield desk
            desk.clear()
        finally:
            desk.close()
            with self.controller.absent():
                path.write_text(text)

    def close(self) -> None:
        """Give up the database."""
        self._world.database.close()


@contextmanager
def desk_at(controller: Controller) -> Iterator[Desk]:
    """A desk once every router is proved; afterwards all of its orders are lifted, and gone."""
    opened, deaths = Desk(controller.installation, controller), controller.deaths
    try:
        _await_proved(opened)
        yield opened
        opened.clear()
        assert controller.deaths == deaths, controller.log.tail()
    finally:
        opened.close()


def _await_proved(desk: Desk) -> None:
    """Wait until every device is; raises LabCommandFailed with what the others say."""
    try:
        wait_until(
            lambda: all(one.status == "ok" for one in desk.app.devices(ME)),
            "every router is proved",
            timeout=60,
        )
    except LabCommandFailed as error:
        raise LabCommandFailed(f"{error}: {desk.app.devices(ME)}") from error
