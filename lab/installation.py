# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation of enforcer in the lab, used as a person uses it: files and commands.

The controller runs as a child in the lab's private root, so that it finds the routers' network
namespaces under ``/run/netns``; its log is JSON lines in a file.
"""

import json
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.errors import CommandRefused, LabCommandFailed
from lab.shell import run, wait_until

INVENTORY = Path(__file__).resolve().parent / "inventory"
COMMAND = Path(sys.executable).parent / "enforcer"
COMMAND_TIMEOUT = 60.0  # seconds; a loaded machine takes two to start one
STOP_TIMEOUT = 20.0
REFUSED = 4  # the exit code
LONGEST_LINE = 400  # characters of a log line that are shown
RESTART_PAUSE = 1.0  # seconds before a controller that died is started again
_RUNNING = "controller running"
_REPAIRED = "repaired"


class Installation:
    """A settings file and a database in one folder, and the command line on them.

    `desk`: the table `[service]` of the settings; empty: the controller alone, because two labs
    on one machine would want the same port.
    """

    def __init__(self, folder: Path, inventory: Path = INVENTORY, desk: str = "") -> None:
        self.folder = folder
        self._desk = desk or '[service]\nmode = "none"\n'
        self.config = folder / "enforcer.toml"
        self.log = folder / "controller.log"
        self._inventory = inventory

    def create(self) -> None:
        """Write the settings and make the database (``enforcer init``)."""
        settings = {
            "database": "sqlite:///enforcer.db",
            "inventory": str(self._inventory),
            "log_format": "json",
            "actor": "lab",
        }
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
        lines.append(self._desk)
        self.config.write_text("".join(lines), encoding="utf-8")
        self.text("init")

    def words(self, *words: str) -> list[str]:
        """The whole command line."""
        return [str(COMMAND), "--config", str(self.config), *words]

    def text(self, *words: str, code: int = 0, typed: str = "") -> str:
        """Run a command, to which `typed` is typed; what it prints. Raises CommandRefused."""
        return self._run([*words], code, typed)

    def ask(self, *words: str, code: int = 0) -> Any:
        """Run a command; its answer from JSON. Raises CommandRefused."""
        return json.loads(self._run([*words, "--output", "json"], code))

    def refused(self, *words: str) -> dict[str, Any]:
        """Run a command that a guardrail must refuse; the error as JSON. Raises CommandRefused."""
        try:
            self._run([*words, "--output", "json"], 0)
        except CommandRefused as error:
            if error.code == REFUSED:
                answer: dict[str, Any] = json.loads(error.said)
                return answer
            raise
        raise LabCommandFailed(f"not refused: enforcer {shlex.join(words)}")

    def _run(self, words: list[str], code: int, typed: str = "") -> str:
        line = self.words(*words)
        done = subprocess.run(
            line,
            input=typed,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )
        if done.returncode != code:
            shown = shlex.join(["enforcer", *words])
            said = (done.stderr or done.stdout).strip()
            raise CommandRefused(shown, done.returncode, said)
        return done.stdout


class ControllerLog:
    """The controller's log: one JSON object a line, whatever else in it is kept as text."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> int:
        """Where the log ends now, to be given to the questions below."""
        return self._path.stat().st_size if self._path.exists() else 0

    def events(self, since: int = 0) -> Iterator[dict[str, Any]]:
        """The lines written since a mark that are JSON objects."""
        for line in self._lines(since):
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a line that is being written, or a traceback
            if isinstance(event, dict):
                yield event

    def repairs(self, device: str, since: int = 0) -> list[str]:
        """The sentences of passes that repaired drift on a device."""
        return [
            str(event.get("said", ""))
            for event in self.events(since)
            if event.get("device") == device and event.get("outcome") == _REPAIRED
        ]

    def await_repair(self, device: str, since: int, timeout: float = 20.0) -> str:
        """Wait for the next repair of a device; its sentence. Raises LabCommandFailed."""
        what = f"{device}: repaired by the controller"
        wait_until(lambda: bool(self.repairs(device, since)), what, timeout=timeout)
        return self.repairs(device, since)[-1]

    def tail(self, lines: int = 20) -> str:
        """The last lines, cut to be read; of a traceback the end."""
        return "\n".join(map(_brief, self._lines(0)[-lines:]))

    def _lines(self, since: int) -> list[str]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace").splitlines()


def _brief(line: str) -> str:
    try:
        event = json.loads(line)
    except ValueError:
        event = {}
    if isinstance(event, dict) and "exception" in event:
        end = str(event["exception"]).strip().splitlines()[-3:]
        line = json.dumps({**event, "exception": end})
    return line[:LONGEST_LINE]


class Controller:
    """``enforcer run`` as a child; as a context it is started, supervised and stopped.

    ``died`` is told the exit code of a controller that ended by itself; it is started again.
    """

    def __init__(
        self, installation: Installation, died: Callable[[int], None] = lambda code: None
    ) -> None:
        self.installation = installation
        self.log = ControllerLog(installation.log)
        self.deaths = 0
        self._died = died
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._supervisor: threading.Thread | None = None

    @property
    def pid(self) -> int:
        """Of the running child. Raises LabCommandFailed: none runs."""
        if self._child is None or not self.running:
            raise LabCommandFailed("no controller runs: start it first")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the child is there."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start and wait until it leads; supervised from then on. Raises LabCommandFailed."""
        self._stopping.clear()
        self._spawn()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal and wait; its exit code. It is not started again."""
        self._stopping.set()
        child = self._child
        if child is None:
            return 0
        if child.poll() is None:
            child.send_signal(number)
        try:
            code = child.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        if self._supervisor is not None:
            self._supervisor.join()
        return code

    @contextmanager
    def absent(self, number: int = signal.SIGTERM) -> Iterator[None]:
        """Do something while no controller runs."""
        self.stop(number)
        try:
            yield
        finally:
            self.start()

    def _spawn(self) -> None:
        mark = self.log.mark()
        with self.installation.log.open("ab") as log:
            # A session of its own: Ctrl-C is for whoever started us, and we decide.
            self._child = subprocess.Popen(
                self.installation.words("run"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        child = self._child
        wait_until(
            lambda: child.poll() is not None or self._leads(mark), "the controller runs", timeout=60
        )
        if child.poll() is not None:
            raise LabCommandFailed(
                f"enforcer run ended with {child.returncode}:\n{self.log.tail()}"
            )

    def _leads(self, mark: int) -> bool:
        return any(event.get("event") == _RUNNING for event in self.log.events(mark))

    def _supervise(self) -> None:
        while self._child is not None:
            code = self._child.wait()
            if self._stopping.is_set():
                return
            self.deaths += 1
            self._died(code)
            if self._stopping.wait(RESTART_PAUSE):
                return
            try:
                self._spawn()
            except LabCommandFailed:
                return  # it cannot even start; its log says why

    def __enter__(self) -> "Controller":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


@contextmanager
def handle_missing(netns: Path, pid: int) -> Iterator[None]:
    """Take a node's namespace handle away, and put it back: nobody new can connect to the node.

    ``pid``: a process inside the namespace, which keeps it alive meanwhile.
    """
    run(["umount", str(netns)])
    try:
        yield
    finally:
        run(["mount", "--bind", f"/proc/{pid}/ns/net", str(netns)])
