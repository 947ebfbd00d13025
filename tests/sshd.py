# SPDX-License-Identifier: GPL-2.0-or-later
"""The real OpenSSH server on loopback, for tests: in its own folder, for the present user.

It FAILS where OpenSSH is missing (Debian: openssh-server), it never skips.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from drivers._ssh.errors import HostKeyRefused
from drivers._ssh.gate import Gate
from drivers._ssh.login import Client, open_client
from drivers._ssh.options import SshOptions
from enforcer import secrets
from enforcer.clock import SystemClock

_PROGRAM = "/usr/sbin/sshd"
_PRIVILEGE_SEPARATION = Path("/run/sshd")
_STARTS_WITHIN = 30.0


def user() -> str:
    """Whom these tests run as."""
    return pwd.getpwuid(os.getuid()).pw_name


def key(file: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair: `file`, and `file`.pub."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(file)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return file


def public(file: Path) -> str:
    """The public half: type and base64."""
    return " ".join(file.with_name(file.name + ".pub").read_text().split()[:2])


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Sshd:
    """One server, started on entry; `settings` are lines of sshd_config(5).

    `client_key` may log in as `user()`. `line`: its known_hosts line.
    """

    def __init__(self, folder: Path, *settings: str, kinds: tuple[str, ...] = ("ed25519",)) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.host_keys = [key(folder / f"host_{kind}", kind) for kind in kinds]
        self.client_key = key(folder / "client")
        self._settings = settings
        self._program: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    @property
    def host_key(self) -> str:
        """Of the first kind, as the inventory has it."""
        return public(self.host_keys[0])

    @property
    def line(self) -> str:
        """Of known_hosts."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n"

    def _config(self) -> Path:
        allowed = self.folder / "authorized_keys"
        allowed.write_text(public(self.client_key) + "\n")
        file = self.folder / "sshd_config"
        lines = [
            *self._settings,
            "ListenAddress 127.0.0.1",
            f"Port {self.port}",
            *(f"HostKey {one}" for one in self.host_keys),
            f"AuthorizedKeysFile {allowed}",
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin prohibit-password",
            "PrintMotd no",
            "UseDNS no",
        ]
        file.write_text("\n".join(lines) + "\n")
        return file

    def __enter__(self) -> Self:
        if os.getuid() == 0:
            # The package's service makes it at boot; nothing is kept there.
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        with self.log.open("wb") as log:
            self._program = subprocess.Popen(
                [_PROGRAM, "-D", "-e", "-f", str(self._config())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        clock = SystemClock()
        deadline = clock.monotonic() + _STARTS_WITHIN
        while "Server listening" not in self.log.read_text():
            if self._program.poll() is not None or clock.monotonic() > deadline:
                self._stop()
                raise AssertionError(f"sshd did not start: {self.log.read_text()}")
            clock.sleep(0.02)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._program is not None:
            self._program.terminate()
            self._program.wait()


class Files:
    """References, relative to a folder."""

    def __init__(self, base: Path) -> None:
        self._base = base

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return secrets.read(reference, self._base, {"PW": "open sesame"}).reveal()


def options(server: Sshd, **changed: object) -> SshOptions:
    """How to log in to `server`, but for what a test changes."""
    given = SshOptions(
        device="linux1",
        host="127.0.0.1",
        port=server.port,
        username=user(),
        host_key=server.host_key,
        key_file=str(server.client_key),
        timeout=10.0,
    )
    return replace(given, **changed)  # type: ignore[arg-type] # named by each test


@contextmanager
def opened(given: SshOptions, base: Path = Path("/"), gate: Gate | None = None) -> Iterator[Client]:
    """Logged in; references and files are relative to `base`."""
    client = open_client(given, Files(base), SystemClock(), gate or Gate())
    try:
        yield client
    finally:
        client.close()


def host_key_refused(given: SshOptions, base: Path = Path("/")) -> str:
    """What is said when the host key is not accepted."""
    with pytest.raises(HostKeyRefused) as caught:
        open_client(given, Files(base), SystemClock(), Gate())
    return str(caught.value)
