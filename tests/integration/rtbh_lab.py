# SPDX-License-Identifier: GPL-2.0-or-later
"""A speaker (GoBGP), an edge (FRR), two upstreams (BIRD) and a host, for blackholes in earnest.

::

    outside ── upa (AS 65100) ──┐
                                edge (AS 65000) ── victim
               upb (AS 65200) ──┘      │
                                    speaker (AS 65000, iBGP)

Everything is in network namespaces of its own. FRR's daemons share one /run and /etc with the
machine, so each lab has a pathspace of its own there.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from drivers.gobgp.driver import GobgpDriver
from drivers.gobgp.shared import Proofs
from enforcer.clock import SystemClock
from enforcer.core.rules import Owner
from enforcer.core.topology import (
    ROLE_BORDER,
    ROLE_RTBH,
    Blackholing,
    Device,
    Mode,
    Neighbor,
    Witness,
)
from enforcer.driver_api import Driver

PATIENCE = 30.0
SPEAKER = "rtbh1"
UPSTREAMS = {"upa": "65000:1001", "upb": "65000:1002"}
ATTACKERS = {"upa": "198.51.100", "upb": "198.18.66"}
"""The first three numbers of the address of an attacker behind each."""
OWNER = Owner("C0FFEE", 3)
_numbers = itertools.count()
_clock = SystemClock()


class NoSecrets:
    """Everything is reached on this machine."""

    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)


def run(*argv: str, check: bool = True, stdin: str = "") -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"{argv}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def until(so: Callable[[], object], what: str = "") -> None:
    """Wait for a condition."""
    end = _clock.monotonic() + PATIENCE
    while not so():
        assert _clock.monotonic() < end, f"not within {PATIENCE:g} s: {what or so}"
        _clock.sleep(0.05)


FRR = """
hostname edge
ip route 192.0.2.254/32 blackhole
ipv6 route 2001:db8:dead::1/128 blackhole
bgp community-list standard RTBH permit 65535:666
bgp community-list standard UPA permit 65000:1001
bgp community-list standard UPB permit 65000:1002
{policy}
route-map SPEAKER-OUT deny 10
ip prefix-list OURS permit 203.0.113.0/24
ipv6 prefix-list OURS6 permit 2001:db8:100::/48
bgp route-map delay-timer 1
router bgp 65000
 bgp router-id 10.0.9.1
 no bgp ebgp-requires-policy
 neighbor 10.0.9.2 remote-as 65000
 neighbor 10.0.9.2 timers connect 1
 neighbor 10.0.1.2 remote-as 65100
 neighbor 10.0.1.2 timers connect 1
 neighbor 10.0.2.2 remote-as 65200
 neighbor 10.0.2.2 timers connect 1
 address-family ipv4 unicast
  network 203.0.113.0/24
  neighbor 10.0.9.2 route-map RTBH-IN in
  neighbor 10.0.9.2 route-map SPEAKER-OUT out
  neighbor 10.0.1.2 route-map UPA-OUT out
  neighbor 10.0.2.2 route-map UPB-OUT out
 exit-address-family
 address-family ipv6 unicast
  neighbor 10.0.9.2 activate
  neighbor 10.0.9.2 route-map RTBH-IN6 in
  neighbor 10.0.9.2 route-map SPEAKER-OUT out
  neighbor 10.0.1.2 activate
  neighbor 10.0.1.2 route-map UPA-OUT out
  neighbor 10.0.2.2 activate
  neighbor 10.0.2.2 route-map UPB-OUT out
 exit-address-family
exit
ip route 203.0.113.0/24 blackhole 250
"""
_IN = """
route-map RTBH-IN{six} permit 10
 match community RTBH
 {hop}
 set local-preference 500
{extra}
exit
route-map RTBH-IN{six} deny 20
exit
"""
_OUT = """
route-map UP{name}-OUT permit 10
 match community UP{name}
exit
route-map UP{name}-OUT deny 20
 match community RTBH
exit
route-map UP{name}-OUT permit 30
exit
"""
_HOPS = {"": "set ip next-hop 192.0.2.254", "6": "set ipv6 next-hop global 2001:db8:dead::1"}


def policy(*, deny: bool = True, extra: str = "") -> str:
    """The edge's route-maps. `deny` False: upstreams are sent everything; `extra`: a line that
    the import adds."""
    made = "".join(_IN.format(six=six, hop=hop, extra=extra) for six, hop in _HOPS.items())
    if deny:
        return made + "".join(_OUT.format(name=name) for name in ("A", "B"))
    return made + "".join(f"\nroute-map UP{n}-OUT permit 10\nexit\n" for n in ("A", "B"))


BIRD = """
router id 10.0.{number}.2;
protocol device {{ scan time 5; }}
protocol bgp edge {{
    local 10.0.{number}.2 as {asn};
    neighbor 10.0.{number}.1 as 65000;
    connect delay time 1; connect retry time 1; error wait time 1, 2;
    ipv4 {{ import all; export none; }};
    ipv6 {{ import all; export none; }};
}}
"""
GOBGP = """
[global.config]
  as = 65000
  router-id = "10.0.9.2"
  local-address-list = ["10.0.9.2"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.9.1"
    peer-as = 65000
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv6-unicast"
"""


class RtbhLab:
    """All of it; `close` by the stack that made it."""

    def __init__(self, stack: ExitStack) -> None:
        self.tag = f"rtbh{os.getpid()}x{next(_numbers)}"
        self.folder = Path(tempfile.mkdtemp(prefix="rtbh-"))
        stack.callback(shutil.rmtree, self.folder)
        self._stack = stack
        self.proofs = Proofs()
        self.api = self.folder / "api.sock"
        self.speaker: subprocess.Popen[bytes] | None = None

    # -- namespaces and links ------------------------------------------------------------

    def node(self, name: str) -> str:
        return f"{self.tag}-{name}"

    def add(self, name: str) -> None:
        run("ip", "netns", "add", self.node(name))
        self._stack.callback(self._remove, name)
        self.inside(name, "ip", "link", "set", "lo", "up")
        for key in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"):
            self.inside(name, "sysctl", "-qw", key)
        for key in ("all", "default"):
            self.inside(name, "sysctl", "-qw", f"net.ipv4.conf.{key}.rp_filter=0")
            self.inside(name, "sysctl", "-qw", f"net.ipv6.conf.{key}.accept_dad=0")

    def _remove(self, name: str) -> None:
        for pid in run("ip", "netns", "pids", self.node(name)).split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        until(lambda: not run("ip", "netns", "pids", self.node(name)).split(), name)
        run("ip", "netns", "delete", self.node(name))

    def inside(self, name: str, *argv: str, check: bool = True, stdin: str = "") -> str:
        return run("ip", "netns", "exec", self.node(name), *argv, check=check, stdin=stdin)

    def link(self, a: str, b: str, net4: str, net6: str) -> None:
        """A veth pair ``to-B`` in A and ``to-A`` in B; A has .1, B has .2."""
        run(
            *("ip", "link", "add", f"to-{b}", "netns", self.node(a), "type", "veth"),
            *("peer", "name", f"to-{a}", "netns", self.node(b)),
        )
        for name, other, number in ((a, b, 1), (b, a, 2)):
            device = f"to-{other}"
            self.inside(name, "ip", "addr", "add", f"{net4}.{number}/24", "dev", device)
            self.inside(name, "ip", "addr", "add", f"{net6}::{number}/64", "dev", device, "nodad")
            self.inside(name, "ip", "link", "set", device, "up")

    # -- daemons -------------------------------------------------------------------------

    def start_edge(self, text: str) -> None:
        space = self.node("edge")
        state, etc = Path("/run/frr") / space, Path("/etc/frr") / space
        run("install", "-d", "-o", "frr", "-g", "frr", "-m", "755", "/run/frr")
        run("install", "-d", "-o", "frr", "-g", "frrvty", "-m", "750", str(state))
        run("install", "-d", "-o", "frr", "-g", "frr", "-m", "750", str(etc))
        self._stack.callback(shutil.rmtree, state, ignore_errors=True)
        self._stack.callback(shutil.rmtree, etc, ignore_errors=True)
        (etc / "vtysh.conf").write_text("hostname edge\n")
        shutil.chown(etc / "vtysh.conf", "frr", "frr")
        for daemon in ("zebra", "staticd", "bgpd"):
            self.inside(
                *("edge", f"/usr/lib/frr/{daemon}", "-d", "-N", space, "-A", "127.0.0.1"),
                *("-i", str(state / f"{daemon}.pid"), "--log", f"file:{state / daemon}.log"),
            )
        self.configure(text)

    def configure(self, text: str) -> None:
        """Add lines to the edge's configuration."""
        file = self.folder / "edge.conf"
        file.write_text(text)
        self.inside("edge", "vtysh", "-N", self.node("edge"), "-f", str(file))

    def vtysh(self, *commands: str) -> str:
        argv = [part for command in commands for part in ("-c", command)]
        return self.inside("edge", "vtysh", "-N", self.node("edge"), "-d", "bgpd", *argv)

    def start_bird(self, name: str, text: str) -> None:
        config = self.folder / f"{name}.conf"
        config.write_text(text)
        self.inside(name, "bird", "-c", str(config), "-s", str(self.socket(name)))

    def socket(self, name: str) -> Path:
        return self.folder / f"{name}.ctl"

    def birdc(self, name: str, command: str) -> str:
        return run("birdc", "-s", str(self.socket(name)), *command.split())

    def start_speaker(self) -> None:
        config = self.folder / "gobgpd.toml"
        config.write_text(GOBGP)
        self.api.unlink(missing_ok=True)
        with (self.folder / "gobgpd.log").open("ab") as log:
            self.speaker = subprocess.Popen(
                [
                    *("ip", "netns", "exec", self.node("speaker"), "gobgpd", "-f", str(config)),
                    *("--api-hosts", f"unix://{self.api}", "--pprof-disable"),
                ],
                stdout=log,
                stderr=log,
            )
        until(lambda: "AS:" in self.gobgp("global", check=False), "gobgpd")

    def kill_speaker(self) -> None:
        assert self.speaker is not None
        self.speaker.kill()
        self.speaker.wait()

    def stop_speaker(self) -> None:
        """It is there, and answers nothing."""
        assert self.speaker is not None
        self.speaker.send_signal(signal.SIGSTOP)

    def continue_speaker(self) -> None:
        assert self.speaker is not None
        self.speaker.send_signal(signal.SIGCONT)

    def gobgp(self, words: str, check: bool = True) -> str:
        """What a person would type."""
        return run("gobgp", "--target", f"unix://{self.api}", *words.split(), check=check)

    # -- what is asked -------------------------------------------------------------------

    def device(self, **changes: Any) -> Device:
        """The inventory's entry of the speaker."""
        blackholing = Blackholing(
            next_hops={"4": "192.0.2.254", "6": "2001:db8:dead::1"},
            upstreams=UPSTREAMS,
            canaries={"4": "203.0.113.250", "6": "2001:db8:100::250"},
            witnesses=(self.witness(),),
        )
        return Device(
            SPEAKER,
            "gobgp",
            roles=frozenset({ROLE_RTBH, ROLE_BORDER}),
            mode=Mode.ENFORCE,
            **{
                "transport": {"grpc": f"unix:{self.api}"},
                "blackholing": blackholing,
                "options": {"patience": "3"},
                **changes,
            },
        )

    def witness(self) -> Witness:
        neighbors = (
            Neighbor(ip_address("10.0.1.2"), 65100, name="upa"),
            Neighbor(ip_address("10.0.2.2"), 65200, name="upb"),
            Neighbor(ip_address("10.0.9.2"), 65000),
        )
        space = self.node("edge")
        return Witness("edge", "frr", {"netns": space, "pathspace": space}, "", neighbors)

    def driver(self, proved: bool = False, **changes: Any) -> Driver:
        """One of its own. `proved`: it takes over what others of the kind have proved."""
        proofs = self.proofs if proved else Proofs()
        return GobgpDriver(self.device(**changes), OWNER, NoSecrets(), proofs=proofs)

    def rib(self, upstream: str) -> frozenset[str]:
        """Prefixes that an upstream has from us."""
        shown = self.birdc(upstream, "show route protocol edge")
        return frozenset(re.findall(r"^(\S+/\d+) ", shown, re.MULTILINE))

    def kernel(self, family: int = 4) -> frozenset[str]:
        """The blackholes in the edge's kernel that came by BGP."""
        said = self.inside("edge", "ip", f"-{family}", "route", "show", "proto", "bgp")
        return frozenset(re.findall(r"^blackhole (\S+)", said, re.MULTILINE))

    def answers(self, source: str, address: str, count: int = 3, origin: str = "") -> int:
        """How many pings are answered."""
        argv = ["ping", "-n", "-c", str(count), "-i", "0.05", "-W", "1", address]
        if origin:
            argv[1:1] = ["-I", origin]
        said = self.inside(source, *argv, check=False)
        return int(re.findall(r"(\d+) received", said)[0])


@contextmanager
def rtbh_lab() -> Iterator[RtbhLab]:
    """All of it, with every session up."""
    with ExitStack() as stack:
        lab = RtbhLab(stack)
        for name in ("edge", "speaker", "upa", "upb", "victim"):
            lab.add(name)
        for number, name in ((1, "upa"), (2, "upb"), (3, "victim"), (9, "speaker")):
            lab.link("edge", name, f"10.0.{number}", f"2001:db8:{number}")
        _addresses(lab)
        lab.start_edge(FRR.format(policy=policy()))
        for name, number, asn in (("upa", 1, 65100), ("upb", 2, 65200)):
            lab.start_bird(name, BIRD.format(number=number, asn=asn))
        lab.start_speaker()
        stack.callback(lab.kill_speaker)
        until(lambda: all("203.0.113.0/24" in lab.rib(u) for u in UPSTREAMS), "sessions")
        until(lambda: "Establ" in lab.gobgp("neighbor"), "the speaker's session")
        yield lab


def _addresses(lab: RtbhLab) -> None:
    """A victim with two addresses, and an attacker behind each upstream."""
    for number, (name, prefix) in enumerate(ATTACKERS.items(), 1):
        lab.inside(name, "ip", "addr", "add", f"{prefix}.66/32", "dev", "lo")
        lab.inside(name, "ip", "-6", "addr", "add", f"2001:db8:66{number}::66/128", "dev", "lo")
        lab.inside(name, "ip", "route", "add", "203.0.113.0/24", "via", f"10.0.{number}.1")
        six = ("ip", "-6", "route", "add")
        lab.inside(name, *six, "2001:db8:100::/48", "via", f"2001:db8:{number}::1")
        lab.inside("edge", "ip", "route", "add", f"{prefix}.0/24", "via", f"10.0.{number}.2")
        lab.inside("edge", *six, f"2001:db8:66{number}::/48", "via", f"2001:db8:{number}::2")
    for host in (10, 11):
        lab.inside("victim", "ip", "addr", "add", f"203.0.113.{host}/32", "dev", "lo")
        lab.inside("victim", "ip", "-6", "addr", "add", f"2001:db8:100::{host}/128", "dev", "lo")
    lab.inside("victim", "ip", "route", "add", "default", "via", "10.0.3.1")
    lab.inside("victim", "ip", "-6", "route", "add", "default", "via", "2001:db8:3::1")
    lab.inside("edge", "ip", "route", "add", "203.0.113.8/29", "via", "10.0.3.2")
    lab.inside("edge", "ip", "-6", "route", "add", "2001:db8:100::/64", "via", "2001:db8:3::2")
