# SPDX-License-Identifier: GPL-2.0-or-later
"""A node of a vendor's kind: its network namespace, and in it an EMULATED router's SSH server.

The emulator runs with the machine's files and Python: only its network is the node's. It dies
with the node, and with the lab's private root.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

from lab.emulators.control import Control, ControlRefused
from lab.errors import LabCommandFailed
from lab.nodes import Node
from lab.shell import run, wait_until
from lab.topology_file import NodeSpec
from lab.topology_kinds import PLAYED

SSH_PORT = 22
STARTING = 60.0  # seconds; a loaded machine takes several for three Pythons
STOPPING = 10.0
NEIGHBORS = "emulated-neighbors"
"""The label with `ADDRESS=AS` of BGP adjacencies that an emulated Junos router has up."""
REPOSITORY = Path(__file__).resolve().parent.parent


class EmulatedNode(Node):
    """A running emulated router; ``control`` is where tests ask it.

    A rebuilt node (``reboot`` of the lab) boots its start configuration again, with the same
    host key. ``Control.down`` and ``up`` keep what it had saved.
    """

    def __init__(
        self, spec: NodeSpec, long_name: str, log: Path, interfaces: int, directory: Path
    ) -> None:
        super().__init__(spec, long_name, log, interfaces)
        self._directory = directory
        self.control = Control(control_socket(directory, spec.name))

    def start_cmd(self) -> None:
        """Starts the emulator on the node's management address."""
        key = make_host_key(self._directory, self.spec.name)
        with self._log.open("ab") as log:
            self._cmd = subprocess.Popen(
                ["nsenter", f"--net={self.handle}", "--", sys.executable, *self._words(key)],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run_exec(self) -> None:
        """Waits until the router answers.

        Raises:
            LabCommandFailed: it ended, or does not answer.
        """
        wait_until(self._answers, f"emulated {self.spec.name} answers", timeout=STARTING)
        if failure := self.cmd_failure():
            raise LabCommandFailed(failure)

    def kill(self) -> None:
        """Ends the emulator, and the node's namespaces."""
        if self._cmd is not None and self._cmd.poll() is None:
            self._cmd.terminate()
            try:
                self._cmd.wait(STOPPING)
            except subprocess.TimeoutExpired:
                self._cmd.kill()
        super().kill()

    def _answers(self) -> bool:
        if self.cmd_failure():
            return True
        with contextlib.suppress(ControlRefused):
            return bool(self.control.greeting())
        return False

    def _words(self, key: Path) -> list[str]:
        login = self.spec.credentials
        start = self.spec.startup_config
        return [
            *("-m", "lab.emulators", PLAYED[self.spec.kind].emulator),
            *("--host", str(self.spec.mgmt_ipv4), "--port", str(SSH_PORT)),
            *("--hostname", self.spec.name, "--host-key", str(key)),
            *("--user", login["username"], "--password", login["password"]),
            *("--control", str(self.control.path)),
            *(("--config", str(start)) if start else ()),
            *(f"--neighbor={one}" for one in self.spec.labels.get(NEIGHBORS, "").split()),
        ]


def control_socket(directory: Path, node: str) -> Path:
    """Where an emulated router of the lab answers questions."""
    return directory / f"{node}.sock"


def make_host_key(directory: Path, node: str) -> Path:
    """The node's private host key, made at its first start."""
    path = directory / f"{node}.hostkey"
    if not path.exists():
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"emulated-{node}"]
        run([*made, "-f", str(path)])
    return path
