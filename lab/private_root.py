# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's private root: namespaces of its own for network, mounts and processes.

Three processes stand behind a run. The outer one stays on the machine, passes signals on and
ends with the command's exit code. ``unshare`` makes the namespaces; it is killed with the outer
one, and its child with it. That child is the first process of the private root: it only reaps
orphans, so that a command can tell a process that has ended from one that has not. Killing any
of the three kills the whole lab: when the first process of a PID namespace ends, the kernel
kills the rest, and namespaces without processes vanish.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from lab.errors import LabCommandFailed
from lab.shell import run

UNSHARE = [
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
]
FORWARDED = (signal.SIGTERM, signal.SIGHUP)


def run_in_private_root(arguments: list[str]) -> int:
    """Runs this Python with the arguments in a new private root; returns its exit code.

    Raises:
        LabCommandFailed: not root, or the kernel refuses the namespaces.
    """
    check_possible()
    command = ["setpriv", "--pdeathsig", "KILL", *UNSHARE, sys.executable, *arguments]
    root = subprocess.Popen(command)

    def forward(number: int, _frame: object) -> None:
        for child in _children(root.pid):
            os.kill(child, number)

    for number in FORWARDED:
        signal.signal(number, forward)
    # The terminal sends Ctrl-C to the whole group: the command decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = root.wait()
    return code if code >= 0 else 128 - code


def check_possible() -> None:
    """Says before anything is built why this machine cannot run the lab.

    Raises:
        LabCommandFailed: not root, or namespaces or overlayfs are not to be had.
    """
    if os.geteuid() != 0:
        raise LabCommandFailed("the lab needs root: run it with sudo, or as root in CI")
    trial = (
        "mount -t tmpfs tmpfs /run && mkdir /run/u /run/w /run/m && "
        "mount -t overlay -o lowerdir=/,upperdir=/run/u,workdir=/run/w overlay /run/m"
    )
    try:
        run([*UNSHARE, "sh", "-c", trial])
    except LabCommandFailed as error:
        raise LabCommandFailed(
            f"this machine refuses namespaces or overlayfs: {error}; the lab needs root with "
            "CAP_SYS_ADMIN and CAP_NET_ADMIN (in Docker: --privileged)"
        ) from error


def become_first_process() -> None:
    """Forks: the parent reaps orphans until the child ends, and ends as it did.

    Returns in the child only. Must be called before any thread is started.
    """
    child = os.fork()
    if child == 0:
        return
    for number in FORWARDED:
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def furnish() -> None:
    """Gives the private root a ``/run`` of its own, so that handles and sockets stay inside."""
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    for path in ("/run/netns", "/run/clabns/nodes"):
        Path(path).mkdir(parents=True)
    # Else `ip netns add` mounts the folder over itself, and no handle below can be removed.
    run(["mount", "--bind", "/run/netns", "/run/netns"])
    lock = Path("/run/lock")
    lock.mkdir()
    lock.chmod(0o1777)
    # /sys shows the network namespace of whoever mounted it.
    run(["mount", "-t", "sysfs", "-o", "ro", "sysfs", "/sys"])


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(child) for child in listed.split()]
