# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a containerlab topology in network namespaces, and a command inside it.

    python -m lab.clabns TOPOLOGY.clab.yml [--keep] -- COMMAND ...
    python -m lab.clabns --reboot NODE            (inside the lab)
    python -m lab.clabns --exec NODE -- COMMAND   (inside the lab)
    python -m lab.clabns --enter LAB [-- COMMAND] (from the machine, while the lab runs)

The command runs in the lab's private root, which plays containerlab's host: the management bridge
is there, and ``/run/netns/clab-<lab>-<node>`` for each node. Its environment holds ``CLABNS_LAB``
(the lab's name) and ``LAB_DIR`` (the directory with containerlab's exports and the nodes' logs).
The exit code is the command's; 70 if the lab itself failed.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from lab.control import ask_reboot, serve
from lab.errors import LabError
from lab.inside import enter_lab, exec_in, lab_directory, node_pid
from lab.private_root import become_first_process, furnish, run_in_private_root
from lab.running import RunningLab
from lab.topology_file import Topology, load_topology

LAB_FAILED = 70  # EX_SOFTWARE, sysexits.h
GRACE = 10.0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    try:
        if options.reboot:
            ask_reboot(options.reboot)
            return 0
        if options.exec:
            os.execvp("nsenter", exec_in(options.exec, options.command))
        if options.enter:
            os.execvp("nsenter", enter_lab(options.enter, options.command))
        topology = load_topology(Path(options.topology))
        if not options.inside:
            return run_in_private_root(["-m", "lab.clabns", "--inside", *given])
        return _run_inside(topology, options.command, keep=options.keep)
    except LabError as error:
        print(f"clabns: {error}", file=sys.stderr)
        return LAB_FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run_inside(topology: Topology, command: list[str], *, keep: bool) -> int:
    become_first_process()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGHUP, _stop)
    furnish()
    lab = RunningLab(topology, lab_directory(topology.name))
    try:
        lab.deploy()
        server = serve(lab)
        code = _run_command(lab, command)
        if keep:
            _stay(topology)
        server.shutdown()
    finally:
        lab.destroy()
    return code


def _run_command(lab: RunningLab, command: list[str]) -> int:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = os.environ | {
        "CLABNS_LAB": lab.topology.name,
        "LAB_DIR": str(lab.directory),
        "PATH": path,
    }
    try:
        running = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise LabError(f"{shlex.join(command)}: cannot be started: {error}") from error
    try:
        code = _await(running)
    finally:
        if running.poll() is None:
            running.terminate()
            _end(running)
    for failure in lab.cmd_failures():
        print(f"clabns: {failure}", file=sys.stderr)
    return code if code >= 0 else 128 - code


def _await(running: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return running.wait()
        except KeyboardInterrupt:  # the command got it too, and decides
            continue


def _end(running: subprocess.Popen[bytes]) -> None:
    try:
        running.wait(timeout=GRACE)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()


def _stay(topology: Topology) -> None:
    print(
        f"clabns: lab {topology.name} stays up; enter it with "
        f"`python -m lab.clabns --enter {topology.name}`, end it with Ctrl-C",
        file=sys.stderr,
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        return


def _stop(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _parse(given: list[str]) -> argparse.Namespace:
    own, _, rest = _split(given)
    parser = argparse.ArgumentParser(
        prog="python -m lab.clabns",
        description="Run a containerlab topology in network namespaces.",
        epilog="What follows -- is the command; without one, a shell.",
    )
    parser.add_argument("topology", nargs="?", metavar="TOPOLOGY.clab.yml")
    parser.add_argument("--keep", action="store_true", help="stay up when the command has ended")
    parser.add_argument("--reboot", metavar="NODE", help="inside: rebuild a node")
    parser.add_argument("--exec", metavar="NODE", help="inside: run the command in a node")
    parser.add_argument("--enter", metavar="LAB", help="run a command in a running lab")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(own)
    if not (options.topology or options.reboot or options.exec or options.enter):
        parser.error("a topology file is needed")
    if not rest and not options.reboot:
        rest = [os.environ.get("SHELL", "sh")]
    options.command = rest
    return options


def _split(given: list[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in given:
        return given, "", []
    at = given.index("--")
    return given[:at], "--", given[at + 1 :]


def restart_node(name: str) -> int:
    """Router reboot: the node's namespaces are destroyed and rebuilt; returns its new pid.

    For a process inside the lab. Links, sysctls, cmd and exec are the same; everything else,
    the kernel's packet filter and routes included, is gone.
    """
    return ask_reboot(name)


__all__ = ["main", "node_pid", "restart_node"]

if __name__ == "__main__":
    sys.exit(main())
