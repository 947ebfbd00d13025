# SPDX-License-Identifier: GPL-2.0-or-later
"""The real processes, made to end by SIGKILL at the step that a file names.

`python -m tests.kill_entry CONFIG ROLE [JSON]` is one such process. `python -m
tests.kill_entry` imports everything once and forks one for each line that it reads, so that
a hundred lives and deaths do not cost a hundred imports.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from drivers.nftables import driver as nftables_driver
from enforcer import bootstrap
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd, LiftOrder, PlaceOrder
from enforcer.control import controller
from enforcer.core.orders import BlockAddress
from enforcer.settings import Settings, load
from enforcer.storage import migrate

WARM = (nftables_driver, controller, migrate)
ANN = Actor("ann", "cli")
STEPS, ARMED, READY, LOG = "steps.txt", "armed.txt", "ready.txt", "log.txt"


class Trap:
    """Writes every step down; ends the process at the one that is armed."""

    def __init__(self, folder: Path) -> None:
        self._steps = os.open(folder / STEPS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._armed = folder / ARMED

    def __call__(self, name: str) -> None:
        """The step callback."""
        os.write(self._steps, f"{name}\n".encode())
        if self._armed.read_text() == name:
            os.kill(os.getpid(), signal.SIGKILL)


def run(settings: Settings, trap: Trap, asked: dict[str, Any]) -> None:
    """The controller."""
    ready = settings.base / READY
    bootstrap.serve(settings, step=trap, ready=ready.touch)


def _placed(application: Application, asked: dict[str, Any]) -> str:
    command = PlaceOrder(
        demand=BlockAddress(ip_network(asked["prefix"])),
        reason="kill test",
        duration=timedelta(seconds=asked["lasts"]) if "lasts" in asked else None,
        open_ended="lasts" not in asked,
        idempotency_key=asked["key"],
    )
    return application.place(ANN, command).id


def place(settings: Settings, trap: Trap, asked: dict[str, Any]) -> None:
    """Place one order."""
    _placed(bootstrap.application(settings, step=trap), asked)


def alone(settings: Settings, trap: Trap, asked: dict[str, Any]) -> None:
    """Place one order and enforce it here, where no controller runs."""
    application = bootstrap.application(settings, step=trap)
    application.wait(ANN, _placed(application, asked), timedelta(seconds=20))


def lift(settings: Settings, trap: Trap, asked: dict[str, Any]) -> None:
    """Lift one order."""
    application = bootstrap.application(settings, step=trap)
    application.lift(ANN, LiftOrder(order=asked["order"], reason="kill test"))


def end_soon(settings: Settings, trap: Trap, asked: dict[str, Any]) -> None:
    """Give one order an end in the near future."""
    application = bootstrap.application(settings, step=trap)
    soon = timedelta(seconds=asked["lasts"])
    application.change_end(ANN, ChangeEnd(order=asked["order"], extend=False, duration=soon))


Role = Callable[[Settings, Trap, dict[str, Any]], None]
ROLES: dict[str, Role] = {
    "run": run,
    "place": place,
    "alone": alone,
    "lift": lift,
    "end_soon": end_soon,
}


def play(config: Path, role: str, asked: dict[str, Any]) -> int:
    """Be that process; its exit code."""
    settings = load(config)
    ROLES[role](settings, Trap(settings.base), asked)
    return 0


def _fork(config: Path, role: str, asked: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        log = os.open(config.parent / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for standard in (1, 2):
            os.dup2(log, standard)
        code = play(config, role, asked)
    except BaseException as error:
        sys.stderr.write(f"{role}: {error!r}\n")
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, seconds: float) -> int | None:
    """Its exit code, negative for a signal; None: it still lives."""
    until = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= until:
            return None
        time.sleep(0.002)


def serve_forks() -> None:
    """Answer each line on standard input: start a process, wait for one, stop or kill one."""
    for line in sys.stdin:
        asked = json.loads(line)
        answer: int | None = None
        if asked["do"] == "start":
            answer = _fork(Path(asked["config"]), asked["role"], asked["asked"])
        elif asked["do"] == "wait":
            answer = _wait(asked["pid"], asked["seconds"])
        else:
            os.kill(asked["pid"], signal.SIGTERM if asked["do"] == "stop" else signal.SIGKILL)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        words = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
        sys.exit(play(Path(sys.argv[1]), sys.argv[2], words))
    serve_forks()
