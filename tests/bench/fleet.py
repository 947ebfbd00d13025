# SPDX-License-Identifier: GPL-2.0-or-later
"""A thousand devices at once: an order for all of them, beside nornir's threaded runner."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import netmiko
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result, Task
from nornir.plugins.runners import ThreadedRunner

from drivers._ssh.dialect import REFUSAL
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers.cisco_ios.driver import IosDriver, Way
from drivers.nftables.driver import NftablesDriver
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.fleet import Fleet
from enforcer.core.plan import Trait
from enforcer.core.rules import Owner
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Topology
from enforcer.driver_api import Driver
from enforcer.storage import migrate
from enforcer.storage.database import Database
from lab.emulators.server import Serving
from lab.errors import NoVerdict
from tests.bench.chapters import Chapter
from tests.bench.ground import FULL, Say, Size, interleaved
from tests.contract.ios_subject import BASE, device_at
from tests.fakes.driver import FakeDriver
from tests.fakes.faults import Faults, Point
from tests.integration.nft_router import namespaces
from tests.unit.control.desk import Desk, block

NAME = "fleet"
LEAST, MOST = 0.02, 0.2
"""Seconds that a device takes for a line (a router) or for one exchange (one in memory)."""
HANGING = 0.05
WORKERS = 100
ROUNDS = 3
_PATIENCE = 300.0
_POLL = 0.01
OURS, ALONE, HUNG = "order on all", "the slowest device alone", "5 % hanging: order on the others"
"""Rows."""
SAME, SAME_MANY = f"nornir, {WORKERS} workers", "nornir, a worker for each device"
BLIND = f"nornir, {WORKERS} workers, unverified"
_TYPED = re.compile(r"\S+#> (.*)")
"""A line of ours in a transcript."""
SIDES = ("saddr", "daddr")
USER = "enforcer"

METHOD = """
{devices:,} devices: {routers} **emulated** IOS routers behind real SSH, which take 20 to 200 ms for
each line; {namespaces} network namespaces with nftables; the others in memory, which take 20 to
200 ms for each exchange and have no more to do. One order for an address, both ways, for all of
them: placed on SQLite, committed, from then until every device holds it and was read back, with
intent and outcome of each in the record. Logins are there already, as in a running controller; the
first order, with logins and structure, is not timed. `the slowest device alone` is a router with
200 ms a line under a controller of its own. nornir's `ThreadedRunner` does the same pushes to as
many devices, its routers as slow as ours, on sessions that it keeps: the very lines that the driver
typed for the order (netmiko's `send_config_set`, and `send_command` for what is read back),
`nft` in the namespaces, as many exchanges with a device in memory; it compares and records nothing.
`unverified` are two lines for a router and two exchanges with a device in memory, which no
controller that answers for what it did may use. Where 5 % hang, as many devices in memory do not
answer until all others are enforced. At most {threads:,} threads and {memory:,} MB were seen
in the program that is the controller here, nornir and the devices in memory included."""


@dataclass(frozen=True)
class Numbers:
    """How many of each kind."""

    routers: int
    namespaces: int
    in_memory: int


LARGE, SMALL = Numbers(60, 5, 935), Numbers(6, 2, 92)


class SlowFaults(Faults):
    """Every exchange takes its time, which is the device's own and no work of ours."""

    def __init__(self, device: str, seconds: float) -> None:
        super().__init__(device)
        self.seconds = seconds

    def meet(self, at: Point) -> None:
        """See `Faults.meet`."""
        time.sleep(self.seconds)
        super().meet(at)


class _Password:
    def resolve(self, reference: str) -> str:
        return USER


class Town(Desk):
    """A controller's database and fleet over devices of several kinds."""

    gate = Gate(logins=WORKERS)

    def real_driver(self, device: Device, owner: Owner) -> Driver:
        """See `DriverFor`."""
        if device.platform == "cisco_ios":
            way = Way(SshOptions.of(device), _Password(), self.gate)
            return IosDriver(device, owner, way)
        if device.platform == "nftables":
            return NftablesDriver.from_device(device, _Password(), owner)
        return FakeDriver(self.boxes[device.name], owner)


@dataclass
class Run:
    """A fleet that runs; `applied`: the devices that were written to since it was last cleared.

    `exchanges`: how many a device in memory had for the last order. `threads`, `memory`: the most
    that was seen, in MB.
    """

    town: Town
    applied: set[str] = field(default_factory=set)
    exchanges: int = 0
    threads: int = 0
    memory: int = 0

    @contextmanager
    def running(self) -> Iterator[Run]:
        """All devices are read, and enforced on, until the end."""
        means = replace(self.town.means(), driver_for=self.town.real_driver, passed=self._passed)
        self.fleet = Fleet(self.town.topology.devices, self.town.book, means)
        self.fleet.start()
        try:
            yield self
        finally:
            self.fleet.stop()
            self.town.close()

    def _passed(self, facts: PassFacts) -> None:
        if facts.outcome is Outcome.APPLIED:
            self.applied.add(facts.device)

    def order(self, address: str, without: frozenset[str] = frozenset()) -> float:
        """Seconds from placing it until all devices, or all but some, hold it."""
        waited = self.town.topology.devices.keys() - without
        self.applied.clear()
        before = self._exchanges()
        began = time.monotonic()
        self.town.place(block(f"{address}/32"))
        self.fleet.wake_all("placed")
        while not waited <= self.applied:
            if time.monotonic() - began > _PATIENCE:
                missing = sorted(waited - self.applied)
                raise NoVerdict(f"{len(missing)} devices do not hold {address}: {missing[:5]}")
            time.sleep(_POLL)
        took = time.monotonic() - began
        self.exchanges = self._exchanges() - before
        self._look()
        return took

    def _exchanges(self) -> int:
        """Of the last device in memory, which never hangs."""
        boxes = [*self.town.boxes.values()]
        return len(boxes[-1].faults.met) if boxes else 0

    def _look(self) -> None:
        """How much is in use now."""
        self.threads = max(self.threads, threading.active_count())
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self.memory = max(self.memory, pages * 4 // 1024)

    def typed(self) -> list[str]:
        """What was typed to the first router when it was written to last."""
        with self.town.database.read() as reader:
            said = [e for e in reader.audit.entries(kinds=("device.outcome",))]
            last = [e for e in said if e.device == "router0"][-1]
            transcript = reader.audit.blob(str(last.payload["transcript"])).decode()
        return [found[1] for line in transcript.splitlines() if (found := _TYPED.match(line))]

    def hung(self, address: str) -> float:
        """The same while some devices in memory do not answer; those too hold it in the end."""
        some = [*self.town.boxes][: -1 : int(1 / HANGING)]
        held = [self.town.box(name).faults.hang(Point.FINGERPRINT) for name in some]
        try:
            took = self.order(address, frozenset(some))
        finally:
            for release in held:
                release.set()
        deadline = time.monotonic() + _PATIENCE
        while not self.applied.issuperset(some):
            if time.monotonic() > deadline:
                raise NoVerdict("devices that hung do not recover")
            time.sleep(_POLL)
        return took


# -- devices ---------------------------------------------------------------------------------


@contextmanager
def _routers(seconds: Sequence[float]) -> Iterator[list[Device]]:
    """Emulated ones, in a program of their own."""
    words = [sys.executable, "-m", "lab.emulators.many", "cisco_ios"]
    pipe = subprocess.PIPE
    program = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
    assert program.stdin is not None and program.stdout is not None
    program.stdin.write(json.dumps({"config": BASE, "seconds": seconds}) + "\n")
    program.stdin.flush()
    try:
        listed = json.loads(program.stdout.readline())
        yield [_router(number, one) for number, one in enumerate(listed)]
    finally:
        program.communicate("")


def _router(number: int, listed: Mapping[str, Any]) -> Device:
    serving = Serving(listed["host"], listed["port"], "", listed["key"])
    return replace(device_at(serving), name=f"router{number}")


def _town(folder: Path, devices: Sequence[Device]) -> Town:
    """A database of its own; boxes for the devices in memory."""
    file = folder / "enforcer.db"
    migrate.upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    with database.write() as work:
        work.control.initialise("C0FFEE")
    database.close()
    topology = Topology({d.name: d for d in devices}, {}, documentation_space=True)
    town = Town(file, topology, live=True)
    chance = Random(2)
    for name, box in [*town.boxes.items()]:
        if topology.devices[name].platform != "fake":
            del town.boxes[name]
            continue
        box.traits = Trait.ATOMIC | Trait.SELF_EXPIRING
        box.faults = SlowFaults(name, chance.uniform(LEAST, MOST))
    return town


def _edge(name: str, platform: str, **transport: str) -> Device:
    roles = frozenset({ROLE_BORDER})
    return Device(name, platform, roles=roles, mode=Mode.ENFORCE, transport=transport)


# -- nornir ----------------------------------------------------------------------------------


class Pushes:
    """nornir over `devices`; sessions are kept between two pushes. `run`: whose pushes they are."""

    def __init__(self, devices: Sequence[Device], run: Run) -> None:
        self._devices = {device.name: device for device in devices}
        self._run = run
        self._hosts = Hosts({name: Host(name) for name in self._devices})
        for device in devices:
            if device.platform == "nftables":
                _table(device.transport["netns"])

    def push(self, workers: int, address: str, lines: Sequence[str]) -> float:
        """Seconds. Raises NoVerdict where a device refused."""
        inventory = Inventory(self._hosts, Groups(), Defaults())
        runner = ThreadedRunner(num_workers=workers)
        began = time.monotonic()
        done = Nornir(inventory, runner=runner).run(self._one, address=address, lines=lines)
        took = time.monotonic() - began
        if done.failed:
            raise NoVerdict(f"nornir: {next(iter(done.failed_hosts.items()))}")
        return took

    def _one(self, task: Task, address: str, lines: Sequence[str]) -> Result:
        """`lines` to a router, none: what is needed at least."""
        device = self._devices[task.host.name]
        if device.platform == "cisco_ios":
            _type(self._connection(task.host, device), lines or _least(address))
        elif device.platform == "nftables":
            for side in SIDES:
                words = ["add", "element", "inet", "nornir", side, f"{{ {address} }}"]
                inside = ["ip", "netns", "exec", device.transport["netns"], "nft", *words]
                subprocess.run(inside, check=True)
        else:
            faults = self._run.town.box(device.name).faults
            assert isinstance(faults, SlowFaults)
            for _ in range(self._run.exchanges if lines else 2):
                time.sleep(faults.seconds)
        return Result(host=task.host)

    def _connection(self, host: Host, device: Device) -> netmiko.BaseConnection:
        if "connection" not in host.data:
            host.data["connection"] = netmiko.ConnectHandler(
                device_type="cisco_ios",
                host=device.transport["host"],
                port=int(device.transport["port"]),
                username=USER,
                password=USER,
            )
        found: netmiko.BaseConnection = host.data["connection"]
        return found

    def close(self) -> None:
        """End its sessions."""
        for host in self._hosts.values():
            if "connection" in host.data:
                host.data["connection"].disconnect()


def _least(address: str) -> list[str]:
    return ["configure terminal", "object-group network NORNIR", f"host {address}", "end"]


def _type(connection: netmiko.BaseConnection, lines: Sequence[str]) -> None:
    """Configuration in one set, everything else line by line."""
    config: list[str] | None = None
    for line in lines:
        if line == "configure terminal":
            config = []
        elif line == "end" and config is not None:
            connection.send_config_set(config, error_pattern=REFUSAL, read_timeout=_PATIENCE)
            config = None
        elif config is not None:
            config.append(line)
        else:
            connection.send_command(line, read_timeout=_PATIENCE)


def _table(namespace: str) -> None:
    sets = "".join(f"add set inet nornir {side} {{ type ipv4_addr; }}\n" for side in SIDES)
    inside = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
    subprocess.run(inside, input=f"add table inet nornir\n{sets}", text=True, check=True)


# -- the chapter -----------------------------------------------------------------------------


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark; it needs loopback and namespaces of its own."""
    numbers = LARGE if size == FULL else SMALL
    chance = Random(1)
    seconds = [chance.uniform(LEAST, MOST) for _ in range(numbers.routers)]
    with ExitStack() as closing:
        every = closing.enter_context(_routers([*seconds, MOST, *seconds]))
        routers, slowest, theirs = (
            every[: len(seconds)],
            every[len(seconds)],
            every[-len(seconds) :],
        )
        spaces = [closing.enter_context(namespaces()) for _ in range(numbers.namespaces)]
        others = [_edge(f"ns{n}", "nftables", netns=s) for n, s in enumerate(spaces)]
        others += [_edge(f"memory{n}", "fake") for n in range(numbers.in_memory)]
        devices = [*routers, *others]
        folders = [Path(closing.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        run = closing.enter_context(Run(_town(folders[0], devices)).running())
        alone = closing.enter_context(Run(_town(folders[1], [slowest])).running())
        pushes = Pushes([*theirs, *others], run)
        closing.callback(pushes.close)
        say(f"{len(devices)} devices: logins and structure")
        run.order("198.51.100.1")
        alone.order("198.51.100.1")
        pushes.push(WORKERS, "198.51.100.1", ())
        chapter = Chapter(NAME, "A thousand devices", "")
        say(f"{len(devices)} devices, {ROUNDS} rounds")
        times = _times(run, alone, pushes, chapter.remarks)
        chapter.method = METHOD.format(
            devices=len(devices),
            routers=numbers.routers,
            namespaces=numbers.namespaces,
            threads=run.threads,
            memory=run.memory,
        )
    what = f"{len(devices):,} devices"
    for subject, baseline in (
        (OURS, SAME),
        (OURS, SAME_MANY),
        (OURS, BLIND),
        (OURS, ALONE),
        (HUNG, OURS),
    ):
        chapter.compare(what, times, subject, baseline, headline=True)
    return chapter


def _times(run: Run, alone: Run, pushes: Pushes, remarks: list[str]) -> dict[str, list[float]]:
    everyone = len(run.town.topology.devices)
    address = (f"198.51.100.{number}" for number in range(2, 255))
    ways: dict[str, Callable[[], float]] = {
        OURS: lambda: run.order(next(address)),
        SAME: lambda: pushes.push(WORKERS, next(address), run.typed()),
        SAME_MANY: lambda: pushes.push(everyone, next(address), run.typed()),
        BLIND: lambda: pushes.push(WORKERS, next(address), ()),
        ALONE: lambda: alone.order(next(address)),
        HUNG: lambda: run.hung(next(address)),
    }
    runs = [partial(_one, name, way) for name, way in ways.items()]
    return interleaved(ROUNDS, runs, remarks)


def _one(name: str, way: Callable[[], float], number: int) -> Mapping[str, float]:
    return {name: way()}
