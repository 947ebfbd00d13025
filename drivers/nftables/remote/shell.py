# SPDX-License-Identifier: GPL-2.0-or-later
"""`nft` on another host: no terminal, exit codes checked, its errors as ours."""

from __future__ import annotations

import shlex
from typing import NamedTuple, Protocol

from drivers._ssh.commands import Answer, Exec, Lines
from drivers._ssh.login import Client
from drivers._ssh.transcript import Transcript
from drivers.nftables.names import TABLE
from enforcer.clock import Clock
from enforcer.errors import AuthenticationFailed, CommandRejected, DeviceUnreachable

SECONDS = 120.0
"""So long one `nft` may take; a listing of 50 000 members takes a few."""
_NOT_FOUND = 127
_NO_RIGHTS = ("operation not permitted", "a password is required", "permission denied")


class Listed(NamedTuple):
    """`tables`: what ``list tables`` said. `table`: what listing ours said; None: it failed."""

    tables: bytes
    table: bytes | None


class Shell(Protocol):
    """Where `nft` runs."""

    @property
    def device(self) -> str:
        """The device's name, for messages."""
        ...

    def nft(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """The output of ``nft ARGUMENTS``.

        Raises CommandRejected (it said no: nothing was changed), AuthenticationFailed (no
        right to), DeviceUnreachable (nobody knows what it did).
        """
        ...

    def listed(self) -> Listed:
        """The tables' names and our table, in one round trip. Raises as `nft` does."""
        ...

    def interfaces(self) -> list[str]:
        """The names of the router's interfaces. Raises as `nft` does."""
        ...

    def said(self) -> str:
        """What was run and answered since this was last asked, in excerpt; never raises."""
        ...

    def monitor(self) -> Lines:
        """The lines of ``nft -nn monitor``, until closed."""
        ...


class SshShell:
    """Over one connection."""

    def __init__(self, client: Client, program: str, clock: Clock) -> None:
        self._client = client
        self._program = program
        self._clock = clock
        self._transcript = Transcript()

    @property
    def device(self) -> str:
        """See `Shell`."""
        return self._client.device

    def nft(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """See `Shell`."""
        command = f"{self._program} {shlex.join(arguments)}"
        answer = self._run(command, stdin)
        if answer.code != 0:
            raise _refused(self.device, self._program, answer)
        return answer.stdout

    def listed(self) -> Listed:
        """See `Shell`."""
        nft = f"{self._program} -j -nn list"
        # Not one run of nft: listing one table narrows what the same run sees of the others.
        command = f"{nft} tables && {nft} table inet {TABLE}"
        answer = self._run(command)
        tables, _, table = answer.stdout.partition(b"\n")
        if answer.code != 0 and not tables:
            raise _refused(self.device, self._program, answer)
        return Listed(tables, table if answer.code == 0 else None)

    def interfaces(self) -> list[str]:
        """See `Shell`."""
        answer = self._run("ls /sys/class/net")
        if answer.code != 0:
            raise _refused(self.device, "ls", answer)
        return answer.stdout.decode("utf-8", "replace").split()

    def monitor(self) -> Lines:
        """See `Shell`."""
        return Exec.stream(self._client, f"{self._program} -nn monitor")

    def _run(self, command: str, stdin: bytes = b"") -> Answer:
        self._transcript.sent(command)
        self._transcript.sent(stdin.decode("utf-8", "replace"))
        answer = Exec.run(self._client, command, stdin, SECONDS, self._clock)
        for text in (answer.stdout, answer.stderr):
            self._transcript.received(text.decode("utf-8", "replace"))
        self._transcript.received(f"\nexit code {answer.code}\n")
        return answer

    def said(self) -> str:
        """See `Shell`."""
        return self._transcript.take()

    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._client.alive()


def _refused(
    device: str, program: str, answer: Answer
) -> CommandRejected | AuthenticationFailed | DeviceUnreachable:
    said = " ".join(answer.stderr.decode("utf-8", "replace").split())[:500]
    if answer.code == _NOT_FOUND:
        return DeviceUnreachable(
            device, f"there is no {program} ({said}): install nftables, or set transport.nft"
        )
    if any(word in said.lower() for word in _NO_RIGHTS):
        return AuthenticationFailed(
            device,
            f"{program} may not be used ({said}): log in as root, or allow it in sudoers and set"
            " transport.nft to 'sudo -n /usr/sbin/nft'",
        )
    return CommandRejected(device, f"{program} said no (exit code {answer.code}): {said}")
