# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process inside the lab asks about it: nodes, handles, files, commands.

The lab is found by the environment that the runner sets (``CLABNS_LAB``, ``LAB_DIR``). With a
real containerlab, set ``LAB_DIR`` to its lab directory: names and handles are the same.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabCommandFailed, NotInLab
from lab.nodes import NETNS_DIR, enter_command
from lab.shell import run
from lab.topology_file import load_topology


@dataclass(frozen=True)
class Inside:
    """The lab around this process.

    Attributes:
        name: the lab's name.
        directory: where containerlab's exports and the nodes' logs are.
    """

    name: str
    directory: Path

    def nodes(self) -> list[str]:
        """The nodes' short names."""
        return list(self._exported())

    def netns(self, node: str) -> Path:
        """The handle of the node's network namespace, such as ``/run/netns/clab-isp-edge1``."""
        return NETNS_DIR / f"clab-{self.name}-{node}"

    def pid(self, node: str) -> int:
        """The node's first process; changes with a reboot.

        Raises:
            NotInLab: no such node.
        """
        exported = self._exported()
        if node not in exported:
            raise NotInLab(f"no node {node!r} in lab {self.name}; nodes: {', '.join(exported)}")
        return int(exported[node]["pid"])

    def path(self, node: str, path: str) -> Path:
        """A file of the node's own root, as seen from here."""
        return Path(f"/proc/{self.pid(node)}/root", path.lstrip("/"))

    def run(
        self, node: str, *command: str, check: bool = True, timeout: float = 30.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program in the node; its output is text.

        Raises:
            LabCommandFailed: it said no (with ``check``) or did not end within ``timeout`` s.
        """
        entered = [*enter_command(self.pid(node)), *command]
        return run(entered, timeout=timeout, check=check)

    def _exported(self) -> dict[str, dict[str, str]]:
        try:
            text = (self.directory / "topology-data.json").read_text(encoding="utf-8")
        except OSError as error:
            raise NotInLab(f"{self.directory}: no topology-data.json: {error}") from error
        nodes: dict[str, dict[str, str]] = json.loads(text)["nodes"]
        return nodes


def current() -> Inside:
    """The lab around this process.

    Raises:
        NotInLab: there is none.
    """
    name, directory = os.environ.get("CLABNS_LAB"), os.environ.get("LAB_DIR")
    if not name or not directory:
        raise NotInLab(
            "not inside a lab: run this as "
            "`python -m lab.clabns lab/isp.clab.yml -- COMMAND` (as root)"
        )
    return Inside(name, Path(directory))


def node_pid(name: str) -> int:
    """The pid of the node's first process, in the lab around this process."""
    return current().pid(name)


def exec_in(node: str, command: list[str]) -> list[str]:
    """The command line that runs a command in a node of the lab around this process."""
    return [*enter_command(node_pid(node)), *command]


def enter_lab(name: str, command: list[str]) -> list[str]:
    """The command line that runs a command in a running lab's private root, from outside it.

    The working directory and the environment are the caller's, as for the lab's own command.

    Raises:
        LabCommandFailed: no such lab runs here.
    """
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    variables = [f"CLABNS_LAB={name}", f"LAB_DIR={lab_directory(name)}", f"PATH={path}"]
    target = ["nsenter", "-t", str(find_lab(name)), "-n", "-m", "-p", "-r", f"--wd={Path.cwd()}"]
    return [*target, "env", *variables, *command]


def lab_directory(name: str) -> Path:
    """Where the lab's exports and logs are, inside its private root."""
    return Path(os.environ.get("CLAB_LABDIR_BASE", "/run"), f"clab-{name}")


def find_lab(name: str) -> int:
    """The pid, on this machine, of the first process of a running lab's private root.

    Raises:
        LabCommandFailed: no such lab runs here.
    """
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(
                line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
            )
            words = (status.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        is_first = lines.get("NSpid", "").split()[1:] == ["1"]
        if is_first and b"--inside" in words and _runs(status.parent, words, name):
            return int(status.parent.name)
    raise LabCommandFailed(f"no lab {name!r} runs on this machine; start it with lab.clabns")


def _runs(runner: Path, words: list[bytes], name: str) -> bool:
    options = words[: words.index(b"--")] if b"--" in words else words
    files = [runner / "cwd" / os.fsdecode(word) for word in options if word.endswith(b".yml")]
    return any(file.exists() and load_topology(file).name == name for file in files)
