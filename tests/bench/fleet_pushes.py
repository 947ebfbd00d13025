# SPDX-License-Identifier: GPL-2.0-or-later
"""nornir's threaded runner doing the pushes of a fleet, and the fleet that they are those of."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

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
from enforcer.control.followed import Seen
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from lab.errors import NoVerdict
from tests.fakes.driver import FakeDriver
from tests.fakes.faults import Faults, Point
from tests.unit.control.desk import Desk, block

HANGING = 0.05
WORKERS = 100
SIDES = ("saddr", "daddr")
USER = "enforcer"
_PATIENCE = 300.0
_POLL = 0.01
_TYPED = re.compile(r"\S+#> (.*)")
"""A line of ours in a transcript."""


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

    def follow(self) -> frozenset[str]:
        """See `Desk.follow`; what was decided is told as the controller does it."""
        changed = super().follow()
        with self.database.read() as reader:
            seen = Seen(*reader.audit.head(), reader.device_controls.all())
        self.evidence.following.tell(seen)
        return changed

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
    that was seen, in MB. `patience`: seconds after which an order counts for nothing.
    """

    town: Town
    patience: float = _PATIENCE
    applied: set[str] = field(default_factory=set)
    exchanges: int = 0
    threads: int = 0
    memory: int = 0
    _placed: datetime | None = None

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
        """One that began before the order was placed is about another one.

        One that wrote, and could not be recorded, is followed by one that finds nothing to write.
        """
        placed, outcome = self._placed, facts.outcome
        right = outcome in (Outcome.APPLIED, Outcome.REPAIRED, Outcome.CLEAN)
        if right and placed is not None and facts.at >= placed:
            self.applied.add(facts.device)

    def order(self, address: str, without: frozenset[str] = frozenset()) -> float:
        """Seconds from placing it until all devices, or all but some, hold it."""
        waited = self.town.topology.devices.keys() - without
        self._placed = None
        self.applied.clear()
        before = self._exchanges()
        began = time.monotonic()
        self.town.place(block(f"{address}/32"))
        self._placed = self.town.time.now()
        self.fleet.wake_all("placed")
        while not waited <= self.applied:
            if time.monotonic() - began > self.patience:
                missing = sorted(waited - self.applied)
                some = ", ".join(self._told(name, address) for name in missing[:5])
                raise NoVerdict(f"{address} was not seen on {len(missing)} devices: {some}")
            time.sleep(_POLL)
        took = time.monotonic() - began
        self.exchanges = self._exchanges() - before
        self._look()
        self._check(address, waited)
        return took

    def _check(self, address: str, devices: Iterable[str]) -> None:
        """Raises NoVerdict where a device in memory does not hold what it was seen to hold."""
        boxes = self.town.boxes.keys() & devices
        if wrong := [name for name in boxes if not self.town.drops(address, name)]:
            raise NoVerdict(f"{address} does not stand on {len(wrong)} devices: {wrong[:5]}")

    def _told(self, name: str, address: str) -> str:
        """What is known of a device that was not seen to hold it."""
        box = self.town.boxes.get(name)
        holds = "a router" if box is None else "not written"
        if box is not None and self.town.drops(address, name):
            holds = "written"
        since = self.fleet.owed()[name].since
        busy = "idle" if since is None else f"in a pass of {time.monotonic() - since:.0f} s"
        return f"{name} ({holds}, {busy})"

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
            last = reader.audit.entries(kinds=("device.outcome",), device="router0")[-1]
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
        deadline = time.monotonic() + self.patience
        while not self.applied.issuperset(some):
            if time.monotonic() > deadline:
                raise NoVerdict("devices that hung do not recover")
            time.sleep(_POLL)
        return took


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
