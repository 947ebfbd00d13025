# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR (zebra and bgpd) in a network namespace, and a BIRD beside it to talk BGP with.

Daemons run only inside; they are ended by the handles that are held, or with their namespace.
"""

from __future__ import annotations

import grp
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from enforcer.clock import SystemClock

CLOCK = SystemClock()
_numbers = itertools.count()
_DAEMONS = ("zebra", "bgpd")
_PATIENCE = 60.0


def until(done: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    """Wait for a condition; fails by name."""
    deadline = CLOCK.monotonic() + seconds
    while not done():
        assert CLOCK.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        CLOCK.sleep(0.05)


def ip(*words: str) -> None:
    """iproute2."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Frr:
    """One FRR. `space`: its namespace and path space."""

    def __init__(self, space: str, config: str) -> None:
        self.space = space
        self.config = config
        self.folder = Path("/etc/frr") / space
        self._sockets = Path("/var/run/frr") / space
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._logs = Path(tempfile.mkdtemp(prefix="frr-", dir="/tmp"))
        self._folders()

    def _folders(self) -> None:
        user, group = pwd.getpwnam("frr").pw_uid, grp.getgrnam("frr").gr_gid
        shown = grp.getgrnam("frrvty").gr_gid
        parts = ((self._sockets.parent, shown, 0o755), (self._sockets, shown, 0o750))
        for folder, owner, mode in (*parts, (self.folder, group, 0o750)):
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, user, owner)
            folder.chmod(mode)
        os.chown(self._logs, user, group)
        for name, text in (("vtysh.conf", "hostname edge\n"), ("frr.conf", self.config)):
            file = self.folder / name
            file.write_text(text)
            os.chown(file, user, group)
            file.chmod(0o640)

    @property
    def saved(self) -> str:
        """What is read at the next start."""
        return (self.folder / "frr.conf").read_text()

    def start(self) -> None:
        """All daemons, with the saved configuration."""
        for name in _DAEMONS:
            self._start(name)
        self.vtysh("-b")

    def _start(self, name: str) -> None:
        log = self._logs / f"{name}.log"
        command = [f"/usr/lib/frr/{name}", "-N", self.space, "-A", "127.0.0.1"]
        command += ["--log", f"file:{log}", "-i", str(self._sockets / f"{name}.pid")]
        with (self._logs / f"{name}.out").open("wb") as out:
            self._daemons[name] = subprocess.Popen(
                ["ip", "netns", "exec", self.space, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until(lambda: self._answers(name), f"{name} of {self.space} answers")

    def _answers(self, name: str) -> bool:
        argv = ["vtysh", "-N", self.space, "-d", name, "-c", "show version"]
        return subprocess.run(argv, capture_output=True, check=False).returncode == 0

    @property
    def ended(self) -> int | None:
        """What bgpd, as it was started, ended with; None: it runs."""
        return self._daemons["bgpd"].poll()

    def kill(self, *names: str) -> None:
        """As kill -9 does; nothing where it has died of something else."""
        for name in names or _DAEMONS:
            daemon = self._daemons.pop(name, None)
            if daemon is not None:
                if daemon.poll() is None:
                    os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
                (self._sockets / f"{name}.vty").unlink(missing_ok=True)

    def stop(self) -> None:
        """It, and its folders."""
        self.kill()
        for folder in (self._sockets, self.folder, self._logs):
            shutil.rmtree(folder, ignore_errors=True)

    def vtysh(self, *arguments: str, stdin: str = "") -> str:
        """What vtysh prints; it must not fail."""
        done = subprocess.run(
            ["vtysh", "-N", self.space, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (arguments, stdin, done.stdout, done.stderr)
        return done.stdout

    def show(self, command: str) -> str:
        """What bgpd answers."""
        return self.vtysh("-d", "bgpd", "-c", command)

    def running(self) -> str:
        """The configuration of all daemons, from its first line on."""
        return self.vtysh("-c", "show running-config").partition("Current configuration:")[2]

    def by_hand(self, *lines: str) -> None:
        """As somebody at a shell."""
        said = self.vtysh("-f", "/dev/stdin", stdin="".join(f"{line}\n" for line in lines))
        assert "%" not in said, said


@contextmanager
def namespace(prefix: str) -> Iterator[str]:
    """A network namespace; everything in it ends with it."""
    name = f"{prefix}{os.getpid()}x{next(_numbers)}"
    ip("netns", "add", name)
    try:
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        left = subprocess.run(
            ["ip", "netns", "pids", name], capture_output=True, text=True, check=False
        )
        for pid in left.stdout.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        ip("netns", "delete", name)


@contextmanager
def frr(config: str) -> Iterator[Frr]:
    """A running one, alone in its namespace."""
    with namespace("frr") as space:
        found = Frr(space, config)
        try:
            found.start()
            yield found
        finally:
            found.stop()


class Bird:
    """A BIRD that speaks BGP with it; ends with its namespace."""

    def __init__(self, space: str, name: str, config: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"bird-{name}-", dir="/tmp"))
        self._socket = self._folder / "ctl"
        self.log = self._folder / "log"
        file = self._folder / "conf"
        file.write_text(f'log "{self.log}" all;\n{config}')
        self._daemon = subprocess.Popen(
            ["ip", "netns", "exec", space, "bird", "-f", "-c", str(file), "-s", str(self._socket)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._socket.exists, f"bird {name} answers")

    def ask(self, command: str) -> str:
        """What birdc prints."""
        argv = ["birdc", "-s", str(self._socket), *command.split()]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    def prefixes(self) -> set[str]:
        """The prefixes in all of its tables."""
        lines = self.ask("show route").splitlines()
        return {line.split()[0] for line in lines if "/" in line.split(" ")[0]}

    def heard_of(self, prefix: str) -> int:
        """How many lines its log has about a prefix."""
        return sum(f" {prefix} " in line for line in self.log.read_text().splitlines())

    def stop(self) -> None:
        """As kill -9 does."""
        self._daemon.kill()
        self._daemon.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def linked(one: str, other: str) -> Iterator[None]:
    """Both namespaces on one wire: 10.0.1.1 and 2001:db8:1::1, and .2 and .3 of both."""
    ip("link", "add", "e0", "netns", one, "type", "veth", "peer", "name", "e0", "netns", other)
    for space, last in ((one, "1"), (other, "2"), (other, "3")):
        ip("-n", space, "address", "add", f"10.0.1.{last}/24", "dev", "e0")
        ip("-n", space, "address", "add", f"2001:db8:1::{last}/64", "dev", "e0", "nodad")
    for space in (one, other):
        ip("-n", space, "link", "set", "e0", "up")
    yield
