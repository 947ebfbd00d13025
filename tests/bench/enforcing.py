# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation of enforcer on the smallest lab: one router that it enforces on.

Orders are placed by the command line as a program, or in this process; both as in production.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from enforcer import bootstrap
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList, LiftOrder, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.control.steps import Step, no_step
from enforcer.core.orders import BlockAddress, BlockList, Demand
from enforcer.settings import Settings, load
from enforcer.usecases.world import World
from lab.errors import NoVerdict
from lab.inside import current
from lab.installation import Controller, Installation
from tests.bench.traced import words_of

ME = Actor("bench", "cli")
ROUTER = "r"
SENDER, SINK = "a", "b"
SENT_FROM, SENT_TO = "198.51.100.2", "192.0.2.2"
PATIENCE = timedelta(seconds=120)
SETTLED = "enforced"

_INVENTORY = """\
# SPDX-License-Identifier: GPL-2.0-or-later
settings:
  documentation_space: true
devices:
  {router}:
    platform: nftables
    site: lab
    roles: [border, edge]
    mode: enforce
    transport: {{netns: {netns}}}
    interfaces:
      eth1: {{behind: hosting}}
      eth2: {{behind: upstream}}
customers:
  hosting:
    prefixes: [198.51.100.0/25]
    attachments:
      - {{device: {router}, interface: eth1}}
"""


class TracedInstallation(Installation):
    """Commands, the controller's too, note the instant of each step in `trace`."""

    @property
    def trace(self) -> Path:
        """See `tests.bench.traced`."""
        return self.folder / "steps"

    def words(self, *words: str) -> list[str]:
        """The whole command line."""
        return words_of(self.trace, super().words(*words)[1:])


@contextmanager
def installed(traced: bool = False, desk: str = "") -> Iterator[Installation]:
    """An installation in a folder of its own; no controller runs. `desk`: see `Installation`."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bench-") as name:
        folder = Path(name)
        inventory = folder / "inventory"
        inventory.mkdir()
        text = _INVENTORY.format(router=ROUTER, netns=current().netns(ROUTER).name)
        (inventory / "network.yaml").write_text(text, encoding="utf-8")
        kind = TracedInstallation if traced else Installation
        installation = kind(folder, inventory, desk)
        installation.create()
        yield installation


@contextmanager
def controlled(traced: bool = False, desk: str = "") -> Iterator[tuple[Installation, Controller]]:
    """An installation whose controller runs and has read the router."""
    with installed(traced, desk) as installation:
        with Controller(installation) as controller:
            try:
                yield installation, controller
            except NoVerdict as reason:
                said = controller.log.tail()
                raise NoVerdict(f"{reason}\nthe controller's log ends:\n{said}") from reason
        if controller.deaths:
            raise NoVerdict(f"the controller ended by itself:\n{controller.log.tail()}")


def settings_of(installation: Installation) -> Settings:
    """The settings, quiet."""
    return load(installation.config).model_copy(update={"log_level": "error"})


def application(installation: Installation) -> Application:
    """The application in this process."""
    return bootstrap.application(settings_of(installation))


def quiet_world(installation: Installation, step: Step = no_step) -> World:
    """What the application in this process is made from, for what needs more than orders."""
    settings = settings_of(installation)
    bootstrap.open_log(settings)
    return bootstrap.world(settings, step=step)


def place(app: Application, demand: Demand) -> OrderView:
    """Place an order for a day."""
    order = PlaceOrder(demand=demand, reason="a benchmark", duration=timedelta(days=1))
    return app.place(ME, order)


def address(text: str) -> BlockAddress:
    """An order for one address or prefix, both ways."""
    return BlockAddress(ip_network(text))


def block_list(app: Application, name: str, text: str) -> OrderView:
    """Import a list and order it blocked both ways; the order when it is enforced."""
    app.import_list(ME, ImportList(name=name, text=text, source="a benchmark"))
    return settled(app, place(app, BlockList(name)).id)


def settled(app: Application, order: str, patience: timedelta = PATIENCE) -> OrderView:
    """Wait until an order is enforced. Raises NoVerdict."""
    view = app.wait(ME, order, patience)
    if view.status != SETTLED:
        raise NoVerdict(f"order {order} is {view.status} after {patience}: {view.devices}")
    return view


def lift(app: Application, order: str, patience: timedelta = PATIENCE) -> None:
    """Lift an order and wait until it is gone. Raises NoVerdict."""
    app.lift(ME, LiftOrder(order=order, reason="the round is over"))
    view = app.wait(ME, order, patience)
    if view.status != "lifted":
        raise NoVerdict(f"order {order} is {view.status} after {patience}: {view.devices}")


def monotonic_of(wall: float) -> float:
    """An instant in seconds since the epoch, on CLOCK_MONOTONIC."""
    return wall - time.time() + time.monotonic()
