# SPDX-License-Identifier: GPL-2.0-or-later
"""Between the bytes of a connection and a `Shell`: echo, keys, paging, faults. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from lab.emulators.device import Emulator
from lab.emulators.faults import Accident
from lab.emulators.shell import Reply, Shell

_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ENTER = (b"\r", b"\n")


class Ending(Enum):
    """How a connection ends."""

    CLOSE = auto()  # in an orderly way
    DROP = auto()  # the TCP session is lost


@dataclass(frozen=True)
class Pause:
    """Silence, in seconds of real time."""

    seconds: float


Step = bytes | Pause | Ending
Steps = Iterator[Step]


class Terminal:
    """One connection's terminal. Every method is a generator of what has to happen, in order.

    Args:
        emulator: the router, for its clock and its faults.
        shell: the session's shell.
    """

    def __init__(self, emulator: Emulator, shell: Shell) -> None:
        self._emulator = emulator
        self._shell = shell
        self._typed = bytearray()
        self._after_return = False
        self._asked: Reply | None = None
        self._pages: list[str] = []
        self._pending: tuple[Reply, Accident] | None = None
        self._ended = False

    @property
    def idle(self) -> bool:
        """True at an empty prompt: what the router prints on its own comes here."""
        return not (self._typed or self._asked or self._pages or self._ended)

    def start(self) -> Steps:
        """The greeting and the first prompt."""
        yield _printed(self._shell.greeting())
        yield from self._prompt()

    def feed(self, received: bytes) -> Steps:
        """Act on bytes that the client sent."""
        position = 0
        while position < len(received) and not self._ended:
            if self._pages:
                yield from self._page_key(received[position : position + 1])
                position += 1
                continue
            if self._asked is not None and self._asked.one_key:
                key = received[position : position + 1]
                self._after_return = key == b"\r"
                yield from self._answer_key(key)
                position += 1
                continue
            found = _CONTROL.search(received, position)
            end = found.start() if found else len(received)
            if end > position:
                yield from self._type(received[position:end])
            position = end
            if found:
                position += 1
                yield from self._key(found.group())

    def tick(self) -> Steps:
        """What the router prints on its own accord at an idle prompt."""
        if self.idle:
            for notice in self._shell.notices():
                yield _printed(notice)

    def execute(self, command: str) -> Steps:
        """One command of `ssh router COMMAND`: no echo, no prompt, no paging."""
        reply = self._shell.line(command)
        yield _printed(self._emulator.faults.cut(command, reply.text))
        yield self._end(Ending.CLOSE)

    # ------------------------------------------------------------ keys

    def _type(self, chunk: bytes) -> Steps:
        self._after_return = False
        if self._asked is None or not self._asked.hidden:
            typed, added = self._typed.decode(errors="replace"), chunk.decode(errors="replace")
            yield self._shell.echo(typed, added).encode()
        self._typed += chunk

    def _key(self, key: bytes) -> Steps:
        second_half = key == b"\n" and self._after_return
        self._after_return = key == b"\r"
        if second_half:
            return
        if key in _ENTER:
            yield from self._enter()
        elif key in (b"\x08", b"\x7f"):
            if self._typed:
                del self._typed[-1]
                yield b"\x08 \x08"
        elif key == b"\x15":
            yield b"\x08 \x08" * len(self._typed)
            self._typed.clear()
        else:
            yield from self._special(key)

    def _special(self, key: bytes) -> Steps:
        typed = self._typed.decode(errors="replace")
        reply: Reply | None = None
        if key == b"\x03":
            reply = self._shell.interrupt(typed)
        elif key == b"\x04":
            reply = self._shell.end_of_file(typed)
        elif key == b"\x1a":
            reply = self._shell.suspend(typed)
        if reply is None:
            return
        self._typed.clear()
        self._asked = None
        yield b"^" + bytes([key[0] + 64]) + b"\r\n"
        yield from self._reply(reply, Accident(typed))

    def _answer_key(self, key: bytes) -> Steps:
        yield (b"" if key in _ENTER else key) + b"\r\n"
        self._asked = None
        answer = "" if key in _ENTER else key.decode(errors="replace")
        yield from self._run(answer, Accident(answer))

    def _enter(self) -> Steps:
        text = self._typed.decode(errors="replace")
        self._typed.clear()
        yield b"\r\n"
        answering, self._asked = self._asked is not None, None
        if answering or not text.strip():
            yield from self._run(text, Accident(text))
            return
        emulator = self._emulator
        accident = emulator.faults.befall(text, self._shell.configuring, emulator.unauthorized)
        yield from self._run(text, accident)

    # ------------------------------------------------------------ lines

    def _run(self, text: str, accident: Accident) -> Steps:
        """Do one line, as `accident` has it."""
        faults = self._emulator.faults
        self._emulator.clock.fire_due()
        if accident.drop == "before":
            yield self._end(Ending.DROP)
            return
        seconds = faults.line_seconds() if text else 0.0
        if seconds:
            yield Pause(seconds)
        if accident.refusal is not None:
            yield from self._reply(Reply(accident.refusal), accident)
            return
        commit_drop: bool | None = None
        if self._shell.commits(accident.text):
            commit_drop = faults.commit_drop()
            if commit_drop is False:
                yield self._end(Ending.DROP)
                return
            seconds = faults.commit_seconds()
            if seconds:
                yield Pause(seconds)
        reply = self._shell.line(accident.text)
        if commit_drop:
            yield self._end(Ending.DROP)
            return
        yield from self._reply(reply, accident)

    def _reply(self, reply: Reply, accident: Accident) -> Steps:
        for text in accident.syslog:
            yield _printed(text)
        output = self._emulator.faults.cut(accident.text, reply.text)
        page = self._shell.page_lines
        self._pending = (reply, accident)
        if page and not reply.question and output.count("\n") >= page:
            self._pages = output.removesuffix("\n").split("\n")
            yield from self._show(page - 1)
            return
        yield output.replace("\n", "\r\n").encode() if reply.question else _printed(output)
        yield from self._finish()

    def _finish(self) -> Steps:
        assert self._pending is not None
        (reply, accident), self._pending = self._pending, None
        if accident.drop == "after":
            yield self._end(Ending.DROP)
        elif reply.close:
            yield self._end(Ending.CLOSE)
        elif reply.question:
            self._asked = reply
        else:
            for notice in self._shell.notices():
                yield _printed(notice)
            yield from self._prompt()

    def _prompt(self) -> Steps:
        yield self._shell.prompt().replace("\n", "\r\n").encode()

    def _end(self, ending: Ending) -> Ending:
        self._ended = True
        return ending

    # ------------------------------------------------------------ pages

    def _show(self, lines: int) -> Steps:
        shown, self._pages = self._pages[:lines], self._pages[lines:]
        yield _printed("\n".join(shown))
        if self._pages:
            yield self._shell.more.encode()
        else:
            yield from self._finish()

    def _page_key(self, key: bytes) -> Steps:
        width = len(self._shell.more)
        erased = b"\x08" * width + b" " * width + b"\x08" * width
        self._after_return = key == b"\r"
        if key in (b"q", b"Q", b"\x03"):
            self._pages = []
            yield erased
            yield from self._finish()
        elif key == b" ":
            yield erased
            yield from self._show(max(1, self._shell.page_lines - 1))
        elif key in _ENTER:
            yield erased
            yield from self._show(1)


def _printed(text: str) -> bytes:
    """`text` on lines of its own, CRLF; nothing for an empty text."""
    if not text:
        return b""
    ended = text if text.endswith("\n") else text + "\n"
    return ended.replace("\n", "\r\n").encode()
