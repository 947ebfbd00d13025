# SPDX-License-Identifier: GPL-2.0-or-later
"""vtysh: questions, configuration, saving; believed by what it prints, not by its exit code alone.

A transaction that bgpd refuses ends with exit code 0; a list or route-map that is named and not
there yet is only remarked upon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from drivers._daemon.shell import Shell, refused
from drivers._ssh.commands import Answer
from drivers.frr.model import MAP, Object
from drivers.frr.options import Options
from enforcer.errors import (
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
)

READ = 120.0
WRITE = 600.0
"""Seconds; 50,000 prefixes take about half a minute."""
_NOT_FOUND = 127
_BAD = re.compile(
    r"^(?:line \d+: )?(?:% |Error|.*Failure to communicate|.*command not found)", re.M
)
_LOCKED = re.compile(r"locked", re.IGNORECASE)
_NO_DAEMON = "failed to connect to any daemons"
_NO_RIGHTS = re.compile(r"permission denied", re.IGNORECASE)


class Vtysh:
    """One FRR's, on one host."""

    def __init__(self, shell: Shell, options: Options) -> None:
        self._shell = shell
        self._options = options

    def ask(self, command: str, seconds: float = READ) -> str:
        """What bgpd answers. Raises DeviceUnreachable, AuthenticationFailed, CommandRejected."""
        return self.ask_all((command,), seconds)

    def ask_all(self, commands: Sequence[str], seconds: float = READ) -> str:
        """What bgpd answers to several questions, in one text. Raises as `ask` does."""
        words = [word for command in commands for word in ("-c", command)]
        answer = self._run(("-d", "bgpd", *words), b"", seconds)
        text = answer.stdout.decode("utf-8", "replace")
        if answer.code != 0 or text.startswith("% "):
            raise CommandRejected(self._shell.device, f"{commands[0]!r}: {_said(answer)}")
        return text

    def ask_zebra(self, command: str) -> str:
        """What zebra answers; "{}" where none runs, which has no routes. Raises as `ask` does."""
        answer = self._shell.run((*self._options.vtysh, "-d", "zebra", "-c", command), b"", READ)
        if _NO_DAEMON in _said(answer):
            return "{}"
        if answer.code != 0:
            raise CommandRejected(self._shell.device, f"{command!r}: {_said(answer)}")
        return _text(answer.stdout)

    def running(self) -> str:
        """bgpd's running configuration."""
        return self.ask("show running-config")

    def running_everywhere(self) -> str:
        """That of all daemons."""
        answer = self._run(("-c", "show running-config"), b"", READ)
        return answer.stdout.decode("utf-8", "replace")

    def configure(self, lines: Iterable[str]) -> None:
        """Give bgpd some lines. Raises DeviceBusy: nothing was taken; DeviceError: one of them
        was refused, and what of the others stands is unknown."""
        self._configure(("-d", "bgpd", "-f", "/dev/stdin"), lines)

    def remove(self, things: Iterable[Object]) -> None:
        """Remove objects, also from daemons that read them from a saved configuration."""
        lines = [f"no {thing.text}" for thing in things]
        if not lines:
            return
        lists = [line for line in lines if " prefix-list " in line or f"no {MAP} " in line]
        # Other daemons do not know AS paths.
        self._configure(("-f", "/dev/stdin"), lists)
        self.configure([line for line in lines if line not in set(lists)])

    def _configure(self, arguments: tuple[str, ...], lines: Iterable[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        if not text:
            return
        answer = self._run(arguments, text.encode(), WRITE)
        said = _said(answer)
        bad = _BAD.search("\n".join((_text(answer.stdout), _text(answer.stderr))))
        if answer.code == 0 and bad is None:
            return
        if _LOCKED.search(said):
            raise DeviceBusy(
                self._shell.device, f"somebody else configures it: {said}; it is tried again"
            )
        raise DeviceError(
            self._shell.device,
            f"vtysh refused a part (exit code {answer.code}): {said}; what stands is read anew",
        )

    def save(self) -> None:
        """Write the configuration where it is read from at the next start.

        Raises DeviceError where vtysh does not say that it did.
        """
        answer = self._run(("-c", "write memory"), b"", READ)
        said = f"{_text(answer.stdout)}\n{_text(answer.stderr)}"
        # Who may not give the file to another user has written it all the same.
        done = "[OK]" in said or "Integrated configuration saved" in said
        if answer.code == 0 and done and not _NO_RIGHTS.search(said):
            return
        raise DeviceError(
            self._shell.device,
            f"the change stands, but `write memory` did not save it ({_said(answer)}): a restart"
            " would lose it; let this user write the configuration, or say options.save: never",
        )

    def _run(self, arguments: tuple[str, ...], stdin: bytes, seconds: float) -> Answer:
        answer = self._shell.run((*self._options.vtysh, *arguments), stdin, seconds)
        said = _said(answer)
        if answer.code == _NOT_FOUND:
            raise DeviceUnreachable(
                self._shell.device,
                f"there is no {self._options.vtysh[0]} ({said}): install FRR, or set"
                " transport.vtysh",
            )
        if _NO_DAEMON in said:
            if _NO_RIGHTS.search(said):
                raise refused(self._shell.device, "talk to bgpd", answer)
            raise DeviceUnreachable(
                self._shell.device,
                f"bgpd does not answer ({said}): start it, set transport.pathspace, or let this"
                " user use its socket (group frrvty)",
            )
        return answer


def _text(output: bytes) -> str:
    return output.decode("utf-8", "replace")


def _said(answer: Answer) -> str:
    """What is worth showing of an answer."""
    both = f"{_text(answer.stderr)} {_text(answer.stdout)}"
    return " ".join(both.split())[:400]
