# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation with a device's command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Self

from drivers._ssh.dialect import Dialect
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.transcript import Transcript
from enforcer.clock import Clock
from enforcer.driver_api import CredentialSource

Answers = Sequence[tuple[str, str]]
"""(pattern of a question, answer without line end); matched at the end of what was received."""


class Terminal:
    """One shell on one device, one thread. After any DeviceUnreachable or ParseFailed it is dead.

    Every method raises DeviceUnreachable (broken, or silent for longer than its timeout: what
    was waited for is named) and ParseFailed (what came cannot be understood, or was cut).
    Lines must hold neither control characters nor ``?`` (help): CommandRejected, nothing sent.
    """

    transcript: Transcript
    host: str
    """The name in the device's own prompt."""

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
    ) -> Self:
        """Log in, see a prompt, `enable` where asked, send the dialect's first commands.

        Raises as `open_client`, and AuthenticationFailed when `enable` is refused.
        """
        raise NotImplementedError

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
        raise NotImplementedError

    def enter(self, *lines: str, timeout: float = 10.0) -> str:
        """Configuration lines (also ``configure terminal``, ``end``), one by one.

        Stops at the first refusal: LineRejected. Returns what the device said, echoes off.
        """
        raise NotImplementedError

    def paste(
        self,
        lines: Iterable[str],
        *,
        chunk: int = 200,
        each: Callable[[int], None] | None = None,
        timeout: float = 60.0,
    ) -> str:
        """Many configuration lines, `chunk` at a time; `each` hears how many were taken so far.

        Waits for the echo of every line and the prompt of the last (`timeout` seconds without
        any progress at most), looks for refusals after every chunk: LineRejected; a line that
        did not come back as sent: ParseFailed. Returns what the device said, echoes off.
        """
        raise NotImplementedError

    def load(
        self, command: str, lines: Iterable[str], *, ready: str, timeout: float = 120.0
    ) -> str:
        r"""Feed `lines` to a command that reads to its end (Junos ``load set terminal``).

        Waits for `ready` (the invitation), writes the lines, Ctrl-D, and waits for the prompt.
        Returns what the device said, echoes off; the caller reads its verdict there. No refusal
        is raised: a device loads the good lines and counts the bad ones.
        """
        raise NotImplementedError

    def dialog(
        self, command: str, answers: Answers, until: str, timeout: float, *, refuse: bool = True
    ) -> str:
        """A command that may ask: each question that matches gets its answer.

        Ends when the last line matches `until` ("": any prompt). A question without an answer
        is ParseFailed and leaves it unanswered, the session dead: nothing is ever answered by
        default. Returns what the device said.
        """
        raise NotImplementedError

    def send_raw(self, text: str, *, until: str, timeout: float) -> str:
        """Send `text` as it is (no line end added); what came until `until` matched, verbatim."""
        raise NotImplementedError

    def alive(self) -> bool:
        """Whether the session can be used as far as this side knows; asks nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Hang up. Never raises, answers no question, sends no command: what is uncommitted dies
        with the session, as the platform has it."""
        raise NotImplementedError
