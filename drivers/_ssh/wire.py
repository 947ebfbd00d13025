# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell's bytes: what is written to it and what comes, with time limits on everything."""

from __future__ import annotations

import io
import re
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import netmiko
import paramiko

from drivers._ssh.login import Client
from drivers._ssh.mapping import FOREIGN, as_ours
from drivers._ssh.transcript import Transcript
from enforcer.errors import DeviceUnreachable

if TYPE_CHECKING:
    from typing_extensions import Buffer

WIDTH, HEIGHT = 511, 1000
_SEND_SECONDS = 60.0
_ENDS = re.compile(r"\r+\n|\n\r|\r")
_OPEN = re.compile(r"(?:\r+|\x1b(?:\[[0-?]*[ -/]*)?)\Z")
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_=>])|[\x00\x07]")


class _Recorder(io.BufferedIOBase):
    """netmiko's session log, into a transcript."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript

    def write(self, piece: Buffer) -> int:
        """What the device said."""
        self._transcript.received(bytes(piece).decode("utf-8", "replace"))
        return len(bytes(piece))


@contextmanager
def limited(client: Client, seconds: float) -> Iterator[None]:
    """End the connection when the library waits longer inside: some of its waits have no end."""
    over = threading.Timer(seconds, client.close)
    over.daemon = True
    over.start()
    try:
        yield
    finally:
        over.cancel()


def _connection(device_type: str, client: Client, transcript: Transcript) -> netmiko.BaseConnection:
    """netmiko's connection of a platform around a client that is logged in already.

    Its own login trusts any host key; its own farewell types commands and answers questions.
    """
    base: Any = netmiko.ssh_dispatcher(device_type)
    quiet: Any = type("Quiet", (base,), {"cleanup": lambda self, command="exit": None})
    made: netmiko.BaseConnection = quiet(
        host=client.options.host,
        port=client.options.port,
        device_type=device_type,
        auto_connect=False,
        session_log=_Recorder(transcript),
        disable_lf_normalization=True,
    )
    return made


class Wire:
    """One shell of one connection, which ends with it; one thread."""

    def __init__(self, client: Client, device_type: str, transcript: Transcript) -> None:
        self._client = client
        self._transcript = transcript
        self._connection = _connection(device_type, client, transcript)
        self._held = ""
        try:
            self._channel = self._shell()
        except BaseException:
            self._connection.disconnect()
            raise

    def _shell(self) -> paramiko.Channel:
        try:
            with limited(self._client, self._client.options.timeout):
                channel = self._client.invoke_shell("vt100", WIDTH, HEIGHT)
        except FOREIGN as error:
            raise as_ours(self._client.options, "open a shell on", error) from None
        channel.settimeout(_SEND_SECONDS)
        connection = self._connection
        connection.remote_conn_pre = self._client
        connection.remote_conn = channel
        connection.channel = netmiko.channel.SSHChannel(channel, connection.encoding)
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)
        return channel

    def send(self, text: str) -> None:
        """Write `text` as it is. Raises DeviceUnreachable."""
        self._transcript.sent(text)
        try:
            self._connection.write_channel(text)
        except FOREIGN as error:
            raise as_ours(self._client.options, "write to", error) from None

    def more(self, seconds: float) -> str:
        """What came, line ends as line feeds; "" when nothing came within `seconds`.

        Raises DeviceUnreachable when the shell has ended and all was read.
        """
        self._poll.poll(max(0.0, seconds) * 1000)
        try:
            came = self._connection.read_channel()
        except FOREIGN as error:
            raise as_ours(self._client.options, "read from", error) from None
        if not came and self._ended():
            raise DeviceUnreachable(
                self._client.device,
                f"{self._client.options.host} closed the session: it may have rebooted, or an idle"
                " timer or another operator ended it",
            )
        return self._plain(came)

    def _ended(self) -> bool:
        channel = self._channel
        over = channel.closed or channel.eof_received or not self._client.alive()
        return bool(over) and not channel.recv_ready()

    def _plain(self, came: str) -> str:
        text = self._held + came
        # A line end or a control sequence may come in two pieces.
        found = _OPEN.search(text) if came else None
        cut = found.start() if found is not None else len(text)
        text, self._held = text[:cut], text[cut:]
        return _CONTROL.sub("", _ENDS.sub("\n", text))

    def alive(self) -> bool:
        """Whether the shell can be used as far as this side knows."""
        return not self._ended()

    def close(self) -> None:
        """Hang up without a word; never raises."""
        self._connection.disconnect()
