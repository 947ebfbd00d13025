# SPDX-License-Identifier: GPL-2.0-or-later
"""A real gobgpd, with a real BIRD as the router that is asked, as a subject of the contract.

Both run once for all tests, in one network namespace, and end with the process. That no canary is
missed is shown elsewhere (`tests/integration/test_rtbh_guarantee.py`): here each way counts as
proved, for a proof takes as long as routers need to tell each other.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import grpc

from drivers.gobgp.driver import GobgpDriver
from drivers.gobgp.model import MARK, Announcement, Large, owner_text
from drivers.gobgp.options import Options
from drivers.gobgp.shared import Proofs, Way
from drivers.gobgp.speaker import Speaker
from enforcer.clock import SystemClock
from enforcer.core.orders import Network
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import ROLE_BORDER, ROLE_RTBH, Blackholing, Device, Mode, Witness
from enforcer.driver_api import Driver
from tests.contract.blackhole_orders import UPSTREAMS
from tests.contract.subject import NAME, Mutations, Subject
from tests.oracle import Packet

_READY_WITHIN = 30.0
_LARGE = 32
"""Type of the attribute LARGE_COMMUNITY (RFC 8092 section 3)."""
GOBGPD = """
[global.config]
  as = 65000
  router-id = "10.9.0.2"
  port = -1
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.9.0.1"
    peer-as = 65000
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.transport.config]
    local-address = "10.9.0.2"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
"""
BIRD = """
router id 10.9.0.1;
protocol device {{ }}
protocol bgp speaker {{
    local 10.9.0.1 as 65000;
    neighbor 10.9.0.2 as 65000;
    multihop;
    passive;
    connect delay time 1; connect retry time 1; error wait time 1, 1;
    ipv4 {{ import all; export none; }};
    ipv6 {{ import all; export none; }};
}}
"""


class NoSecrets:
    """Nothing is asked for."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise AssertionError(reference)


class AlwaysProved(Proofs):
    """Each way counts as proved."""

    def holds(self, way: Way, now: float, longest: float) -> bool:
        """See `Proofs`."""
        return True


class _Daemons:
    """gobgpd and BIRD in one namespace."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gobgp-"))
        stack.callback(shutil.rmtree, self.folder)
        self.api, self.ctl = self.folder / "api.sock", self.folder / "bird.ctl"
        name = f"gobgp-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
        for words in (
            "link set lo up",
            "addr add 10.9.0.1/32 dev lo",
            "addr add 10.9.0.2/32 dev lo",
        ):
            subprocess.run(["ip", "-n", name, *words.split()], check=True)
        (self.folder / "gobgpd.toml").write_text(GOBGPD)
        (self.folder / "bird.conf").write_text(BIRD.format())
        inside = ["ip", "netns", "exec", name]
        with (self.folder / "log").open("ab") as log:
            for argv in (
                [
                    *("gobgpd", "-f", str(self.folder / "gobgpd.toml"), "--pprof-disable"),
                    *("--api-hosts", f"unix://{self.api}"),
                ],
                ["bird", "-f", "-c", str(self.folder / "bird.conf"), "-s", str(self.ctl)],
            ):
                program = subprocess.Popen([*inside, *argv], stdout=log, stderr=log)
                stack.callback(_end, program)
        self.wait()

    def wait(self) -> None:
        clock = SystemClock()
        end = clock.monotonic() + _READY_WITHIN
        while "Establ" not in self.gobgp("neighbor", check=False):
            assert clock.monotonic() < end, (self.folder / "log").read_text()
            clock.sleep(0.05)

    def gobgp(self, words: str, check: bool = True) -> str:
        argv = ["gobgp", "--target", f"unix://{self.api}", *words.split()]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _end(program: subprocess.Popen[bytes]) -> None:
    program.send_signal(signal.SIGKILL)
    program.wait()


@cache
def _daemons() -> _Daemons:
    stack = ExitStack()
    atexit.register(stack.close)
    return _Daemons(stack)


class GobgpSubject:
    """One speaker, and everything that a stranger can do to it by its API."""

    many = 600
    blackholes = True
    per_address = 1

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.daemons = _daemons()
        self.link = self.daemons.folder / "speaker.sock"
        self._point_to(self.daemons.api)
        self.clock = SystemClock()
        witness = Witness("router", "bird", {"local": "yes", "socket": str(self.daemons.ctl)})
        self.device = Device(
            NAME,
            "gobgp",
            roles=frozenset({ROLE_BORDER, ROLE_RTBH}),
            mode=Mode.ENFORCE,
            transport={"grpc": f"unix:{self.link}"},
            blackholing=Blackholing(
                next_hops={"4": "192.0.2.254", "6": "2001:db8:dead::1"},
                upstreams=UPSTREAMS,
                canaries={"4": "203.0.113.250", "6": "2001:db8:100::250"},
                witnesses=(witness,),
            ),
        )
        self.options = Options.of(self.device)
        self.wipe()

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        return GobgpDriver(self.device, owner, NoSecrets(), self.clock, 500, AlwaysProved())

    @contextmanager
    def speaker(self) -> Iterator[Speaker]:
        """The API, as a stranger's program uses it."""
        with Speaker.opened(NAME, self.options) as speaker:
            yield speaker

    def wipe(self) -> None:
        """See `Subject`."""
        with self.speaker() as speaker:
            ours = [*speaker.ours(4).values(), *speaker.ours(6).values()]
            speaker.send(ours, [])
            for mark in speaker.marks()[0]:
                speaker.set_mark(mark, there=False)
        for family in ("ipv4", "ipv6"):
            self.daemons.gobgp(f"global rib del all -a {family}")
        for name in self._sets():
            self.daemons.gobgp(f"policy community del {name}")

    def _sets(self) -> list[str]:
        found = json.loads(self.daemons.gobgp("-j policy community") or "[]") or []
        return sorted(s["name"] for s in found if not s["name"].startswith("ENF-"))

    def _paths(self, ours: bool) -> list[str]:
        found = []
        for family in ("ipv4", "ipv6"):
            table = json.loads(self.daemons.gobgp(f"-j global rib -a {family}") or "{}") or {}
            found += [_text(p) for some in table.values() for p in some if _marked(p) is ours]
        return sorted(found)

    def content(self) -> object:
        """See `Subject`."""
        return self._paths(ours=True)

    def foreign(self) -> object:
        """See `Subject`."""
        return self._paths(ours=False), self._sets()

    def touch_foreign(self) -> None:
        """See `Subject`: also for a prefix that is ours."""
        count = len(self._paths(ours=False))
        self.daemons.gobgp(f"global rib add 203.0.113.{count}/32 nexthop 192.0.2.1")
        self.daemons.gobgp("global rib add 198.51.100.7/32 nexthop 192.0.2.1 community 65000:1")

    def put_hold(self, there: bool) -> None:
        """See `Subject`."""
        verb = "add" if there else "del"
        value = " 65000:1" if there else ""
        self.daemons.gobgp(f"policy community {verb} {HOLD_MARKER}{value}")

    def garble(self) -> None:
        """Somebody else answers, and not in messages."""
        self._point_to(self._stack.enter_context(impostor(self.daemons.folder)))

    def _point_to(self, socket: Path) -> None:
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(socket)

    def answer(self, packet: Packet) -> bool | None:
        """See `Subject`: packets are none of its business."""
        return None

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f" {address}/32 " in line

    # -- what a stranger does ------------------------------------------------------------

    def _change(self, prefix: str, **changes: Any) -> None:
        with self.speaker() as speaker:
            found = _of(speaker, prefix)
            speaker.send([], [replace(found, **changes)])

    def _withdraw(self, *prefixes: str) -> None:
        with self.speaker() as speaker:
            speaker.send([_of(speaker, prefix) for prefix in prefixes], [])

    def _relabel(self, prefix: str, second: int) -> None:
        with self.speaker() as speaker:
            found = _of(speaker, prefix)
            large = frozenset(Large(c.admin, c.first, second) for c in found.large)
            speaker.send([], [replace(found, large=large)])

    def _extra(self, prefix: str, large: frozenset[Large] | None = None) -> None:
        with self.speaker() as speaker:
            found = _of(speaker, "198.51.100.7/32")
            changed = replace(found, prefix=ip_network(prefix), large=large or found.large)
            speaker.send([], [changed])

    def _all_gone(self) -> None:
        with self.speaker() as speaker:
            speaker.send([*speaker.ours(4).values(), *speaker.ours(6).values()], [])
            for mark in speaker.marks()[0]:
                speaker.set_mark(mark, there=False)

    def _mark(self, name: str, there: bool) -> None:
        with self.speaker() as speaker:
            for mark in [name] if there else list(speaker.marks()[0]):
                speaker.set_mark(mark, there)

    def _split(self) -> None:
        with self.speaker() as speaker:
            found = _of(speaker, "198.51.100.64/26")
            speaker.send([found], [replace(found, prefix=n) for n in found.prefix.subnets()])

    def mutations(self) -> Mutations:
        """See `Subject`."""
        host, network = "198.51.100.7/32", "198.51.100.128/30"
        return {
            "host missing": lambda: self._withdraw(host),
            "network missing": lambda: self._withdraw(network),
            "IPv6 missing": lambda: self._withdraw("2001:db8:bad::/48"),
            "host extra": lambda: self._extra("198.18.0.1/32"),
            "network extra": lambda: self._extra("198.18.8.0/24"),
            "nested extra": lambda: self._extra("198.51.100.129/32"),
            "extra of no rule of ours": lambda: self._extra(
                "198.18.0.2/32", frozenset({Large(MARK, 0xABCDEF00, 7)})
            ),
            "host with another order": lambda: self._relabel(host, 99),
            "host altered to no order": lambda: self._relabel(host, 0),
            "next hop altered": lambda: self._change(host, next_hop="192.0.2.9"),
            "may be exported, altered": lambda: self._change(
                host, communities=frozenset({65535 << 16 | 666})
            ),
            "asks for export, altered": lambda: self._change(
                host, communities=frozenset({65535 << 16 | 666, 65000 << 16 | 1002})
            ),
            "split in two": lambda: self._split() if self._whole() else self._withdraw(host),
            "mark removed": lambda: self._mark("", there=False),
            "second mark extra": lambda: self._mark(owner_text(Owner("C0FFEE", 2)), there=True),
            "everything gone": self._all_gone,
        }

    def _whole(self) -> bool:
        return any(line.startswith("198.51.100.64/26 ") for line in self._paths(ours=True))


def _of(speaker: Speaker, prefix: str) -> Announcement:
    wanted: Network = ip_network(prefix)
    found = speaker.ours(wanted.version).get(wanted)
    if found is None:
        # What a test left out: any other of ours will do.
        found = next(iter(speaker.ours(wanted.version).values()))
    return found


def _marked(path: Any) -> bool:
    return any(
        value.get("ASN") == MARK
        for attribute in path["attrs"]
        if attribute["type"] == _LARGE
        for value in attribute["value"]
    )


def _text(path: Any) -> str:
    attributes = sorted(json.dumps(a, sort_keys=True) for a in path["attrs"])
    return " ".join([str(path["nlri"]["prefix"]), *attributes])


@contextmanager
def gobgp() -> Iterator[Subject]:
    """The speaker, empty."""
    with ExitStack() as stack:
        yield GobgpSubject(stack)


class _Babble(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Whatever is asked, the answer is no message."""

    def service(self, handler_call_details: object) -> object:
        """See `grpc.GenericRpcHandler`."""
        return grpc.unary_unary_rpc_method_handler(lambda *_: b"\xff\xff\xff")


@contextmanager
def impostor(folder: Path) -> Iterator[Path]:
    """A server at the returned socket that is no speaker."""
    server = grpc.server(ThreadPoolExecutor(2), [_Babble()])
    socket = folder / "impostor.sock"
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    try:
        yield socket
    finally:
        server.stop(None).wait()
