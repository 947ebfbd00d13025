# SPDX-License-Identifier: GPL-2.0-or-later
"""The namespace runner from outside: exit codes, signals, refusals, and that nothing stays."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.shell import wait_until

pytestmark = pytest.mark.root

TWO = "lab/two.clab.yml"
NAMESPACES = "for p in /proc/[0-9]*; do readlink $p/ns/pid; done | sort -u"
Runner = Callable[..., subprocess.CompletedProcess[str]]


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "lab.clabns", *arguments]


@pytest.fixture
def clabns(repository: Path) -> Runner:
    def run_it(*arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*prefix, *command_line(*arguments)],
            cwd=repository,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run_it


def pid_namespaces() -> set[str]:
    """The PID namespaces of every process on this machine that can still be asked."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found.add(str((entry / "ns" / "pid").readlink()))
        except OSError:
            continue  # it has ended
    return found


def test_the_commands_exit_code_is_ours(clabns: Runner) -> None:
    assert clabns(TWO, "--", "sh", "-c", "exit 7").returncode == 7
    assert clabns(TWO, "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9


def test_a_command_may_make_namespaces_of_its_own(clabns: Runner) -> None:
    done = clabns(TWO, "--", "sh", "-c", "ip netns add more && ip netns delete more")
    assert done.returncode == 0, done.stdout + done.stderr


def test_packets_cross_the_router_and_come_back_after_its_reboot(clabns: Runner) -> None:
    pings = " && ".join(
        f"ip netns exec clab-two-a ping -c 1 -W 2 -q {address}"
        for address in ("192.0.2.2", "2001:db8:b::2")
    )
    script = f"{pings} && python -m lab.clabns --reboot r && {pings}"
    done = clabns(TWO, "--", "sh", "-c", script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" 0% packet loss") == 4


def test_nodes_have_their_own_world(clabns: Runner) -> None:
    script = (
        "python -m lab.clabns --exec a -- sh -c 'hostname; touch /etc/marked; cat /etc/resolv.conf'"
        " && python -m lab.clabns --exec b -- sh -c 'hostname; ls /etc/marked'"
    )
    done = clabns(TWO, "--", "sh", "-c", script)
    assert done.stdout.splitlines() == ["a", "b"]
    assert done.returncode == 2, "b sees the file of a"
    assert not Path("/etc/marked").exists()


def test_orphans_are_reaped(clabns: Runner) -> None:
    script = "sh -c 'sleep 0.1 & exit'; sleep 0.6; ps -eo stat=,comm="
    shown = clabns(TWO, "--", "sh", "-c", script).stdout
    assert "ps" in shown
    assert "Z" not in {line.strip()[0] for line in shown.splitlines()}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_outlives_the_runner(repository: Path, number: signal.Signals) -> None:
    before = pid_namespaces()
    running = subprocess.Popen(
        command_line(TWO, "--", "sh", "-c", f"{NAMESPACES}; echo done; sleep 60"),
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    inside = set()
    while (line := running.stdout.readline().strip()) != "done":
        inside.add(line)
    running.send_signal(number)
    running.wait(timeout=30)
    running.stdout.close()
    own = inside - before
    assert len(own) == 4, "the private root and three nodes"
    assert wait_until(lambda: not own & pid_namespaces(), "all have ended") >= 0


def test_the_command_is_told_to_end(repository: Path) -> None:
    script = "trap 'echo told; exit 3' TERM; echo up; sleep 60 & wait"
    running = subprocess.Popen(
        command_line(TWO, "--", "sh", "-c", script),
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.terminate()
    said, _ = running.communicate(timeout=30)
    assert said == "told\n"
    assert running.returncode == 128 + signal.SIGTERM


def test_two_labs_of_one_name_do_not_meet(clabns: Runner) -> None:
    inner = f"{sys.executable} -m lab.clabns {TWO} -- ip netns exec clab-two-a ping -c 1 192.0.2.2"
    done = clabns(TWO, "--", "sh", "-c", inner)
    assert done.returncode == 0, done.stderr


def test_a_running_lab_can_be_entered(clabns: Runner, repository: Path) -> None:
    running = subprocess.Popen(
        command_line(TWO, "--", "sh", "-c", "echo up; read -r line"),
        cwd=repository,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    script = "echo $CLABNS_LAB; python -m lab.clabns --exec r -- hostname"
    entered = clabns("--enter", "two", "--", "sh", "-c", script)
    running.communicate("end\n", timeout=30)
    assert entered.stdout == "two\nr\n", entered.stderr
    assert running.returncode == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("--enter", "nosuch", "--", "true"), "no lab 'nosuch' runs"),
        (("--reboot", "r"), "no lab runner answers"),
        (("--exec", "r", "--", "true"), "not inside a lab"),
        ((TWO, "--", "/nosuch"), "cannot be started"),
        (("nosuch.clab.yml", "--", "true"), "nosuch.clab.yml: cannot be read"),
    ],
)
def test_failures_say_why(clabns: Runner, arguments: tuple[str, ...], message: str) -> None:
    done = clabns(*arguments)
    assert done.returncode == 70
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "lines, message",
    [
        ("exec: ['false']", "a: exec 'false': exit 1"),
        (
            "cmd: sh -c 'echo broken; exit 4'\n      exec: [sleep 0.5]",
            "a: cmd ended with 4: broken",
        ),
        ("binds: ['nosuch:/x']", "nosuch: no such file"),
        ("sysctls: {net.nosuch: 1}", "a: sysctl"),
        ("cpu: 1", "topology.nodes.a.cpu: clabns does not implement this key"),
    ],
)
def test_a_lab_that_cannot_be_built_fails(
    clabns: Runner, tmp_path: Path, lines: str, message: str
) -> None:
    path = tmp_path / "bad.clab.yml"
    path.write_text(f"name: bad\ntopology:\n  nodes:\n    a:\n      kind: linux\n      {lines}\n")
    done = clabns(str(path), "--", "true")
    assert done.returncode == 70
    assert message in done.stderr
    assert "Traceback" not in done.stderr


READING = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")


@pytest.mark.parametrize(
    "prefix, message",
    [
        # Allowed to read, so that it gets as far as the question, wherever the tree stands.
        (("setpriv", "--reuid", "65534", "--clear-groups", *READING), "needs root"),
        (
            ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"),
            "refuses namespaces or overlayfs",
        ),
    ],
)
def test_a_machine_that_cannot_is_told_so(
    clabns: Runner, prefix: tuple[str, ...], message: str
) -> None:
    done = clabns(TWO, "--", "true", prefix=prefix)
    assert done.returncode == 70
    assert message in done.stderr


def test_the_machine_keeps_its_own_run_directory() -> None:
    assert not list(Path("/run").glob("clab*"))
