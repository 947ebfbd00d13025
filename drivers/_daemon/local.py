# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs on this host, in one of its network namespaces or in our own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from drivers._ssh.commands import Answer
from enforcer.errors import ConfigurationInvalid, DeviceUnreachable

_NAME = re.compile(r"^(?!\.{1,2}$)[A-Za-z0-9._:@+-]+$")
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def namespace_file(device: str, netns: str) -> str:
    """Where a network namespace is: `netns` is a name of ``ip netns``, or a path.

    Raises ConfigurationInvalid for what is neither.
    """
    if netns.startswith("/"):
        return netns
    if not _NAME.match(netns):
        raise ConfigurationInvalid(
            f"{device}: transport.netns is {netns!r}: say a name of `ip netns`, or a path"
        )
    return f"/run/netns/{netns}"


class LocalRun:
    """Runs programs here. `namespace`: a path, or "" for our own; `sudo`: by ``sudo -n``."""

    def __init__(self, device: str, namespace: str = "", sudo: bool = False) -> None:
        self._device = device
        self._namespace = namespace
        self._before = ["sudo", "-n", "--"] if sudo else []
        if namespace:
            self._before += ["nsenter", f"--net={namespace}", "--"]

    def __call__(self, argv: Sequence[str], stdin: bytes, seconds: float) -> Answer:
        """See `Shell.run`."""
        if self._namespace and not Path(self._namespace).exists():
            raise DeviceUnreachable(
                self._device,
                f"there is no network namespace {self._namespace}: create it, or correct the"
                " inventory",
            )
        try:
            program = _started([*self._before, *argv])
        except FileNotFoundError:
            return Answer(_NOT_FOUND, b"", f"{argv[0]}: not found".encode())
        except PermissionError as error:
            return Answer(_NOT_EXECUTABLE, b"", str(error).encode())
        with program:
            try:
                stdout, stderr = program.communicate(stdin, seconds)
            except subprocess.TimeoutExpired:
                _end(program)
                raise DeviceUnreachable(
                    self._device,
                    f"{argv[0]!r} did not end within {seconds:g} s; what it did is unknown",
                ) from None
            except BaseException:
                _end(program)
                raise
        return Answer(program.returncode, stdout, stderr)


def _started(argv: Sequence[str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    environment = os.environ | {"LC_ALL": "C"}
    return subprocess.Popen(
        argv, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
    )


def _end(program: subprocess.Popen[bytes]) -> None:
    """It and what it started: a pager or a sub-shell would hold the pipes open."""
    try:
        os.killpg(program.pid, signal.SIGKILL)
    except ProcessLookupError:
        # It ended just now.
        return
