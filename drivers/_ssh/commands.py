# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs on the device without a terminal: exit code, output and errors apart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import paramiko

from drivers._ssh.login import Client
from drivers._ssh.mapping import FOREIGN, as_ours
from drivers._ssh.wire import limited
from enforcer.clock import Clock, SystemClock
from enforcer.errors import CommandRejected, DeviceBusy, DeviceUnreachable

QUIET = 30.0
"""Seconds of silence of a program that goes on before its host is asked whether it is there."""
_PIECE = 65_536
_SHOWN = 500
_NO_CODE = -1
"""What the library says when the server sent no exit code."""


class Answer(NamedTuple):
    """What a program left: its exit code (never guessed) and its two outputs, whole."""

    code: int
    stdout: bytes
    stderr: bytes


class Lines:
    """The output of a program that goes on; iterate in one thread, `close` from any.

    `quiet`: after so many seconds without output the peer is asked whether it is still there.
    """

    def __init__(
        self, client: Client, channel: paramiko.Channel, command: str, quiet: float = QUIET
    ) -> None:
        self._quiet = quiet
        self._client = client
        self._channel = channel
        self._command = command
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        """Lines without their ends; ends after `close`. A line that was cut is not given.

        Raises DeviceUnreachable when the connection breaks, CommandRejected when the program
        ends by itself (with its exit code and stderr).
        """
        rest = b""
        while not self._closed.is_set():
            try:
                piece = self._channel.recv(_PIECE)
            except TimeoutError:
                self._ask_whether_it_is_there()
                continue
            except FOREIGN as error:
                if self._closed.is_set():
                    return
                raise as_ours(self._client.options, "read from", error) from None
            if not piece:
                self._end()
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from lines

    def _ask_whether_it_is_there(self) -> None:
        """Any answer will do (RFC 4254 section 4); none, and the connection is given up.

        The kernel's own timeout sees the first leg alone: a router behind a jump host may vanish
        while the jump host acknowledges everything.
        """
        transport = self._client.get_transport()
        with limited(self._client, self._quiet):
            if transport is not None:
                transport.global_request("keepalive@openssh.com", wait=True)
        if not self._client.alive() and not self._closed.is_set():
            raise DeviceUnreachable(
                self._client.device,
                f"{self._client.options.host} did not answer for {self._quiet:g} s while"
                f" {self._command!r} was followed",
            )

    def _end(self) -> None:
        if self._closed.is_set():
            return
        code = _exit_code(self._client, self._channel, 5.0, self._command)
        said = self._channel.recv_stderr(_SHOWN) if self._channel.recv_stderr_ready() else b""
        self.close()
        raise CommandRejected(
            self._client.device,
            f"{self._command!r} ended by itself with code {code}: {_text(said)!r}",
        )

    def close(self) -> None:
        """Stop; never raises. The program there ends when it next writes: nobody reads it."""
        self._closed.set()
        try:
            self._channel.close()
        except FOREIGN:
            # It is over, which is what was wanted.
            return


class Exec:
    """Runs programs over one connection; each in a channel of its own; thread-safe."""

    @staticmethod
    def run(
        client: Client,
        command: str,
        stdin: bytes = b"",
        timeout: float = 30.0,
        clock: Clock | None = None,
    ) -> Answer:
        """Run `command` (a line for the remote shell: quote it) to its end.

        Any exit code is an answer. Raises DeviceUnreachable: it did not end within `timeout`
        seconds, the connection broke, or no exit code came (whether it ran is unknown);
        DeviceBusy: the server opens no further channel.
        """
        clock = clock if clock is not None else SystemClock()
        deadline = clock.monotonic() + timeout
        with _started(client, command, timeout) as channel:
            feeder = threading.Thread(
                target=_feed, args=(channel, stdin), name=f"ssh-stdin-{client.device}", daemon=True
            )
            errors = _Collected(channel, client.device)
            feeder.start()
            errors.start()
            try:
                stdout = _whole(client, channel, command, deadline, clock)
                left = max(0.1, deadline - clock.monotonic())
                code = _exit_code(client, channel, left, command)
            finally:
                channel.close()
                feeder.join()
                errors.join()
        return Answer(code, stdout, errors.text)

    @staticmethod
    def stream(client: Client, command: str, timeout: float = 30.0, quiet: float = QUIET) -> Lines:
        """Start `command` and read its output line by line; `timeout` is for starting it.

        `quiet`: seconds; see `Lines`.

        Raises DeviceUnreachable, DeviceBusy (the server opens no further channel).
        """
        channel = _start(client, command, timeout)
        channel.settimeout(quiet)
        return Lines(client, channel, command, quiet)


class _Collected(threading.Thread):
    """Reads a program's standard error beside its output, lest it be stuck writing it."""

    def __init__(self, channel: paramiko.Channel, device: str) -> None:
        super().__init__(name=f"ssh-stderr-{device}", daemon=True)
        self._channel = channel
        self.text = b""

    def run(self) -> None:
        """Until the channel ends."""
        pieces: list[bytes] = []
        try:
            while piece := self._channel.recv_stderr(_PIECE):
                pieces.append(piece)
        except FOREIGN:
            # Who reads the output hears why.
            pass
        self.text = b"".join(pieces)


def _feed(channel: paramiko.Channel, stdin: bytes) -> None:
    try:
        channel.sendall(stdin)
        channel.shutdown_write()
    except FOREIGN:
        # The program ended without reading it all; its code says why.
        return


@contextmanager
def _started(client: Client, command: str, timeout: float) -> Iterator[paramiko.Channel]:
    channel = _start(client, command, timeout)
    try:
        yield channel
    finally:
        channel.close()


def _start(client: Client, command: str, timeout: float) -> paramiko.Channel:
    transport = client.get_transport()
    if transport is None or not client.alive():
        raise DeviceUnreachable(client.device, "the connection is closed: open another")
    try:
        with limited(client, timeout):
            channel = transport.open_session(timeout=timeout)
            channel.settimeout(timeout)
            channel.exec_command(command)
    except paramiko.ChannelException as error:
        raise DeviceBusy(
            client.device,
            f"{client.options.host} opens no further channel ({error.text}): raise MaxSessions of"
            " its SSH server, or end other sessions",
        ) from None
    except FOREIGN as error:
        raise as_ours(client.options, f"run {command!r} on", error) from None
    return channel


def _whole(
    client: Client, channel: paramiko.Channel, command: str, deadline: float, clock: Clock
) -> bytes:
    pieces: list[bytes] = []
    while True:
        left = deadline - clock.monotonic()
        try:
            channel.settimeout(max(0.001, left))
            piece = channel.recv(_PIECE)
        except TimeoutError:
            raise DeviceUnreachable(
                client.device, f"{command!r} did not end in time; what it did is unknown"
            ) from None
        except FOREIGN as error:
            raise as_ours(client.options, "read from", error) from None
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def _exit_code(client: Client, channel: paramiko.Channel, timeout: float, command: str) -> int:
    if channel.status_event.wait(timeout):
        code: int = channel.exit_status
        if code != _NO_CODE:
            return code
    raise DeviceUnreachable(
        client.device,
        f"{command!r} ended without an exit code: the connection broke, or it was killed; what it"
        " did is unknown",
    )


def _text(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())
