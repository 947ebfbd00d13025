# SPDX-License-Identifier: GPL-2.0-or-later
"""One node: its own network, mounts, host name, IPC and processes over the host's files.

A node's root is an overlay of ``/`` on a tmpfs, so that accounts, ``/etc`` and ``/var`` are
private and vanish with the node, as in a container whose image is this very system.
"""

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.errors import LabCommandFailed
from lab.namespaces import run_in
from lab.shell import run, wait_until
from lab.topology_file import NodeSpec

NETNS_DIR = Path("/run/netns")

BASE_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
NODE_INIT = Path(__file__).with_name("node_init.sh")


class Node:
    """A running node.

    Attributes:
        spec: what the topology file says of it.
        pid: its first process, as the lab's private root sees it.
        handle: its network namespace's name under ``/run/netns``.
    """

    def __init__(self, spec: NodeSpec, long_name: str, log: Path, interfaces: int) -> None:
        self.spec = spec
        self.handle = NETNS_DIR / long_name
        self.pid = 0
        self._log = log
        self._interfaces = interfaces
        self._holder: subprocess.Popen[str] | None = None
        self._cmd: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Starts the node's namespaces; ``await_ready`` completes it."""
        for bind in self.spec.binds:
            if not bind.source.exists():
                raise LabCommandFailed(f"{self.spec.name}: bind {bind.source}: no such file")
        Path("/run/clabns/nodes", self.spec.name).mkdir(parents=True, exist_ok=True)
        binds = [
            f"{'ro' if bind.read_only else 'rw'}:{bind.source}:{bind.target}"
            for bind in self.spec.binds
        ]
        self._holder = subprocess.Popen(
            ["unshare", "-n", "-m", "-u", "-i", "-p", "--fork", "--kill-child"]
            + ["sh", str(NODE_INIT), *binds],
            env=self.environment() | {"NODE": self.spec.name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def await_ready(self) -> None:
        """Waits for the namespaces and publishes the handle.

        Raises:
            LabCommandFailed: the namespaces or the overlay could not be made, and why.
        """
        self.await_namespaces()
        self.publish()

    def await_namespaces(self) -> None:
        """Waits for the namespaces; they have no handle yet.

        Raises:
            LabCommandFailed: the namespaces or the overlay could not be made, and why.
        """
        holder = self._holder
        assert holder is not None and holder.stdout is not None and holder.stderr is not None
        pid, ready = holder.stdout.readline().strip(), holder.stdout.readline().strip()
        if ready != "ready":
            said = holder.stderr.read().strip()
            raise LabCommandFailed(
                f"{self.spec.name}: the node's namespaces cannot be made: {said}; "
                "the lab needs root with CAP_SYS_ADMIN, and overlayfs"
            )
        holder.stdout.close()
        holder.stderr.close()
        self.pid = int(pid)

    def publish(self) -> None:
        """Binds the node's network namespace to its handle, in place of an older one."""
        self.withdraw()
        self.handle.touch()
        run(["mount", "--bind", f"/proc/{self.pid}/ns/net", str(self.handle)])

    def withdraw(self) -> None:
        """Removes the handle; the namespace ends when nothing else holds it."""
        if self.handle.exists():
            run(["umount", str(self.handle)], check=False)
            self.handle.unlink()

    def write_files(self, hosts: str) -> None:
        """Writes ``/etc/hosts``, ``/etc/hostname`` and an empty ``/etc/resolv.conf``.

        Without the last, each reverse look-up of a daemon waits for a server that is not there.

        Raises:
            LabCommandFailed: the node still shows the machine's own files; nothing was written.
        """
        etc = Path(f"/proc/{self.pid}/root/etc")
        if etc.samefile("/etc"):
            raise LabCommandFailed(f"{self.spec.name}: the node has no root of its own yet")
        for name, content in (
            ("hosts", hosts),
            ("hostname", f"{self.spec.name}\n"),
            ("resolv.conf", ""),
        ):
            (etc / name).unlink(missing_ok=True)
            (etc / name).write_text(content, encoding="utf-8")

    def write_host_key(self, key: Path) -> None:
        """Gives the node's SSH server a host key; `key`: the private half, beside it `.pub`."""
        ssh = Path(f"/proc/{self.pid}/root/etc/ssh")
        ssh.mkdir(exist_ok=True)
        for half, mode in (("", 0o600), (".pub", 0o644)):
            mine = ssh / f"ssh_host_ed25519_key{half}"
            mine.unlink(missing_ok=True)
            mine.touch(mode=mode)
            mine.write_bytes(key.with_name(key.name + half).read_bytes())

    def set_sysctls(self) -> None:
        """Writes the node's sysctls; the kernel resolves ``net.*`` by the writing thread."""

        def write() -> None:
            for name, value in self.spec.sysctls.items():
                Path("/proc/sys", *name.split(".")).write_text(value, encoding="ascii")

        try:
            run_in(Path(f"/proc/{self.pid}/ns/net"), write)
        except OSError as error:
            raise LabCommandFailed(f"{self.spec.name}: sysctl: {error}") from error

    def environment(self) -> dict[str, str]:
        """The environment of every process in the node."""
        return {
            **BASE_ENVIRONMENT,
            "HOSTNAME": self.spec.name,
            "CLAB_INTFS": str(self._interfaces),
            **self.spec.env,
        }

    def entered(self, command: list[str]) -> list[str]:
        """The command line that runs ``command`` inside the node's namespaces and root."""
        return [*enter_command(self.pid, self.environment()), *command]

    def start_cmd(self) -> None:
        """Starts the node's ``cmd`` in the background, its output in the node's log."""
        if not self.spec.cmd:
            return
        with self._log.open("ab") as log:
            self._cmd = subprocess.Popen(
                self.entered(shlex.split(self.spec.cmd)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run_exec(self) -> None:
        """Runs the node's ``exec`` lines in order.

        Raises:
            LabCommandFailed: a line failed. (containerlab only logs it; a lab that is not the
                one described should not be tested.)
        """
        for line in self.spec.exec:
            done = run(self.entered(shlex.split(line)), check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip()
                raise LabCommandFailed(
                    f"{self.spec.name}: exec {line!r}: exit {done.returncode}: {said}"
                )

    def cmd_failure(self) -> str:
        """Why ``cmd`` ended although it should last as long as the node; empty if it runs."""
        if self._cmd is None or self._cmd.poll() is None:
            return ""
        tail = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        said = " | ".join(tail)
        return f"{self.spec.name}: cmd ended with {self._cmd.returncode}: {said}"

    def kill(self) -> None:
        """Ends every process of the node at once; the handle still holds its network."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
        elif self._holder is not None:
            self._holder.kill()
        for child in (self._holder, self._cmd):
            if child is not None:
                child.wait(timeout=10)
        wait_until(lambda: not Path(f"/proc/{self.pid}").exists(), f"{self.spec.name} ends")
        self.pid = 0


def enter_command(pid: int, environment: Mapping[str, str] = BASE_ENVIRONMENT) -> list[str]:
    """The ``nsenter`` prefix that puts a command into a node by the pid of its first process."""
    variables = [f"{name}={value}" for name, value in environment.items()]
    return ["nsenter", "-t", str(pid), "-a", "-r", "-w", "--", "env", "-i", *variables]


def hosts_file(own: str, mgmt: Mapping[str, str]) -> str:
    """``/etc/hosts`` for one node; ``mgmt`` maps node names to management addresses.

    The own name has a domain: INN refuses to start on a host without one.
    """
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [
        f"{address} {name}.lab.example.net {name}" if name == own else f"{address} {name}"
        for name, address in mgmt.items()
    ]
    return "\n".join(lines) + "\n"
