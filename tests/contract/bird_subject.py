# SPDX-License-Identifier: GPL-2.0-or-later
"""A real BIRD in a network namespace of its own, as a subject of the contract.

Its neighbors are not there: what stands is asked of the daemon and its files. That routes are
rejected is shown with a second speaker (`tests/integration/test_bird_leak.py`).
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from drivers.bird.driver import BirdDriver
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Neighbor
from enforcer.driver_api import Driver
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.oracle import Packet

_numbers = itertools.count()
_READY_WITHIN = 20.0
NEIGHBORS = (
    Neighbor(ip_address("10.1.0.2"), 64501, "hosting", families=(4, 6)),
    Neighbor(ip_address("10.1.1.2"), 64502, "hosting", families=(4, 6)),
    Neighbor(ip_address("2001:db8:9::2"), 64503, "upstream", families=(6,)),
)
_LOCAL = {4: "10.1.0.1", 6: "2001:db8:9::1"}
CONFIG = """\
log "{folder}/log" all;
router id 10.1.0.1;
include "{folder}/enforcer.conf";
protocol device {{ }}
filter {foreign}_in {{
  if net ~ [ 240.0.0.0/4+ ] then reject;
  if enf_in_10_1_0_2() then reject;
  accept;
}}
template bgp customers {{
  local 10.1.0.1 as 64500;
  multihop;
}}
protocol bgp alpha from customers {{
  neighbor 10.1.0.2 as 64501;
  ipv4 {{ import keep filtered on; import filter {foreign}_in;
    export filter {{ if enf_out_10_1_0_2() then reject; accept; }}; }};
  ipv6 {{ import where !enf_in_10_1_0_2(); export where ! enf_out_10_1_0_2(); }};
}}
protocol bgp beta from customers {{
  neighbor 10.1.1.2 as 64502;
  ipv4 {{ import where !enf_in_10_1_1_2(); export where !enf_out_10_1_1_2(); }};
  ipv6 {{ import where !enf_in_10_1_1_2(); export where !enf_out_10_1_1_2(); }};
}}
protocol bgp upstream {{
  local 2001:db8:9::1 as 64500;
  multihop;
  neighbor 2001:db8:9::2 as 64503;
  ipv6 {{ import where !enf_in_2001_db8_9__2(); export where !enf_out_2001_db8_9__2(); }};
}}
"""


class NoSecrets:
    """Nothing is asked for."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise AssertionError(reference)


class BirdSubject:
    """One daemon, its folder, and everything that a stranger can do there."""

    many = 600
    pieces = False
    routes = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = SystemClock()
        self.include, self.config = folder / "enforcer.conf", folder / "bird.conf"
        self.program = folder / "birdc"
        self.program.write_text('#!/bin/sh\nexec birdcl "$@"\n')
        self.program.chmod(0o755)
        self.device = Device(
            NAME,
            "bird",
            roles=frozenset({ROLE_BORDER}),
            mode=Mode.ENFORCE,
            neighbors=NEIGHBORS,
            transport={
                "local": "yes",
                "socket": str(folder / "ctl"),
                "birdc": str(self.program),
                "config": str(self.config),
                "include": str(self.include),
            },
        )

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return BirdDriver(self.device, NoSecrets(), owner, self.clock)

    def birdc(self, command: str) -> str:
        """What BIRD answers; an answer is demanded."""
        argv = ["birdcl", "-s", str(self.folder / "ctl"), command]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wipe(self) -> None:
        """See `Subject`."""
        self.include.write_text(stubs())
        self.config.write_text(CONFIG.format(folder=self.folder, foreign=FOREIGN))
        if (self.folder / "ctl").exists():
            self.birdc("configure")

    def down(self) -> list[str]:
        """Which sessions are shut."""
        lines = self.birdc("show protocols").splitlines()
        return [line.split()[0] for line in lines if re.match(r"\S+ +BGP +\S+ +down", line)]

    def content(self) -> object:
        """See `Subject`."""
        ours = self.include.read_text().splitlines()
        names = ("ENF_OWNER", "ENF_STATE", HOLD_MARKER)
        return [line for line in ours if not any(n in line for n in names)], self.down()

    def foreign(self) -> object:
        """See `Subject`."""
        names = [line.split()[:3] for line in self.birdc("show protocols").splitlines()[2:]]
        return self.config.read_text(), names

    def touch_foreign(self) -> None:
        """See `Subject`."""
        count = len(self.config.read_text())
        with self.config.open("a") as file:
            file.write(f"protocol static s{count} {{ ipv4; route 203.0.113.9/32 blackhole; }}\n")
        self.birdc("configure")

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        lines = [x for x in self.include.read_text().splitlines() if HOLD_MARKER not in x]
        lines = [f"# {HOLD_MARKER}: ask the night shift", *lines] if there else lines
        self.include.write_text("\n".join([*lines, ""]))

    def garble(self) -> None:
        """See `Subject`."""
        self.program.write_text("#!/bin/sh\nbirdcl \"$@\" | tr '0-9' 'a-j'\n")

    def answer(self, packet: Packet) -> bool | None:
        """See `Subject`: packets are none of its business."""
        return None

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f" {address}/" in line

    # -- what a stranger does ------------------------------------------------------------

    def edit(self, change: Callable[[str], str], configure: bool = True) -> None:
        """Change the text of our include file."""
        text = self.include.read_text()
        changed = change(text)
        assert changed != text
        self.include.write_text(changed)
        if configure:
            self.birdc("configure")

    def _sub(self, pattern: str, new: str, configure: bool = True) -> None:
        self.edit(lambda text: re.sub(pattern, new, text, count=1, flags=re.MULTILINE), configure)

    def _by_hand(self, command: str) -> None:
        self.birdc(command)

    def mutations(self) -> Mutations:
        """See `Subject`."""
        entry = r"^  198\.51\.100\.7/32\{32,32\},$\n"
        function = r"^(function enf_in_10_1_0_2\(\)\n\{\n)"
        return {
            "file emptied": lambda: self.edit(lambda _: "", False),
            "file restored to its stubs": lambda: self.edit(lambda _: stubs()),
            "entry missing": lambda: self._sub(entry, ""),
            "entry missing, not configured": lambda: self._sub(entry, "", False),
            "entry extra": lambda: self._sub(entry, r"\g<0>  198.18.9.0/24{24,32},\n"),
            "entry altered": lambda: self._sub(r"\.7/32\{32,32\}", ".0/24{32,32}"),
            "set deleted, not configured": lambda: self._sub(
                r"^define ENF_[0-9a-f]{12} = \[\n(  .*\n)*\];\n", "", False
            ),
            "function altered": lambda: self._sub(function, r"\1  return false;\n"),
            "function altered, not configured": lambda: self._sub(
                r"return true;", "return false;", False
            ),
            "function extra": lambda: self.edit(
                lambda text: f"{text}function mine()\n{{\n  return true;\n}}\n"
            ),
            "symbol extra": lambda: self.edit(lambda text: f"{text}define MINE = 1;\n"),
            "line extra, not configured": lambda: self.edit(lambda t: f"{t}# mine\n", False),
            "session enabled by hand": lambda: self._by_hand("enable alpha"),
            "configured by hand, which enables sessions": lambda: self._by_hand("configure"),
            "mark removed": lambda: self._sub("^define ENF_OWNER = .*\n", ""),
        }


def stubs() -> str:
    """What an operator writes into our file before the first conversation."""
    found = []
    for neighbor in NEIGHBORS:
        name = re.sub("[.:]", "_", str(neighbor.address))
        found += [
            f"function enf_{way}_{name}()\n{{\n  return false;\n}}\n" for way in ("in", "out")
        ]
    return "".join(found)


@contextmanager
def namespace() -> Iterator[str]:
    """A network namespace, deleted at the end."""
    name = f"bird-{os.getpid()}-{next(_numbers)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextmanager
def running(name: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """BIRD with the configuration in `folder`, in a namespace; killed at the end."""
    argv = ["ip", "netns", "exec", name, "bird", "-f"]
    argv += ["-c", str(folder / "bird.conf"), "-s", str(folder / "ctl")]
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as program:
        try:
            _answering(program, folder)
            yield program
        finally:
            program.kill()


def _answering(program: subprocess.Popen[bytes], folder: Path) -> None:
    clock = SystemClock()
    until = clock.monotonic() + _READY_WITHIN
    argv = ["birdcl", "-s", str(folder / "ctl"), "show", "protocols"]
    while not _started(subprocess.run(argv, capture_output=True, text=True, check=False)):
        if program.poll() is not None or clock.monotonic() > until:
            said = program.stderr.read() if program.stderr and program.poll() is not None else b""
            raise AssertionError(f"BIRD (Debian: bird2) does not start: {said.decode()}")
        clock.sleep(0.01)


def _started(answer: subprocess.CompletedProcess[str]) -> bool:
    """Whether every protocol has begun: they are all down for a moment."""
    return answer.returncode == 0 and " down " not in answer.stdout


@contextmanager
def bird() -> Iterator[Subject]:
    """A fresh daemon."""
    folder = Path(tempfile.mkdtemp(prefix="bird-"))
    try:
        subject = BirdSubject(folder)
        subject.wipe()
        with namespace() as name, running(name, folder):
            yield subject
    finally:
        shutil.rmtree(folder)
