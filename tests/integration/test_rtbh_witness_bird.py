# SPDX-License-Identifier: GPL-2.0-or-later
"""A real BIRD as a witness: what it has sent, whatever that carries; what it discards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_network
from pathlib import Path

import pytest

from drivers._daemon.opening import open_shell
from drivers._witness.bird import BirdQuestions
from enforcer.core.orders import Network
from tests.integration.rtbh_lab import NoSecrets, run, until

pytestmark = pytest.mark.root

OUTSIDE = "10.7.0.2"
EDGE = """
router id 10.7.0.1;
protocol device { }
protocol static four { ipv4; %s
    route 192.0.2.254/32 blackhole; route 192.0.2.77/32 via "lo"; }
protocol static six { ipv6; route 2001:db8::7/128 blackhole;
    %s }
protocol bgp 'out-side.1' {
    local 10.7.0.1 as 65000; neighbor 10.7.0.2 as 65300; multihop; strict bind;
    connect delay time 1; connect retry time 1; error wait time 1, 1;
    ipv4 { import none; export %s; };
}
"""
OTHER = """
router id 10.7.0.2;
protocol device { }
protocol bgp edge {
    local 10.7.0.2 as 65300; neighbor 10.7.0.1 as 65000; multihop; strict bind;
    connect delay time 1; connect retry time 1; error wait time 1, 1;
    ipv4 { import all; export none; };
}
"""
SENT = [ip_network(f"203.0.113.{n}/32") for n in range(60)]
KEPT, FORWARDED = ip_network("192.0.2.254/32"), ip_network("192.0.2.77/32")
SIX = ip_network("2001:db8::7/128")
LONG = [
    ip_network(f"2001:db8:1234:5678:9abc:def0:1234:{n:x}/{127 + n % 4 // 2}")
    for n in range(0x1000, 0x1050, 2)
]
"""Hosts and pairs of them; in one question too long for BIRD."""


class Router:
    """Two BIRDs in a network namespace; the first is asked."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.netns = f"witness-{os.getpid()}"
        self.folder = folder
        run("ip", "netns", "add", self.netns)
        stack.callback(run, "ip", "netns", "delete", self.netns)
        run("ip", "-n", self.netns, "link", "set", "lo", "up")
        for number in (1, 2):
            run("ip", "-n", self.netns, "addr", "add", f"10.7.0.{number}/32", "dev", "lo")
        self.write("where net ~ [203.0.113.0/24+]")
        (folder / "other.conf").write_text(OTHER)
        for name in ("edge", "other"):
            argv = ["bird", "-f", "-c", str(folder / f"{name}.conf"), "-s", str(self.socket(name))]
            started = subprocess.Popen(["ip", "netns", "exec", self.netns, *argv])
            stack.callback(started.wait)
            stack.callback(started.kill)
        until(lambda: self.socket("other").exists(), "BIRD")
        until(lambda: "203.0.113.59/32" in self.birdc("other", "show route"), "its routes")

    def write(self, export: str) -> None:
        four, six = (
            " ".join(f"route {prefix} blackhole;" for prefix in some) for some in (SENT, LONG)
        )
        (self.folder / "edge.conf").write_text(EDGE % (four, six, export))

    def socket(self, name: str) -> Path:
        return self.folder / f"{name}.ctl"

    def birdc(self, name: str, command: str) -> str:
        return run("birdc", "-s", str(self.socket(name)), *command.split())


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="witness-"))
        stack.callback(shutil.rmtree, folder)
        yield Router(stack, folder)


@pytest.fixture
def questions(router: Router) -> Iterator[BirdQuestions]:
    with open_shell(
        "edge", {"netns": router.netns}, NoSecrets(), "", frozenset({"netns"})
    ) as found:
        yield BirdQuestions(found, "birdc", str(router.socket("edge")))


def test_what_was_sent_is_told_though_it_carries_nothing(questions: BirdQuestions) -> None:
    (session,) = questions.sessions()
    assert (session.name, session.local, session.up) == ("out-side.1", "10.7.0.1", True)
    few: tuple[Network, ...] = (SENT[3], KEPT, SIX)
    assert questions.advertised(few, (session,)) == {(SENT[3], OUTSIDE)}
    many = (*SENT, KEPT, SIX)
    assert questions.advertised(many, (session,)) == {(p, OUTSIDE) for p in SENT}


def test_what_a_new_filter_would_not_send_is_sent_still(
    router: Router, questions: BirdQuestions
) -> None:
    """Until the routes are exported anew, the neighbor has them."""
    router.write("none")
    router.birdc("edge", "configure soft")
    try:
        assert "203.0.113.3/32" in router.birdc("other", "show route")
        told = questions.advertised((SENT[3],), questions.sessions())
        assert told == {(SENT[3], OUTSIDE)}
    finally:
        router.write("where net ~ [203.0.113.0/24+]")
        router.birdc("edge", "configure soft")


def test_what_is_discarded_is_told(questions: BirdQuestions) -> None:
    assert questions.discarded((SENT[3], FORWARDED, SIX)) == {SENT[3], SIX}
    assert questions.discarded((*SENT, FORWARDED, SIX)) == {*SENT, SIX}


def test_more_is_asked_about_than_one_question_holds(questions: BirdQuestions) -> None:
    other: tuple[Network, ...] = tuple(ip_network(f"203.0.113.{n}/31") for n in range(0, 200, 2))
    assert questions.discarded((*LONG, *SENT[:9], *other)) == {*LONG, *SENT[:9]}
    told = questions.advertised((*LONG, *SENT[:9], *other), questions.sessions())
    assert told == {(p, OUTSIDE) for p in SENT[:9]}
