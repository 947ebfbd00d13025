# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD's command line and files, on the host that it runs on."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence

from drivers._daemon.shell import Shell, refused
from drivers._ssh.commands import Answer
from drivers.bird.answers import Reply, conversation, replies
from drivers.bird.configured import includes
from drivers.bird.setup import Setup
from enforcer.errors import (
    AuthenticationFailed,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
)

SECONDS = 60.0
PENDING, UNDER_WAY, DAEMON_UP, VALUE = 22, 4, 3, 23
_NOT_FOUND = 127
_EACH = (
    'program=$1 socket=$2; shift 2; for said; do "$program" -v -s "$socket" "$said" || exit; done'
)
"""All of them on the host itself, one right after the other."""
_DEEPEST = 8
_PATTERN = re.compile(r"[*?\[]")
_STAMPS = re.compile(r"^(\S+ \S+) \S+ (/.*)$")


class Files:
    """What files were when their digest was last seen: read once, however often asked."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes]] = {}

    def kept(self, path: str, digest: str) -> bytes | None:
        """The content that has this digest, if it is known."""
        found = self._kept.get(path)
        return found[1] if found is not None and found[0] == digest else None

    def keep(self, path: str, content: bytes) -> str:
        """Remember it; its digest."""
        digest = hashlib.sha256(content).hexdigest()
        self._kept[path] = digest, content
        return digest


class Control:
    """What is asked of one BIRD; everything raises DeviceError."""

    def __init__(self, setup: Setup, shell: Shell, files: Files | None = None) -> None:
        self._setup = setup
        self.shell = shell
        self._files = files if files is not None else Files()

    # -- birdc ---------------------------------------------------------------------------

    def ask(self, command: str) -> Reply:
        """One command's answer, a refusal too."""
        return self.ask_each([command])[0]

    def ask_each(self, commands: Sequence[str]) -> list[Reply]:
        """The answers to all of some commands that change nothing."""
        setup = self._setup
        stdin = "".join(f"{command}\n" for command in commands).encode()
        answer = self.shell.run([setup.birdc, "-v", "-s", setup.socket], stdin, SECONDS)
        self._answered(answer, bool(answer.stdout.strip()))
        return conversation(setup.device, answer.stdout, commands)

    def ask_until_refused(self, commands: Sequence[str]) -> list[Reply]:
        """The answers to some commands in turn, without a pause; none after a refusal."""
        setup = self._setup
        argv = ["sh", "-c", _EACH, "sh", setup.birdc, setup.socket, *commands]
        answer = self.shell.run(argv, seconds=SECONDS)
        found = replies(setup.device, answer.stdout.rstrip(b"\n"))
        self._answered(answer, bool(found))
        if len(found) < len(commands) and not found[-1].refusal:
            raise ParseFailed(setup.device, f"birdc ended with exit code {answer.code} too early")
        return found

    def _answered(self, answer: Answer, anything: bool) -> None:
        if anything and answer.code != _NOT_FOUND:
            return
        setup, said = self._setup, answer.stderr.decode("utf-8", "replace").strip()
        if answer.code == _NOT_FOUND:
            raise DeviceUnreachable(
                setup.device,
                f"there is no {setup.birdc} ({said}): install bird2, or set transport.birdc",
            )
        if "permission denied" in said.lower():
            raise refused(setup.device, f"use {setup.socket}", answer)
        raise DeviceUnreachable(
            setup.device,
            f"BIRD does not answer ({said or 'no reason'}): does it run, and is transport.socket"
            " right?",
        )

    def agreed(self, command: str) -> Reply:
        """One command's answer; DeviceError where it is refused."""
        reply = self.ask(command)
        if reply.refusal:
            raise DeviceError(self._setup.device, f"`{command}` was refused: {reply.refusal}")
        return reply

    def symbol(self, name: str) -> str | None:
        """The text that a constant has in the running configuration; None: it has none."""
        return symbol(self._setup.device, name, self.ask(f"eval {name}"))

    def pending(self) -> str:
        """What BIRD says of a configuration that waits for its confirmation; "": there is none."""
        return waiting(self._setup.device, self.agreed("configure status"))

    # -- files ---------------------------------------------------------------------------

    def content(self, path: str, digest: str) -> bytes | None:
        """A file, read unless its `digest` tells that it is as it was; None: there is none."""
        known = self._files.kept(path, digest)
        if known is None:
            known = self.shell.read(path)
            if known is not None:
                self._files.keep(path, known)
        return known

    def write(self, path: str, content: bytes) -> None:
        """See `Shell.write`."""
        self.shell.write(path, content)
        self._files.keep(path, content)

    def digests(self) -> dict[str, str]:
        """Of our file and the operator's main one, by path; without those that are not there."""
        argv = ["sha256sum", "--", self._setup.include, self._setup.config]
        answer = self.shell.run(argv)
        lines = answer.stdout.decode("utf-8", "replace").splitlines()
        found = (line.split("  ", 1) for line in lines)
        return {words[1]: words[0] for words in found if len(words) == 2}

    def configuration(self, digests: Mapping[str, str]) -> tuple[str, tuple[str, ...]] | None:
        """The operator's configuration with what it includes in place, our file left out; and
        the paths of its files. None: it cannot be read."""
        paths: list[str] = []
        try:
            text = self._joined(self._setup.config, paths, 0, digests)
        except AuthenticationFailed:
            return None
        return None if text is None else (text, tuple(paths))

    def _joined(
        self, path: str, paths: list[str], depth: int, digests: Mapping[str, str]
    ) -> str | None:
        raw = self.content(path, digests.get(path, ""))
        if raw is None:
            return None
        paths.append(path)
        text = raw.decode("utf-8", "replace")
        for pattern in includes(text) if depth < _DEEPEST else ():
            parts = [
                self._joined(p, paths, depth + 1, digests) or "" for p in self._named(pattern, path)
            ]
            text = text.replace(f'include "{pattern}"', "\n".join(parts) + "\n;", 1)
        return text

    def _named(self, pattern: str, where: str) -> list[str]:
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(where), pattern))
        if not _PATTERN.search(whole):
            found = [whole]
        else:
            folder, name = posixpath.split(whole)
            argv = ["find", folder, "-maxdepth", "1", "-name", name]
            found = sorted(self.shell.run(argv).stdout.decode("utf-8", "replace").split("\n"))
        return [path for path in found if path and path != self._setup.include]

    def edited(self, paths: Sequence[str], since: str) -> str:
        """The first of the operator's files that was written after `since`, "": none.

        `since`: as BIRD tells of its last configuration. Times that are written in another way
        than BIRD's own default cannot be compared, and nothing is said of them.
        """
        if not paths or not re.match(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$", since):
            return ""
        answer = self.shell.run(["stat", "-c", "%y %n", "--", *paths])
        for line in answer.stdout.decode("utf-8", "replace").splitlines():
            found = _STAMPS.match(line)
            if found is not None and found[1][: len(since)] > since:
                return found[2]
        return ""


def waiting(device: str, reply: Reply) -> str:
    """What the answer to ``configure status`` says of a confirmation that is waited for."""
    if UNDER_WAY in reply.codes():
        raise DeviceBusy(device, "BIRD is taking a configuration; try again")
    if DAEMON_UP not in reply.codes():
        raise ParseFailed(device, f"`configure status` says {reply.text()[:80]!r}")
    return next((line.text for line in reply.lines if line.code == PENDING), "")


def symbol(device: str, name: str, reply: Reply) -> str | None:
    """The answer to ``eval NAME``; None: there is no such symbol."""
    if "CF_SYM_UNDEFINED" in reply.refusal:
        return None
    if [line.code for line in reply.lines] != [VALUE]:
        raise ParseFailed(device, f"`eval {name}` says {reply.text()[:80]!r}")
    return reply.lines[0].text
