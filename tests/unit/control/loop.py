# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller's loop without its threads: follows the database, makes passes when told."""

from __future__ import annotations

from contextlib import ExitStack

from enforcer.control.book import OrderBook
from enforcer.control.case import Request
from enforcer.control.desired_state import DesiredState
from enforcer.control.evidence import Evidence
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.filling import fill, new_lists
from enforcer.control.inventory_following import InventoryFollowing
from enforcer.control.leadership import leading
from enforcer.control.reconciler import Reconciler
from enforcer.control.settling import Settling
from enforcer.core.topology import Topology
from enforcer.driver_api import Session
from enforcer.errors import DeviceError
from tests.unit.usecases.plant import Plant


class _Crew:
    """Who looks after one device, and the conversation that stays open between passes."""

    def __init__(self, reconciler: Reconciler) -> None:
        self.reconciler = reconciler
        self.held = ExitStack()
        self.session: Session | None = None

    def hang_up(self) -> None:
        self.session = None
        self.held.close()


class Loop:
    """One life of a controller, from its start to `end`. `book`: the sort of order book.

    `shadows` see by device what is desired, beside the loop's own view, which moves only with
    passes.
    """

    def __init__(self, plant: Plant, book: type[OrderBook] = OrderBook) -> None:
        self._plant = plant
        self._lead = ExitStack()
        self._lead.enter_context(leading(plant.database, plant.clock))
        now = plant.clock.now()
        self._evidence = Evidence(plant.database)
        self._evidence.close_orphans(now)
        self._owner = self._evidence.identity()
        files = plant.stated or Topology()
        self.book = book(files)
        self._following = InventoryFollowing(files)
        self._settling = Settling(plant.database, plant.clock)
        self._seen = fill(self.book, plant.database, now, held=False)
        self._crews: dict[str, _Crew] = {}
        self.shadows: dict[str, DesiredState] = {}
        self.follow()

    def follow(self) -> None:
        """Take in what was committed, as `Controller.follow` does."""
        with self._plant.database.read() as reader:
            head = reader.audit.head()[0]
            orders = reader.orders.changed_since(self._seen)
            lists = new_lists(self.book, reader.lists, orders)
            followed = self._following.read(reader)
        if followed is not None and followed.compiled:
            self.book.reload(followed.topology, followed.holds)
        self.book.advance(orders, lists, head)
        self._seen = head
        devices = self.book.topology.devices
        for name, crew in list(self._crews.items()):
            if devices.get(name) != crew.reconciler.device:
                self._crews.pop(name).hang_up()
        self.shadows = {n: s for n, s in self.shadows.items() if n in devices}
        for name in devices:
            self.shadows.setdefault(name, DesiredState(name, self.book))

    def settle(self) -> None:
        """Let go what may go, as the controller does at each tick."""
        self._settling.look()

    def prune(self) -> None:
        """Forget orders that are long over, as the controller does once a minute."""
        self.book.prune(self._plant.clock.now())

    def visit(self, name: str, full: bool) -> PassFacts | None:
        """One pass, as the device's worker makes it; None: it failed."""
        crew = self._crews.get(name)
        if crew is None:
            crew = self._crews[name] = _Crew(self._reconciler(name))
        request = Request("test", full, self._plant.world.pause())
        try:
            if crew.session is None:
                crew.session = crew.held.enter_context(crew.reconciler.driver.connect())
            facts = crew.reconciler.run(crew.session, request)
        except DeviceError as error:
            crew.reconciler.distrust()
            crew.hang_up()
            now = self._plant.clock.now()
            self._evidence.know(name, crew.reconciler.known(now, proved=False, error=error))
            return None
        if facts.outcome is Outcome.CLEAN:
            self._evidence.know(name, crew.reconciler.known(facts.at, proved=True))
        return facts

    def _reconciler(self, name: str) -> Reconciler:
        device = self.book.topology.devices[name]
        driver = self._plant.world.driver_for(device, self._owner)
        state = DesiredState(name, self.book)
        evidence, clock = self._evidence, self._plant.clock
        return Reconciler(device, driver, state, evidence, self._owner, clock)

    def end(self) -> None:
        """The process dies."""
        for crew in self._crews.values():
            crew.hang_up()
        self._lead.close()
