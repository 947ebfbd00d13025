# SPDX-License-Identifier: GPL-2.0-or-later
"""A thousand devices at once: an order for all of them, beside nornir's threaded runner."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from enforcer.core.plan import Trait
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Topology
from enforcer.notify.logs import open_log
from enforcer.storage import migrate
from enforcer.storage.database import Database
from lab.emulators.server import Serving
from tests.bench.chapters import Chapter
from tests.bench.fleet_pushes import WORKERS, Pushes, Run, SlowFaults, Town
from tests.bench.ground import FULL, Say, Size, interleaved
from tests.contract.ios_subject import BASE, device_at
from tests.integration.nft_router import namespaces

NAME = "fleet"
LEAST, MOST = 0.02, 0.2
"""Seconds that a device takes for a line (a router) or for one exchange (one in memory)."""
ROUNDS = 2
OURS, ALONE, HUNG = "order on all", "the slowest device alone", "5 % hanging: order on the others"
"""Rows."""
SAME, SAME_MANY = f"nornir, {WORKERS} workers", "nornir, a worker for each device"
BLIND = f"nornir, {WORKERS} workers, unverified"

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


# -- the chapter -----------------------------------------------------------------------------


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark; it needs loopback and namespaces of its own."""
    open_log("json", "error")
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
