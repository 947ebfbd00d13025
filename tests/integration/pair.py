# SPDX-License-Identifier: GPL-2.0-or-later
"""Several controllers on one database and one kernel, and what is true of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path

from drivers.nftables.driver import NftablesDriver
from enforcer import bootstrap
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, PlaceOrder
from enforcer.core.orders import BlockAddress
from enforcer.core.rules import Actual, Owner
from enforcer.errors import NotFound, StorageError
from enforcer.settings import load
from enforcer.storage.database import Database
from enforcer.storage.records import AuditEntry
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from tests.pair_entry import ARMED, LOG, READY, STEPS

ROOT = Path(__file__).resolve().parents[2]
ANN = Actor("ann", "cli")
EDGE = "edge1"
PATIENCE = 60.0
LEASE = 2.0

INVENTORY = """
settings: {{documentation_space: true}}
devices:
  edge1:
    platform: nftables
    roles: [border]
    mode: enforce
    transport: {{netns: {namespace}}}
    interfaces: {{eth0: {{behind: upstream}}}}
"""
CONFIG = """
database = "{database}"
inventory = "inventory.yaml"
tick = 0.2
full_pass_every = 30
lease_seconds = {lease}
log_level = "info"
"""


class Controller:
    """One process, by the handle that we hold."""

    def __init__(self, config: Path, name: str, how: str = "") -> None:
        self.folder = config.parent / name
        self.folder.mkdir()
        (self.folder / ARMED).touch()
        (self.folder / STEPS).touch()
        self._log = (self.folder / LOG).open("w")
        command = [sys.executable, "-m", "tests.pair_entry", str(config), str(self.folder)]
        self.process = subprocess.Popen([*command, how], cwd=ROOT, stderr=self._log)

    def leads(self) -> bool:
        """Whether its loop has begun, now or before."""
        assert self.process.poll() is None, self.said()
        return (self.folder / READY).exists()

    def said(self) -> str:
        """Its log."""
        return (self.folder / LOG).read_text()

    def steps(self) -> list[str]:
        """What it announced."""
        return (self.folder / STEPS).read_text().split()

    def arm(self, step: str) -> None:
        """Have it stop itself at `step`."""
        (self.folder / ARMED).write_text(step)

    def stopped(self) -> bool:
        """Whether it has."""
        found = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
        return found is not None and found.si_code == os.CLD_STOPPED

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; returns when it is dead."""
        self.process.kill()
        self.process.wait()
        self._log.close()

    def end(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self._log.close()
        return code


@dataclass
class Pair:
    """One database, one kernel, and the controllers that were started on them."""

    folder: Path
    namespace: str
    database: str
    lease: float = LEASE
    started: list[Controller] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "inventory.yaml").write_text(INVENTORY.format(namespace=self.namespace))
        self.config.write_text(CONFIG.format(database=self.database, lease=self.lease))
        bootstrap.initialise(load(self.config))

    @property
    def config(self) -> Path:
        """The settings of all processes."""
        return self.folder / "enforcer.toml"

    def start(self, how: str = "") -> Controller:
        """One controller more."""
        made = Controller(self.config, f"controller{len(self.started)}", how)
        self.started.append(made)
        return made

    def move_to(self, database: str) -> None:
        """From now on everything works on another database."""
        self._forget()
        self.config.write_text(CONFIG.format(database=database, lease=self.lease))

    def _forget(self) -> None:
        """Close what this process has open of the database."""
        opened = self.__dict__.pop("world", None)
        self.__dict__.pop("_application", None)
        if opened is not None:
            opened.database.close()

    def close(self) -> None:
        """Whatever still runs is killed."""
        self._forget()
        for controller in self.started:
            if controller.process.poll() is None:
                controller.kill()

    def until(self, so: Callable[[], bool]) -> None:
        """Wait for it."""
        give_up = time.monotonic() + PATIENCE
        while not so():
            said = "\n".join(f"{c.folder.name}:\n{c.said()}" for c in self.started)
            assert time.monotonic() < give_up, said
            time.sleep(0.01)

    # -- people --------------------------------------------------------------------------

    @cached_property
    def _application(self) -> Application:
        return LocalApplication(self.world)

    def place(self, address: str, lasts: float | None = None) -> str:
        """Block one address; the order's id."""
        command = PlaceOrder(
            demand=BlockAddress(ip_network(address)),
            reason="two controllers",
            duration=None if lasts is None else timedelta(seconds=lasts),
            open_ended=lasts is None,
            idempotency_key=f"key {address}",
        )
        return self._application.place(ANN, command).id

    def lift(self, order: str) -> None:
        """Lift one order."""
        self._application.lift(ANN, LiftOrder(order=order, reason="two controllers"))

    def reconcile(self) -> str:
        """`device reconcile`: what it says."""
        return self._application.device_reconcile(ANN, EDGE).outcome

    # -- what is true --------------------------------------------------------------------

    def blocked(self, *addresses: str) -> bool:
        """Whether the kernel holds blocks of exactly these addresses."""
        held: set[int] = set()
        for members in self._read()[0].addresses.values():
            held.update(members.first[:, 1].tolist())
        return held == {int(ip_network(address).network_address) for address in addresses}

    def mark(self) -> Owner | None:
        """The mark on the device."""
        return self._read()[0].owner

    def token(self) -> str:
        """The kernel's generation: another one after any write by anybody."""
        return self._read()[1]

    def _read(self) -> tuple[Actual, str]:
        device = bootstrap.topology(load(self.config)).devices[EDGE]
        driver = NftablesDriver.from_device(device, NoCredentials(), Owner("nobody", 1))
        with driver.connect() as session:
            return session.read_state(), session.fingerprint().token

    def audit(self, *kinds: str) -> list[AuditEntry]:
        """The entries of these kinds."""
        with self.opened() as database, database.read() as reader:
            return reader.audit.entries(kinds=kinds)

    def is_whole(self) -> bool:
        """Whether the chain holds, and nothing is left open."""
        with self.opened() as database, database.read() as reader:
            return reader.audit.verify().ok and not reader.audit.open_intents()

    @contextmanager
    def opened(self) -> Iterator[Database]:
        """The database, as one more process would see it."""
        with closing(Database(load(self.config).database)) as database:
            yield database

    def is_led(self) -> bool:
        """Whether some process leads; a database that is away is led by nobody known."""
        with suppress(StorageError):
            return self._application.control(ANN).leader
        return False

    @cached_property
    def world(self) -> World:
        """What the use cases of this process work with."""
        return bootstrap.world(load(self.config))


class NoCredentials:
    """The kernel asks for none."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise NotFound(f"there is no credential {reference}")
