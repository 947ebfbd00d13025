# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation with a device's command line."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Self

from drivers._ssh.conversation import Conversation
from drivers._ssh.dialect import Dialect
from drivers._ssh.errors import LineRejected
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.greeting import greet
from drivers._ssh.login import open_client
from drivers._ssh.mapping import configured
from drivers._ssh.options import SshOptions
from drivers._ssh.scan import Scan, closes
from drivers._ssh.transcript import Transcript
from drivers._ssh.wire import Wire
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource
from enforcer.errors import CommandRejected, ParseFailed

Answers = Sequence[tuple[str, str]]
"""(pattern of a question, answer without line end); matched at the end of what was received."""

CHUNK = 200
_END_OF_INPUT, _END_SHOWN = "\x04", "^D"
_OVERHEARD = 1_000
_QUIET = 1.0
_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f?]")


class Terminal:
    """One shell on one device, one thread. After any DeviceUnreachable or ParseFailed it is dead.

    Every method raises DeviceUnreachable (broken, or silent for longer than its timeout: what
    was waited for is named) and ParseFailed (what came cannot be understood, or was cut).
    Lines must hold neither control characters nor ``?`` (help): CommandRejected, nothing sent.
    """

    def __init__(self, talk: Conversation) -> None:
        self._talk = talk
        self.device = talk.device
        self.transcript = talk.transcript
        """What was said, secrets masked; also of a terminal that is dead or closed."""
        self.host = talk.host
        """The name in the device's own prompt."""
        self._heard: deque[str] = deque(maxlen=_OVERHEARD)
        talk.overheard = self._heard.append

    @classmethod
    def open(
        cls,
        device_name: str,
        options: SshOptions,
        credentials: CredentialSource,
        dialect: Dialect,
        clock: Clock,
        *,
        gate: Gate = GATE,
        proof: bool = False,
    ) -> Self:
        """Log in, see a prompt, `enable` where asked, send the dialect's first commands.

        `proof`: this login must prove a change before its timer takes it back; see `Gate`.
        Raises as `open_client`, and AuthenticationFailed when `enable` is refused.
        """
        transcript = Transcript()
        with configured(device_name):
            enable = credentials.resolve(options.enable) if options.enable else ""
            password = credentials.resolve(options.credentials) if options.credentials else ""
        for secret in (enable, password):
            transcript.hide(secret)
        client = open_client(options, credentials, clock, gate, proof)
        try:
            wire = Wire(client, dialect.device_type, transcript)
            talk = Conversation(device_name, wire, dialect, transcript, clock)
            greet(talk, options, enable)
            made = cls(talk)
            for command in dialect.start:
                made.ask(command, timeout=options.timeout)
        except BaseException:
            client.close()
            raise
        return made

    def ask(
        self,
        command: str,
        *,
        timeout: float = 30.0,
        expect: str | None = None,
        refuse: bool = True,
    ) -> str:
        """The answer to one command: echo, prompt, syslog lines and timestamp taken off.

        Whole: it ended with the prompt (or a last line that matches `expect`). `refuse`: raise
        CommandRejected where the dialect's refusal pattern is found.
        """
        self._refuse_unsendable(command)
        answer = self._talk.ask(command, timeout, expect)
        if refuse:
            self._refuse_refused(command, answer)
        return answer

    def enter(self, *lines: str, timeout: float = 10.0) -> str:
        """Configuration lines (also ``configure terminal``, ``end``), one by one.

        Stops at the first refusal: LineRejected. Returns what the device said, echoes off.
        """
        said = []
        for number, line in enumerate(lines):
            said += self._pasted([line], number, timeout).said
        return "\n".join(said)

    def paste(
        self,
        lines: Iterable[str],
        *,
        chunk: int = CHUNK,
        each: Callable[[int], None] | None = None,
        timeout: float = 60.0,
    ) -> str:
        """Many configuration lines, `chunk` at a time; `each` hears how many were taken so far.

        Waits for the echo of every line and the prompt of the last (`timeout` seconds without
        any progress at most), looks for refusals after every chunk: LineRejected; a line that
        did not come back as sent: ParseFailed. Returns what the device said, echoes off.
        """
        wanted = [line for line in lines if line.strip()]
        said: list[str] = []
        for first in range(0, len(wanted), chunk):
            piece = wanted[first : first + chunk]
            said += self._pasted(piece, first, timeout).said
            if each is not None:
                each(first + len(piece))
        return "\n".join(said)

    def load(
        self, command: str, lines: Iterable[str], *, ready: str, timeout: float = 120.0
    ) -> str:
        """Feed `lines` to a command that reads to its end (Junos ``load set terminal``).

        Waits for `ready` (the invitation), writes the lines, Ctrl-D, and waits for the prompt.
        Returns what the device said, echoes off; the caller reads its verdict there. No refusal
        is raised: a device loads the good lines and counts the bad ones.
        """
        wanted = [line for line in lines if line.strip()]
        self._refuse_unsendable(command, *wanted)
        invited = self._talk.ask(command, timeout, ready, pasted=True)
        if not closes(re.compile(ready), invited):
            raise CommandRejected(self.device, f"{command!r} was answered by {invited!r}")
        scan = self._talk.scan(wanted)
        for first in range(0, len(wanted), CHUNK):
            self._talk.write("".join(f"{line}\n" for line in wanted[first : first + CHUNK]))
            self._talk.drain(scan)
        self._talk.write(_END_OF_INPUT)
        self._talk.settle(scan, timeout, _QUIET, f"the end of {command!r}")
        self._refuse_garbled(wanted, scan, 0)
        said = [line.removeprefix(_END_SHOWN) for line in scan.said]
        return "\n".join(line for line in said if line)

    def dialog(
        self, command: str, answers: Answers, until: str, timeout: float, *, refuse: bool = True
    ) -> str:
        """A command that may ask: each question that matches gets its answer.

        Ends when the last line matches `until` ("": any prompt). A question without an answer
        is ParseFailed and leaves it unanswered, the session dead: nothing is ever answered by
        default. Returns what the device said.
        """
        self._refuse_unsendable(command)
        said = self._talk.dialog(command, answers, until, timeout)
        if refuse:
            self._refuse_refused(command, said)
        return said

    def send_raw(self, text: str, *, until: str, timeout: float) -> str:
        """Send `text` as it is (no line end added); what came until `until` matched, verbatim."""
        return self._talk.raw(text, until, timeout)

    def overheard(self) -> tuple[str, ...]:
        """The syslog lines that came since the last call, oldest first, at most 1000."""
        heard = tuple(self._heard)
        self._heard.clear()
        return heard

    def alive(self) -> bool:
        """Whether the session can be used as far as this side knows; asks nothing."""
        return self._talk.alive()

    def close(self) -> None:
        """Hang up. Never raises, answers no question, sends no command.

        What is uncommitted dies with the session, as the platform has it.
        """
        self._talk.close()

    def _pasted(self, lines: Sequence[str], before: int, timeout: float) -> Scan:
        self._refuse_unsendable(*lines)
        scan = self._talk.scan(lines)
        self._talk.write("".join(f"{line}\n" for line in lines))
        self._talk.settle(scan, timeout, _QUIET, f"the prompt after {lines[-1]!r}")
        # A line that was mangled under way may be why a later one was refused: it comes first.
        self._refuse_garbled(lines, scan, before)
        if scan.refused is not None:
            number, said = scan.refused
            said = self.transcript.clean(said)
            raise LineRejected(
                self.device, lines[number], said, before + number, before + len(lines)
            )
        return scan

    def _refuse_garbled(self, lines: Sequence[str], scan: Scan, before: int) -> None:
        if scan.garbled is None and scan.complete:
            return
        number, came = scan.garbled or (scan.taken, "nothing")
        self._talk.die()
        raise ParseFailed(
            self.device,
            f"line {before + number + 1}, {lines[number]!r}, came back as {came!r}: what the"
            " device took instead is unknown; read it back",
        )

    def _refuse_refused(self, command: str, answer: str) -> None:
        found = self._talk.dialect.refusal_pattern.search(answer)
        if found is not None:
            said = answer[found.start() :].strip().split("\n")[0]
            raise CommandRejected(
                self.device, f"refused {command!r}: {self.transcript.clean(said)!r}"
            )

    def _refuse_unsendable(self, *lines: str) -> None:
        for line in lines:
            found = _FORBIDDEN.search(line)
            if found is not None:
                raise CommandRejected(
                    self.device,
                    f"{line!r} was not sent: {found.group()!r} does something else on a command"
                    " line; leave it out",
                )
