# SPDX-License-Identifier: GPL-2.0-or-later
"""The socket by which tests and demos ask a running EMULATED router."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from lab.emulators.cisco_ios import Router
from lab.emulators.control import Control, ControlRefused, controlled
from lab.emulators.packets import TCP, Packet

pytestmark = pytest.mark.emulated

START = """\
interface Ethernet0/1
 ip address 10.0.1.1 255.255.255.252
 ip access-group OWN in
!
ip access-list extended OWN
 1000 deny tcp any any eq smtp
 1010 permit ip any any
!
"""
MAIL = Packet(IPv4Address("198.51.100.1"), IPv4Address("192.0.2.25"), TCP, 40000, 25)
WEB = Packet(IPv4Address("198.51.100.1"), IPv4Address("192.0.2.25"), TCP, 40000, 80)


@pytest.fixture
def router() -> Router:
    router = Router("ios1")
    router.load(START)
    return router


@pytest.fixture
def control(router: Router, tmp_path: Path) -> Iterator[Control]:
    path = tmp_path / "ios1.sock"
    with controlled(router, path):
        yield Control(path)
    assert not path.exists()


def test_it_says_that_it_is_emulated(control: Control) -> None:
    assert control.greeting() == "EMULATED cisco_ios ios1"


def test_the_same_answers_as_from_the_router_itself(control: Control, router: Router) -> None:
    assert control.running() == router.running()
    for packet in (MAIL, WEB):
        assert control.would_pass(packet, "Ethernet0/1", "in") == router.would_pass(
            packet, "Ethernet0/1", "in"
        )
    assert not control.would_pass(MAIL, "Ethernet0/1", "in")
    assert control.would_pass(WEB, "Ethernet0/1", "in")
    six = Packet(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2"), TCP, 1, 25)
    assert control.would_pass(six, "Ethernet0/1", "in")


def test_packets_that_come_are_counted(control: Control, router: Router) -> None:
    assert not control.hit(MAIL, "Ethernet0/1", "in", 7)
    shown = router.other_operator().line("show ip access-lists OWN")
    assert "7 matches" in shown.text


def test_another_person_changes_the_configuration(control: Control, router: Router) -> None:
    control.by_hand("ip access-list extended OWN", "no 1000")
    assert router.would_pass(MAIL, "Ethernet0/1", "in")


def test_power_off_and_on(control: Control, router: Router) -> None:
    control.by_hand("ip access-list extended OWN", "no 1000")
    control.down()
    assert not router.may_connect()
    control.up()
    assert router.may_connect()
    assert not router.would_pass(MAIL, "Ethernet0/1", "in"), "unsaved, so lost"


def test_what_the_router_refuses_is_told_and_it_goes_on(control: Control) -> None:
    with pytest.raises(ControlRefused, match="nonsense"):
        control.by_hand("nonsense")
    with pytest.raises(ControlRefused, match=r"ValueError|KeyError"):
        control.would_pass(MAIL, "no such interface", "in")
    assert control.greeting()


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b'{"do": "dance"}\n', b'{"do": "hit"}\n'])
def test_what_is_no_question_gets_an_error(control: Control, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as conversation:
        conversation.settimeout(10)
        conversation.connect(str(control.path))
        conversation.sendall(line)
        with conversation.makefile("rb") as replies:
            assert "error" in json.loads(replies.readline())


def test_where_nobody_listens_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlRefused, match="no emulated router answers"):
        Control(tmp_path / "nobody.sock").greeting()


def test_what_becomes_of_a_route(control: Control, router: Router) -> None:
    router.by_hand(
        [
            "ip as-path access-list 1 deny _64999_",
            "ip as-path access-list 1 permit .*",
            "router bgp 64500",
            "neighbor 10.0.1.2 remote-as 64501",
            "neighbor 10.0.1.2 filter-list 1 in",
        ]
    )
    router.bgp.refresh(router.configuration, "10.0.1.2", ("in",))
    assert control.route_fate("198.51.100.0/24", "10.0.1.2") == "accepted"
    assert control.route_fate("198.51.100.0/24", "10.0.1.2", path=(64501, 64999)) == "rejected"
    control.by_hand("router bgp 64500", "neighbor 10.0.1.2 shutdown")
    assert control.route_fate("198.51.100.0/24", "10.0.1.2") == "no session"
    with pytest.raises(ControlRefused, match="KeyError"):
        control.route_fate("198.51.100.0/24", "10.0.1.9")
