# SPDX-License-Identifier: GPL-2.0-or-later
"""Three BIRDs: a customer that leaks, our edge, an upstream that writes down what it hears."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address, ip_network
from pathlib import Path

import numpy as np

from drivers._ssh.gate import Gate
from drivers.bird.driver import BirdDriver
from enforcer.clock import Clock, SystemClock
from enforcer.control.writing import compared
from enforcer.core.intervals import merge, rows_of
from enforcer.core.rules import (
    NO_END,
    Actual,
    Desired,
    InterfaceMember,
    Key,
    Members,
    Owner,
    RouteMatch,
    Rule,
)
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Neighbor
from enforcer.driver_api import Session, Staged
from tests.contract.bird_subject import NoSecrets, namespace, running
from tests.contract.worlds import converge

CUSTOMER, UPSTREAM = "10.9.1.2", "10.9.2.2"
NAME = "edge1"
OURS = Owner("C0FFEE", 3)
LEGITIMATE = ("192.0.2.0/24", "2001:db8:2::/48")
LEAKED = ("8.8.8.0/24", "1.1.1.0/24", "198.51.100.0/25", "2001:4860::/32")
_WITHIN = 40.0
_QUICK = "connect delay time 1; connect retry time 1; error wait time 1,2;"
EDGE = (
    """\
log "{folder}/log" all;
router id 10.9.0.1;
include "{folder}/enforcer.conf";
protocol device {{ }}
filter from_customer {{ if enf_in_10_9_1_2() then reject; accept; }}
protocol bgp customer {{
  local 10.9.1.1 as 65000; neighbor 10.9.1.2 as 65001; """
    + _QUICK
    + """
  ipv4 {{ import keep filtered on; import filter from_customer;
    export where !enf_out_10_9_1_2(); }};
  ipv6 {{ import keep filtered on; import filter from_customer;
    export where !enf_out_10_9_1_2(); }};
}}
protocol bgp upstream {{
  local 10.9.2.1 as 65000; neighbor 10.9.2.2 as 65002; """
    + _QUICK
    + """
  ipv4 {{ import where !enf_in_10_9_2_2(); export where !enf_out_10_9_2_2(); }};
  ipv6 {{ import where !enf_in_10_9_2_2(); export where !enf_out_10_9_2_2(); }};
}}
"""
)
_STATIC = (
    """\
log "{folder}/log" all;
router id 10.9.0.2;
protocol device {{ }}
protocol static s4 {{ ipv4; {v4} }}
protocol static s6 {{ ipv6; {v6} }}
filter sent {{
  if net ~ [ 1.1.1.0/24 ] then {{ bgp_path.prepend(64777); }}
  accept;
}}
protocol bgp edge {{
  local 10.9.1.2 as 65001; neighbor 10.9.1.1 as 65000; """
    + _QUICK
    + """
  ipv4 {{ import all; export filter sent; }};
  ipv6 {{ import all; export filter sent; }};
}}
"""
)
_HEARS = (
    """\
log "{folder}/log" all;
router id 10.9.0.3;
protocol device {{ }}
protocol bgp edge {{
  local 10.9.2.2 as 65002; neighbor 10.9.2.1 as 65000; debug {{ routes }}; """
    + _QUICK
    + """
  ipv4 {{ import all; export all; }};
  ipv6 {{ import all; export all; }};
}}
"""
)


class Speaker:
    """One BIRD in its folder and namespace."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.namespace = folder, name

    def said(self, command: str) -> str:
        """What BIRD answers, whatever it is."""
        argv = ["birdcl", "-s", str(self.folder / "ctl"), command]
        return subprocess.run(argv, check=False, capture_output=True, text=True).stdout

    def prefixes(self, which: str = "") -> set[str]:
        """What is in its tables."""
        lines = self.said(f"show route {which}").splitlines()
        return {line.split()[0] for line in lines if line[:1].isalnum() and "/" in line.split()[0]}

    def log(self) -> str:
        """Everything that it wrote down."""
        return (self.folder / "log").read_text()


class Net:
    """The three of them. `edge` may be killed and started again."""

    def __init__(self, root: Path, names: Sequence[str], stack: ExitStack) -> None:
        made = [Speaker(root / part, n) for part, n in zip(_PARTS, names, strict=True)]
        self.edge, self.customer, self.upstream = made
        self.stack = stack
        self.include = self.edge.folder / "enforcer.conf"
        self.config = self.edge.folder / "bird.conf"
        self.program = stack.enter_context(running(names[0], self.edge.folder))

    def device(self, **options: str) -> Device:
        """As the inventory has the edge; `options` are its driver's."""
        folder = self.edge.folder
        return Device(
            NAME,
            "bird",
            roles=frozenset({ROLE_BORDER}),
            mode=Mode.ENFORCE,
            neighbors=tuple(Neighbor(ip_address(n), families=(4, 6)) for n in (CUSTOMER, UPSTREAM)),
            transport={
                "netns": self.edge.namespace,
                "socket": str(folder / "ctl"),
                "config": str(self.config),
                "include": str(self.include),
            },
            options=options,
        )

    def driver(self, clock: Clock | None = None, **options: str) -> BirdDriver:
        """One that knows nothing yet."""
        device = self.device(**options)
        return BirdDriver(device, NoSecrets(), OURS, clock or SystemClock(), Gate(per_device=8))

    def restart(self) -> None:
        """kill -9, and start again."""
        self.program.kill()
        self.program.wait()
        self.program = self.stack.enter_context(running(self.edge.namespace, self.edge.folder))

    def reset(self) -> None:
        """As after the installation, with all sessions up."""
        self.config.write_text(EDGE.format(folder=self.edge.folder))
        self.include.write_text(stubs())
        self.edge.said("configure confirm")
        self.edge.said("configure")
        self.settled(set())

    def settled(self, without: set[str]) -> None:
        """Until the upstream has everything but `without`."""
        until(lambda: self.upstream.prefixes() == {*LEGITIMATE, *LEAKED} - without)


_PARTS = ("edge", "customer", "upstream")


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition."""
    clock = SystemClock()
    end = clock.monotonic() + _WITHIN
    while not true():
        assert clock.monotonic() < end, "it never came to be"
        clock.sleep(0.05)


def stubs() -> str:
    """What the operator writes before the first conversation."""
    names = [f"enf_{way}_{n.replace('.', '_')}" for n in (CUSTOMER, UPSTREAM) for way in _WAYS]
    return "".join(f"function {name}()\n{{\n  return false;\n}}\n" for name in names)


_WAYS = ("in", "out")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _linked(edge: str, other: str, number: int) -> None:
    here, there = f"e{number}", f"p{number}"
    _ip("-n", edge, "link", "add", here, "type", "veth", "peer", "name", there, "netns", other)
    for name, link, host in ((edge, here, 1), (other, there, 2)):
        _ip("-n", name, "addr", "add", f"10.9.{number}.{host}/24", "dev", link)
        _ip("-n", name, "addr", "add", f"2001:db8:9:{number}::{host}/64", "dev", link, "nodad")
        _ip("-n", name, "link", "set", link, "up")


@contextmanager
def net() -> Iterator[Net]:
    """All sessions are up, and everything is leaked."""
    root = Path(tempfile.mkdtemp(prefix="birds-"))
    v4, v6 = ([p for p in (*LEGITIMATE, *LEAKED) if (":" in p) is six] for six in (False, True))
    texts = {
        "edge": EDGE,
        "customer": _STATIC.replace("{v4}", _routes(v4)).replace("{v6}", _routes(v6)),
        "upstream": _HEARS,
    }
    try:
        with ExitStack() as stack:
            names = [stack.enter_context(namespace()) for _ in _PARTS]
            for number in (1, 2):
                _linked(names[0], names[number], number)
            for part, text in texts.items():
                (root / part).mkdir()
                (root / part / "bird.conf").write_text(text.format(folder=root / part))
            (root / "edge" / "enforcer.conf").write_text(stubs())
            for name, part in zip(names[1:], _PARTS[1:], strict=True):
                stack.enter_context(running(name, root / part))
            made = Net(root, names, stack)
            made.settled(set())
            yield made
    finally:
        shutil.rmtree(root)


def _routes(prefixes: Sequence[str]) -> str:
    return " ".join(f"route {prefix} blackhole;" for prefix in prefixes)


# -- what is wanted --------------------------------------------------------------------------


def members(*texts: str) -> Members:
    """Prefixes as the members of a rule."""
    rows = merge(rows_of(ip_network(text) for text in texts))
    size = len(rows)
    return Members(rows.first, rows.last, np.full(size, NO_END), np.full(size, 7, np.int64))


def received(family: int = 4, neighbor: str = CUSTOMER, **match: int) -> Rule:
    """A rule about what a neighbor sends us."""
    return _rule(Key.RECEIVED, family, neighbor, match)


def announced(family: int = 4, neighbor: str = UPSTREAM, **match: int) -> Rule:
    """A rule about what we send a neighbor."""
    return _rule(Key.ANNOUNCED, family, neighbor, match)


def _rule(key: Key, family: int, neighbor: str, match: dict[str, int]) -> Rule:
    lengths = {"shortest": 0, "longest": 32 if family == 4 else 128}
    routes = RouteMatch(**(lengths | match)) if match else None
    return Rule(family, key, neighbor=neighbor, routes=routes)


def wanted(rules: dict[Rule, Members] | None = None, *shut: str) -> Desired:
    """Rules, and neighbors whose sessions are to be shut."""
    names = tuple(InterfaceMember(name, NO_END, 7) for name in shut)
    return Desired(NAME, rules or {}, {CLOSED: names} if names else {})


LEAK = {
    received(4): members("8.8.8.0/24", "1.1.1.0/24", "198.51.100.0/25"),
    received(6): members("2001:4860::/32"),
}


def read(driver: BirdDriver) -> Actual:
    """Everything."""
    with driver.connect() as session:
        return session.read_state()


def told(driver: BirdDriver, desired: Desired) -> list[str]:
    """The findings of a full reading, in words."""
    actual = read(driver)
    return [f"{f.kind} {f.what}: {f.detail}" for f in compared(driver, desired, actual).findings]


class Hasty(SystemClock):
    """What waits for a long time has waited for it soon."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += 20 * seconds
        super().sleep(seconds)


_: type[Clock] = Hasty


def staged(driver: BirdDriver, session: Session, desired: Desired) -> Staged:
    actual = session.read_state()
    (batch,) = driver.plan(desired, compared(driver, desired, actual), actual).batches
    return session.stage(batch)


def configure(birds: Net, text: str) -> None:
    birds.config.write_text(text.format(folder=birds.edge.folder))
    assert "Reconfigur" in birds.edge.said("configure")


def made_old(file: Path) -> None:
    os.utime(file, (1, 1))


__all__ = ["converge"]
