# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs on the device without a terminal: exit code, output and errors apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drivers._ssh.login import Client


class Answer(NamedTuple):
    """What a program left: its exit code (never guessed) and its two outputs, whole."""

    code: int
    stdout: bytes
    stderr: bytes


class Lines:
    """The output of a program that goes on; iterate in one thread, `close` from any."""

    def __iter__(self) -> Iterator[bytes]:
        """Lines without their ends; ends after `close`.

        Raises DeviceUnreachable when the connection breaks, CommandRejected when the program
        ends by itself (with its exit code and stderr).
        """
        raise NotImplementedError

    def close(self) -> None:
        """Stop; never raises."""
        raise NotImplementedError


class Exec:
    """Runs programs over one connection; each in a channel of its own; thread-safe."""

    @staticmethod
    def run(client: Client, command: str, stdin: bytes = b"", timeout: float = 30.0) -> Answer:
        """Run `command` (a line for the remote shell: quote it) to its end.

        Any exit code is an answer. Raises DeviceUnreachable: it did not end within `timeout`
        seconds, the connection broke, or no exit code came (whether it ran is unknown);
        DeviceBusy: the server opens no further channel.
        """
        raise NotImplementedError

    @staticmethod
    def stream(client: Client, command: str, timeout: float = 30.0) -> Lines:
        """Start `command` and read its output line by line; `timeout` is for starting it."""
        raise NotImplementedError
