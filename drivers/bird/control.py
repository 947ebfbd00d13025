# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD's command line and files, on the host that it runs on."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

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
_ARM = """\
trap '' HUP PIPE
program=$1 socket=$2 file=$(readlink -f -- "$3"); shift 3
old=${file%/*}/.${file##*/}.old new=${file%/*}/.${file##*/}.new
test -e "$file" || : >"$file" || exit 9
cp -p -- "$file" "$old" && sync -- "$old" || exit 9
chown --reference="$old" -- "$new"; chmod --reference="$old" -- "$new"
mv -f -T -- "$new" "$file" || exit 9
for said; do "$program" -v -s "$socket" "$said" || break; done
mv -f -T -- "$old" "$file" && sync -- "${file%/*}"
"""
"""BIRD takes the new file, and the old one is back before anything else happens: whoever dies
before the confirmation leaves the file that BIRD goes back to."""
_DEEPEST, _SHOWN = 8, 60
_PATTERN = re.compile(r"[*?\[]")
_STAMPS = re.compile(r"^(\S+ \S+) \S+\|(\S+ \S+) \S+\|(/.*)$")
_JITTER = timedelta(milliseconds=5)
_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$")


class Files:
    """What files were when their digest was last seen: read once, however often asked."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, bytes]] = {}
        self.moments: dict[str, str] = {}
        self.configured: tuple[str, str] | None = None
        """(when, digest): what of the operator's was in force with our last configuration."""

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
        self.armed: tuple[str, str] | None = None
        """Digests of our file as it is, and of what stands in it once it is confirmed."""
        self._folders: dict[str, None] = {}

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
        return self._until_refused(
            ["sh", "-c", _EACH, "sh", setup.birdc, setup.socket, *commands], len(commands)
        )

    def arm(self, content: bytes, commands: Sequence[str]) -> list[Reply]:
        """The same while `content` is our file; then our file is as it was."""
        setup = self._setup
        folder, name = posixpath.split(
            self.shell.run(["readlink", "-f", "--", setup.include])
            .stdout.decode("utf-8", "replace")
            .strip()
        )
        self.shell.write(posixpath.join(folder, f".{name}.new"), content)
        found = self._until_refused(
            ["sh", "-c", _ARM, "sh", setup.birdc, setup.socket, setup.include, *commands],
            len(commands),
        )
        self._files.keep(setup.include, content)
        return found

    def _until_refused(self, argv: Sequence[str], size: int) -> list[Reply]:
        setup = self._setup
        answer = self.shell.run(argv, seconds=SECONDS)
        found = replies(setup.device, answer.stdout.rstrip(b"\n"))
        self._answered(answer, bool(found))
        if len(found) < size and not found[-1].refusal:
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
        said = (line.split("  ", 1) for line in lines)
        found = {words[1]: words[0] for words in said if len(words) == 2}
        if self.armed is not None and found.get(self._setup.include) == self.armed[0]:
            found[self._setup.include] = self.armed[1]
        return found

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
            if folder != posixpath.dirname(self._setup.include):
                # That one we change ourselves.
                self._folders[folder] = None
            argv = ["find", folder, "-maxdepth", "1", "-name", name]
            found = sorted(self.shell.run(argv).stdout.decode("utf-8", "replace").split("\n"))
        return [path for path in found if path and path != self._setup.include]

    def moment(self, what: str, text: str) -> str:
        """A time that BIRD tells, in the words in which it told it first.

        It works them out anew from a clock without a date, and they differ by a millisecond.
        """
        known = self._files.moments.get(what, "")
        if not (known and _near(known, text)):
            self._files.moments[what] = known = text
        return known

    def took(self, since: str, text: str) -> None:
        """Remember that the operator's configuration `text` came into force with ours."""
        self._files.configured = since, _digest(text)

    def edited(self, said: tuple[str, Sequence[str]], since: str) -> str:
        """Why the operator's files may be others than those in force; "": they are not.

        Where the configuration in force is one of ours, by what they said then. Else by the times
        of the files (of links, and of what they name) and of the folders of patterns: also the
        time of the last change of the inode, which copies and archives cannot keep.
        `since`: as BIRD tells of its last configuration.
        """
        text, paths = said
        known = self._files.configured
        if known is not None and known[0] == since:
            if known[1] == _digest(text):
                return ""
            return self._later(paths, since) or "your configuration was edited"
        if not _TIME.match(since):
            return (
                f"BIRD says {since[:_SHOWN]!r} of when it was configured, so that nobody can tell"
                " whether your configuration was edited (let `timeformat base` be `iso long ms`)"
            )
        return self._later(paths, since)

    def _later(self, paths: Sequence[str], since: str) -> str:
        for option in ("-c", "-Lc"):
            argv = ["stat", option, "%y|%z|%n", "--", *paths, *self._folders]
            for line in self.shell.run(argv).stdout.decode("utf-8", "replace").splitlines():
                found = _STAMPS.match(line)
                if found is None:
                    return f"{line[:_SHOWN]} was edited"
                why = _after(max(found[1], found[2]), since)
                if why:
                    return f"{found[3]} {why}"
        return ""


def _after(time: str, since: str) -> str:
    """What is to be said of a file of that `time`; "": BIRD read it as it is.

    BIRD takes its time before it reads the files, and cuts it off where it writes it: a script
    that writes and configures does both in one millisecond.
    """
    seen = time[: len(since)]
    if seen == since and "." not in since:
        return (
            "may have been edited (within the second of BIRD's last configuration: let `timeformat"
            " base` be `iso long ms`)"
        )
    return "was edited" if seen > since else ""


def _near(one: str, other: str) -> bool:
    if not (_TIME.match(one) and _TIME.match(other)):
        return one == other
    apart = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return abs(apart) <= _JITTER


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
