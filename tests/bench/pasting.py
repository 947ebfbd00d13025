# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration lines over SSH: the terminal's paste beside netmiko's send_config_set.

Both write to the same stub (tests/cli_stub.py), an emulated command line that does no work: what
is measured is what the way of sending costs, and how well it hides the device's own time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack

import netmiko

from drivers._ssh.dialect import IOS, REFUSAL
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.terminal import Terminal
from enforcer.clock import SystemClock
from tests.bench.chapters import Chapter
from tests.bench.ground import Say, Size, interleaved
from tests.cli_stub import PASSWORD, USER, Behaviour, Stub

NAME = "paste"
LINES = 500
_ROUNDS = 2
DELAYS_MS = (0, 5)
PASTE = "paste"
SEND, SEND_BLIND = "send_config_set", "send_config_set, unchecked"

METHOD = f"""
{LINES} configuration lines to an **emulated** command line on loopback
that takes 0 or 5 ms for each and does nothing else (it is no router). `paste` is what the drivers
for IOS use: chunks of 200 lines, then the echo of every line and the prompt of the last.
`send_config_set` is netmiko's, with an error pattern as it must have; `unchecked` is the same
without its checks of echoes and refusals, which no driver may use. Sessions are open and in
configuration mode."""


class _Password:
    def resolve(self, reference: str) -> str:
        return PASSWORD


def _terminal(stub: Stub) -> Terminal:
    options = SshOptions(
        device="stub",
        host="127.0.0.1",
        port=stub.port,
        username=USER,
        host_key=stub.host_key,
        credentials="env:PASSWORD",
    )
    terminal = Terminal.open("stub", options, _Password(), IOS, SystemClock(), gate=Gate())
    terminal.enter("configure terminal")
    return terminal


def _baseline(stub: Stub) -> netmiko.BaseConnection:
    made: netmiko.BaseConnection = netmiko.ConnectHandler(
        device_type=IOS.device_type,
        host="127.0.0.1",
        port=stub.port,
        username=USER,
        password=PASSWORD,
    )
    made.config_mode()
    return made


def _pasted(terminal: Terminal, lines: Sequence[str]) -> dict[str, float]:
    began = time.monotonic()
    terminal.paste(lines)
    return {PASTE: time.monotonic() - began}


def _sent(name: str, device: netmiko.BaseConnection, lines: Sequence[str]) -> dict[str, float]:
    began = time.monotonic()
    device.send_config_set(
        lines,
        enter_config_mode=False,
        exit_config_mode=False,
        # With both an error pattern and no check of echoes it waits seconds for each line.
        error_pattern=REFUSAL if name == SEND else "",
        cmd_verify=name == SEND,
        read_timeout=120.0,
    )
    return {name: time.monotonic() - began}


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark; it needs loopback alone."""
    chapter = Chapter(NAME, "Configuration lines over SSH (emulated device)", METHOD)
    lines = [f"permit ip host 192.0.2.{number % 256} any" for number in range(LINES)]
    for delay in DELAYS_MS:
        rounds = min(size.long, _ROUNDS)
        say(f"{LINES} lines at {delay} ms each, {rounds} rounds")
        times = _times(delay, lines, rounds, chapter.remarks)
        situation = f"{LINES} lines, {delay} ms each"
        chapter.compare(situation, times, PASTE, SEND, headline=True)
        chapter.compare(situation, times, PASTE, SEND_BLIND)
    return chapter


def _times(
    delay: int, lines: Sequence[str], rounds: int, remarks: list[str]
) -> dict[str, list[float]]:
    with ExitStack() as closing:
        stub = closing.enter_context(Stub(Behaviour(delay=delay / 1000)))
        terminal, device = _terminal(stub), _baseline(stub)
        closing.callback(device.disconnect)
        closing.callback(terminal.close)
        return interleaved(
            rounds,
            [
                lambda number: _pasted(terminal, lines),
                lambda number: _sent(SEND, device, lines),
                lambda number: _sent(SEND_BLIND, device, lines),
            ],
            remarks,
        )
