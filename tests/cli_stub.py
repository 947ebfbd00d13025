# SPDX-License-Identifier: GPL-2.0-or-later
"""A tiny SSH server with a command line on loopback: what a terminal has to put up with.

It is no router: it knows prompts, echo, paging, modes, and the faults that a test sets.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import asyncssh

USER = "enforcer"
PASSWORD = "correct horse"
SYSLOG = "*Mar  1 00:12:31.123: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, up"
PAGE = 10
_TURNS = 10


@dataclass
class Behaviour:
    """What the stub does; tests change it while it runs.

    `answers`: by command. `dialogs`: by command the questions asked one after the other, then
    the last text. `delay`: seconds per line. `busy_with`: said instead of a prompt, then hung up.
    `drop_at`, `half_at`, `mute_at`: configuration line (from 1) at which the session is dropped,
    half of the line is lost, or nothing is ever said again. `noise_at`: a syslog line after the
    prompt of each of these lines. `drop_in`: a command in whose answer it hangs up.
    """

    host: str = "edge7"
    shown: int = 20
    exec_end: str = "#"
    prefix: str = ""
    above: str = ""
    greeting: str = ""
    unprivileged: bool = False
    enable: str = ""
    paged: bool = False
    timestamps: bool = False
    noisy: bool = False
    delay: float = 0.0
    busy_with: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    dialogs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    drop_at: int = 0
    half_at: int = 0
    mute_at: int = 0
    drop_in: str = ""
    noise_at: frozenset[int] = frozenset()


class Stub:
    """The server, in a thread of its own. `taken`: the configuration lines of all sessions."""

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self.behaviour = behaviour or Behaviour()
        self.taken: list[str] = []
        self.received: list[str] = []
        self.sessions = 0
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cli-stub")
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def host_key(self) -> str:
        """As the inventory has it."""
        return self.key.export_public_key("openssh").decode().strip()

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._acceptor = await asyncssh.create_server(
            lambda: _Server(self._connections),
            "127.0.0.1",
            0,
            server_host_keys=[self.key],
            process_factory=self._session,
            line_editor=False,
            encoding="utf-8",
        )
        self.port = self._acceptor.get_port()

    async def _stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        await self._acceptor.wait_closed()
        connections = list(self._connections)
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(_TURNS):
            # A socket is closed a turn or two after its connection.
            await asyncio.sleep(0)

    async def _session(self, process: asyncssh.SSHServerProcess[str]) -> None:
        self.sessions += 1
        try:
            await _Shell(self, process).run()
        except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged, ConnectionError):
            return
        finally:
            process.close()
            process.channel.get_connection().close()


class _Server(asyncssh.SSHServer):
    def __init__(self, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connections.add(conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return username == USER and password == PASSWORD


class _Drop(Exception):
    """Hang up."""


class _Shell:
    def __init__(self, stub: Stub, process: asyncssh.SSHServerProcess[str]) -> None:
        self._stub = stub
        self._process = process
        self._does = stub.behaviour
        self._privileged = not self._does.unprivileged
        self._mode = ""
        self._input = ""
        self._paged = self._does.paged
        self._lines = 0

    def say(self, text: str) -> None:
        self._process.stdout.write(text.replace("\n", "\r\n"))

    def prompt(self) -> str:
        does = self._does
        if self._mode:
            name = does.host[: does.shown]
            return f"{does.above}{does.prefix}{name}{self._mode}#"
        end = does.exec_end if self._privileged else ">"
        return f"{does.above if does.exec_end == '>' else ''}{does.prefix}{does.host}{end}"

    async def run(self) -> None:
        if self._does.busy_with:
            self.say(self._does.busy_with + "\n")
            return
        self.say(self._does.greeting + self.prompt())
        try:
            while (line := await self.line()) is not None:
                await self.command(line)
        except _Drop:
            self._process.channel.get_connection().abort()

    async def line(self, ends: str = "\n") -> str | None:
        """The next line; with a Ctrl-D at its end when it was ended by that."""
        while True:
            for at, char in enumerate(self._input):
                if char in ends:
                    line, self._input = self._input[:at], self._input[at + 1 :]
                    return line + (char if char != "\n" else "")
            more = await self._process.stdin.read(65_536)
            if not more:
                return None
            self._input += more

    async def command(self, line: str) -> None:
        does = self._does
        self._stub.received.append(line)
        if does.delay:
            await asyncio.sleep(does.delay)
        if self._mode and line not in ("end", "exit") and line not in does.dialogs:
            self.configure(line)
            return
        self.say(line + "\n")
        if does.timestamps:
            self.say("Thu Nov 12 10:11:12.345 UTC\n")
        await self.execute(line)
        self.say(self.prompt())

    def configure(self, line: str) -> None:
        does = self._does
        self._lines += 1
        number = self._lines
        if number == does.drop_at:
            raise _Drop
        if number == does.half_at:
            line = line[: len(line) // 2]
        self.say(line + "\n")
        if does.mute_at and number >= does.mute_at:
            return
        if line in does.refused:
            self.say(does.refused[line] + "\n")
        else:
            self._stub.taken.append(line)
        self.say(self.prompt())
        if number in does.noise_at:
            self.say(f"\n{SYSLOG}\n")

    async def execute(self, line: str) -> None:
        does = self._does
        simple: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "enable": self.enable,
            "configure terminal": self.enter,
            "load set terminal": self.load,
        }
        if does.drop_in and line == does.drop_in:
            self.say("line 1\nline 2\nli")
            await self._process.stdout.drain()
            raise _Drop
        if line in simple:
            await simple[line]()
        elif line in does.dialogs:
            await self.ask(does.dialogs[line])
        elif line in ("end", "exit"):
            self._mode = ""
        elif line in does.refused:
            self.say(does.refused[line] + "\n")
        else:
            if line == "terminal length 0":
                self._paged = False
            await self.show(does.answers.get(line, ""))

    async def enter(self) -> None:
        self.say("Enter configuration commands, one per line.  End with CNTL/Z.\n")
        self._mode = "(config)"

    async def enable(self) -> None:
        self.say("Password: ")
        given = await self.line()
        self.say("\n")
        if given == self._does.enable:
            self._privileged = True
        else:
            self.say("% Access denied\n")

    async def load(self) -> None:
        self.say("[Type ^D at a new line to end input]\n")
        bad = 0
        while (line := await self.line("\n\x04")) is not None and line != "\x04":
            self.say(line + "\n")
            if line in self._does.refused:
                bad += 1
                self.say(self._does.refused[line] + "\n")
            else:
                self._stub.taken.append(line)
        self.say("^D\n")
        self.say(f"load complete ({bad} errors)\n" if bad else "load complete\n")

    async def ask(self, texts: tuple[str, ...]) -> None:
        *questions, last = texts
        for question in questions:
            self.say(question)
            answer = await self.line()
            if answer is None:
                raise _Drop
            self._stub.received.append(answer)
            self.say(answer + "\n")
        self.say(last)

    async def show(self, text: str) -> None:
        if self._does.noisy and text:
            first, _, rest = text.partition("\n")
            text = f"{SYSLOG}\n{first}\n{SYSLOG}\n{rest}"
        lines = text.splitlines(keepends=True)
        for at in range(0, len(lines), PAGE):
            self.say("".join(lines[at : at + PAGE]))
            if self._paged and at + PAGE < len(lines):
                self.say(" --More-- ")
                await self.line(" ")
        if text and not text.endswith("\n"):
            self.say("\n")
