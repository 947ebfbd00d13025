# SPDX-License-Identifier: GPL-2.0-or-later
"""The way to a device: straight, or as the ssh config says (HostName, ProxyJump, ProxyCommand)."""

from __future__ import annotations

import re
import select
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import paramiko

from drivers._ssh.host_keys import read_file
from drivers._ssh.mapping import BUSY
from drivers._ssh.options import SshOptions
from enforcer.core.host_keys import SSH_PORT
from enforcer.driver_api import CredentialSource
from enforcer.errors import ConfigurationInvalid, DeviceBusy, DeviceUnreachable

_PEEK = 512
_SAID_LINES, _SAID_LENGTH = 3, 300
_INCLUDE = re.compile(r"(?im)^[ \t]*include[ \t=\"]")
_VANISHED_MS = 60_000
_HOP = re.compile(r"(?:(?P<user>[^@]+)@)?(?P<host>\[[^\]]+\]|[^:@\[\]]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class Way:
    """To whom, and through what.

    `options`: with what the ssh config adds. `hops`: jump hosts, the nearest first. `command`:
    a program whose standard input and output are the connection, "" none.
    """

    options: SshOptions
    hops: tuple[SshOptions, ...] = ()
    command: str = ""

    @property
    def where(self) -> tuple[str, int, str]:
        """Which device it leads to: host, port, and what it goes through ("" straight)."""
        through = ",".join(f"{hop.host}:{hop.port}" for hop in self.hops) or self.command
        return self.options.host, self.options.port, through


def way_to(options: SshOptions, credentials: CredentialSource) -> Way:
    """The way that the ssh config of `options` prescribes; a straight one without.

    What the inventory says stands before what the config says, except the host's real name
    (HostName). Raises ConfigurationInvalid.
    """
    if not options.ssh_config:
        return Way(options)
    config = _config(options, credentials)
    said = _looked_up(options, config, options.host)
    completed = _completed(options, said)
    jump = said.get("proxyjump", "none")
    hops = () if jump == "none" else tuple(_hop(options, config, one) for one in jump.split(","))
    command = "" if said.get("proxycommand", "none") == "none" else said["proxycommand"]
    if not completed.username:
        raise ConfigurationInvalid(
            f"{options.device}: neither its transport nor {options.ssh_config} says as whom to"
            " log in: add `username`"
        )
    return Way(completed, hops, "" if hops else command)


def _config(options: SshOptions, credentials: CredentialSource) -> paramiko.SSHConfig:
    text = read_file("ssh_config", options.ssh_config, credentials)
    if _INCLUDE.search(text):
        raise ConfigurationInvalid(
            f"{options.device}: {options.ssh_config} has an Include, which is not followed: copy"
            " what it includes into the file"
        )
    try:
        return paramiko.SSHConfig.from_text(text)
    except (paramiko.ConfigParseError, ValueError) as error:
        raise ConfigurationInvalid(
            f"{options.device}: {options.ssh_config} is no ssh config: {error}"
        ) from None


def _looked_up(
    options: SshOptions, config: paramiko.SSHConfig, host: str
) -> paramiko.SSHConfigDict:
    try:
        return config.lookup(host)
    except (paramiko.SSHException, KeyError, ValueError, ImportError, OSError) as error:
        # KeyError: CanonicalizeHostname without CanonicalDomains. ImportError: Match exec.
        raise ConfigurationInvalid(
            f"{options.device}: {options.ssh_config} cannot be applied to {host} ({error}): leave"
            " out CanonicalizeHostname and Match exec, and say HostName"
        ) from None


def _completed(options: SshOptions, said: Mapping[str, str | list[str]]) -> SshOptions:
    def text(key: str) -> str:
        value = said.get(key, "")
        return value if isinstance(value, str) else next(iter(value), "")

    port = text("port")
    return replace(
        options,
        host=text("hostname") or options.host,
        port=int(port) if options.port == SSH_PORT and port.isdecimal() else options.port,
        username=options.username or text("user"),
        key_file=options.key_file or text("identityfile"),
    )


def _hop(options: SshOptions, config: paramiko.SSHConfig, text: str) -> SshOptions:
    """A jump host: the device's password and host key are not for it."""
    found = _HOP.fullmatch(text.strip().removeprefix("ssh://"))
    if found is None:
        raise ConfigurationInvalid(
            f"{options.device}: ProxyJump {text!r} in {options.ssh_config} is no [user@]host[:port]"
        )
    plain = replace(
        options,
        host=found["host"].strip("[]"),
        port=int(found["port"] or SSH_PORT),
        username=found["user"] or "",
        host_key="",
        credentials="",
        enable="",
        key_file="",
        legacy=False,
    )
    hop = _completed(plain, _looked_up(options, config, plain.host))
    return replace(
        hop,
        username=hop.username or options.username,
        key_file=hop.key_file or options.key_file,
    )


def straight(options: SshOptions) -> socket.socket:
    """A TCP connection that speaks, or is silent yet.

    Raises OSError, and DeviceBusy when a line says instead of SSH that all lines are taken.
    """
    connection = socket.create_connection((options.host, options.port), timeout=options.timeout)
    # A peer that vanished acknowledges no keepalive: the kernel breaks the connection (tcp(7)).
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _VANISHED_MS)
    try:
        _refuse_busy(options, connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_busy(options: SshOptions, connection: socket.socket) -> None:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    if not poll.poll(options.timeout * 1000):
        raise DeviceUnreachable(
            options.device,
            f"{options.host} port {options.port} took the connection and then said nothing for"
            f" {options.timeout:g} s: it is overloaded, or not SSH",
        )
    text = connection.recv(_PEEK, socket.MSG_PEEK).decode("ascii", "replace")
    if not text.startswith("SSH-") and BUSY.search(text):
        said = " ".join(text.split())
        raise DeviceBusy(
            options.device,
            f"{options.host} port {options.port} says {said!r} instead of SSH: its lines are"
            " taken; free one, or allow more",
        )


class ProxyProgram:
    """A ProxyCommand (ssh_config(5)): its standard input and output are the connection."""

    def __init__(self, command: str) -> None:
        self.socket, theirs = socket.socketpair()
        try:
            with theirs:
                # The operator's own ssh config says what runs; ssh(1) gives it to a shell too.
                self._program = subprocess.Popen(
                    ["/bin/sh", "-c", f"exec {command}"],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
        except BaseException:
            self.socket.close()
            raise
        self._said: deque[str] = deque(maxlen=_SAID_LINES)
        # Read all the time, lest the program be stuck complaining.
        self._listener = threading.Thread(target=self._listen, name="proxy-stderr", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._program.stderr is not None
        with self._program.stderr as errors:
            while line := errors.readline(_SAID_LENGTH):
                self._said.append(" ".join(line.decode("utf-8", "replace").split()))

    def said(self) -> str:
        """The last that it complained about, once it has ended; "" nothing."""
        self.close()
        return " / ".join(line for line in tuple(self._said) if line)

    def close(self) -> None:
        """Hang up and end the program."""
        self.socket.close()
        self._program.terminate()
        try:
            self._program.wait(2.0)
        except subprocess.TimeoutExpired:
            self._program.kill()
            self._program.wait()
        # What it started itself may still hold its errors open.
        self._listener.join(2.0)
