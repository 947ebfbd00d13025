# SPDX-License-Identifier: GPL-2.0-or-later
"""Many members in one push: each driver's fast path beside netmiko's send_config_set.

Both write the same lines to the same emulated router over SSH and commit them where the platform
commits; afterwards all of them must stand, or the round counts for nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import netmiko

from drivers._ssh.dialect import IOS, JUNOS, REFUSAL, XR, Dialect
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.terminal import Terminal
from drivers.cisco_xr import committing
from drivers.juniper_junos.console import Console
from enforcer.clock import SystemClock
from lab.emulators import cisco_ios, cisco_xr, juniper_junos
from lab.emulators.device import Emulator
from lab.emulators.server import Serving, serving
from lab.errors import NoVerdict
from tests.bench.chapters import Chapter
from tests.bench.ground import Say, Size, interleaved

NAME = "members"
ROUNDS = 2
DELAYS_MS = (0, 5)
SEND = "send_config_set"
USER = PASSWORD = "enforcer"

METHOD = """
That many hosts into one empty group (IOS, IOS-XR) or prefix-list (Junos) of an **emulated** router
on loopback that takes 0 or 5 ms for each line. The fast paths are what the drivers use: on IOS a
paste in chunks, every echo and refusal read; on IOS-XR the same into one target buffer, then one
commit; on Junos `load set terminal`, then one commit. `send_config_set` is netmiko's, with its
check of echoes and an error pattern, as it must have them; where the platform commits, the same
commit follows. Sessions are open and in configuration mode. An emulator does much less per line
than a router does: the ratios say what the way of sending costs, not how fast a router is."""


class _Password:
    def resolve(self, reference: str) -> str:
        return PASSWORD


@dataclass(frozen=True)
class _Platform:
    """`push` and `commit` use what the driver uses; `lines` are for both ways."""

    title: str
    router: Callable[[str], Emulator]
    dialect: Dialect
    fast: str
    header: tuple[str, ...]
    member: str
    remove: str
    push: Callable[[Terminal, Sequence[str]], float]
    commits: bool

    def lines(self, count: int) -> list[str]:
        hosts = (f"100.64.{number // 128}.{2 * (number % 128)}" for number in range(count))
        return [*self.header, *(self.member.format(host) for host in hosts)]


def _pasted(terminal: Terminal, lines: Sequence[str]) -> float:
    terminal.enter("configure terminal")
    began = time.monotonic()
    terminal.paste(lines)
    took = time.monotonic() - began
    terminal.enter("end")
    return took


def _buffered(terminal: Terminal, lines: Sequence[str]) -> float:
    committing.enter("edge1", terminal)
    began = time.monotonic()
    committing.fill("edge1", terminal, lines)
    committing.commit("edge1", terminal, "")
    took = time.monotonic() - began
    committing.leave(terminal)
    return took


def _loaded(terminal: Terminal, lines: Sequence[str]) -> float:
    console = Console("edge1", terminal)
    before = console.commits().digest
    console.lock()
    began = time.monotonic()
    console.load(lines)
    console.commit("many members", before)
    took = time.monotonic() - began
    console.unlock()
    return took


PLATFORMS = (
    _Platform(
        "IOS",
        cisco_ios.Router,
        IOS,
        "paste",
        ("object-group network MANY",),
        "host {}",
        "no object-group network MANY",
        _pasted,
        commits=False,
    ),
    _Platform(
        "IOS-XR",
        cisco_xr.Router,
        XR,
        "one buffer, one commit",
        ("object-group network ipv4 MANY",),
        "host {}",
        "no object-group network ipv4 MANY",
        _buffered,
        commits=True,
    ),
    _Platform(
        "Junos",
        juniper_junos.Router,
        JUNOS,
        "load set, one commit",
        (),
        "set policy-options prefix-list MANY {}/32",
        "delete policy-options prefix-list MANY",
        _loaded,
        commits=True,
    ),
)


@contextmanager
def _terminal(platform: _Platform, server: Serving) -> Iterator[Terminal]:
    options = SshOptions(
        device="edge1",
        host=server.host,
        port=server.port,
        username=USER,
        host_key=server.public_key,
        credentials="env:PASSWORD",
    )
    made = Terminal.open(
        "edge1", options, _Password(), platform.dialect, SystemClock(), gate=Gate()
    )
    try:
        yield made
    finally:
        made.close()


@contextmanager
def _baseline(platform: _Platform, server: Serving) -> Iterator[netmiko.BaseConnection]:
    made: netmiko.BaseConnection = netmiko.ConnectHandler(
        device_type=platform.dialect.device_type,
        host=server.host,
        port=server.port,
        username=USER,
        password=PASSWORD,
    )
    try:
        yield made
    finally:
        made.disconnect()


def _sent(platform: _Platform, device: netmiko.BaseConnection, lines: Sequence[str]) -> float:
    device.config_mode()
    began = time.monotonic()
    device.send_config_set(
        lines,
        enter_config_mode=False,
        exit_config_mode=False,
        error_pattern=REFUSAL,
        cmd_verify=True,
        read_timeout=120.0,
    )
    if platform.commits:
        # Only netmiko's classes of platforms that commit say how long it may take.
        cast(Any, device).commit(read_timeout=120.0)
    took = time.monotonic() - began
    device.exit_config_mode()
    return took


def _checked(
    platform: _Platform, router: Emulator, name: str, members: int, push: Callable[[], float]
) -> Mapping[str, float]:
    took = push()
    stand = router.running().count("100.64.")
    router.by_hand([platform.remove])
    if stand != members:
        raise NoVerdict(f"{platform.title}, {name}: {stand} of {members} members stand")
    return {name: took}


def _times(
    platform: _Platform, delay: int, count: int, remarks: list[str]
) -> dict[str, list[float]]:
    router = platform.router("edge1")
    lines = platform.lines(count)
    with ExitStack() as closing:
        server = closing.enter_context(serving(router))
        terminal = closing.enter_context(_terminal(platform, server))
        device = closing.enter_context(_baseline(platform, server))
        router.faults.slow_lines(delay / 1000)
        ways = {
            platform.fast: partial(platform.push, terminal, lines),
            SEND: partial(_sent, platform, device, lines),
        }
        runs = [
            lambda number, name=name, push=push: _checked(platform, router, name, count, push)
            for name, push in ways.items()
        ]
        found = interleaved(ROUNDS, runs, remarks)
        router.faults.clear()
    return found


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark; it needs loopback alone."""
    chapter = Chapter(NAME, "Many members in one push (emulated routers)", METHOD)
    count = size.entries // 200
    for platform in PLATFORMS:
        for delay in DELAYS_MS:
            say(f"{platform.title}: {count} members at {delay} ms a line, {ROUNDS} rounds")
            times = _times(platform, delay, count, chapter.remarks)
            situation = f"{platform.title} (emulated): {count:,} members, {delay} ms a line"
            chapter.compare(situation, times, platform.fast, SEND, headline=True)
    return chapter
