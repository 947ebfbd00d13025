# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs and files of one Linux host, wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from drivers._ssh.commands import Answer
from drivers._ssh.transcript import Transcript
from enforcer.errors import AuthenticationFailed, DeviceError

QUICK = 30.0
"""Seconds that a program may take, unless its caller knows better."""
_NO_RIGHTS = ("permission denied", "operation not permitted", "a password is required")
_ABSENT = ("no such file or directory", "not a directory")
_SHOWN = 500

_WRITE = """\
set -e
file=$(readlink -f -- "$1")
new=$(mktemp -- "${file%/*}/.${file##*/}.XXXXXX")
trap 'rm -f -- "$new"' EXIT
cat >"$new"
test "$(stat -c %s -- "$new")" -eq "$2" || { echo "the content did not arrive whole" >&2; exit 1; }
if test -e "$file"; then
    chown --reference="$file" -- "$new"
    chmod --reference="$file" -- "$new"
else
    chmod 644 -- "$new"
fi
sync -- "$new"
mv -f -T -- "$new" "$file"
sync -- "${file%/*}"
"""
"""One script: a connection that breaks in the middle leaves the old file, never a part."""


class Run(Protocol):
    """A way to run programs on the host, as `Shell.run`."""

    def __call__(self, argv: Sequence[str], stdin: bytes, seconds: float) -> Answer:
        """See `Shell.run`."""
        ...


class Shell(Protocol):
    """The host that a daemon runs on."""

    @property
    def device(self) -> str:
        """The device's name, for messages."""
        ...

    def run(self, argv: Sequence[str], stdin: bytes = b"", seconds: float = QUICK) -> Answer:
        """Run a program to its end, in the C locale, without a terminal.

        Any exit code is an answer (127: there is no such program). Raises DeviceUnreachable (it
        did not end within `seconds`, or the connection broke: what it did is unknown),
        AuthenticationFailed, DeviceBusy.
        """
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a file; None: there is no such file.

        Raises as `run` does; AuthenticationFailed: no right to; DeviceError: anything else.
        """
        ...

    def write(self, path: str, content: bytes) -> None:
        """Replace the file at an absolute `path` at once, or make it (mode 644).

        Who reads it meanwhile sees the old or the new one, also after a loss of power; a file
        that exists keeps owner and mode, and a symbolic link its place. Raises as `read` does,
        and then the old file stands, unless the connection broke: then nobody knows.
        """
        ...

    def said(self) -> str:
        """What was run and answered since this was last asked, secrets masked; never raises."""
        ...

    def close(self) -> None:
        """End it; never raises."""
        ...


class HostShell:
    """A `Shell` by a way to run programs; files too go through programs, so rights are theirs."""

    def __init__(self, device: str, run: Run, end: Callable[[], None]) -> None:
        self._device = device
        self._run = run
        self._end = end
        self._transcript = Transcript()

    @property
    def device(self) -> str:
        """See `Shell`."""
        return self._device

    def run(self, argv: Sequence[str], stdin: bytes = b"", seconds: float = QUICK) -> Answer:
        """See `Shell`."""
        return self._told(" ".join(argv), argv, stdin, seconds)

    def _told(self, name: str, argv: Sequence[str], stdin: bytes, seconds: float) -> Answer:
        self._transcript.sent(f"{name}\n")
        self._transcript.sent(stdin.decode("utf-8", "replace"))
        answer = self._run(argv, stdin, seconds)
        for text in (answer.stdout, answer.stderr):
            self._transcript.received(text.decode("utf-8", "replace"))
        self._transcript.received(f"\nexit code {answer.code}\n")
        return answer

    def read(self, path: str) -> bytes | None:
        """See `Shell`."""
        answer = self.run(("cat", "--", path))
        if answer.code == 0:
            return answer.stdout
        if any(word in answer.stderr.decode("utf-8", "replace").lower() for word in _ABSENT):
            return None
        raise refused(self._device, f"read {path}", answer)

    def write(self, path: str, content: bytes) -> None:
        """See `Shell`."""
        argv = ("sh", "-c", _WRITE, "write", path, str(len(content)))
        answer = self._told(f"write {path}", argv, content, QUICK)
        if answer.code != 0:
            raise refused(self._device, f"write {path}", answer)

    def said(self) -> str:
        """See `Shell`."""
        return self._transcript.take()

    def close(self) -> None:
        """See `Shell`."""
        self._end()


def refused(device: str, what: str, answer: Answer) -> DeviceError:
    """Why `what` ("read /etc/x", "run vtysh") did not work, from what a program said."""
    said = " ".join((answer.stderr or answer.stdout).decode("utf-8", "replace").split())[:_SHOWN]
    if any(word in said.lower() for word in _NO_RIGHTS):
        return AuthenticationFailed(
            device,
            f"cannot {what} ({said}): log in as a user who may, or say `sudo: yes` in its"
            " transport and allow it in sudoers",
        )
    return DeviceError(device, f"cannot {what} (exit code {answer.code}): {said or 'no reason'}")


_: type[Shell] = HostShell
