# SPDX-License-Identifier: GPL-2.0-or-later
"""One life of orders on one kernel, lived by processes that may die at any moment."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from drivers.nftables.driver import NftablesDriver
from enforcer import bootstrap
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import Order, in_force
from enforcer.core.rules import Desired, Owner
from enforcer.core.topology import Topology
from enforcer.errors import DeviceError, NotFound, StorageError
from enforcer.settings import load
from enforcer.storage.database import Database
from tests.kill_entry import ARMED, LOG, READY, STEPS
from tests.oracle import dropped, packet, rules_drop

ROOT = Path(__file__).resolve().parents[2]
EDGE = "edge1"
PATIENCE = 60.0
SOON = 0.2
_POLL = 0.01
_QUIET = 0.15
ADDRESSES = tuple(f"198.51.100.{n}" for n in range(1, 6))
VICTIM = "203.0.113.9"

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
database = "sqlite:///enforcer.db"
inventory = "inventory.yaml"
tick = 0.2
full_pass_every = 30
log_level = "error"
"""


class Forks:
    """A warm process that forks the ones to be killed; used by one thread."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.kill_entry"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def ask(self, **asked: object) -> int | None:
        """One question, one answer."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        answer: int | None = json.loads(self._server.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


class Running(Protocol):
    """A process of ours, by the handle that we hold."""

    def ended(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal; None: it still lives after `seconds`."""
        ...

    def stop(self) -> None:
        """Ask it to end."""
        ...

    def kill(self) -> None:
        """End it; returns when it has ended."""
        ...


class Forked:
    """One that the warm process forked."""

    def __init__(self, forks: Forks, config: Path, role: str, asked: object) -> None:
        self._forks = forks
        pid = forks.ask(do="start", config=str(config), role=role, asked=asked)
        assert pid is not None
        self._pid = pid

    def ended(self, seconds: float) -> int | None:
        """See `Running`."""
        return self._forks.ask(do="wait", pid=self._pid, seconds=seconds)

    def stop(self) -> None:
        """See `Running`."""
        self._forks.ask(do="stop", pid=self._pid)

    def kill(self) -> None:
        """See `Running`."""
        self._forks.ask(do="kill", pid=self._pid)
        self.ended(PATIENCE)


class Traced:
    """One that runs under strace(1), which is its grandchild: signals reach the process itself."""

    def __init__(self, trace: tuple[str, ...], config: Path, role: str, asked: object) -> None:
        words = [sys.executable, "-m", "tests.kill_entry", str(config), role, json.dumps(asked)]
        self._log = (config.parent / LOG).open("a")
        self._process = subprocess.Popen(
            ["strace", "-D", "-f", "-qq", *trace, *words], cwd=ROOT, stderr=self._log
        )

    def ended(self, seconds: float) -> int | None:
        """See `Running`."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._log.close()
        return code

    def stop(self) -> None:
        """See `Running`."""
        self._process.terminate()

    def kill(self) -> None:
        """See `Running`."""
        self._process.kill()
        self.ended(PATIENCE)


@dataclass
class Lane:
    """What lives share, one after the other: a namespace, a fork server, an empty database."""

    namespace: str
    forks: Forks
    folder: Path
    lives: int = 0
    topology: Topology = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self._write(self.folder / "template")
        settings = load(self.folder / "template" / "enforcer.toml")
        bootstrap.initialise(settings)
        self.topology = bootstrap.topology(settings)

    def _write(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "inventory.yaml").write_text(INVENTORY.format(namespace=self.namespace))
        (folder / "enforcer.toml").write_text(CONFIG)
        (folder / ARMED).touch()
        (folder / STEPS).touch()

    @contextmanager
    def life(self) -> Iterator[Life]:
        """A fresh one: nothing in the database, nothing in the kernel, nobody left behind."""
        self.lives += 1
        folder = self.folder / str(self.lives)
        self._write(folder)
        shutil.copy(self.folder / "template" / "enforcer.db", folder / "enforcer.db")
        self.nft("table inet enforcer; delete table inet enforcer")
        life = Life(self, folder)
        try:
            yield life
        finally:
            life.close()

    def nft(self, commands: str) -> None:
        """As somebody at a shell on the router."""
        inside = ["ip", "netns", "exec", self.namespace, "nft", "-f", "-"]
        subprocess.run(inside, input=commands, text=True, check=True)


@dataclass
class Life:
    """One database and one device.

    `killed`: how often a process was killed. `then`: the step to arm for the one after it.
    `trace`: what the next controller is started under.
    """

    lane: Lane
    folder: Path
    killed: int = 0
    then: str = ""
    trace: tuple[str, ...] = ()
    keys: set[str] = field(default_factory=set)
    controller: Running | None = None
    _mark: int = 0

    @property
    def config(self) -> Path:
        """The settings of its processes."""
        return self.folder / "enforcer.toml"

    def arm(self, step: str) -> None:
        """Kill whoever comes to `step` next; "" nobody."""
        self._mark = len(self._steps())
        (self.folder / ARMED).write_text(step)

    def steps(self) -> list[str]:
        """Every step that was announced since the last `arm`."""
        return self._steps()[self._mark :]

    def settled_steps(self) -> list[str]:
        """The same, when no more are announced."""
        before: list[str] | None = None
        while before != self.steps():
            before = self.steps()
            time.sleep(_QUIET)
        return self.steps()

    def _steps(self) -> list[str]:
        return (self.folder / STEPS).read_text().split()

    # -- processes -----------------------------------------------------------------------

    def start(self) -> None:
        """Start the controller; returns when it runs, or has died and another one runs."""
        (self.folder / READY).unlink(missing_ok=True)
        self.controller = self._begin("run")
        self.until((self.folder / READY).exists)

    def _begin(self, role: str, **asked: object) -> Running:
        trace, self.trace = self.trace, ()
        if trace:
            return Traced(trace, self.config, role, asked)
        return Forked(self.lane.forks, self.config, role, asked)

    def _keep_alive(self) -> None:
        if self.controller is None:
            return
        code = self.controller.ended(0)
        if code is not None:
            self._was_killed(code)
            self.controller = self._begin("run")

    def _was_killed(self, code: int) -> None:
        assert code == -9, f"ended by itself, {code}: {(self.folder / LOG).read_text()}"
        self.killed += 1
        self.arm(self.then)
        self.then = ""

    def do(self, role: str, **asked: object) -> None:
        """A process that does one thing; killed, it is asked the same once more."""
        if "key" in asked:
            self.keys.add(str(asked["key"]))
        for _ in range(2):
            code = self._begin(role, **asked).ended(PATIENCE)
            assert code is not None, f"{role} hangs"
            if code == 0:
                return
            self._was_killed(code)
        raise AssertionError(f"{role} was killed twice")

    def place(self, address: str, role: str = "place", **asked: object) -> None:
        """Place a block of one address under a key of its own."""
        self.do(role, **{"prefix": f"{address}/32", "key": f"key {address}", **asked})

    def stop(self) -> None:
        """End the controller in order."""
        self._keep_alive()
        if self.controller is None:
            return
        self.controller.stop()
        code = self.controller.ended(PATIENCE)
        assert code is not None, "the controller hangs"
        # One that was only just started again may be told to end before it listens to that.
        if code not in (0, -signal.SIGTERM):
            self._was_killed(code)
        self.controller = None

    def close(self) -> None:
        """Kill the controller that a failure left: it would go on in the next life."""
        if self.controller is not None:
            self.controller.kill()
            self.controller = None

    def until(self, so: Callable[[], bool]) -> None:
        """Wait for it; a controller that dies meanwhile is started again, as systemd would."""
        give_up = time.monotonic() + PATIENCE
        while not so():
            self._keep_alive()
            assert time.monotonic() < give_up, (self.folder / LOG).read_text()
            time.sleep(_POLL)

    # -- what is true --------------------------------------------------------------------

    def orders(self) -> list[Order]:
        """All there are."""
        with self._database() as database, database.read() as reader:
            return reader.orders.search(limit=1000)

    def order(self, key: str) -> Order:
        """The one with that key."""
        (found,) = [o for o in self.orders() if o.idempotency_key == key]
        return found

    def over(self, key: str) -> bool:
        """Whether the order with that key has ended by its time."""
        ends = self.order(key).ends
        return ends is not None and ends <= SystemClock().now()

    def blocked(self, *addresses: str) -> bool:
        """Whether the kernel holds exactly what the orders want, and that is `addresses`.

        And nobody is about to write: no intent is open.
        """
        try:
            if self._open_intents():
                return False
            return self._agrees(addresses) and not self._open_intents()
        except (DeviceError, NotFound, StorageError):
            return False

    def _agrees(self, addresses: Iterable[str]) -> bool:
        topology = self.lane.topology
        now, orders = SystemClock().now(), self.orders()
        asks = [contributions(o, topology, {}) for o in orders if in_force(o, now)]
        device = topology.devices[EDGE]
        driver = NftablesDriver.from_device(device, NoCredentials(), Owner("nobody", 1))
        with driver.connect() as session:
            actual = session.read_state()
        drift = compared(driver, compile_device(EDGE, asks).desired, actual)
        structure = [f for f in drift.findings if "mark" not in f.what]
        if drift.delta or (structure and asks):
            return False
        held = Desired(EDGE, actual.addresses, actual.interfaces)
        return all(
            rules_drop(probe, held)
            is bool(dropped(probe, orders, topology, {}, now))
            is (address in addresses)
            for address in ADDRESSES
            for probe in (packet(address, VICTIM), packet(VICTIM, address))
        )

    def finish(self) -> None:
        """End every order by its time, then nothing remains, and the record is whole."""
        if self.controller is None:
            self.start()
        now = SystemClock().now()
        for order in self.orders():
            if order.ends is None or order.ends > now:
                self.do("end_soon", order=order.id, lasts=SOON)
        self.until(self.blocked)
        self.stop()
        self._check_record()

    def _open_intents(self) -> int:
        with self._database() as database, database.read() as reader:
            return len(reader.audit.open_intents())

    def _check_record(self) -> None:
        with self._database() as database, database.read() as reader:
            chain = reader.audit.verify()
            assert chain.ok, chain.why
            assert reader.audit.open_intents() == []
        placed = [o.idempotency_key for o in self.orders()]
        assert sorted(k for k in placed if k) == sorted(self.keys)

    @contextmanager
    def _database(self) -> Iterator[Database]:
        with closing(Database(f"sqlite:///{self.folder / 'enforcer.db'}")) as database:
            yield database


class NoCredentials:
    """The kernel asks for none."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise NotFound(f"there is no credential {reference}")
